//! Whatever happens in whatever order: nothing panics, deadlines lie ahead, and every drive has a cause and a
//! contact that may.

use std::time::Duration;

use katydid::agent::{Effect, Input};
use katydid::control::Cause;
use katydid::model::{Fault, PointId, Role, Value};
use proptest::prelude::*;

use crate::talk::{GREENHOUSE, Talk, stanza};

#[derive(Debug, Clone)]
enum Happening {
    Says(usize, String),
    Submits(usize, String, String, String),
    Reports(usize, bool, bool),
    Obeys,
    Passes(u64),
    Online,
    Offline,
    Reload,
}

const PEOPLE: [&str; 4] = ["anna@home.example", "ben@home.example", "carol@home.example", "mallory@elsewhere.example"];
const POINTS: [&str; 5] = ["door", "air", "pump", "lamp", "fan"];

fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("pump"),
        Just("lamp"),
        Just("fan"),
        Just("air"),
        Just("door"),
        Just("on"),
        Just("off"),
        Just("toggle"),
        Just("pulse"),
        Just("10m"),
        Just("1s"),
        Just("40"),
        Just("high"),
        Just("for"),
        Just("set"),
        Just("help"),
        Just("status"),
        Just("log"),
        Just("f"),
        Just("1e400"),
    ];
    prop_oneof![
        8 => prop::collection::vec(word, 0..5).prop_map(|words| words.join(" ")),
        1 => "\\PC{0,40}",
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let value = prop_oneof![Just("1".to_owned()), Just("40".to_owned()), Just("high".to_owned()), "[ -~]{0,12}"];
    let time = prop_oneof![Just(String::new()), Just("1m".to_owned()), Just("500ms".to_owned()), "[0-9a-z]{0,6}"];
    prop_oneof![
        6 => (0..PEOPLE.len(), words()).prop_map(|(who, text)| Happening::Says(who, text)),
        4 => (0..PEOPLE.len(), prop_oneof![Just("pump"), Just("lamp"), Just("fan"), Just("pump-pulse"), Just("read"), Just("x")], value, time)
            .prop_map(|(who, node, value, time)| Happening::Submits(who, node.to_owned(), value, time)),
        4 => (0..POINTS.len(), any::<bool>(), any::<bool>()).prop_map(|(point, good, high)| Happening::Reports(point, good, high)),
        6 => Just(Happening::Obeys),
        4 => (0u64..4_000_000).prop_map(Happening::Passes),
        1 => Just(Happening::Online),
        1 => Just(Happening::Offline),
        1 => Just(Happening::Reload),
    ]
}

fn escape(text: &str) -> String {
    let legal = text.chars().filter(|c| !c.is_control() && *c != '\u{fffe}' && *c != '\u{ffff}');
    legal.collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;")
}

/// Every drive is caused by somebody who may, or by the device's own rules; and the point can take its value.
fn check(talk: &mut Talk) -> Result<(), TestCaseError> {
    let device = talk.agent.device().clone();
    for drive in talk.peek_drives() {
        let point = PointId::Actuator(drive.actuator());
        prop_assert!(device.kind(point).admits(drive.value()), "{drive:?}");
        if let Cause::Asked(jid) = drive.cause() {
            let contact = device.contact(device.contact_of(jid).expect("only contacts are obeyed"));
            prop_assert!(contact.role >= Role::Operator && contact.scope.covers(point), "{drive:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_history_is_survived_with_rights_and_limits_kept(history in prop::collection::vec(happening(), 1..120)) {
        let text = GREENHOUSE.replace("max_on = \"1h\"", "max_on = \"1h\"\non_link_loss = { after = \"5m\" }");
        let mut talk = Talk::offline(&text);
        // When the pump was first seen on, since it was last seen or driven off.
        let mut on_since: Option<Duration> = None;
        for happening in history {
            match happening {
                Happening::Says(who, text) => talk.recv(&format!("<message from='{}/x' type='chat' id='1'><body>{}</body></message>", PEOPLE[who], escape(&text))),
                Happening::Submits(who, node, value, time) => talk.recv(&format!(
                    "<iq from='{}/x' type='set' id='1'><command xmlns='http://jabber.org/protocol/commands' node='{node}'><x xmlns='jabber:x:data' type='submit'><field var='value'><value>{}</value></field><field var='for'><value>{}</value></field><field var='time'><value>{}</value></field></x></command></iq>",
                    PEOPLE[who], escape(&value), escape(&time), escape(&time))),
                Happening::Reports(point, good, high) => {
                    let value = match POINTS[point] {
                        "door" => Value::Switch(high),
                        "air" => Value::Number(if high { 30.0 } else { 20.0 }),
                        // Actuators say something of their own accord only when they break or come back safe.
                        "pump" => Value::Switch(false),
                        "lamp" => Value::Number(0.0),
                        _ => Value::Choice(0),
                    };
                    talk.report(POINTS[point], if good { Ok(value) } else { Err(Fault::new("broken")) });
                }
                Happening::Obeys => { check(&mut talk)?; talk.hardware_obeys(); }
                Happening::Passes(millis) => {
                    // Hardware obeys between steps, so that max_on can be judged.
                    let mut left = Duration::from_millis(millis);
                    while left > Duration::ZERO {
                        let step = left.min(Duration::from_secs(60));
                        talk.pass(step);
                        check(&mut talk)?;
                        talk.hardware_obeys();
                        left -= step;
                        let pump = talk.agent.device().point_named("pump").unwrap();
                        let on = talk.agent.control().reading(pump).good() == Some(Value::Switch(true));
                        on_since = if on { on_since.or(Some(talk.now().mono.0)) } else { None };
                        if let Some(since) = on_since {
                            prop_assert!(talk.now().mono.0 - since <= Duration::from_secs(3600 + 120), "the pump ran longer than max_on");
                        }
                    }
                }
                Happening::Online => talk.online(),
                Happening::Offline => talk.feed(Input::Offline),
                Happening::Reload => talk.feed(Input::Reload(Box::new(crate::talk::device(&text)))),
            }
            check(&mut talk)?;
            talk.sent();
        }
    }

    #[test]
    fn any_stanza_is_survived(body in "\\PC{0,60}", node in "[a-z/#:-]{0,20}", type_ in "get|set", ns in "http://jabber\\.org/protocol/(disco#info|disco#items|commands)|jabber:iq:(version|last|roster)|urn:xmpp:(ping|time)", name in "query|command|ping|time") {
        let mut talk = Talk::begin();
        talk.recv(&format!("<iq from='anna@home.example/x' type='{type_}' id='1'><{name} xmlns='{ns}' node='{}'><x xmlns='{}'/>{}</{name}></iq>", escape(&node), escape(&node), escape(&body)));
        prop_assert_eq!(talk.sent().len(), 1, "every request gets exactly one answer");
    }
}

impl Talk {
    /// The drives since the last look, left where they are.
    fn peek_drives(&mut self) -> Vec<katydid::control::Drive> {
        let drives = self.drives();
        self.put_back(drives.iter().cloned().map(Effect::Drive));
        drives
    }
}

#[test]
fn the_stage_parses_what_clients_send() {
    assert!(matches!(stanza("<presence from='a@b.example'/>"), xmpp_parsers::stanza::Stanza::Presence(_)));
}
