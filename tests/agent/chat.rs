use std::time::Duration;

use katydid::model::{Fault, Value};

use crate::talk::Talk;

const ANNA: &str = "anna@home.example";
const BEN: &str = "ben@home.example";

#[test]
fn a_point_is_read_by_name_label_or_start_in_any_case() {
    let mut talk = Talk::begin();
    for text in ["air", "AIR", "ai", "get air", "read the air"] {
        assert_eq!(talk.ask(ANNA, text), "Air: 20.0 °C", "{text}");
    }
    for text in ["door", "Front door", "front", "fr"] {
        assert_eq!(talk.ask(ANNA, text), "Front door: closed", "{text}");
    }
}

#[test]
fn an_ambiguous_start_asks_which_one() {
    let mut talk = Talk::begin();
    assert_eq!(talk.ask(ANNA, "f on"), "Which one: door, fan?");
}

#[test]
fn a_switch_is_set_and_the_answer_comes_from_the_read_back() {
    let mut talk = Talk::begin();
    talk.says(ANNA, "pump on");
    assert_eq!(talk.heard(), Vec::<String>::new(), "nothing may be said before the hardware has answered");
    talk.hardware_says(Ok(Value::Switch(true)));
    assert_eq!(
        talk.heard(),
        [
            "anna@home.example/phone: Pump: on, back to off in 1h",
            "carol@home.example: Pump: on, back to off in 1h (anna@home.example)"
        ]
    );
}

#[test]
fn a_relay_that_does_not_move_is_told() {
    let mut talk = Talk::begin();
    talk.says(ANNA, "pump on");
    talk.hardware_says(Ok(Value::Switch(false)));
    assert_eq!(
        talk.heard(),
        [
            "anna@home.example/phone: Pump reads off, not on as asked",
            "carol@home.example: Pump: fault: does not obey: reads off, was told on, back to off in 1h (anna@home.example)"
        ]
    );
    talk.says(ANNA, "pump off");
    talk.hardware_obeys();
    assert_eq!(talk.heard()[0], "anna@home.example/phone: Pump: off", "it may be told again");
}

#[test]
fn hardware_that_is_silent_for_a_second_is_no_confirmation() {
    let mut talk = Talk::begin();
    talk.says(ANNA, "pump on");
    talk.pass(Duration::from_millis(999));
    assert_eq!(talk.heard(), Vec::<String>::new());
    talk.pass(Duration::from_millis(1));
    assert_eq!(
        talk.heard(),
        [
            "anna@home.example/phone: Pump: no confirmation, it may or may not have moved",
            "carol@home.example: Pump: off (stale), last heard 2027-01-15 09:00, back to off in 59m59s"
        ]
    );
}

#[test]
fn every_form_of_a_wish_is_understood() {
    for (text, moved, answer) in [
        ("pump on", "pump on", "Pump: on, back to off in 1h"),
        ("turn on the pump", "pump on", "Pump: on, back to off in 1h"),
        ("set pump to on", "pump on", "Pump: on, back to off in 1h"),
        ("pump on 10m", "pump on", "Pump: on, back to off in 10m"),
        ("PUMP ON FOR 90s", "pump on", "Pump: on, back to off in 1m30s"),
        ("pump toggle", "pump on", "Pump: on, back to off in 1h"),
        ("pump pulse", "pump on", "Pump: on, back to off in 500ms"),
        ("pump pulse 2s", "pump on", "Pump: on, back to off in 2s"),
        ("lamp 40", "lamp 40", "Lamp: 40%"),
        ("lamp 40 %", "lamp 40", "Lamp: 40%"),
        ("lamp 12,5% 10m", "lamp 12", "Lamp: 12%, back to 0% in 10m"),
        ("fan high", "fan high", "Fan: high"),
        ("fan low for 5m", "fan low", "Fan: low, back to off in 5m"),
    ] {
        let mut talk = Talk::begin();
        talk.says(ANNA, text);
        let drives = talk.drives();
        assert_eq!(drives.len(), 1, "{text}");
        let name = talk.name(&drives[0]);
        let kind = talk.agent.device().kind(talk.agent.device().point_named(&name).unwrap()).clone();
        assert_eq!(format!("{name} {}", kind.bare(drives[0].value())), moved, "{text}");
        talk.feed(katydid::agent::Input::Report {
            point: name.as_str().into(),
            result: Ok(drives[0].value()),
            answers: Some(drives[0].number()),
        });
        assert_eq!(talk.heard()[0], format!("anna@home.example/phone: {answer}"), "{text}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_and_nothing_moves() {
    for (text, answer) in [
        ("pump maybe", "Pump: “maybe” is not one of off, on"),
        ("pump on 2h", "Pump: 1h at most"),
        ("pump on 1ms", "Pump: 10ms at least"),
        (
            "pump off 10m",
            "Pump: off is its safe state, in which a timed command ends; a time makes sense only with another state",
        ),
        ("pump on soon", "Pump: “soon” is not a time; write one like 30s, 10m or 1h30m"),
        ("lamp 101", "Lamp: 101 is outside 0% to 100%"),
        ("lamp NaN", "Lamp: “NaN” is not a number"),
        ("lamp bright", "Lamp: “bright” is not a number"),
        ("lamp toggle", "Lamp: only something with two states can do that"),
        ("fan medium", "Fan: “medium” is not one of off, low, high"),
        ("door open", "Front door only reads; it cannot be set."),
        ("pmup on", "I do not know “pmup”. Did you mean “pump”? Say help."),
        ("sesame", "I do not know “sesame”. Say help."),
        ("pump on\nlamp 100", "One command per message, please."),
    ] {
        let mut talk = Talk::begin();
        talk.says(ANNA, text);
        assert_eq!(talk.moved(), Vec::<String>::new(), "{text}");
        assert_eq!(talk.reply(), answer, "{text}");
    }
}

#[test]
fn toggling_what_is_unknown_is_refused() {
    let mut talk = Talk::offline(crate::talk::GREENHOUSE);
    talk.online();
    talk.sent();
    assert_eq!(talk.ask(ANNA, "pump toggle"), "Pump: its present state is not known; say which state you want");
}

#[test]
fn a_broken_actuator_is_out_of_order_and_says_why() {
    let mut talk = Talk::begin();
    talk.report("pump", Err(Fault::new("line GPIO27 is held by “gpioset”")));
    talk.sent();
    assert_eq!(talk.ask(ANNA, "pump on"), "Pump: it is out of order: line GPIO27 is held by “gpioset”");
    assert_eq!(talk.ask(ANNA, "pump"), "Pump: fault: line GPIO27 is held by “gpioset”");
}

#[test]
fn status_shows_what_the_asker_may_see() {
    let mut talk = Talk::begin();
    assert_eq!(
        talk.ask(ANNA, "status"),
        "greenhouse: all well\nFront door: closed\nAir: 20.0 °C\nPump: off\nLamp: 0%\nFan: off"
    );
    talk.report("door", Err(Fault::new("gone")));
    talk.sent();
    assert_eq!(
        talk.ask("carol@home.example", "status"),
        "greenhouse: 1 point needs attention\nFront door: fault: gone\nPump: off"
    );
}

#[test]
fn help_names_only_what_the_asker_may_do() {
    let mut talk = Talk::begin();
    let anna = talk.ask(ANNA, "help");
    assert!(anna.contains("pump off · on · toggle · on 10m · pulse 500ms: switch it"), "{anna}");
    assert!(anna.contains("lamp 40: set it"), "{anna}");
    let ben = talk.ask(BEN, "help");
    assert!(ben.contains("air") && !ben.contains("toggle"), "{ben}");
}

#[test]
fn the_log_tells_who_did_what() {
    let mut talk = Talk::begin();
    talk.ask(BEN, "pump on");
    talk.says(ANNA, "pump on");
    talk.hardware_obeys();
    talk.sent();
    let log = talk.ask(ANNA, "log");
    assert!(
        log.contains("Pump: refused to ben@home.example: that needs the role operator, and yours is viewer"),
        "{log}"
    );
    assert!(log.contains("Pump: on, back to off in 1h (anna@home.example)"), "{log}");
    assert!(!talk.ask("carol@home.example", "log").contains("Air"));
}

#[test]
fn a_reply_keeps_the_thread_and_the_kind_of_message() {
    let mut talk = Talk::begin();
    talk.recv("<message from='anna@home.example/pc' id='7'><body>air</body><thread>t1</thread></message>");
    talk.expect(&["<message to='anna@home.example/pc'><body>Air: 20.0 °C</body><thread>t1</thread></message>"]);
}

#[test]
fn a_receipt_is_given_to_contacts_who_ask() {
    let mut talk = Talk::begin();
    let ask = |who: &str| {
        format!(
            "<message from='{who}/pc' type='chat' id='7'><body>air</body><request xmlns='urn:xmpp:receipts'/></message>"
        )
    };
    talk.recv(&ask(ANNA));
    talk.expect(&[
        "<message to='anna@home.example/pc' type='chat'><received xmlns='urn:xmpp:receipts' id='7'/></message>",
        "<message to='anna@home.example/pc' type='chat'><body>Air: 20.0 °C</body></message>",
    ]);
    talk.recv(&ask("mallory@elsewhere.example"));
    talk.expect(&[]);
}

#[test]
fn too_many_commands_get_one_word_and_then_silence() {
    let mut talk = Talk::begin();
    for _ in 0..60 {
        assert_eq!(talk.ask(ANNA, "air"), "Air: 20.0 °C");
    }
    assert_eq!(talk.ask(ANNA, "air"), "Too many commands; wait a minute.");
    talk.says(ANNA, "pump on");
    assert_eq!((talk.moved(), talk.heard()), (vec![], vec![]));
    assert_eq!(talk.ask(BEN, "air"), "Air: 20.0 °C", "others are not held up");
    talk.pass(Duration::from_secs(2));
    talk.sent();
    assert_eq!(talk.ask(ANNA, "air"), "Air: 20.0 °C");
}

#[test]
fn an_encrypted_message_is_answered_with_what_to_do() {
    let mut talk = Talk::begin();
    talk.recv(
        "<message from='anna@home.example/phone' type='chat' id='1'><body>pump on</body>\
         <encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted></message>",
    );
    assert_eq!(talk.moved(), Vec::<String>::new());
    assert_eq!(talk.reply(), "I cannot read end-to-end encrypted messages. Turn encryption off for this chat.");
}

#[test]
fn no_point_can_have_the_name_of_a_command() {
    for word in katydid::xmpp::chat::COMMANDS.iter().chain(&["toggle", "pulse"]) {
        let text = crate::talk::GREENHOUSE.replace("[sensors.door]", &format!("[sensors.{word}]"));
        let loaded = katydid::config::Loaded::of_texts(&[("a.toml".to_owned(), text)], &[], Vec::new()).unwrap();
        let mistakes = katydid::config::resolve(&loaded, katydid::config::Purpose::Check).unwrap_err().to_string();
        assert!(mistakes.contains(&format!("sensors.{word}: ")), "{word}: {mistakes}");
    }
}

#[test]
fn two_devices_that_do_not_understand_one_another_fall_silent() {
    let mut talk = Talk::begin();
    for said in 1..=10 {
        let answer = talk.ask(ANNA, "I do not know “Say”. Say help.");
        assert!(answer.contains("Say help"));
        assert_eq!(answer.contains("keep quiet"), said == 10, "a person is told why nothing comes any more");
        talk.pass(Duration::from_secs(2));
    }
    for _ in 0..3 {
        talk.says(ANNA, "I do not know “Say”. Say help.");
        assert_eq!(talk.heard(), Vec::<String>::new());
        talk.pass(Duration::from_secs(2));
    }
    // What is understood is obeyed at any time, and so is a person who comes back after a minute.
    assert!(talk.ask(ANNA, "status").contains("Pump"));
    assert!(talk.ask(ANNA, "sesame").contains("Say help"));
}
