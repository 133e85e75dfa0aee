//! XEP-0323 and XEP-0325, in the conversations of their texts.

use std::time::Duration;

use katydid::agent::Input;
use katydid::model::{Fault, Value};
use xmpp_parsers::minidom::Element;

use crate::talk::{GREENHOUSE, Talk};

const DATA: &str = "urn:xmpp:iot:sensordata";
const CONTROL: &str = "urn:xmpp:iot:control";
const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
const ANNA: &str = "anna@home.example/hub";
const HINT: &str = "<no-permanent-store xmlns='urn:xmpp:hints'/>";

fn req(talk: &mut Talk, who: &str, attributes: &str, inner: &str) {
    talk.recv(&format!("<iq from='{who}' type='get' id='q'><req xmlns='{DATA}' {attributes}>{inner}</req></iq>"));
}

fn set(talk: &mut Talk, who: &str, inner: &str) {
    talk.recv(&format!("<iq from='{who}' type='set' id='q'><set xmlns='{CONTROL}'>{inner}</set></iq>"));
}

/// `type/condition: text` of the one error, with the parameter it names.
fn refusal(talk: &mut Talk) -> String {
    let sent: Vec<Element> = talk.sent().into_iter().filter(|e| e.name() == "iq").collect();
    assert_eq!(sent.len(), 1, "{sent:?}");
    let error = sent[0].get_child("error", "jabber:client").unwrap_or_else(|| panic!("{}", String::from(&sent[0])));
    let condition = error.children().find(|c| c.ns() == STANZAS && c.name() != "text").unwrap().name();
    let text = error.get_child("text", STANZAS).map(Element::text).unwrap_or_default();
    let var = error.get_child("paramError", CONTROL).map(|e| format!("{}: ", e.attr("var").unwrap()));
    format!("{}/{condition}: {}{text}", error.attr("type").unwrap(), var.unwrap_or_default())
}

fn done(talk: &mut Talk, who: &str) {
    let sent: Vec<Element> = talk.sent().into_iter().filter(|e| e.name() == "iq").collect();
    let wanted =
        format!("<iq xmlns='jabber:client' to='{who}' type='result' id='q'><setResponse xmlns='{CONTROL}'/></iq>");
    assert_eq!(sent, [wanted.parse::<Element>().unwrap()]);
}

/// Names of the points told, and of those that failed, of everything sent.
fn told(talk: &mut Talk) -> (Vec<String>, Vec<String>) {
    let (mut nodes, mut errors) = (Vec::new(), Vec::new());
    for message in talk.sent().iter().filter(|e| e.name() == "message") {
        let name = |e: &Element| e.attr("nodeId").unwrap().to_owned();
        nodes.extend(message.get_child("fields", DATA).into_iter().flat_map(Element::children).map(name));
        errors.extend(message.get_child("failure", DATA).into_iter().flat_map(Element::children).map(name));
    }
    (nodes, errors)
}

#[test]
fn a_momentary_readout_is_accepted_and_told_with_times_units_and_decimals() {
    let mut talk = Talk::begin();
    req(&mut talk, "ben@home.example/hub", "seqnr='1' momentary='true'", "<node nodeId='air'/><node nodeId='door'/>");
    talk.expect(&[
        &format!("<iq to='ben@home.example/hub' type='result' id='q'><accepted xmlns='{DATA}' seqnr='1'/></iq>"),
        &format!(
            "<message to='ben@home.example/hub'><fields xmlns='{DATA}' seqnr='1' done='true'>\
             <node nodeId='air'><timestamp value='2027-01-15T08:00:00.000Z'>\
             <numeric name='air' value='20.0' unit='°C' momentary='true' automaticReadout='true'/></timestamp></node>\
             <node nodeId='door'><timestamp value='2027-01-15T08:00:00.000Z'>\
             <boolean name='door' value='false' momentary='true' automaticReadout='true'/></timestamp></node>\
             </fields>{HINT}</message>"
        ),
    ]);
}

#[test]
fn what_the_asker_may_set_is_writable() {
    let mut talk = Talk::begin();
    let fan = |talk: &mut Talk, who: &str| {
        req(talk, who, "seqnr='1' momentary='true'", "<node nodeId='fan'/>");
        let message = talk.sent().remove(1);
        let stamp = message.children().next().unwrap().children().next().unwrap().children().next().unwrap().clone();
        let field = stamp.children().next().unwrap().clone();
        (field.name().to_owned(), field.attr("value").unwrap().to_owned(), field.attr("writable").map(str::to_owned))
    };
    assert_eq!(fan(&mut talk, ANNA), ("string".into(), "off".into(), Some("true".into())));
    assert_eq!(fan(&mut talk, "ben@home.example/hub"), ("string".into(), "off".into(), None));
}

#[test]
fn without_nodes_everything_readable_is_told_and_nothing_else() {
    let mut talk = Talk::begin();
    req(&mut talk, "carol@home.example/hub", "seqnr='1' momentary='true'", "");
    assert_eq!(told(&mut talk).0, ["door", "pump"]);
    req(&mut talk, ANNA, "seqnr='2' momentary='true'", "");
    assert_eq!(told(&mut talk).0, ["door", "air", "pump", "lamp", "fan"]);
}

#[test]
fn identity_and_status_say_what_and_how_a_point_is() {
    let mut talk = Talk::begin();
    talk.report("air", Err(Fault::new("cable cut")));
    talk.sent();
    for attributes in ["all='true'", "identity='1' status='1'", ""] {
        req(&mut talk, ANNA, &format!("seqnr='7' {attributes}"), "<node nodeId='air'/>");
        talk.expect(&[
            &format!("<iq to='{ANNA}' type='result' id='q'><accepted xmlns='{DATA}' seqnr='7'/></iq>"),
            &format!(
                "<message to='{ANNA}'><fields xmlns='{DATA}' seqnr='7' done='true'>\
                 <node nodeId='air'><timestamp value='2027-01-15T08:00:00.000Z'>\
                 <string name='Label' value='Air' identity='true' automaticReadout='true'/>\
                 <string name='Kind' value='number' identity='true' automaticReadout='true'/>\
                 <string name='Quality' value='fault' status='true' automaticReadout='true'/>\
                 </timestamp></node></fields>{HINT}</message>"
            ),
        ]);
    }
}

#[test]
fn a_broken_point_is_a_failure_after_the_others_and_never_a_number() {
    let mut talk = Talk::begin();
    talk.report("air", Err(Fault::new("cable cut")));
    talk.sent();
    req(&mut talk, ANNA, "seqnr='2' momentary='true'", "<node nodeId='air'/><node nodeId='door'/>");
    let sent = talk.sent();
    assert_eq!(sent[1].get_child("fields", DATA).unwrap().attr("done"), None);
    let failure = format!(
        "<failure xmlns='{DATA}' seqnr='2' done='true'><error nodeId='air' timestamp='2027-01-15T08:00:00.000Z'>cable cut</error></failure>"
    );
    assert_eq!(sent[2].get_child("failure", DATA), Some(&failure.parse().unwrap()));
    assert_eq!(sent.len(), 3);
}

#[test]
fn a_point_nobody_has_heard_of_yet_has_no_value() {
    let mut talk = Talk::offline(GREENHOUSE);
    talk.online();
    talk.sent();
    req(&mut talk, ANNA, "seqnr='2' momentary='true'", "");
    let (nodes, errors) = told(&mut talk);
    assert_eq!((nodes.len(), errors.len()), (0, 5));
}

#[test]
fn fields_can_be_named() {
    let mut talk = Talk::begin();
    req(&mut talk, ANNA, "seqnr='2' all='true'", "<field name='pump'/><field name='air'/>");
    assert_eq!(told(&mut talk).0, ["air", "pump"]);
    req(&mut talk, ANNA, "seqnr='2' all='true'", "<field name='Volume'/>");
    assert_eq!(refusal(&mut talk), "cancel/item-not-found: there is no such field");
}

#[test]
fn a_node_that_is_not_there_and_one_that_is_not_ones_business_are_not_found() {
    let mut talk = Talk::begin();
    for node in ["nonsense", "air"] {
        req(&mut talk, "carol@home.example/hub", "seqnr='1' momentary='true'", &format!("<node nodeId='{node}'/>"));
        assert_eq!(refusal(&mut talk), "cancel/item-not-found: there is no such node");
    }
}

#[test]
fn a_request_that_is_none_is_a_bad_request() {
    let mut talk = Talk::begin();
    for attributes in
        ["", "seqnr='x'", "seqnr='1' momentary='maybe'", "seqnr='1' when='tomorrow'", "seqnr='1' from='x'"]
    {
        req(&mut talk, ANNA, attributes, "");
        let refused = refusal(&mut talk);
        assert!(refused.starts_with("modify/bad-request"), "{attributes}: {refused}");
    }
}

#[test]
fn there_is_no_history_and_that_is_said() {
    let mut talk = Talk::begin();
    req(&mut talk, ANNA, "seqnr='3' historical='true' from='2026-01-01T00:00:00Z'", "");
    talk.expect(&[
        &format!("<iq to='{ANNA}' type='result' id='q'><accepted xmlns='{DATA}' seqnr='3'/></iq>"),
        &format!("<message to='{ANNA}'><done xmlns='{DATA}' seqnr='3'/>{HINT}</message>"),
    ]);
}

#[test]
fn a_readout_for_later_waits_starts_and_can_be_cancelled() {
    let mut talk = Talk::begin();
    let queued =
        format!("<iq to='{ANNA}' type='result' id='q'><accepted xmlns='{DATA}' seqnr='4' queued='true'/></iq>");
    let cancel = |talk: &mut Talk, who: &str| {
        talk.recv(&format!("<iq from='{who}' type='get' id='q'><cancel xmlns='{DATA}' seqnr='4'/></iq>"));
    };
    // As slixmpp writes it, without a zone.
    req(&mut talk, ANNA, "seqnr='4' momentary='true' when='2027-01-15T08:01:00'", "<node nodeId='door'/>");
    talk.expect(&[&queued]);
    talk.pass(Duration::from_secs(59));
    assert_eq!(talk.sent().len(), 0);
    talk.pass(Duration::from_secs(1));
    let sent = talk.sent();
    assert!(sent[0].has_child("started", DATA) && sent[1].has_child("fields", DATA), "{sent:?}");

    req(&mut talk, ANNA, "seqnr='4' momentary='true' when='2027-01-15T09:00:00Z'", "");
    talk.expect(&[&queued]);
    cancel(&mut talk, "anna@home.example/another");
    assert_eq!(refusal(&mut talk), "cancel/item-not-found: no such request is waiting");
    cancel(&mut talk, ANNA);
    talk.expect(&[&format!("<iq to='{ANNA}' type='result' id='q'><cancelled xmlns='{DATA}' seqnr='4'/></iq>")]);
    talk.pass(Duration::from_secs(7200));
    assert_eq!(talk.sent().len(), 0);
    cancel(&mut talk, ANNA);
    assert_eq!(refusal(&mut talk), "cancel/item-not-found: no such request is waiting");
}

#[test]
fn only_a_few_readouts_wait_and_none_for_ever() {
    let mut talk = Talk::begin();
    for seqnr in 0..4 {
        req(&mut talk, ANNA, &format!("seqnr='{seqnr}' when='2027-01-15T09:00:00Z'"), "");
    }
    talk.sent();
    req(&mut talk, ANNA, "seqnr='5' when='2027-01-15T09:00:00Z'", "");
    assert_eq!(refusal(&mut talk), "wait/resource-constraint: too many requests are waiting");
    req(&mut talk, "ben@home.example/hub", "seqnr='5' when='2099-01-15T09:00:00Z'", "");
    assert_eq!(refusal(&mut talk), "wait/resource-constraint: that is too far ahead");
}

#[test]
fn a_readout_whose_time_comes_when_too_much_was_asked_fails_and_says_so() {
    let mut talk = Talk::begin();
    req(&mut talk, ANNA, "seqnr='4' momentary='true' when='2027-01-15T08:01:00Z'", "<node nodeId='door'/>");
    talk.pass(Duration::from_millis(59_999));
    while talk.sent().last().is_none_or(|answer| answer.attr("type") != Some("error")) {
        req(&mut talk, ANNA, "seqnr='5'", "<node nodeId='door'/>");
    }
    talk.pass(Duration::from_millis(1));
    talk.expect(&[&format!(
        "<message to='{ANNA}'><failure xmlns='{DATA}' seqnr='4' done='true'>\
         <error nodeId='door' timestamp='2027-01-15T08:00:00.000Z'>too many questions; ask again later</error>\
         </failure>{HINT}</message>"
    )]);
}

/// A device of a thousand sensors.
fn thousand() -> Talk {
    let head = GREENHOUSE.split("[sensors.door]").next().unwrap().replace("points = [\"door\", \"pump\"]\n", "");
    let sensor = |n| {
        format!(
            "[sensors.s{n}]\nlabel = \"A sensor with quite a long name, number {n}\"\nfile = {{ path = \"/sys/s{n}\" }}\nunit = \"°C\"\n"
        )
    };
    let mut talk = Talk::offline(&(head + &(1..=1000).map(sensor).collect::<String>()));
    (1..=1000).for_each(|n| talk.report(&format!("s{n}"), Ok(Value::Number(20.25))));
    talk.online();
    talk.sent();
    talk
}

#[test]
fn a_thousand_points_come_in_messages_of_bounded_size_and_only_the_last_says_done() {
    let mut talk = thousand();
    req(&mut talk, ANNA, "seqnr='1' all='true'", "");
    let sent = talk.sent();
    let fields: Vec<&Element> = sent.iter().filter_map(|e| e.get_child("fields", DATA)).collect();
    assert_eq!(fields.iter().map(|fields| fields.children().count()).sum::<usize>(), 1000);
    let dones = fields.iter().filter(|fields| fields.attr("done") == Some("true")).count();
    assert!(dones == 1 && fields.last().unwrap().attr("done") == Some("true"));
    for message in &sent {
        let length = String::from(message).len();
        assert!(length < 10 * 1024, "{length} bytes");
    }
}

#[test]
fn a_hub_that_floods_is_told_to_wait_and_others_are_served() {
    let mut talk = thousand();
    let mut served = 0;
    for _ in 0..60 {
        req(&mut talk, ANNA, "seqnr='1' momentary='true'", "");
        let sent = talk.sent();
        if sent[0].attr("type") == Some("result") {
            served += sent.len();
        } else {
            assert_eq!(sent.len(), 1, "a refusal is one stanza");
        }
    }
    assert!(served <= 601, "{served} stanzas in an instant");
    req(&mut talk, "ben@home.example/hub", "seqnr='1' momentary='true'", "<node nodeId='s1'/>");
    assert_eq!(told(&mut talk).0, ["s1"]);
    talk.pass(Duration::from_secs(60));
    req(&mut talk, ANNA, "seqnr='1' momentary='true'", "");
    assert_eq!(told(&mut talk).0.len(), 1000);
}

#[test]
fn strangers_learn_nothing() {
    let mut talk = Talk::begin();
    let refused = "cancel/service-unavailable: ";
    req(&mut talk, "mallory@elsewhere.example/x", "seqnr='1'", "");
    assert_eq!(refusal(&mut talk), refused);
    set(&mut talk, "mallory@elsewhere.example/x", "<boolean name='pump' value='true'/>");
    assert_eq!(refusal(&mut talk), refused);
    talk.recv(&format!("<iq from='mallory@elsewhere.example/x' type='get' id='q'><getForm xmlns='{CONTROL}'/></iq>"));
    assert_eq!(refusal(&mut talk), refused);
    talk.recv(&format!("<message from='mallory@elsewhere.example/x'><set xmlns='{CONTROL}'><boolean name='pump' value='true'/></set></message>"));
    assert!(talk.moved().is_empty() && talk.sent().is_empty());
}

#[test]
fn a_set_is_answered_when_the_hardware_has_read_back() {
    let mut talk = Talk::begin();
    set(&mut talk, ANNA, "<boolean name='pump' value='true'/>");
    assert_eq!(talk.sent(), []);
    talk.hardware_obeys();
    done(&mut talk, ANNA);
}

#[test]
fn every_type_that_fits_is_taken_and_no_other() {
    let mut talk = Talk::begin();
    for (given, moved) in [
        ("<boolean name='pump' value='1'/>", "pump on"),
        ("<string name='pump' value='off'/>", "pump off"),
        ("<int name='lamp' value='40'/>", "lamp 40"),
        ("<long name='lamp' value='41'/>", "lamp 41"),
        ("<double name='lamp' value='42.0'/>", "lamp 42"),
        ("<string name='fan' value='high'/>", "fan high"),
        ("<node nodeId='fan'/><string name='fan' value='low'/>", "fan low"),
    ] {
        set(&mut talk, ANNA, given);
        let drives = talk.drives();
        talk.put_back(drives.into_iter().map(katydid::agent::Effect::Drive));
        assert_eq!(talk.moved(), [moved], "{given}");
        talk.pass(Duration::from_secs(2));
        talk.sent();
    }
    for (given, refused) in [
        ("<int name='pump' value='1'/>", "modify/bad-request: pump: invalid type: it is a boolean"),
        ("<boolean name='pump' value='on'/>", "modify/bad-request: pump: “on” is neither true nor false"),
        ("<string name='lamp' value='40'/>", "modify/bad-request: lamp: invalid type: it is a double"),
        ("<color name='lamp' value='3399FF'/>", "modify/bad-request: lamp: invalid type: it is a double"),
        ("<double name='lamp' value='NaN'/>", "modify/bad-request: lamp: “NaN” is not a number"),
        ("<double name='lamp' value='140'/>", "modify/bad-request: lamp: 140 is outside 0% to 100%"),
        ("<boolean name='fan' value='true'/>", "modify/bad-request: fan: invalid type: it is a string"),
        ("<boolean name='door' value='true'/>", "modify/bad-request: door: it only reads; it cannot be set"),
        ("<boolean name='motor' value='true'/>", "cancel/item-not-found: motor: there is no such parameter"),
        (
            "<node nodeId='motor'/><boolean name='pump' value='true'/>",
            "cancel/item-not-found: there is no node “motor”",
        ),
        (
            "<node nodeId='fan'/><boolean name='pump' value='true'/>",
            "modify/bad-request: pump: it is not a parameter of the nodes named",
        ),
        (
            "<boolean name='pump' value='true'/><boolean name='pump' value='false'/>",
            "modify/bad-request: pump: it is set twice",
        ),
        ("", "modify/bad-request: nothing is to be set"),
    ] {
        set(&mut talk, ANNA, given);
        assert_eq!(refusal(&mut talk), refused, "{given}");
        assert!(talk.moved().is_empty(), "{given}");
    }
    set(&mut talk, ANNA, "<boolean name='pump'/>");
    assert!(refusal(&mut talk).starts_with("modify/bad-request"));
}

#[test]
fn all_of_a_set_moves_or_nothing() {
    let mut talk = Talk::begin();
    set(&mut talk, ANNA, "<boolean name='pump' value='true'/><double name='lamp' value='140'/>");
    assert_eq!(refusal(&mut talk), "modify/bad-request: lamp: 140 is outside 0% to 100%");
    assert!(talk.moved().is_empty());
    // The fan is broken, which only control knows: what came before it in the request must not move either.
    talk.report("fan", Err(Fault::new("burnt")));
    talk.sent();
    set(&mut talk, ANNA, "<boolean name='pump' value='true'/><string name='fan' value='low'/>");
    assert_eq!(refusal(&mut talk), "wait/conflict: fan: it is out of order: burnt");
    assert!(talk.moved().is_empty());
    talk.pass(Duration::from_secs(10));
    assert!(talk.moved().is_empty());
    talk.sent();
    set(&mut talk, ANNA, "<boolean name='pump' value='true'/><double name='lamp' value='10'/>");
    let drives = talk.drives();
    assert_eq!(drives.len(), 2);
    for drive in &drives {
        assert!(talk.sent().iter().all(|e| e.name() != "iq"), "too early");
        let name = talk.name(drive);
        talk.feed(Input::Report {
            point: name.as_str().into(),
            result: Ok(drive.value()),
            answers: Some(drive.number()),
        });
    }
    done(&mut talk, ANNA);
}

#[test]
fn what_the_hardware_did_instead_is_told() {
    let mut talk = Talk::begin();
    set(&mut talk, ANNA, "<boolean name='pump' value='true'/>");
    talk.hardware_says(Ok(Value::Switch(false)));
    assert_eq!(refusal(&mut talk), "wait/internal-server-error: pump: Pump reads off, not on as asked");
    set(&mut talk, ANNA, "<double name='lamp' value='5'/>");
    talk.drives();
    talk.pass(Duration::from_secs(2));
    let refused = refusal(&mut talk);
    assert_eq!(refused, "wait/remote-server-timeout: lamp: Lamp: no confirmation, it may or may not have moved");
}

#[test]
fn rights_are_those_of_every_other_door() {
    let mut talk = Talk::begin();
    set(&mut talk, "ben@home.example/hub", "<boolean name='pump' value='true'/>");
    assert_eq!(refusal(&mut talk), "cancel/forbidden: that needs the role operator, and yours is viewer");
    set(&mut talk, "ben@home.example/hub", "<double name='lamp' value='140'/>");
    assert_eq!(refusal(&mut talk), "cancel/forbidden: that needs the role operator, and yours is viewer");
    set(&mut talk, "carol@home.example/hub", "<double name='lamp' value='5'/>");
    assert_eq!(refusal(&mut talk), "cancel/item-not-found: lamp: there is no such parameter");
    assert!(talk.moved().is_empty());
    set(&mut talk, "carol@home.example/hub", "<boolean name='pump' value='true'/>");
    talk.hardware_obeys();
    assert!(talk.logged_aloud().iter().any(|line| line.contains("carol@home.example")));
}

#[test]
fn a_refusal_also_speaks_as_the_draft_did() {
    let mut talk = Talk::begin();
    set(&mut talk, "ben@home.example/hub", "<boolean name='pump' value='true'/>");
    let answer = talk.sent().remove(0);
    let draft = answer.get_child("setResponse", CONTROL).unwrap();
    assert_eq!(draft.attr("responseCode"), Some("InsufficientPrivileges"));
}

#[test]
fn a_set_in_a_message_is_done_and_never_answered() {
    let mut talk = Talk::begin();
    let message = |id: &str, who: &str, inner: &str, more: &str| {
        format!("<message from='{who}' id='{id}'><set xmlns='{CONTROL}'>{inner}</set>{more}</message>")
    };
    talk.recv(&message("1", ANNA, "<boolean name='pump' value='true'/>", ""));
    assert_eq!(talk.drives().len(), 1);
    talk.recv(&message("1", ANNA, "<boolean name='pump' value='true'/>", ""));
    assert_eq!(talk.drives().len(), 0, "a client that resends means it once");
    talk.report("pump", Ok(Value::Switch(true)));
    talk.pass(Duration::from_secs(5));
    talk.recv(&message("2", "ben@home.example/hub", "<boolean name='pump' value='false'/>", ""));
    talk.recv(&message("3", ANNA, "<boolean name='motor' value='false'/>", ""));
    talk.recv(&message("4", ANNA, "<boolean name='pump' value='no'/>", ""));
    let late = "<delay xmlns='urn:xmpp:delay' stamp='2027-01-15T07:00:00Z'/>";
    talk.recv(&message("5", ANNA, "<boolean name='pump' value='false'/>", late));
    talk.recv(&message(
        "6",
        ANNA,
        "<boolean name='pump' value='false'/>",
        "<replace xmlns='urn:xmpp:message-correct:0' id='1'/>",
    ));
    assert!(talk.moved().is_empty());
    let answered: Vec<Element> =
        talk.sent().into_iter().filter(|e| e.attr("to").is_some_and(|to| to.contains("/hub"))).collect();
    assert_eq!(answered, []);
    for n in 0..200 {
        talk.recv(&message(&format!("f{n}"), ANNA, "<boolean name='motor' value='false'/>", ""));
    }
    assert!(talk.heard().is_empty(), "not even to say that it is too fast");
}

#[test]
fn the_control_form_has_types_ranges_and_what_holds_now() {
    let mut talk = Talk::begin();
    let form = |talk: &mut Talk, who: &str, inner: &str| {
        talk.recv(&format!(
            "<iq from='{who}' type='get' id='q'><getForm xmlns='{CONTROL}' xml:lang='en'>{inner}</getForm></iq>"
        ));
        talk.sent().remove(0)
    };
    let whole = form(&mut talk, ANNA, "");
    let x = whole.get_child("x", "jabber:x:data").unwrap();
    let fields: Vec<&Element> = x.children().filter(|c| c.name() == "field").collect();
    let summary = |f: &&Element| {
        assert!(f.has_child("notSame", "urn:xmpp:xdata:dynamic"));
        let value = f.get_child("value", "jabber:x:data").unwrap().text();
        format!("{} {} {value}", f.attr("var").unwrap(), f.attr("type").unwrap())
    };
    assert_eq!(
        fields.iter().map(summary).collect::<Vec<_>>(),
        ["pump boolean 0", "lamp text-single 0", "fan list-single off"]
    );
    let range = fields[1].get_child("validate", "http://jabber.org/protocol/xdata-validate").unwrap();
    assert_eq!(range.attr("datatype"), Some("xs:decimal"));
    let one = form(&mut talk, ANNA, "<node nodeId='lamp'/>");
    assert_eq!(one.get_child("x", "jabber:x:data").unwrap().children().filter(|c| c.name() == "field").count(), 1);
    for (who, node, condition) in
        [("ben@home.example/x", "", "forbidden"), ("carol@home.example/x", "<node nodeId='lamp'/>", "item-not-found")]
    {
        let answer = form(&mut talk, who, node);
        assert!(answer.get_child("error", "jabber:client").unwrap().has_child(condition, STANZAS));
    }
}

#[test]
fn a_part_of_the_form_sets_only_that_part() {
    let mut talk = Talk::begin();
    let fields = |pairs: &[(&str, &str)]| {
        let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
        format!("<x xmlns='jabber:x:data' type='submit'>{}</x>", pairs.iter().map(field).collect::<String>())
    };
    set(&mut talk, ANNA, &fields(&[("xdd session", "325ED0F3"), ("lamp", "30"), ("pump", "true")]));
    let mut moved: Vec<String> = Vec::new();
    for drive in talk.drives() {
        moved.push(format!("{} {:?}", talk.name(&drive), drive.value()));
        let name = talk.name(&drive);
        talk.feed(Input::Report {
            point: name.as_str().into(),
            result: Ok(drive.value()),
            answers: Some(drive.number()),
        });
    }
    assert_eq!(moved, ["lamp Number(30.0)", "pump Switch(true)"]);
    done(&mut talk, ANNA);
    set(&mut talk, ANNA, &fields(&[("pump", "off"), ("lamp", "200")]));
    assert_eq!(refusal(&mut talk), "modify/bad-request: lamp: 200 is outside 0% to 100%");
    assert!(talk.moved().is_empty());
}

#[test]
fn a_reload_answers_what_is_under_way() {
    let mut talk = Talk::begin();
    set(&mut talk, ANNA, "<boolean name='pump' value='true'/><double name='lamp' value='5'/>");
    talk.feed(Input::Reload(Box::new(crate::talk::device(GREENHOUSE))));
    let answers: Vec<Element> = talk.sent().into_iter().filter(|e| e.attr("to") == Some(ANNA)).collect();
    assert_eq!(answers.len(), 1);
    assert!(answers[0].get_child("error", "jabber:client").unwrap().has_child("remote-server-timeout", STANZAS));
}

#[test]
fn both_are_announced() {
    let mut talk = Talk::begin();
    talk.recv(&format!(
        "<iq from='{ANNA}' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    ));
    let answer = String::from(&talk.sent().remove(0));
    assert!(answer.contains(DATA) && answer.contains(CONTROL));
}
