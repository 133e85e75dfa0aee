//! Alarms: raised, told, shown, acknowledged, cleared.

use std::time::Duration;

use katydid::model::{Fault, Value};

use crate::talk::{GREENHOUSE, Talk};

const ANNA: &str = "anna@home.example";
const BEN: &str = "ben@home.example";
const CAROL: &str = "carol@home.example";

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The greenhouse with this alarm on its air.
fn greenhouse(alarm: &str) -> Talk {
    let text = GREENHOUSE.replace("every = \"30s\"", &format!("every = \"1d\"\nalarm = {alarm}"));
    Talk::begin_with(&text)
}

fn air(talk: &mut Talk, number: f64) {
    talk.report("air", Ok(Value::Number(number)));
}

/// Messages with an alarm in them since the last look.
fn told(talk: &mut Talk) -> Vec<String> {
    talk.heard()
}

#[test]
fn an_alarm_is_told_to_who_can_act_and_cleared_by_its_own_limit() {
    let mut talk = greenhouse("{ above = 35.0, clear = 33.0, say = \"The greenhouse is too hot\" }");
    air(&mut talk, 35.0);
    assert_eq!(told(&mut talk), Vec::<String>::new());
    air(&mut talk, 36.0);
    // Ben only reads, and Carol may not know of the air.
    let text = "ALARM The greenhouse is too hot: Air: 36.0 °C, above 35.0 °C (ack air when you have seen it)";
    assert_eq!(told(&mut talk), [format!("{ANNA}: {text}")]);
    air(&mut talk, 34.0);
    air(&mut talk, 36.0);
    assert_eq!(told(&mut talk), Vec::<String>::new(), "it trembles within its limits");
    talk.pass(secs(600));
    air(&mut talk, 33.0);
    assert_eq!(told(&mut talk), [format!("{ANNA}: Over after 10m: Air: 33.0 °C")]);
    let log = talk.logged_aloud();
    assert!(log.iter().any(|line| line.starts_with("alarm air (normal): The greenhouse")), "{log:?}");
    assert!(log.iter().any(|line| line == "alarm air: Over after 10m: Air: 33.0 °C"), "{log:?}");
}

#[test]
fn an_alarm_message_asks_the_server_to_keep_it() {
    let mut talk = greenhouse("{ above = 35.0 }");
    air(&mut talk, 36.0);
    let sent = talk.sent();
    let message = sent.iter().find(|stanza| stanza.name() == "message").unwrap();
    assert!(message.has_child("store", "urn:xmpp:hints"));
}

#[test]
fn what_must_last_is_not_an_alarm_before() {
    let mut talk = greenhouse("{ above = 35.0, for = \"1m\" }");
    air(&mut talk, 36.0);
    talk.pass(secs(59));
    air(&mut talk, 20.0);
    air(&mut talk, 36.0);
    talk.pass(secs(59));
    assert_eq!(told(&mut talk), Vec::<String>::new());
    talk.pass(secs(1));
    assert_eq!(told(&mut talk).len(), 1);
}

#[test]
fn a_peak_that_then_stays_between_the_limits_has_not_lasted() {
    let mut talk = greenhouse("{ above = 35.0, clear = 33.0, for = \"1m\" }");
    air(&mut talk, 36.0);
    talk.pass(secs(1));
    air(&mut talk, 34.0);
    talk.pass(secs(120));
    assert_eq!(told(&mut talk), Vec::<String>::new());
    air(&mut talk, 36.0);
    talk.pass(secs(59));
    assert_eq!(told(&mut talk), Vec::<String>::new());
    talk.pass(secs(1));
    assert_eq!(told(&mut talk).len(), 1);
    // What has lasted ends at its other limit only.
    air(&mut talk, 34.0);
    talk.pass(secs(120));
    air(&mut talk, 36.0);
    talk.pass(secs(120));
    assert_eq!(told(&mut talk), Vec::<String>::new());
    air(&mut talk, 33.0);
    assert_eq!(told(&mut talk).len(), 1);
}

#[test]
fn a_broken_sensor_neither_raises_nor_clears() {
    let mut talk = greenhouse("{ above = 35.0, for = \"1m\" }");
    air(&mut talk, 36.0);
    talk.pass(secs(30));
    talk.report("air", Err(Fault::new("gone")));
    talk.pass(secs(600));
    assert_eq!(told(&mut talk), Vec::<String>::new());
    air(&mut talk, 36.0);
    talk.pass(secs(60));
    assert_eq!(told(&mut talk).len(), 1);
    talk.report("air", Err(Fault::new("gone")));
    talk.pass(secs(600));
    assert_eq!(told(&mut talk), Vec::<String>::new());
    air(&mut talk, 20.0);
    assert_eq!(told(&mut talk), [format!("{ANNA}: Over after 10m: Air: 20.0 °C")]);
}

#[test]
fn silence_and_faults_are_alarms_too() {
    let mut talk = greenhouse("[{ stale = true }, { fault = true, say = \"Somebody look at the wire\" }]");
    talk.report("air", Err(Fault::new("gone")));
    let text = "ALARM Somebody look at the wire: Air: fault: gone, broken (ack air-fault when you have seen it)";
    assert_eq!(told(&mut talk), [format!("{ANNA}: {text}")]);
    air(&mut talk, 20.0);
    assert_eq!(told(&mut talk), [format!("{ANNA}: Over: Air: 20.0 °C")]);
    talk.pass(secs(4 * 86400));
    let heard = told(&mut talk);
    assert!(heard.len() == 1 && heard[0].contains("ack air-stale"), "{heard:?}");
}

#[test]
fn it_is_told_again_until_somebody_acknowledges_it() {
    let mut talk = greenhouse("{ above = 35.0, repeat = \"1h\" }");
    air(&mut talk, 36.0);
    told(&mut talk);
    talk.pass(secs(7200));
    let heard = told(&mut talk);
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[0].contains("STILL ALARM since "), "{heard:?}");
    assert_eq!(talk.ask(ANNA, "ack air"), "The alarm “air” will not be told again.");
    talk.pass(secs(7200));
    assert_eq!(told(&mut talk), Vec::<String>::new());
    let again = talk.ask(ANNA, "ack air");
    assert!(again.starts_with("The alarm “air” was acknowledged by anna@home.example at "), "{again}");
    air(&mut talk, 20.0);
    assert_eq!(told(&mut talk).len(), 1, "that it is over is told in any case");
}

#[test]
fn who_acknowledged_it_is_told_to_the_others_and_logged() {
    let text = GREENHOUSE.replace("every = \"30s\"", "every = \"1d\"\nalarm = { above = 35.0 }");
    let text = text
        .replace("points = [\"door\", \"pump\"]", "points = [\"door\", \"pump\", \"air\"]")
        .replace("notify = \"all\"", "");
    let mut talk = Talk::begin_with(&text);
    air(&mut talk, 36.0);
    assert_eq!(told(&mut talk).len(), 2);
    talk.says(CAROL, "ack");
    let heard = told(&mut talk);
    assert!(heard.contains(&format!("{ANNA}: The alarm “air” was acknowledged by {CAROL}")), "{heard:?}");
    assert!(talk.logged_aloud().contains(&format!("alarm air: acknowledged by {CAROL}")));
    assert!(talk.ask(ANNA, "alarms").contains("(seen by carol@home.example at "));
}

#[test]
fn a_viewer_sees_alarms_but_cannot_acknowledge_them() {
    let mut talk = greenhouse("{ above = 35.0 }");
    air(&mut talk, 36.0);
    talk.sent();
    assert!(talk.ask(BEN, "alarms").starts_with("ALARM Air: 36.0 °C, above 35.0 °C, since "));
    assert_eq!(talk.ask(BEN, "ack air"), "Alarms: that needs the role operator, and yours is viewer");
    assert!(talk.ask(BEN, "status").starts_with("greenhouse: 1 alarm\nALARM Air: 36.0 °C"));
}

#[test]
fn an_alarm_of_a_hidden_point_does_not_exist() {
    let mut talk = greenhouse("{ above = 35.0 }");
    air(&mut talk, 36.0);
    talk.sent();
    assert_eq!(talk.ask(CAROL, "alarms"), "No alarm is up.");
    assert_eq!(talk.ask(CAROL, "ack air"), "There is no alarm “air”. Say alarms for those that are up.");
    assert_eq!(talk.ask(CAROL, "ack all"), "No alarm is up.");
    assert!(talk.ask(CAROL, "status").starts_with("greenhouse: all well\n"));
}

#[test]
fn presence_is_dnd_until_somebody_has_seen_it_and_away_until_it_is_over() {
    let mut talk = greenhouse("{ above = 35.0, say = \"Too hot\" }");
    let face = |talk: &mut Talk| {
        let sent = talk.sent();
        let presence = sent.iter().rfind(|s| s.name() == "presence" && s.attr("to") == Some("anna@home.example/phone"));
        presence.map(|p| {
            let text = |name: &str| p.get_child(name, "jabber:client").map(|e| e.text()).unwrap_or_default();
            (text("show"), text("status"))
        })
    };
    talk.recv("<presence from='anna@home.example/phone'/>");
    air(&mut talk, 36.0);
    talk.pass(secs(2));
    let (show, status) = face(&mut talk).unwrap();
    assert_eq!(show, "dnd");
    assert!(status.starts_with("ALARM Too hot · "), "{status}");
    talk.says(ANNA, "ack air");
    talk.pass(secs(2));
    let (show, status) = face(&mut talk).unwrap();
    assert_eq!(show, "away");
    assert!(status.starts_with("Too hot · "), "{status}");
    air(&mut talk, 20.0);
    talk.pass(secs(60));
    assert_eq!(face(&mut talk).unwrap().0, "");
}

#[test]
fn the_broadcast_does_not_tell_of_alarms_that_not_everybody_may_know() {
    let mut talk = greenhouse("{ above = 35.0, say = \"Too hot\" }");
    air(&mut talk, 36.0);
    talk.pass(secs(60));
    for stanza in talk.sent().iter().filter(|s| s.name() == "presence" && s.attr("to").is_none()) {
        let xml = String::from(stanza);
        assert!(!xml.contains("Too hot") && !xml.contains("dnd"), "{xml}");
    }
}

#[test]
fn a_low_alarm_is_shown_and_told_to_nobody_and_a_high_one_repeats() {
    let mut talk = greenhouse("{ above = 35.0, priority = \"low\" }");
    air(&mut talk, 36.0);
    assert_eq!(told(&mut talk), Vec::<String>::new());
    assert!(talk.ask(ANNA, "status").starts_with("greenhouse: 1 alarm\nAir: 36.0 °C, above 35.0 °C, since "));
    let mut talk = greenhouse("{ above = 35.0, priority = \"high\" }");
    air(&mut talk, 36.0);
    talk.pass(secs(600));
    assert_eq!(told(&mut talk).len(), 2);
}

#[test]
fn a_contact_may_be_spared_and_a_viewer_may_be_told() {
    let text = GREENHOUSE.replace("every = \"30s\"", "every = \"1d\"\nalarm = { above = 35.0 }");
    let text = text.replace("role = \"owner\"", "role = \"owner\"\nalarms = false");
    let mut talk = Talk::begin_with(&text.replace("role = \"viewer\"", "role = \"viewer\"\nalarms = true"));
    air(&mut talk, 36.0);
    assert_eq!(told(&mut talk), [format!("{BEN}: ALARM Air: 36.0 °C, above 35.0 °C")]);
}

#[test]
fn an_actuator_has_alarms_too() {
    let text = GREENHOUSE
        .replace("notify = \"all\"", "")
        .replace("max_on = \"1h\"", "alarm = { equals = \"on\", for = \"30m\" }");
    let mut talk = Talk::begin_with(&text);
    talk.ask(ANNA, "pump on");
    talk.pass(secs(1800));
    let heard = told(&mut talk);
    assert!(heard.iter().any(|line| line.contains("ALARM Pump: on for 30m")), "{heard:?}");
    talk.says(ANNA, "pump off");
    talk.hardware_obeys();
    talk.sent();
    assert!(talk.ask(ANNA, "alarms").contains("No alarm is up."));
}

#[test]
fn a_reload_keeps_what_is_up_and_what_was_seen() {
    let text = GREENHOUSE.replace("every = \"30s\"", "every = \"1d\"\nalarm = { above = 35.0 }");
    let mut talk = Talk::begin_with(&text);
    air(&mut talk, 36.0);
    talk.says(ANNA, "ack air");
    talk.sent();
    let more = text.replace("[sensors.air]", "[sensors.other]\nsim = { line = \"IN2\" }\n\n[sensors.air]");
    talk.feed(katydid::agent::Input::Reload(Box::new(crate::talk::device(&more))));
    assert_eq!(told(&mut talk), Vec::<String>::new());
    assert!(talk.ask(ANNA, "alarms").contains("seen by anna@home.example"));
}

#[test]
fn forms_list_and_acknowledge_alarms() {
    let mut talk = greenhouse("{ above = 35.0 }");
    let run = |talk: &mut Talk, who: &str, node: &str, form: &str| {
        talk.sent();
        talk.recv(&format!("<iq from='{who}/x' type='set' id='1'><command xmlns='http://jabber.org/protocol/commands' node='{node}'>{form}</command></iq>"));
        let sent = talk.sent();
        String::from(sent.iter().find(|stanza| stanza.name() == "iq").unwrap())
    };
    let submit = "<x xmlns='jabber:x:data' type='submit'><field var='alarm'><value>air</value></field></x>";
    assert!(run(&mut talk, ANNA, "ack", "").contains("There is no alarm to acknowledge."));
    air(&mut talk, 36.0);
    assert!(run(&mut talk, BEN, "alarms", "").contains("ALARM Air: 36.0 °C"));
    assert!(run(&mut talk, BEN, "ack", submit).contains("item-not-found"));
    assert!(run(&mut talk, CAROL, "alarms", "").contains("item-not-found"));
    assert!(run(&mut talk, ANNA, "ack", "").contains("list-single"));
    assert!(run(&mut talk, ANNA, "ack", submit).contains("will not be told again"));
}
