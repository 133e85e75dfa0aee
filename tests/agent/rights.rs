use katydid::model::Value;

use crate::talk::Talk;

const STRANGERS: [&str; 6] = [
    "mallory@elsewhere.example/x",
    "anna@elsewhere.example/phone",
    "anna@home.example.elsewhere.example/phone",
    "annab@home.example/phone",
    "home.example/anna@home.example",
    "room@rooms.home.example/anna",
];

#[test]
fn a_stranger_gets_no_answer_and_moves_nothing() {
    for who in STRANGERS {
        let mut talk = Talk::begin();
        for text in ["help", "status", "air", "pump on", "pump"] {
            talk.recv(&format!("<message from='{who}' type='chat' id='1'><body>{text}</body></message>"));
        }
        talk.recv(&format!("<presence from='{who}'/>"));
        talk.recv(&format!("<presence from='{who}' type='probe'/>"));
        assert_eq!(talk.moved(), Vec::<String>::new(), "{who}");
        talk.expect(&[]);
    }
}

#[test]
fn a_strangers_subscription_is_refused_and_logged() {
    let mut talk = Talk::begin();
    talk.recv("<presence from='mallory@elsewhere.example' type='subscribe'/>");
    talk.expect(&["<presence to='mallory@elsewhere.example' type='unsubscribed'/>"]);
    assert_eq!(talk.logged(), ["mallory@elsewhere.example wants our presence, but is not a contact; ignored"]);
}

#[test]
fn whatever_a_stranger_asks_there_is_nothing_here() {
    let error = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    for payload in [
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info' node='pump'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info' node='nonsense'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>",
        "<ping xmlns='urn:xmpp:ping'/>",
        "<query xmlns='jabber:iq:version'/>",
        "<query xmlns='jabber:iq:last'/>",
        "<time xmlns='urn:xmpp:time'/>",
        "<nonsense xmlns='urn:nonsense'/>",
    ] {
        let mut talk = Talk::begin();
        talk.recv(&format!("<iq from='mallory@elsewhere.example/x' type='get' id='q'>{payload}</iq>"));
        talk.expect(&[&format!("<iq to='mallory@elsewhere.example/x' type='error' id='q'>{error}</iq>")]);
    }
    let mut talk = Talk::begin();
    for node in ["pump", "nonsense"] {
        talk.recv(&format!("<iq from='mallory@elsewhere.example/x' type='set' id='q'><command xmlns='http://jabber.org/protocol/commands' node='{node}' action='execute'/></iq>"));
        talk.expect(&[&format!("<iq to='mallory@elsewhere.example/x' type='error' id='q'>{error}</iq>")]);
    }
}

#[test]
fn strangers_together_share_a_small_allowance() {
    let mut talk = Talk::begin();
    for n in 0..1000 {
        talk.recv(&format!("<iq from='m{n}@elsewhere.example/x' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>"));
    }
    assert_eq!(talk.sent().len(), 120);
    assert_eq!(talk.logged().len(), 12, "a log is on a card that wears out");
    assert_eq!(talk.ask("anna@home.example", "air"), "Air: 20.0 °C");
}

#[test]
fn a_roster_push_counts_only_from_our_own_account() {
    let push = |from: &str| {
        format!(
            "<iq {from} type='set' id='p'><query xmlns='jabber:iq:roster'><item jid='mallory@elsewhere.example' subscription='both'/></query></iq>"
        )
    };
    let mut talk = Talk::begin();
    talk.recv(&push("from='mallory@elsewhere.example'"));
    talk.expect(&["<iq to='mallory@elsewhere.example' type='error' id='p'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"]);
    talk.recv(&push(""));
    assert_eq!(talk.sent().len(), 3, "the answer, and what turns the stranger away again");
}

#[test]
fn a_viewer_reads_and_is_told_which_right_is_missing() {
    let mut talk = Talk::begin();
    assert_eq!(talk.ask("ben@home.example", "pump"), "Pump: off");
    assert_eq!(talk.ask("ben@home.example", "pump on"), "Pump: that needs the role operator, and yours is viewer");
    assert_eq!(
        talk.ask("ben@home.example", "lamp nonsense"),
        "Lamp: that needs the role operator, and yours is viewer"
    );
}

#[test]
fn a_point_outside_ones_scope_does_not_exist() {
    let mut talk = Talk::begin();
    let carol = "carol@home.example";
    assert_eq!(talk.ask(carol, "lamp 40"), "I do not know “lamp”. Say help.");
    assert_eq!(talk.ask(carol, "xamp 40"), "I do not know “xamp”. Say help.");
    assert!(!talk.ask(carol, "help").contains("lamp"));
    talk.says(carol, "pump on");
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn rights_go_by_the_bare_address_in_any_case() {
    let mut talk = Talk::begin();
    talk.recv("<message from='ANNA@Home.Example/Other Client' type='chat' id='1'><body>pump on</body></message>");
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn notices_go_to_those_who_want_them_and_may_read() {
    let mut talk = Talk::begin();
    talk.report("door", Ok(Value::Switch(true)));
    talk.report("lamp", Ok(Value::Number(40.0)));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: open"]);
}

#[test]
fn numbers_that_drift_are_not_news_for_who_asked_for_all() {
    let text = crate::talk::GREENHOUSE.replace("points = [\"door\", \"pump\"]\n", "");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    talk.sent();
    talk.report("air", Ok(Value::Number(25.0)));
    assert_eq!(talk.heard(), Vec::<String>::new());
    talk.report("air", Err(katydid::model::Fault::new("cable")));
    assert_eq!(talk.heard(), ["carol@home.example: Air: fault: cable"]);
}

#[test]
fn a_client_that_browses_does_not_use_up_the_commands() {
    let mut talk = Talk::begin();
    for n in 0..300 {
        talk.recv(&format!("<iq from='anna@home.example/pc' type='get' id='q{n}'><ping xmlns='urn:xmpp:ping'/></iq>"));
    }
    talk.sent();
    talk.says("anna@home.example", "pump on");
    assert_eq!(talk.moved(), ["pump on"]);
}
