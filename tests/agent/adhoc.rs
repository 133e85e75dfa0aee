use std::time::Duration;

use katydid::model::{Fault, Value};
use xmpp_parsers::minidom::Element;

use crate::talk::Talk;

const NS: &str = "http://jabber.org/protocol/commands";
const ANNA: &str = "anna@home.example/pc";

/// What a client sends in one step of a command.
#[derive(Default, Clone)]
struct Step<'a> {
    node: &'a str,
    action: Option<&'a str>,
    session: Option<&'a str>,
    fields: Option<&'a [(&'a str, &'a str)]>,
}

fn send(talk: &mut Talk, who: &str, step: &Step<'_>) {
    let attr = |name: &str, value: Option<&str>| value.map(|v| format!(" {name}='{v}'")).unwrap_or_default();
    let form = step.fields.map(|fields| {
        let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
        format!("<x xmlns='jabber:x:data' type='submit'>{}</x>", fields.iter().map(field).collect::<String>())
    });
    talk.recv(&format!(
        "<iq from='{who}' type='set' id='q'><command xmlns='{NS}' node='{}'{}{}>{}</command></iq>",
        step.node,
        attr("action", step.action),
        attr("sessionid", step.session),
        form.unwrap_or_default()
    ));
}

fn answer(talk: &mut Talk) -> Element {
    let mut sent: Vec<Element> = talk.sent().into_iter().filter(|e| e.name() == "iq").collect();
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent.remove(0)
}

fn command(iq: &Element) -> &Element {
    iq.get_child("command", NS).unwrap_or_else(|| panic!("{}", String::from(iq)))
}

/// `type: text` of the note that ends a run.
fn ending(talk: &mut Talk) -> String {
    let iq = answer(talk);
    let command = command(&iq);
    assert_eq!(command.attr("status"), Some("completed"));
    assert!(command.attr("sessionid").is_some());
    let note = command.get_child("note", NS).unwrap();
    format!("{}: {}", note.attr("type").unwrap(), note.text())
}

/// Opens a command and returns its session and form.
fn open(talk: &mut Talk, who: &str, node: &str, action: Option<&str>) -> (String, Element) {
    send(talk, who, &Step { node, action, ..Step::default() });
    let iq = answer(talk);
    let command = command(&iq);
    assert_eq!(command.attr("status"), Some("executing"));
    let actions = command.get_child("actions", NS).unwrap();
    assert!(actions.has_child("complete", NS) && actions.attr("execute") == Some("complete"));
    let form = command.get_child("x", "jabber:x:data").unwrap().clone();
    for field in form.children().filter(|c| c.name() == "field") {
        assert!(field.attr("type").is_some() && field.attr("var").is_some(), "every field has a type and a var");
    }
    (command.attr("sessionid").unwrap().to_owned(), form)
}

fn field<'e>(form: &'e Element, var: &str) -> &'e Element {
    form.children().find(|c| c.attr("var") == Some(var)).unwrap()
}

fn texts(element: &Element, name: &str) -> Vec<String> {
    element
        .children()
        .filter(|c| c.name() == name)
        .map(|c| match name {
            "option" => c.children().next().unwrap().text(),
            _ => c.text(),
        })
        .collect()
}

#[test]
fn status_ends_at_once_with_a_note() {
    for action in [None, Some("execute"), Some("next"), Some("complete")] {
        let mut talk = Talk::begin();
        send(&mut talk, ANNA, &Step { node: "status", action, ..Step::default() });
        assert!(ending(&mut talk).starts_with("info: greenhouse: all well\nFront door: closed"));
    }
}

#[test]
fn a_switch_is_a_tick_box_with_its_present_state() {
    let mut talk = Talk::begin();
    let (_, form) = open(&mut talk, ANNA, "pump", None);
    let value = field(&form, "value");
    assert_eq!((value.attr("type"), texts(value, "value")), (Some("boolean"), vec!["0".to_owned()]));
}

#[test]
fn a_choice_is_a_list() {
    let mut talk = Talk::begin();
    let (_, form) = open(&mut talk, ANNA, "fan", None);
    let value = field(&form, "value");
    assert_eq!(value.attr("type"), Some("list-single"));
    assert_eq!(texts(value, "option"), ["off", "low", "high"]);
    let labels: Vec<_> = value.children().filter(|c| c.name() == "option").map(|c| c.attr("label")).collect();
    assert_eq!(labels, [Some("off"), Some("low"), Some("high")], "some clients show nothing but the label");
}

#[test]
fn a_number_shows_its_range() {
    let mut talk = Talk::begin();
    let (_, form) = open(&mut talk, ANNA, "lamp", None);
    let value = field(&form, "value");
    assert_eq!((value.attr("type"), value.attr("label")), (Some("text-single"), Some("Lamp (%)")));
    let validate = value.get_child("validate", "http://jabber.org/protocol/xdata-validate").unwrap();
    let range = validate.get_child("range", "http://jabber.org/protocol/xdata-validate").unwrap();
    assert_eq!(
        (validate.attr("datatype"), range.attr("min"), range.attr("max")),
        (Some("xs:decimal"), Some("0"), Some("100"))
    );
}

#[test]
fn every_way_of_going_on_sets_and_answers_from_the_read_back() {
    for action in [None, Some("execute"), Some("next"), Some("complete")] {
        for truth in ["1", "true", "on"] {
            let mut talk = Talk::begin();
            let (session, _) = open(&mut talk, ANNA, "pump", Some("execute"));
            let fields = [("value", truth), ("for", "10m")];
            send(&mut talk, ANNA, &Step { node: "pump", action, session: Some(&session), fields: Some(&fields) });
            assert_eq!(talk.sent(), vec![], "nothing may be said before the hardware has answered");
            talk.hardware_obeys();
            assert_eq!(ending(&mut talk), "info: Pump: on, back to off in 10m");
        }
    }
}

#[test]
fn a_form_in_the_first_request_is_taken_as_filled_in() {
    let mut talk = Talk::begin();
    send(&mut talk, ANNA, &Step { node: "lamp", fields: Some(&[("value", "40")]), ..Step::default() });
    talk.hardware_obeys();
    assert_eq!(ending(&mut talk), "info: Lamp: 40%");
}

#[test]
fn a_bad_value_is_completed_with_an_error_note_and_moves_nothing() {
    type Fields<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, Fields<'_>, &str); 11] = [
        ("lamp", &[("value", "101")], "Lamp: 101 is outside 0% to 100%"),
        ("lamp", &[("value", "-0.1")], "Lamp: -0.1 is outside 0% to 100%"),
        ("lamp", &[("value", "NaN")], "Lamp: “NaN” is not a number"),
        ("lamp", &[("value", "bright")], "Lamp: “bright” is not a number"),
        ("lamp", &[("value", " ")], "Lamp: the value is missing"),
        ("lamp", &[], "Lamp: the value is missing"),
        ("fan", &[("value", "medium")], "Fan: “medium” is not one of off, low, high"),
        ("pump", &[("value", "2")], "Pump: “2” is not one of off, on"),
        (
            "pump",
            &[("value", "1"), ("for", "soon")],
            "For how long: “soon” is not a time; write one like 30s, 10m or 1h30m",
        ),
        ("pump", &[("value", "1"), ("for", "2h")], "Pump: 1h at most"),
        ("pump-pulse", &[("time", "1us")], "Length: “1us” is not a time; write one like 30s, 10m or 1h30m"),
    ];
    for (node, fields, text) in cases {
        let mut talk = Talk::begin();
        let (session, _) = open(&mut talk, ANNA, node, None);
        send(&mut talk, ANNA, &Step { node, action: Some("complete"), session: Some(&session), fields: Some(fields) });
        assert_eq!(talk.moved(), Vec::<String>::new(), "{text}");
        assert_eq!(ending(&mut talk), format!("error: {text}"));
    }
}

#[test]
fn a_broken_form_is_a_bad_request() {
    let mut talk = Talk::begin();
    for form in [
        "<x xmlns='jabber:x:data' type='nonsense'/>",
        "<x xmlns='jabber:x:data' type='submit'/><x xmlns='jabber:x:data' type='submit'/>",
    ] {
        talk.recv(&format!(
            "<iq from='{ANNA}' type='set' id='q'><command xmlns='{NS}' node='pump'>{form}</command></iq>"
        ));
        assert_eq!(talk.moved(), Vec::<String>::new());
        let iq = answer(&mut talk);
        let error = iq.get_child("error", "jabber:client").unwrap();
        assert!(error.has_child("bad-request", "urn:ietf:params:xml:ns:xmpp-stanzas"));
    }
}

#[test]
fn extra_and_fixed_fields_are_ignored() {
    let mut talk = Talk::begin();
    talk.recv(&format!("<iq from='{ANNA}' type='set' id='q'><command xmlns='{NS}' node='pump' action='next'><x xmlns='jabber:x:data' type='submit'><field type='fixed'><value>Hello</value></field><field var='other'><value>1</value></field><field var='value' type='boolean'><value>true</value></field></x></command></iq>"));
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn hardware_trouble_is_an_error_note() {
    for (result, text) in [
        (Err(Fault::new("chip gone")), "Pump: fault: chip gone"),
        (Ok(Value::Switch(false)), "Pump reads off, not on as asked"),
    ] {
        let mut talk = Talk::begin();
        send(&mut talk, ANNA, &Step { node: "pump", fields: Some(&[("value", "1")]), ..Step::default() });
        talk.hardware_says(result);
        assert_eq!(ending(&mut talk), format!("error: {text}"));
    }
    let mut talk = Talk::begin();
    send(&mut talk, ANNA, &Step { node: "pump", fields: Some(&[("value", "1")]), ..Step::default() });
    talk.pass(Duration::from_secs(1));
    assert_eq!(ending(&mut talk), "error: Pump: no confirmation, it may or may not have moved");
}

#[test]
fn a_pulse_goes_there_and_back() {
    let mut talk = Talk::begin();
    let (session, form) = open(&mut talk, ANNA, "pump-pulse", None);
    assert_eq!(texts(field(&form, "time"), "value"), ["500ms"]);
    send(
        &mut talk,
        ANNA,
        &Step { node: "pump-pulse", session: Some(&session), fields: Some(&[("time", "2s")]), action: None },
    );
    talk.hardware_obeys();
    assert_eq!(ending(&mut talk), "info: Pump: on, back to off in 2s");
    talk.pass(Duration::from_secs(2));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn one_point_or_all_can_be_read() {
    let mut talk = Talk::begin();
    let (session, form) = open(&mut talk, "carol@home.example/pc", "read", None);
    assert_eq!(texts(field(&form, "point"), "option"), ["all", "door", "pump"]);
    send(
        &mut talk,
        "carol@home.example/pc",
        &Step { node: "read", session: Some(&session), fields: Some(&[("point", "door")]), action: None },
    );
    assert_eq!(ending(&mut talk), "info: Front door: closed");
    send(
        &mut talk,
        "carol@home.example/pc",
        &Step { node: "read", fields: Some(&[("point", "lamp")]), ..Step::default() },
    );
    assert_eq!(ending(&mut talk), "error: there is no such point");
}

#[test]
fn cancel_is_answered_canceled_and_ends_the_session() {
    let mut talk = Talk::begin();
    let (session, _) = open(&mut talk, ANNA, "pump", None);
    send(&mut talk, ANNA, &Step { node: "pump", action: Some("cancel"), session: Some(&session), fields: None });
    assert_eq!(command(&answer(&mut talk)).attr("status"), Some("canceled"));
    send(
        &mut talk,
        ANNA,
        &Step { node: "pump", action: None, session: Some(&session), fields: Some(&[("value", "1")]) },
    );
    assert!(talk.moved().is_empty());
    assert!(answer(&mut talk).get_child("error", "jabber:client").unwrap().has_child("session-expired", NS));
}

#[test]
fn actions_that_make_no_sense_are_refused_by_name() {
    let mut talk = Talk::begin();
    let (session, _) = open(&mut talk, ANNA, "pump", None);
    for (action, error) in [("prev", "bad-action"), ("explode", "malformed-action")] {
        send(
            &mut talk,
            ANNA,
            &Step { node: "pump", action: Some(action), session: Some(&session), fields: Some(&[("value", "1")]) },
        );
        assert!(answer(&mut talk).get_child("error", "jabber:client").unwrap().has_child(error, NS), "{error}");
    }
    assert!(talk.moved().is_empty());
}

#[test]
fn a_session_belongs_to_one_client_and_one_command() {
    let mut talk = Talk::begin();
    let (session, _) = open(&mut talk, ANNA, "pump", None);
    for (who, node, session) in [
        ("anna@home.example/phone", "pump", session.as_str()),
        ("carol@home.example/pc", "pump", &session),
        (ANNA, "lamp", &session),
        (ANNA, "pump", "guess"),
    ] {
        send(&mut talk, who, &Step { node, action: None, session: Some(session), fields: Some(&[("value", "1")]) });
        assert!(talk.moved().is_empty());
        assert!(answer(&mut talk).get_child("error", "jabber:client").unwrap().has_child("bad-sessionid", NS));
    }
}

#[test]
fn a_form_left_open_expires() {
    let mut talk = Talk::begin();
    let (session, _) = open(&mut talk, ANNA, "pump", None);
    talk.pass(Duration::from_secs(600));
    talk.sent();
    send(
        &mut talk,
        ANNA,
        &Step { node: "pump", action: None, session: Some(&session), fields: Some(&[("value", "1")]) },
    );
    assert!(talk.moved().is_empty());
    assert!(answer(&mut talk).get_child("error", "jabber:client").unwrap().has_child("session-expired", NS));
}

#[test]
fn a_command_one_may_not_run_is_forbidden_and_one_about_an_unknown_point_is_not_there() {
    let mut talk = Talk::begin();
    for (who, node, error) in [
        ("ben@home.example/pc", "pump", "forbidden"),
        ("ben@home.example/pc", "pump-pulse", "forbidden"),
        ("ben@home.example/pc", "nonsense", "item-not-found"),
        ("carol@home.example/pc", "lamp", "item-not-found"),
        ("carol@home.example/pc", "nonsense", "item-not-found"),
        (ANNA, "door", "item-not-found"),
    ] {
        send(&mut talk, who, &Step { node, fields: Some(&[("value", "1")]), ..Step::default() });
        assert!(talk.moved().is_empty());
        let iq = answer(&mut talk);
        let found = iq.get_child("error", "jabber:client").unwrap();
        assert!(found.has_child(error, "urn:ietf:params:xml:ns:xmpp-stanzas"), "{who} {node}: {}", String::from(&iq));
    }
}
