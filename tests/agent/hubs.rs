//! Hubs: programs that read and control the device by plain lines or JSON.

use std::time::Duration;

use katydid::model::{Fault, Value};
use serde_json::{Value as Json, json};
use xmpp_parsers::minidom::Element;

use crate::talk::{GREENHOUSE, Talk};

const HUB: &str = "openhab@home.example";
const SCRIPT: &str = "flow@home.example";
const ANNA: &str = "anna@home.example";

/// The greenhouse with a hub that may do everything and a script that may only read door and pump.
fn begin() -> Talk {
    let contacts = format!(
        "{GREENHOUSE}\n[[contacts]]\njid = \"{HUB}\"\nrole = \"operator\"\nspeaks = \"lines\"\n\
         [[contacts]]\njid = \"{SCRIPT}\"\nrole = \"viewer\"\nspeaks = \"json\"\npoints = [\"door\", \"pump\"]\n"
    );
    let mut talk = Talk::offline(&contacts);
    talk.settle();
    talk.online();
    talk
}

/// What reaches a rule of openHAB's XMPP client binding (its receiving rules, by its source): messages of type chat or
/// normal with exactly one body without a language. With a channel's `payload` the whole body must be equal to it.
fn openhab(sent: &[Element]) -> Vec<String> {
    let to_hub = sent.iter().filter(|e| e.name() == "message" && e.attr("to").is_some_and(|to| to.starts_with(HUB)));
    let events = to_hub.map(|message| {
        let bodies: Vec<&Element> = message.children().filter(|child| child.name() == "body").collect();
        // What it is sent must not be kept for it: it would take old lines for new events.
        assert!(message.has_child("no-store", "urn:xmpp:hints"));
        let chat = matches!(message.attr("type"), None | Some("chat" | "normal"));
        match bodies.as_slice() {
            [body] if chat && body.attr("xml:lang").is_none() => body.text(),
            _ => panic!("openHAB would not see {}", String::from(message)),
        }
    });
    events.collect()
}

fn hub_hears(talk: &mut Talk) -> Vec<String> {
    openhab(&talk.sent())
}

fn script_hears(talk: &mut Talk) -> Vec<Json> {
    let heard = talk.heard();
    let lines = heard.iter().filter_map(|line| line.strip_prefix(SCRIPT)?.split_once(": "));
    lines.map(|(_, text)| serde_json::from_str(text).unwrap()).collect()
}

/// What the hub hears after a line of its own, with hardware that obeys.
fn ask(talk: &mut Talk, line: &str) -> Vec<String> {
    talk.says(HUB, line);
    talk.hardware_obeys();
    hub_hears(talk)
}

#[test]
fn a_hub_is_told_everything_after_login_and_then_one_line_per_change() {
    let mut talk = begin();
    assert_eq!(hub_hears(&mut talk), ["door=closed", "air=20.0", "pump=off", "lamp=0", "fan=off"]);
    talk.report("door", Ok(Value::Switch(true)));
    assert_eq!(hub_hears(&mut talk), ["door=open"]);
    talk.report("air", Ok(Value::Number(21.26)));
    assert_eq!(hub_hears(&mut talk), ["air=21.3"]);
    talk.report("air", Ok(Value::Number(21.27)));
    assert_eq!(hub_hears(&mut talk), Vec::<String>::new(), "the same line again is no news");
    talk.report("air", Err(Fault::new("unplugged")));
    assert_eq!(hub_hears(&mut talk), ["air=UNDEF"]);
    talk.report("air", Ok(Value::Number(21.3)));
    assert_eq!(hub_hears(&mut talk), ["air=21.3"]);
}

#[test]
fn a_hub_sets_and_asks_and_is_answered_in_order() {
    let mut talk = begin();
    hub_hears(&mut talk);
    assert_eq!(ask(&mut talk, "pump on"), ["ok pump on", "pump=on"]);
    assert_eq!(ask(&mut talk, "set pump off"), ["ok pump off", "pump=off"]);
    assert_eq!(ask(&mut talk, "on pump 10m"), ["ok pump on", "pump=on"]);
    assert_eq!(ask(&mut talk, "toggle pump"), ["ok pump off", "pump=off"]);
    assert_eq!(ask(&mut talk, "pump pulse 500ms"), ["ok pump on", "pump=on"]);
    talk.pass(Duration::from_millis(500));
    talk.hardware_obeys();
    assert_eq!(hub_hears(&mut talk), ["pump=off"]);
    assert_eq!(ask(&mut talk, "SET Lamp 40"), ["ok lamp 40", "lamp=40"]);
    assert_eq!(ask(&mut talk, "get air"), ["ok air 20.0"]);
    assert_eq!(ask(&mut talk, "fan high"), ["ok fan high", "fan=high"]);
    assert_eq!(ask(&mut talk, "pump off"), ["ok pump off"], "nothing has changed");

    // The question after a wish waits for the wish's answer.
    talk.says(HUB, "pump on");
    talk.says(HUB, "get air");
    talk.says(HUB, "nonsense");
    assert_eq!(hub_hears(&mut talk), Vec::<String>::new());
    talk.hardware_obeys();
    let heard = hub_hears(&mut talk);
    assert_eq!(heard, ["ok pump on", "ok air 20.0", "err nonsense there is no such point or word", "pump=on"]);
}

#[test]
fn sync_tells_everything_again_and_says_how_much_that_was() {
    let mut talk = begin();
    hub_hears(&mut talk);
    let heard = ask(&mut talk, "sync");
    assert_eq!(heard, ["door=closed", "air=20.0", "pump=off", "lamp=0", "fan=off", "ok sync 5"]);
}

#[test]
fn what_a_hub_gets_wrong_is_answered_with_err_and_moves_nothing() {
    let mut talk = begin();
    hub_hears(&mut talk);
    for (line, answer) in [
        ("door open", "err door it only reads"),
        ("set lamp 101", "err lamp 101 is outside 0% to 100%"),
        ("set lamp", "err lamp no value"),
        ("pump on 2h", "err pump 1h at most"),
        ("pump on soon", "err pump “soon” is not a time like 30s, 10m or 1h30m"),
        ("get cellar", "err cellar there is no such point"),
        ("pum on", "err pum there is no such point or word"),
        ("help", "err help there is no such point or word"),
        ("pump on\npump off", "err ? one line per message"),
    ] {
        assert_eq!(ask(&mut talk, line), [answer], "{line}");
        assert_eq!(talk.moved(), Vec::<String>::new(), "{line}");
    }
    talk.says(HUB, "pump on");
    talk.hardware_says(Err(Fault::new("line GPIO27 is gone")));
    assert_eq!(hub_hears(&mut talk), ["err pump line GPIO27 is gone", "pump=UNDEF"]);
}

#[test]
fn a_hub_gets_no_chatter_and_is_not_asked_for_its_presence() {
    let mut talk = Talk::offline(&format!(
        "{GREENHOUSE}\n[[contacts]]\njid = \"{HUB}\"\nrole = \"operator\"\nspeaks = \"lines\"\n"
    ));
    talk.settle();
    talk.connect(false);
    talk.sent();
    let known = ["anna", "ben", "carol"].map(|name| format!("<item jid='{name}@home.example' subscription='both'/>"));
    // The roster has come, and the hub is not on it.
    talk.connect(false);
    talk.roster(&known.concat());
    let to_hub: Vec<String> =
        talk.sent().iter().filter(|e| e.attr("to") == Some(HUB) && e.name() == "presence").map(String::from).collect();
    assert_eq!(to_hub.len(), 1, "{to_hub:?}");
    assert!(to_hub[0].contains("subscribed"), "approved beforehand, and nothing else: {to_hub:?}");
    // openHAB answers a question for its presence with no; nobody asks again.
    talk.recv(&format!("<presence from='{HUB}' type='unsubscribed'/>"));
    talk.recv(&format!("<presence from='{HUB}' type='subscribe'/>"));
    talk.expect(&[&format!("<presence to='{HUB}' type='subscribed'/>")]);
}

#[test]
fn an_outage_ends_with_what_is_true_and_old_lines_are_not_kept() {
    let mut talk = begin();
    hub_hears(&mut talk);
    talk.feed(katydid::agent::Input::Offline);
    for number in 0..5 {
        talk.report("door", Ok(Value::Switch(number % 2 == 0)));
    }
    assert_eq!(hub_hears(&mut talk), Vec::<String>::new());
    talk.connect(true);
    assert_eq!(hub_hears(&mut talk), ["door=open"], "resumed: only what is new");
    talk.feed(katydid::agent::Input::Offline);
    talk.online();
    assert_eq!(hub_hears(&mut talk), ["door=open", "air=20.0", "pump=off", "lamp=0", "fan=off"]);
}

#[test]
fn a_burst_is_cut_and_ends_with_what_is_true() {
    let mut talk = begin();
    hub_hears(&mut talk);
    for number in 0..5001 {
        talk.report("door", Ok(Value::Switch(number % 2 == 0)));
    }
    let mut heard = hub_hears(&mut talk);
    assert!((500..700).contains(&heard.len()), "{} lines for 5,001 changes", heard.len());
    for open in [true, false] {
        talk.report("door", Ok(Value::Switch(open)));
        talk.pass(Duration::from_secs(2));
        heard.extend(hub_hears(&mut talk));
        assert_eq!(heard.last().unwrap(), if open { "door=open" } else { "door=closed" });
    }
}

#[test]
fn a_hub_that_floods_is_told_once_and_then_left_alone() {
    let mut talk = begin();
    hub_hears(&mut talk);
    let mut heard = Vec::new();
    for _ in 0..200 {
        heard.extend(ask(&mut talk, "get air"));
    }
    let refused: Vec<&String> = heard.iter().filter(|line| line.starts_with("err")).collect();
    assert_eq!(refused, ["err ? too many commands; wait a minute"]);
    assert_eq!(heard.len(), 61);
}

#[test]
fn old_and_corrected_lines_are_answered_and_never_run() {
    let mut talk = begin();
    hub_hears(&mut talk);
    talk.recv(&format!(
        "<message from='{HUB}/x' type='chat' id='a'><body>pump on</body>\
         <delay xmlns='urn:xmpp:delay' stamp='2027-01-15T08:00:00Z'/></message>"
    ));
    assert_eq!(hub_hears(&mut talk), ["err pump it came late, so nothing was done"]);
    talk.recv(&format!(
        "<message from='{HUB}/x' type='chat' id='b'><body>pump on</body>\
         <replace xmlns='urn:xmpp:message-correct:0' id='a'/></message>"
    ));
    assert_eq!(hub_hears(&mut talk), ["err ? corrections are not run"]);
    assert_eq!(talk.moved(), Vec::<String>::new());
}

#[test]
fn a_script_reads_json_and_sees_only_its_points() {
    let mut talk = begin();
    let first = script_hears(&mut talk);
    assert_eq!(first.len(), 2);
    assert_eq!(first[0]["point"], "door");
    assert_eq!(first[0]["value"], "closed");
    assert_eq!(first[0]["active"], false);
    assert_eq!(first[0]["quality"], "good");
    assert_eq!(first[0]["time"], "2027-01-15T08:00:00Z");
    talk.report("air", Ok(Value::Number(30.0)));
    assert_eq!(script_hears(&mut talk), Vec::<Json>::new());
    talk.report("door", Err(Fault::new("line GPIO17 is held by “gpioset”")));
    let heard = script_hears(&mut talk);
    assert_eq!(heard[0]["value"], Json::Null);
    assert_eq!(heard[0]["fault"], "line GPIO17 is held by “gpioset”");
    for (question, answer) in [
        (json!({"get": "pump", "id": 7}), json!({"ok": true, "point": "pump", "value": "off", "id": 7})),
        (
            json!({"get": "air", "id": "a"}),
            json!({"ok": false, "point": "air", "error": "there is no such point", "id": "a"}),
        ),
        (
            json!({"set": "pump", "value": "on", "id": 8}),
            json!({"ok": false, "point": "pump", "error": "that needs the role operator, and yours is viewer", "id": 8}),
        ),
        (json!({"sync": true}), json!({"ok": true, "sync": 2})),
        (
            json!({"get": "pump", "set": "pump"}),
            json!({"ok": false, "error": "say exactly one of get, set, toggle, pulse and sync"}),
        ),
        (json!({"get": "pump", "color": 1}), json!({"ok": false})),
        (json!([1]), json!({"ok": false, "error": "not a JSON object"})),
    ] {
        talk.says(SCRIPT, &question.to_string());
        let heard = script_hears(&mut talk);
        let last = heard.last().unwrap();
        for (key, value) in answer.as_object().unwrap() {
            assert_eq!(&last[key], value, "{question} -> {last}");
        }
    }
    talk.says(SCRIPT, "pump on");
    assert_eq!(script_hears(&mut talk)[0]["ok"], false);
    assert_eq!(talk.moved(), Vec::<String>::new());
}

#[test]
fn a_script_that_may_sets_numbers_words_and_times() {
    let text = format!("{GREENHOUSE}\n[[contacts]]\njid = \"{SCRIPT}\"\nrole = \"operator\"\nspeaks = \"json\"\n");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    talk.sent();
    for (question, moved) in [
        (json!({"set": "lamp", "value": 40.4}), "lamp 40"),
        (json!({"set": "lamp", "value": "7 %"}), "lamp 7"),
        (json!({"set": "pump", "value": true, "for": "10m"}), "pump on"),
        (json!({"toggle": "pump"}), "pump off"),
        (json!({"pulse": "pump", "for": "1s"}), "pump on"),
        (json!({"set": "fan", "value": "high"}), "fan high"),
    ] {
        talk.says(SCRIPT, &question.to_string());
        let drives = talk.drives();
        assert_eq!(drives.len(), 1, "{question}");
        let device = talk.agent.device();
        let actuator = katydid::model::PointId::Actuator(drives[0].actuator());
        assert_eq!(format!("{} {}", talk.name(&drives[0]), device.kind(actuator).bare(drives[0].value())), moved);
        talk.put_back(drives.into_iter().map(katydid::agent::Effect::Drive));
        talk.hardware_obeys();
        let heard = script_hears(&mut talk);
        assert_eq!(heard[0]["ok"], true, "{question}");
        assert!(heard.iter().all(|line| line["quality"] == "good"));
    }
}

#[test]
fn two_hubs_and_a_person_do_not_get_one_anothers_lines() {
    let mut talk = begin();
    talk.sent();
    talk.says(ANNA, "pump on");
    talk.hardware_obeys();
    let heard = talk.heard();
    assert!(heard.contains(&format!("{HUB}: pump=on")), "{heard:?}");
    assert!(heard.iter().any(|line| line.starts_with(&format!("{SCRIPT}: {{\"point\":\"pump\""))), "{heard:?}");
    assert!(heard.contains(&format!("{ANNA}/phone: Pump: on, back to off in 1h")), "{heard:?}");
    assert!(heard.iter().any(|line| line.starts_with("carol@home.example: Pump: on")), "{heard:?}");
    assert_eq!(heard.len(), 4, "{heard:?}");
}

#[test]
fn gestures_and_alarms_are_events() {
    let text = format!(
        "{GREENHOUSE}\n[[contacts]]\njid = \"{HUB}\"\nrole = \"operator\"\nspeaks = \"lines\"\n\
         [[contacts]]\njid = \"{SCRIPT}\"\nrole = \"viewer\"\nspeaks = \"json\"\npoints = [\"button\"]\n\
         [sensors.button]\nsim = {{ line = \"IN2\" }}\ngestures = {{ clicks = 1 }}\n\
         [sensors.soil]\nsim = {{ line = \"AN2\", at = 20.0 }}\nalarm = {{ above = 30, name = \"dry\" }}\n"
    );
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.report("button", Ok(Value::Switch(false)));
    talk.online();
    talk.sent();
    talk.report("button", Ok(Value::Switch(true)));
    talk.report("button", Ok(Value::Switch(false)));
    let heard = talk.heard();
    assert!(heard.contains(&format!("{HUB}: button!click")), "{heard:?}");
    let json = heard.iter().find(|line| line.starts_with(SCRIPT) && line.contains("event")).unwrap();
    assert!(json.contains("\"event\":\"click\"") && json.contains("\"point\":\"button\""), "{json}");
    talk.report("soil", Ok(Value::Number(31.0)));
    assert_eq!(hub_hears(&mut talk), ["soil=31.0", "dry!raised"]);
    talk.says(ANNA, "ack dry");
    let heard = talk.heard();
    assert!(heard.contains(&format!("{HUB}: dry!acknowledged")), "{heard:?}");
    assert!(!heard.iter().any(|line| line.starts_with(SCRIPT)), "not its point: {heard:?}");
    talk.report("soil", Ok(Value::Number(20.0)));
    assert!(hub_hears(&mut talk).contains(&"dry!cleared".to_owned()));
}

/// What the device says to the hub.
fn told(talk: &mut Talk) -> Vec<String> {
    let heard = talk.heard();
    heard.iter().filter_map(|line| Some(line.strip_prefix(HUB)?.split_once(": ")?.1.to_owned())).collect()
}

#[test]
fn two_devices_that_are_each_others_hubs_fall_silent() {
    for (one, other) in [("lines", "lines"), ("json", "json"), ("lines", "json")] {
        let device = |speaks: &str| {
            let hub = format!("[[contacts]]\njid = \"{HUB}\"\nrole = \"operator\"\nspeaks = \"{speaks}\"\n");
            Talk::begin_with(&format!("{GREENHOUSE}\n{hub}"))
        };
        let (mut one, mut other) = (device(one), device(other));
        one.report("door", Ok(Value::Switch(true)));
        one.report("air", Err(Fault::new("cable cut")));
        other.says(ANNA, "pump on");
        other.hardware_obeys();
        let mut said = 0;
        for _ in 0..20 {
            for text in told(&mut one) {
                said += 1;
                other.says(HUB, &text);
            }
            for text in told(&mut other) {
                said += 1;
                one.says(HUB, &text);
            }
        }
        assert!((3..=8).contains(&said), "{said}");
    }
}

#[test]
fn what_a_device_tells_a_hub_is_no_question_in_any_form() {
    let mut talk = begin();
    talk.sent();
    for text in [
        "ok pump on",
        "err pump 1h at most",
        " err ? not JSON",
        r#"{"ok":true,"sync":5}"#,
        r#"{"ok":false,"error":"not a JSON object"}"#,
        r#"{"point":"air","value":21.4,"unit":"°C","quality":"good"}"#,
        r#"{"point":"button","event":"click"}"#,
    ] {
        for who in [HUB, SCRIPT] {
            talk.says(who, text);
            assert_eq!(talk.heard(), Vec::<String>::new(), "{who}: {text}");
        }
    }
}
