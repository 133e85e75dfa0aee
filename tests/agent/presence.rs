use std::time::Duration;

use katydid::agent::Input;
use katydid::model::{Fault, Value};

use crate::talk::{GREENHOUSE, Talk};

/// `show|status` of presences sent since the last look, with the address in front of directed ones.
fn faces(talk: &mut Talk) -> Vec<String> {
    let sent = talk.sent();
    let presences = sent.iter().filter(|e| e.name() == "presence" && e.attr("type").is_none());
    presences
        .map(|p| {
            let text = |name: &str| p.get_child(name, "jabber:client").map(|e| e.text()).unwrap_or_default();
            assert!(p.has_child("c", "http://jabber.org/protocol/caps"), "every presence carries caps");
            format!(
                "{}{}|{}",
                p.attr("to").map(|to| format!("{to} ")).unwrap_or_default(),
                text("show"),
                text("status")
            )
        })
        .collect()
}

#[test]
fn the_first_presence_is_the_dashboard_of_what_all_may_read() {
    let mut talk = Talk::offline(GREENHOUSE);
    talk.settle();
    talk.online();
    assert_eq!(faces(&mut talk), ["|Front door closed · Pump off"], "carol may read only these two");
}

#[test]
fn who_may_read_more_is_shown_more() {
    let mut talk = Talk::begin();
    talk.recv("<presence from='anna@home.example/phone'/>");
    talk.recv("<presence from='carol@home.example/phone'/>");
    assert_eq!(
        faces(&mut talk),
        ["anna@home.example/phone |Front door closed · Air 20.0 °C · Pump off · Lamp 0% · Fan off"]
    );
    talk.pass(Duration::from_secs(30));
    talk.report("air", Ok(Value::Number(21.0)));
    assert_eq!(
        faces(&mut talk),
        ["anna@home.example/phone |Front door closed · Air 21.0 °C · Pump off · Lamp 0% · Fan off"]
    );
    talk.recv("<presence from='anna@home.example/phone' type='unavailable'/>");
    talk.pass(Duration::from_secs(30));
    talk.report("air", Ok(Value::Number(22.0)));
    assert_eq!(faces(&mut talk), Vec::<String>::new());
}

#[test]
fn changes_wait_for_their_interval_and_the_last_one_is_told() {
    let mut talk = Talk::begin();
    talk.report("door", Ok(Value::Switch(true)));
    talk.pass(Duration::from_secs(10));
    talk.says("anna@home.example", "pump on");
    talk.hardware_obeys();
    talk.pass(Duration::from_secs(19));
    assert_eq!(faces(&mut talk), Vec::<String>::new());
    talk.pass(Duration::from_secs(1));
    assert_eq!(faces(&mut talk), ["|Front door open · Pump on"]);
}

#[test]
fn a_change_that_takes_itself_back_is_never_told() {
    let mut talk = Talk::begin();
    talk.report("door", Ok(Value::Switch(true)));
    talk.report("door", Ok(Value::Switch(false)));
    talk.pass(Duration::from_secs(60));
    assert_eq!(faces(&mut talk), Vec::<String>::new());
}

#[test]
fn a_change_of_health_is_told_at_once() {
    let mut talk = Talk::begin();
    talk.pass(Duration::from_secs(2));
    talk.report("door", Err(Fault::new("chip gone")));
    assert_eq!(faces(&mut talk), ["away|Front door fault (chip gone) · Pump off"]);
    talk.pass(Duration::from_secs(2));
    talk.report("door", Ok(Value::Switch(false)));
    assert_eq!(faces(&mut talk), ["|Front door closed · Pump off"]);
}

#[test]
fn a_loose_wire_is_not_a_flood() {
    let mut talk = Talk::begin();
    for n in 0..1000 {
        talk.pass(Duration::from_millis(10));
        talk.report("door", if n % 2 == 0 { Err(Fault::new("loose")) } else { Ok(Value::Switch(false)) });
    }
    assert!(faces(&mut talk).len() <= 11);
}

#[test]
fn a_polled_sensor_that_falls_silent_is_stale() {
    let mut talk = Talk::begin();
    talk.recv("<presence from='anna@home.example/phone'/>");
    talk.sent();
    talk.pass(Duration::from_secs(99));
    assert_eq!(faces(&mut talk), Vec::<String>::new());
    talk.pass(Duration::from_secs(1));
    assert_eq!(
        faces(&mut talk),
        ["anna@home.example/phone away|Front door closed · Air 20.0 °C (stale) · Pump off · Lamp 0% · Fan off"]
    );
    assert!(talk.ask("anna@home.example", "air").starts_with("Air: 20.0 °C (stale), last heard 2027-01-15 09:00"));
}

#[test]
fn nothing_is_sent_while_offline_and_all_is_told_afterwards() {
    let mut talk = Talk::begin();
    talk.feed(Input::Offline);
    talk.report("pump", Err(Fault::new("gone")));
    talk.pass(Duration::from_secs(100));
    assert_eq!(faces(&mut talk), Vec::<String>::new());
    talk.online();
    assert_eq!(faces(&mut talk), ["away|Front door closed · Pump fault (gone)"]);
}

#[test]
fn a_resumed_stream_is_told_only_what_changed() {
    let mut talk = Talk::begin();
    talk.feed(Input::Offline);
    talk.pass(Duration::from_secs(40));
    talk.connect(true);
    talk.expect(&[]);
    talk.feed(Input::Offline);
    talk.report("door", Ok(Value::Switch(true)));
    talk.connect(true);
    assert_eq!(faces(&mut talk), ["|Front door open · Pump off"]);
}

#[test]
fn notices_made_while_offline_are_handed_over_at_once() {
    let mut talk = Talk::begin();
    talk.feed(Input::Offline);
    talk.report("door", Ok(Value::Switch(true)));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: open"], "keeping them is the outbox's work");
}

#[test]
fn a_swinging_door_is_told_first_and_last() {
    let mut talk = Talk::begin();
    talk.pass(Duration::from_secs(5));
    for n in 1..=7 {
        talk.report("door", Ok(Value::Switch(n % 2 == 1)));
        talk.pass(Duration::from_millis(20));
    }
    talk.report("door", Ok(Value::Switch(false)));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: open"]);
    talk.pass(Duration::from_secs(1));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: closed"]);
}

#[test]
fn the_roster_is_made_to_agree_with_the_config_before_anything_is_told() {
    let mut talk = Talk::offline(GREENHOUSE);
    talk.settle();
    talk.connect(false);
    assert_eq!(faces(&mut talk), Vec::<String>::new(), "who is no contact any more must not see this");
    talk.connect(false);
    talk.roster(
        "<item jid='anna@home.example' subscription='both'/>\
         <item jid='ben@home.example' subscription='to'/>\
         <item jid='dora@home.example' subscription='none' approved='true'/>\
         <item jid='mallory@elsewhere.example' subscription='both'/>",
    );
    let sent: Vec<String> = talk.sent().iter().map(String::from).collect();
    let order = [
        "ben@home.example",
        "<item jid='carol",
        "to='carol@home.example",
        "dora@home.example",
        "mallory@elsewhere.example",
        "Front door closed",
    ];
    let at: Vec<_> = order.iter().map(|text| sent.iter().rposition(|xml| xml.contains(text))).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?} {sent:#?}");
    let count = |type_: &str, who: &str| {
        let both = |xml: &&String| xml.contains(&format!("type='{type_}'")) && xml.contains(who);
        sent.iter().filter(both).count()
    };
    assert_eq!((count("subscribed", "ben"), count("subscribe", "ben")), (1, 0));
    assert_eq!((count("subscribed", "carol"), count("subscribe", "carol")), (1, 1));
    assert_eq!((count("unsubscribed", "dora"), count("unsubscribe", "dora")), (1, 0), "an approval is taken back too");
    assert_eq!((count("unsubscribed", "mallory"), count("unsubscribe", "mallory")), (1, 1));
}

#[test]
fn a_server_that_does_not_tell_the_roster_is_not_waited_for() {
    let mut talk = Talk::offline(GREENHOUSE);
    talk.settle();
    talk.connect(false);
    talk.pass(Duration::from_secs(5));
    assert_eq!(faces(&mut talk).len(), 1);
}

#[test]
fn somebody_let_in_behind_our_back_is_turned_away_again() {
    let mut talk = Talk::begin();
    talk.recv(
        "<iq type='set' id='p'><query xmlns='jabber:iq:roster'>\
         <item jid='dora@home.example' subscription='from'/></query></iq>",
    );
    talk.expect(&["<iq type='result' id='p'/>", "<presence to='dora@home.example' type='unsubscribed'/>"]);
}

#[test]
fn a_contact_without_a_subscription_is_told_directly_while_it_is_there() {
    let mut talk = Talk::offline(GREENHOUSE);
    talk.settle();
    talk.connect(false);
    talk.roster(
        "<item jid='anna@home.example' subscription='both'/><item jid='ben@home.example' subscription='both'/>\
         <item jid='carol@home.example' subscription='to'/>",
    );
    talk.sent();
    talk.recv("<presence from='carol@home.example/phone'/>");
    assert_eq!(faces(&mut talk), ["carol@home.example/phone |Front door closed · Pump off"]);
}

#[test]
fn a_reload_while_away_leaves_no_one_with_anothers_rights() {
    let mut talk = Talk::begin();
    talk.recv("<presence from='anna@home.example/phone'/>");
    talk.recv("<presence from='carol@home.example/phone'/>");
    talk.feed(Input::Offline);
    talk.sent();
    // Anna and Ben go; Carol becomes the first and only contact.
    let (start, carol) =
        (GREENHOUSE.find("[[contacts]]").unwrap(), GREENHOUSE.find("[[contacts]]\njid = \"carol").unwrap());
    let text = format!("{}{}", &GREENHOUSE[..start], &GREENHOUSE[carol..]);
    talk.feed(Input::Reload(Box::new(crate::talk::device(&text))));
    talk.connect(true);
    talk.roster(
        "<item jid='anna@home.example' subscription='both'/><item jid='carol@home.example' subscription='both'/>",
    );
    let sent: Vec<String> = talk.sent().iter().map(String::from).collect();
    assert!(sent.iter().any(|xml| xml.contains("unsubscribed") && xml.contains("anna@home.example")), "{sent:?}");
    assert!(!sent.iter().any(|xml| xml.contains("anna@home.example/phone")), "{sent:?}");
    talk.report("air", Err(Fault::new("gone")));
    talk.pass(Duration::from_secs(60));
    assert_eq!(faces(&mut talk), Vec::<String>::new(), "carol may not know of the air");
}

#[test]
fn a_contact_that_subscribes_is_welcome() {
    let mut talk = Talk::begin();
    talk.recv("<presence from='anna@home.example' type='subscribe'/>");
    talk.expect(&["<presence to='anna@home.example' type='subscribed'/>"]);
    talk.recv("<presence from='anna@home.example' type='unsubscribed'/>");
    talk.expect(&[]);
    talk.recv("<iq type='set' id='p'><query xmlns='jabber:iq:roster'><item jid='anna@home.example' subscription='none'/></query></iq>");
    talk.sent();
    talk.recv("<presence from='anna@home.example' type='subscribe'/>");
    talk.expect(&[
        "<presence to='anna@home.example' type='subscribed'/>",
        "<presence to='anna@home.example' type='subscribe'/>",
    ]);
}
