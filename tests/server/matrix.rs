//! What a device needs of a server, with every server there is: login, presence, commands, PubSub, resumption.

use jid::Jid;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;

use katydid::link::LinkEvent;
use katydid::model::Server;

use crate::daemon::Daemon;
use crate::home::{Home, Program};
use crate::peer::{Peer, words};
use crate::proxy::Proxy;

const DEVICE: &str = "greenhouse@home.example/katydid";
const NODE: &str = "urn:katydid:point:1/door";

/// For the servers that need much of the machine.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

macro_rules! with_every_server {
    ($($case:ident)*) => {
        mod prosody { $(#[tokio::test] async fn $case() { super::$case(super::Program::Prosody).await })* }
        mod ejabberd {
            $(#[tokio::test] async fn $case() {
                // Seven at once are more than a small machine bears.
                let _turn = super::TURN.lock().await;
                super::$case(super::Program::Ejabberd).await
            })*
        }
    };
}
with_every_server! {
    a_device_logs_in_and_talks
    a_contact_sees_presence
    a_command_moves_an_actuator
    a_set_moves_an_actuator
    readings_are_published_to_readers_and_nobody_else
    what_was_published_before_is_put_right_at_the_next_start
    a_cut_connection_is_resumed
}

/// `result`, or the condition of the error, and the payload.
async fn ask(peer: &mut Peer, verb: &str, to: &str, payload: &str) -> (String, Option<Element>) {
    let (to, id): (Option<Jid>, String) = (Some(to.parse().unwrap()), "q".to_owned());
    let payload: Element = payload.parse().unwrap();
    let iq = match verb {
        "get" => Iq::Get { from: None, to, id, payload },
        _ => Iq::Set { from: None, to, id, payload },
    };
    peer.post(iq);
    peer.until(|event| match event {
        LinkEvent::Stanza(Stanza::Iq(Iq::Result { id, payload, .. })) if id == "q" => {
            Some(("result".to_owned(), payload))
        }
        LinkEvent::Stanza(Stanza::Iq(Iq::Error { id, error, .. })) if id == "q" => {
            let condition: Element = error.defined_condition.into();
            Some((condition.name().to_owned(), None))
        }
        _ => None,
    })
    .await
}

/// The device's door as it is published, once it is as wanted.
async fn published(peer: &mut Peer, wanted: &str) {
    let items = format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{NODE}'/></pubsub>");
    for _ in 0..500 {
        let (outcome, payload) = ask(peer, "get", "greenhouse@home.example", &items).await;
        if outcome == "result" && payload.is_some_and(|payload| String::from(&payload).contains(wanted)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{wanted} was never published");
}

async fn a_device_logs_in_and_talks(program: Program) {
    let home = Home::start(program, &[]);
    let daemon = Daemon::start_with(&home, "pencil", "");
    let mut anna = Peer::online(&home.account("anna")).await;
    daemon.logs("online as").await;
    anna.say("greenhouse", "pump on");
    assert_eq!(words(&anna.hear(1).await[0]), "pump: on");
    assert_eq!(daemon.sim("get OUT1"), "on");
    anna.close().await;
}

async fn a_contact_sees_presence(program: Program) {
    let home = Home::start(program, &[]);
    let daemon = Daemon::start_with(&home, "pencil", "");
    let mut anna = Peer::online(&home.account("anna")).await;
    daemon.logs("online as").await;
    anna.post(Presence::new(Type::Subscribe).with_to("greenhouse@home.example".parse::<Jid>().unwrap()));
    let seen = |wanted: &'static str| {
        move |event| match event {
            LinkEvent::Stanza(Stanza::Presence(p))
                if p.from.as_ref().is_some_and(|from| from.to_string() == DEVICE) =>
            {
                p.statuses.values().any(|status| status.contains(wanted)).then_some(())
            }
            _ => None,
        }
    };
    anna.until(seen("door closed")).await;
    anna.close().await;
}

async fn a_command_moves_an_actuator(program: Program) {
    let home = Home::start(program, &[]);
    let daemon = Daemon::start_with(&home, "pencil", "");
    let mut anna = Peer::online(&home.account("anna")).await;
    let mut ben = Peer::online(&home.account("ben")).await;
    daemon.logs("online as").await;
    let command = "<command xmlns='http://jabber.org/protocol/commands' node='pump'><x xmlns='jabber:x:data' type='submit'>\
        <field var='value'><value>1</value></field></x></command>";
    assert_eq!(ask(&mut ben, "set", DEVICE, command).await.0, "service-unavailable");
    let (outcome, answer) = ask(&mut anna, "set", DEVICE, command).await;
    assert_eq!(outcome, "result");
    assert!(String::from(&answer.unwrap()).contains("pump: on"));
    assert_eq!(daemon.sim("get OUT1"), "on");
    tokio::join!(anna.close(), ben.close());
}

async fn a_set_moves_an_actuator(program: Program) {
    let home = Home::start(program, &[]);
    let daemon = Daemon::start_with(&home, "pencil", "");
    let mut anna = Peer::online(&home.account("anna")).await;
    daemon.logs("online as").await;
    let set = "<set xmlns='urn:xmpp:iot:control'><boolean name='pump' value='true'/></set>";
    assert_eq!(ask(&mut anna, "set", DEVICE, set).await.0, "result");
    assert_eq!(daemon.sim("get OUT1"), "on");
    anna.close().await;
}

async fn readings_are_published_to_readers_and_nobody_else(program: Program) {
    let home = Home::start(program, &[]);
    let daemon = Daemon::start_with(&home, "pencil", "[pubsub]\nenabled = true\n");
    let mut anna = Peer::online(&home.account("anna")).await;
    let mut ben = Peer::online(&home.account("ben")).await;
    published(&mut anna, "name='door' value='false'").await;
    let pubsub = |inner: &str| format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'>{inner}</pubsub>");
    let place = "greenhouse@home.example";
    let refused = ask(&mut ben, "get", place, &pubsub(&format!("<items node='{NODE}'/>"))).await.0;
    assert_ne!(refused, "result");
    let subscribe = |who: &str| pubsub(&format!("<subscribe node='{NODE}' jid='{who}@home.example/katydid'/>"));
    assert_ne!(ask(&mut ben, "set", place, &subscribe("ben")).await.0, "result");
    assert_eq!(ask(&mut anna, "set", place, &subscribe("anna")).await.0, "result");
    assert_eq!(daemon.sim("set IN1 1"), "ok");
    anna.until(|event| match event {
        LinkEvent::Stanza(Stanza::Message(message)) => {
            let event = message.payloads.iter().find(|p| p.is("event", "http://jabber.org/protocol/pubsub#event"))?;
            String::from(event).contains("value='true'").then_some(())
        }
        _ => None,
    })
    .await;
    tokio::join!(anna.close(), ben.close());
}

async fn what_was_published_before_is_put_right_at_the_next_start(program: Program) {
    let home = Home::start(program, &[]);
    let items =
        |node: &str| format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>");
    let (door, air) = (items(NODE), items("urn:katydid:point:1/air"));
    let place = "greenhouse@home.example";
    let mut ben = Peer::online(&home.account("ben")).await;
    // Ben is a contact at first, and there is another sensor.
    let more = "[[contacts]]\njid = \"ben@home.example\"\nrole = \"viewer\"\n[sensors.air]\nsim = { line = \"AN1\" }\n";
    let first = Daemon::start_with(&home, "pencil", &format!("[pubsub]\nenabled = true\n{more}"));
    published(&mut ben, "name='door' value='false'").await;
    while ask(&mut ben, "get", place, &air).await.0 != "result" {}
    // He has asked to be sent it wherever he is, and in one of his programs.
    for jid in ["ben@home.example", "ben@home.example/katydid"] {
        let subscribe = format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='{NODE}' jid='{jid}'/></pubsub>"
        );
        assert_eq!(ask(&mut ben, "set", place, &subscribe).await.0, "result");
    }
    drop(first);
    let mut anna = Peer::online(&home.account("anna")).await;
    let second = Daemon::start_with(&home, "pencil", "[pubsub]\nenabled = true\n");
    second.logs("online as").await;
    // A node that does not exist may also be forbidden.
    while ask(&mut ben, "get", place, &door).await.0 == "result"
        || ask(&mut anna, "get", place, &air).await.0 == "result"
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    published(&mut anna, "name='door' value='false'").await;
    // What is published from now on is sent to Anna, once she asks for it, and nowhere to Ben.
    let subscribe = format!(
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='{NODE}' jid='anna@home.example'/></pubsub>"
    );
    assert_eq!(ask(&mut anna, "set", place, &subscribe).await.0, "result");
    assert_eq!(second.sim("set IN1 1"), "ok");
    anna.until(|event| is_news(&event, "value='true'").then_some(())).await;
    anna.say("ben", "the door is open");
    ben.until(|event| {
        assert!(!is_news(&event, "value='true'"), "Ben still hears of the door");
        matches!(&event, LinkEvent::Stanza(Stanza::Message(m)) if words(m) == "the door is open").then_some(())
    })
    .await;
    tokio::join!(anna.close(), ben.close());
}

/// Something published with these words in it.
fn is_news(event: &LinkEvent, words: &str) -> bool {
    let LinkEvent::Stanza(Stanza::Message(message)) = event else { return false };
    let event = message.payloads.iter().find(|p| p.is("event", "http://jabber.org/protocol/pubsub#event"));
    event.is_some_and(|event| String::from(event).contains(words))
}

async fn a_cut_connection_is_resumed(program: Program) {
    let home = Home::start(program, &[]);
    let proxy = Proxy::to(home.port).await;
    let mut account = home.account("greenhouse");
    account.server = Some(Server { host: "127.0.0.1".to_owned(), port: proxy.port });
    let mut greenhouse = Peer::online(&account).await;
    let anna = Peer::online(&home.account("anna")).await;
    proxy.cut();
    anna.say("greenhouse", "are you there?");
    greenhouse.goes_offline().await;
    assert!(greenhouse.comes_online().await, "not resumed");
    assert_eq!(words(&greenhouse.hear(1).await[0]), "are you there?");
    tokio::join!(greenhouse.close(), anna.close());
}
