//! Losing the connection, and what comes through all the same.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use katydid::link::{LinkEvent, Trouble};
use katydid::model::Server;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::ping::Ping;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza::Stanza;

use crate::home::Home;
use crate::peer::{Peer, message, stamp, words};
use crate::proxy::Proxy;

/// When the greenhouse speaks in these tests.
const THEN: i64 = 1_800_000_000;

fn then() -> Timestamp {
    Timestamp::from_second(THEN).unwrap()
}

#[tokio::test]
async fn a_cut_connection_is_resumed_and_both_sides_catch_up() {
    let prosody = Home::prosody();
    let proxy = Proxy::to(prosody.port).await;
    let mut account = prosody.account("greenhouse");
    account.server = Some(Server { host: "127.0.0.1".to_owned(), port: proxy.port });
    let mut greenhouse = Peer::online(&account).await;
    let mut anna = Peer::online(&prosody.account("anna")).await;
    greenhouse.say("anna", "before");
    anna.hear_until("before").await;

    proxy.cut();
    anna.say("greenhouse", "are you there?");
    greenhouse.goes_offline().await;
    greenhouse.post_at(message("anna", "meanwhile"), then());
    assert!(greenhouse.comes_online().await, "not resumed");

    greenhouse.say("anna", "after");
    let heard = anna.hear_until("after").await;
    assert_eq!(heard.iter().map(words).collect::<Vec<_>>(), ["meanwhile", "after"]);
    assert_eq!(heard.iter().map(stamp).collect::<Vec<_>>(), [Some(THEN), None]);
    anna.say("greenhouse", "end");
    let heard = greenhouse.hear_until("end").await;
    assert_eq!(heard.iter().map(words).collect::<Vec<_>>(), ["are you there?", "end"]);
    tokio::join!(greenhouse.close(), anna.close());
}

#[tokio::test]
async fn a_cut_in_mid_flood_loses_and_doubles_nothing() {
    let prosody = Home::prosody();
    let proxy = Proxy::to(prosody.port).await;
    let mut account = prosody.account("greenhouse");
    account.server = Some(Server { host: "127.0.0.1".to_owned(), port: proxy.port });
    let mut greenhouse = Peer::online(&account).await;
    let mut anna = Peer::online(&prosody.account("anna")).await;
    for number in 0..200 {
        greenhouse.say("anna", &number.to_string());
        if number == 100 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            proxy.cut();
        }
    }
    assert!(greenhouse.comes_online().await, "not resumed");
    greenhouse.say("anna", "end");
    let heard = anna.hear_until("end").await;
    let mut numbers: Vec<String> = heard.iter().map(|message| words(message).to_owned()).collect();
    let expected: Vec<String> = (0..200).map(|n| n.to_string()).chain(["end".to_owned()]).collect();
    numbers.truncate(expected.len() + 1);
    assert_eq!(numbers, expected);
    tokio::join!(greenhouse.close(), anna.close());
}

#[tokio::test]
async fn an_answer_that_falls_into_a_suspension_arrives_after_it() {
    let prosody = Home::prosody();
    let proxy = Proxy::to(prosody.port).await;
    let mut account = prosody.account("greenhouse");
    account.server = Some(Server { host: "127.0.0.1".to_owned(), port: proxy.port });
    let mut greenhouse = Peer::online(&account).await;
    let mut anna = Peer::online(&prosody.account("anna")).await;
    let device: jid::Jid = "greenhouse@home.example/katydid".parse().unwrap();
    anna.post(Iq::from_get("asked", Ping).with_to(device.clone()));
    let from = greenhouse
        .until(|event| match event {
            LinkEvent::Stanza(Stanza::Iq(Iq::Get { from, id, .. })) if id == "asked" => Some(from),
            _ => None,
        })
        .await;

    proxy.cut();
    greenhouse.goes_offline().await;
    greenhouse.post(Iq::empty_result(from.clone().unwrap(), "asked"));
    greenhouse.post(Presence::available().with_to(from.unwrap()));
    assert!(greenhouse.comes_online().await, "not resumed");

    let (mut answered, mut announced) = (false, false);
    anna.until(|event| {
        match event {
            LinkEvent::Stanza(Stanza::Iq(Iq::Result { id, .. })) => answered |= id == "asked",
            LinkEvent::Stanza(Stanza::Presence(presence)) => announced |= presence.from.as_ref() == Some(&device),
            _ => {}
        }
        (answered && announced).then_some(())
    })
    .await;
    tokio::join!(greenhouse.close(), anna.close());
}

async fn what_was_said_survives_the_server(settings: &[(&str, &str)]) {
    let prosody = Home::prosody_with(settings);
    let mut greenhouse = Peer::online(&prosody.account("greenhouse")).await;
    let mut anna = Peer::online(&prosody.account("anna")).await;
    greenhouse.say("anna", "before");
    anna.hear_until("before").await;
    // The server acknowledged before it delivered the answer; what it did not would come again.
    anna.say("greenhouse", "heard");
    greenhouse.hear_until("heard").await;

    prosody.kill();
    tokio::join!(greenhouse.goes_offline(), anna.goes_offline());
    for words in ["the door opened", "the door closed"] {
        greenhouse.post_at(message("anna", words), then());
    }
    prosody.restart();
    let resumed = tokio::join!(greenhouse.comes_online(), anna.comes_online());
    assert_eq!(resumed, (false, false));

    // The first to be back may have spoken to the server's store; that comes when anna is announced.
    let heard = anna.hear(2).await;
    let told: Vec<_> = heard.iter().map(|message| (words(message), stamp(message))).collect();
    assert_eq!(told, [("the door opened", Some(THEN)), ("the door closed", Some(THEN))]);
    greenhouse.say("anna", "after");
    let heard = anna.hear_until("after").await;
    assert_eq!(heard.iter().map(|message| (words(message), stamp(message))).collect::<Vec<_>>(), [("after", None)]);
    tokio::join!(greenhouse.close(), anna.close());
}

#[tokio::test]
async fn what_was_said_while_the_server_was_dead_arrives_once_with_its_time() {
    what_was_said_survives_the_server(&[]).await;
}

#[tokio::test]
async fn it_does_so_without_stream_management_too() {
    what_was_said_survives_the_server(&[("SMACKS", "0")]).await;
}

#[tokio::test]
async fn a_frozen_server_is_noticed() {
    let prosody = Home::prosody();
    let mut greenhouse = Peer::online(&prosody.account("greenhouse")).await;
    prosody.pause();
    let began = Instant::now();
    greenhouse.goes_offline().await;
    println!("noticed after {} s", began.elapsed().as_secs());
}

#[tokio::test]
async fn a_rival_with_the_same_resource_is_named_and_not_fought() {
    let prosody = Home::prosody();
    let mut first = Peer::online(&prosody.account("greenhouse")).await;
    let mut second = Peer::online(&prosody.account("greenhouse")).await;
    assert_eq!(first.trouble().await, Trouble::Conflict);
    let fight = second.until(|event| matches!(event, LinkEvent::Offline).then_some(()));
    assert!(tokio::time::timeout(Duration::from_secs(5), fight).await.is_err(), "the first came back");
    second.close().await;
}

#[tokio::test]
async fn a_server_that_starts_later_is_found() {
    let prosody = Home::prosody();
    prosody.kill();
    let mut greenhouse = Peer::start(&prosody.account("greenhouse"));
    greenhouse.post_at(message("anna", "hello"), then());
    let trouble = greenhouse.trouble().await;
    assert!(matches!(trouble, Trouble::Unreachable(_)), "{trouble}");
    prosody.restart();
    let mut anna = Peer::online(&prosody.account("anna")).await;
    greenhouse.comes_online().await;
    let heard = anna.hear_until("hello").await;
    assert_eq!(stamp(&heard[0]), Some(THEN));
    tokio::join!(greenhouse.close(), anna.close());
}

#[tokio::test]
async fn what_comes_before_the_device_is_online_is_told_after_it() {
    let plugins = format!("plugin_paths = {{ \"{}/tests/server\" }}", env!("CARGO_MANIFEST_DIR"));
    let prosody = Home::prosody_with(&[("EXTRA_MODULES", "early"), ("EXTRA_CONFIG", &plugins)]);
    let mut greenhouse = Peer::start(&prosody.account("greenhouse"));
    let mut online = false;
    greenhouse
        .until(|event| match event {
            LinkEvent::Online { .. } => {
                online = true;
                None
            }
            LinkEvent::Stanza(Stanza::Message(message)) => {
                assert_eq!(words(&message), "early");
                assert!(online, "it came first");
                Some(())
            }
            _ => None,
        })
        .await;
    greenhouse.close().await;
}
