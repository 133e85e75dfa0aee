//! The device as a component of a server (XEP-0114): it bears its own addresses, keeps its own subscriptions and
//! spreads its own presence.

use std::time::Duration;

use katydid::agent::{Effect, Input};
use katydid::model::Value;
use xmpp_parsers::minidom::Element;

use crate::talk::{GREENHOUSE, Talk, device, tree};

const ACCOUNT: &str = "jid = \"greenhouse@home.example\"";
const COMPONENT: &str = "jid = \"shed@gpio.home.example\"\ncomponent = { server = \"127.0.0.1:5347\" }";
const FULL: &str = "shed@gpio.home.example/katydid";
const BARE: &str = "shed@gpio.home.example";

fn shed() -> String {
    GREENHOUSE.replace(ACCOUNT, COMPONENT)
}

/// The shed, online, nothing left unsaid.
fn begin() -> Talk {
    let mut talk = Talk::offline(&shed());
    talk.settle();
    talk.connect(false);
    talk.sent();
    talk
}

/// `name type from to` of what was sent since the last look; of presences with a face its text.
fn sent(talk: &mut Talk) -> Vec<String> {
    talk.sent().iter().map(short).collect()
}

fn short(sent: &Element) -> String {
    let attr = |name| sent.attr(name).unwrap_or("-");
    let status = sent.get_child("status", "jabber:client").map(|status| format!(": {}", status.text()));
    format!("{} {} {} {}{}", sent.name(), attr("type"), attr("from"), attr("to"), status.unwrap_or_default())
}

#[test]
fn everybody_is_told_what_they_may_read_and_people_are_asked_where_they_are() {
    let text = shed().replace("role = \"viewer\"", "role = \"viewer\"\nspeaks = \"lines\"");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.connect(false);
    let all = "Front door closed · Air 20.0 °C · Pump off · Lamp 0% · Fan off";
    let mut expected = vec![
        format!("presence - {FULL} anna@home.example: {all}"),
        format!("presence - {FULL} ben@home.example: {all}"),
        format!("presence - {FULL} carol@home.example: Front door closed · Pump off"),
    ];
    let mut heard = sent(&mut talk);
    let asked = heard.split_off(heard.len() - 4);
    let presence = |type_: &str, who: &str| format!("presence {type_} {BARE} {who}@home.example");
    assert_eq!(asked, ["anna", "carol"].map(|who| ["probe", "subscribe"].map(|type_| presence(type_, who))).concat());
    let lines = heard.split_off(3);
    assert_eq!(lines.len(), 5, "one for each point: {lines:?}");
    assert!(lines.iter().all(|line| *line == format!("message chat {FULL} ben@home.example")), "{lines:?}");
    expected.sort();
    heard.sort();
    assert_eq!(heard, expected);
}

#[test]
fn a_change_is_told_to_those_who_may_read_it_and_nobody_else() {
    let mut talk = begin();
    talk.pass(Duration::from_secs(30));
    talk.report("air", Ok(Value::Number(21.0)));
    let all = "Front door closed · Air 21.0 °C · Pump off · Lamp 0% · Fan off";
    assert_eq!(
        sent(&mut talk),
        ["anna", "ben"].map(|who| format!("presence - {FULL} {who}@home.example: {all}")),
        "carol may not read the air"
    );
}

#[test]
fn a_contact_that_subscribes_gets_presence() {
    let mut talk = begin();
    talk.recv(&format!("<presence from='carol@home.example' to='{BARE}' type='subscribe'/>"));
    let presence = format!("presence - {FULL} carol@home.example: Front door closed · Pump off");
    assert_eq!(sent(&mut talk), [format!("presence subscribed {BARE} carol@home.example"), presence]);
}

#[test]
fn people_are_asked_for_their_presence_once_in_a_run_whatever_they_say() {
    let mut talk = begin();
    for answer in ["unsubscribed", "subscribed", "subscribe"] {
        talk.recv(&format!("<presence from='anna@home.example' to='{BARE}' type='{answer}'/>"));
    }
    talk.feed(Input::Offline);
    talk.connect(false);
    let sent = sent(&mut talk);
    assert!(sent.contains(&format!("presence probe {BARE} anna@home.example")));
    assert!(!sent.iter().any(|line| line.starts_with("presence subscribe ")), "{sent:?}");
}

#[test]
fn a_probe_is_answered_with_all_that_the_contact_may_read() {
    let mut talk = begin();
    talk.recv(&format!("<presence from='carol@home.example' to='{BARE}' type='probe'/>"));
    assert_eq!(sent(&mut talk), [format!("presence - {FULL} carol@home.example: Front door closed · Pump off")]);
}

#[test]
fn a_client_that_comes_is_greeted_and_the_rules_know_it() {
    let mut talk = begin();
    talk.recv(&format!("<presence from='carol@home.example/phone' to='{BARE}'/>"));
    talk.recv(&format!("<presence from='carol@home.example/phone' to='{BARE}'><show>away</show></presence>"));
    assert_eq!(sent(&mut talk), [format!("presence - {FULL} carol@home.example/phone: Front door closed · Pump off")]);
    talk.report("door", Ok(Value::Switch(true)));
    talk.pass(Duration::from_secs(30));
    let told: Vec<_> = sent(&mut talk).into_iter().filter(|line| line.starts_with("presence")).collect();
    assert_eq!(told.len(), 3, "the server hands it to all clients: {told:?}");
}

#[test]
fn whoever_unsubscribes_hears_nothing_until_subscribing_again() {
    let mut talk = begin();
    talk.recv(&format!("<presence from='ben@home.example' to='{BARE}' type='unsubscribe'/>"));
    assert_eq!(sent(&mut talk), [format!("presence unavailable {FULL} ben@home.example")]);
    talk.pass(Duration::from_secs(30));
    talk.report("air", Ok(Value::Number(21.0)));
    assert!(!sent(&mut talk).iter().any(|line| line.contains("ben@")));
    talk.feed(Input::Offline);
    talk.connect(false);
    assert!(!sent(&mut talk).iter().any(|line| line.starts_with("presence -") && line.contains("ben@")));
    talk.recv(&format!("<presence from='ben@home.example/x' to='{BARE}'/>"));
    assert_eq!(sent(&mut talk), [""; 0]);
    talk.recv(&format!("<presence from='ben@home.example' to='{BARE}' type='subscribe'/>"));
    assert!(sent(&mut talk)[1].starts_with(&format!("presence - {FULL} ben@home.example: ")));
}

#[test]
fn strangers_are_turned_away_and_learn_nothing() {
    let mut talk = begin();
    let away = format!("presence unsubscribed {BARE} mallory@home.example");
    for type_ in ["subscribe", "probe"] {
        talk.recv(&format!("<presence from='mallory@home.example' to='{BARE}' type='{type_}'/>"));
        assert_eq!(sent(&mut talk), [&*away], "{type_}");
    }
    talk.recv(&format!("<presence from='mallory@home.example/x' to='{BARE}'/>"));
    talk.recv(&format!("<message from='mallory@home.example/x' to='{BARE}'><body>pump on</body></message>"));
    assert_eq!(sent(&mut talk), [""; 0]);
    for to in [BARE, FULL, "gpio.home.example", "cellar@gpio.home.example", "shed@gpio.home.example/other"] {
        for payload in ["<ping xmlns='urn:xmpp:ping'/>", "<query xmlns='http://jabber.org/protocol/disco#info'/>"] {
            talk.recv(&format!("<iq type='get' id='1' from='mallory@home.example/x' to='{to}'>{payload}</iq>"));
            talk.expect(&[&format!(
                "<iq type='error' id='1' from='{to}' to='mallory@home.example/x'><error type='cancel'>\
                 <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
            )]);
        }
    }
    assert!(talk.moved().is_empty());
}

#[test]
fn commands_are_listed_and_run_at_the_bare_address() {
    let mut talk = begin();
    let commands = "node='http://jabber.org/protocol/commands'";
    for to in [BARE, FULL] {
        talk.recv(&format!(
            "<iq type='get' id='1' from='anna@home.example/x' to='{to}'>\
             <query xmlns='http://jabber.org/protocol/disco#items' {commands}/></iq>"
        ));
        let sent = talk.sent();
        assert_eq!(sent[0].attr("from"), Some(to));
        let query = sent[0].children().next().unwrap();
        assert!(query.children().any(|item| item.attr("node") == Some("pump") && item.attr("jid") == Some(FULL)));

        talk.recv(&format!(
            "<iq type='set' id='2' from='anna@home.example/x' to='{to}'>\
             <command xmlns='http://jabber.org/protocol/commands' node='pump' action='execute'/></iq>"
        ));
        let sent = talk.sent();
        let session = sent[0].children().next().unwrap().attr("sessionid").unwrap().to_owned();
        talk.recv(&format!(
            "<iq type='set' id='3' from='anna@home.example/x' to='{to}'>\
             <command xmlns='http://jabber.org/protocol/commands' node='pump' sessionid='{session}'>\
             <x xmlns='jabber:x:data' type='submit'><field var='value'><value>1</value></field></x></command></iq>"
        ));
        // The answer comes after the pump, and still from where it was asked.
        assert!(talk.sent().is_empty());
        talk.hardware_obeys();
        let sent = talk.sent();
        let answer = sent.iter().find(|stanza| stanza.name() == "iq").unwrap();
        assert_eq!(short(answer), format!("iq result {to} anna@home.example/x"));
        assert!(String::from(answer).contains("Pump: on"), "{answer:?}");
        talk.ask("anna@home.example", "pump off");
        talk.sent();
    }
}

#[test]
fn words_are_for_the_device_at_any_of_its_resources_and_answered_from_the_full_address() {
    let mut talk = begin();
    for (id, to) in [BARE, FULL, "shed@gpio.home.example/other"].into_iter().enumerate() {
        talk.recv(&format!(
            "<message from='anna@home.example/x' to='{to}' type='chat' id='w{id}'><body>air</body></message>"
        ));
        talk.expect(&[&format!(
            "<message type='chat' from='{FULL}' to='anna@home.example/x'><body>Air: 20.0 °C</body></message>"
        )]);
    }
    for to in ["gpio.home.example", "cellar@gpio.home.example"] {
        talk.recv(&format!(
            "<message from='anna@home.example/x' to='{to}' type='chat' id='z'><body>pump on</body></message>"
        ));
    }
    assert!(talk.sent().is_empty() && talk.moved().is_empty());
}

#[test]
fn the_domain_says_what_it_is_and_who_is_in_it() {
    let mut talk = begin();
    talk.recv(
        "<iq type='get' id='1' from='ben@home.example/x' to='gpio.home.example'>\
         <query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    );
    talk.expect(&["<iq type='result' id='1' from='gpio.home.example' to='ben@home.example/x'>\
         <query xmlns='http://jabber.org/protocol/disco#info'>\
         <identity category='component' type='generic' xml:lang='en' name='Katydid'/>\
         <feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/>\
         <feature var='urn:xmpp:ping'/></query></iq>"]);
    talk.recv(
        "<iq type='get' id='2' from='ben@home.example/x' to='gpio.home.example'>\
         <query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    );
    talk.expect(&["<iq type='result' id='2' from='gpio.home.example' to='ben@home.example/x'>\
         <query xmlns='http://jabber.org/protocol/disco#items'><item jid='shed@gpio.home.example' name='greenhouse'/>\
         </query></iq>"]);
    talk.recv(
        "<iq type='set' id='3' from='anna@home.example/x' to='gpio.home.example'>\
         <command xmlns='http://jabber.org/protocol/commands' node='pump'/></iq>",
    );
    assert_eq!(sent(&mut talk), ["iq error gpio.home.example anna@home.example/x"]);
}

#[test]
fn other_names_of_the_domain_are_nobody() {
    let mut talk = begin();
    talk.recv("<presence from='anna@home.example' to='cellar@gpio.home.example' type='subscribe'/>");
    assert_eq!(sent(&mut talk), ["presence unsubscribed cellar@gpio.home.example anna@home.example"]);
    talk.recv("<presence from='anna@home.example/x' to='cellar@gpio.home.example'/>");
    assert_eq!(sent(&mut talk), [""; 0]);
}

#[test]
fn control_requests_are_answered_from_where_they_were_asked() {
    let mut talk = begin();
    talk.recv(&format!(
        "<iq type='set' id='1' from='anna@home.example/x' to='{BARE}'><set xmlns='urn:xmpp:iot:control'>\
         <boolean name='pump' value='true'/></set></iq>"
    ));
    talk.hardware_obeys();
    let answers: Vec<String> = sent(&mut talk).into_iter().filter(|line| line.starts_with("iq")).collect();
    assert_eq!(answers, [format!("iq result {BARE} anna@home.example/x")]);
}

#[test]
fn a_room_is_entered_and_left_by_the_full_address() {
    let room = "[[rooms]]\njid = \"household@rooms.home.example\"";
    let mut talk = Talk::offline(&format!("{}\n{room}", shed()));
    talk.settle();
    talk.connect(false);
    let join = format!("presence - {FULL} household@rooms.home.example/greenhouse");
    assert!(sent(&mut talk).contains(&join));
    talk.recv(&format!(
        "<presence from='household@rooms.home.example/greenhouse' to='{FULL}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='member' role='participant'/>\
         <status code='110'/></x></presence>"
    ));
    let last: Vec<String> = talk.agent.farewell().iter().map(|stanza| short(&tree(stanza))).collect();
    let end = |to: &str| format!("presence unavailable {FULL} {to}");
    assert_eq!(
        last,
        ["anna@home.example", "ben@home.example", "carol@home.example", "household@rooms.home.example/greenhouse"]
            .map(end)
    );
}

#[test]
fn who_is_no_contact_any_more_is_told_so() {
    let mut talk = begin();
    let text = shed().replace("ben@home.example", "dora@home.example");
    talk.feed(Input::Reload(Box::new(device(&text))));
    let sent = sent(&mut talk);
    let ben: Vec<&String> = sent.iter().filter(|line| line.contains(" ben@")).collect();
    assert_eq!(
        ben,
        [
            &format!("presence unavailable {FULL} ben@home.example"),
            &format!("presence unsubscribed {BARE} ben@home.example"),
            &format!("presence unsubscribe {BARE} ben@home.example"),
        ]
    );
    assert!(sent.iter().any(|line| line.starts_with(&format!("presence - {FULL} dora@home.example: "))));
}

#[test]
fn there_is_no_roster_and_no_push_is_believed() {
    let mut talk = Talk::offline(&shed());
    talk.settle();
    talk.connect(false);
    assert!(!talk.raw().iter().any(|stanza| stanza.name() == "iq"));
    for from in [BARE, "gpio.home.example", "home.example"] {
        talk.recv(&format!(
            "<iq type='set' id='1' from='{from}' to='{FULL}'><query xmlns='jabber:iq:roster'>\
             <item jid='mallory@home.example' subscription='both'/></query></iq>"
        ));
        assert!(!talk.sent().iter().any(|stanza| stanza.name() == "presence" || stanza.attr("type") == Some("result")));
    }
}

#[test]
fn every_stanza_says_who_sends_it_and_to_whom() {
    let mut talk = Talk::offline(&format!(
        "{}\n[pubsub]\nenabled = true\nservice = \"pubsub.home.example\"\n[[rooms]]\njid = \"household@rooms.home.example\"",
        shed()
    ));
    talk.settle();
    talk.connect(false);
    talk.recv(&format!("<presence from='anna@home.example/x' to='{BARE}'/>"));
    talk.says("anna@home.example", "pump on");
    talk.hardware_obeys();
    talk.pass(Duration::from_secs(3600));
    let stanzas: Vec<Element> = talk
        .effects()
        .into_iter()
        .filter_map(|effect| if let Effect::Send(stanza) = effect { Some(tree(&stanza)) } else { None })
        .collect();
    assert!(stanzas.len() > 10);
    for stanza in stanzas {
        assert!(stanza.attr("from").is_some_and(|from| from.starts_with(BARE)), "{stanza:?}");
        assert!(stanza.attr("to").is_some(), "{stanza:?}");
    }
}
