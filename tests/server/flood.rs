//! Much at once, both ways.

use std::collections::HashSet;

use xmpp_parsers::iq::Iq;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::home::Home;
use crate::peer::{Peer, words};

const MANY: usize = 1000;

/// A stack whose reading and writing get in each other's way looks healthy and loses most of this.
#[tokio::test]
async fn a_flood_both_ways_loses_and_doubles_nothing() {
    let prosody = Home::prosody();
    let mut greenhouse = Peer::online(&prosody.account("greenhouse")).await;
    let mut anna = Peer::online(&prosody.account("anna")).await;
    for number in 0..MANY {
        greenhouse.say("anna", &number.to_string());
        anna.say("greenhouse", &number.to_string());
        if number % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    greenhouse.say("anna", "end");
    anna.say("greenhouse", "end");
    let (by_greenhouse, by_anna) = tokio::join!(greenhouse.hear_until("end"), anna.hear_until("end"));
    for heard in [by_greenhouse, by_anna] {
        let numbers: Vec<&str> = heard.iter().map(words).collect();
        let expected: Vec<String> = (0..MANY).map(|n| n.to_string()).chain(["end".to_owned()]).collect();
        assert_eq!(numbers, expected);
        let ids: HashSet<_> = heard.iter().map(|message| &message.id).collect();
        assert_eq!(ids.len(), MANY + 1);
    }
    tokio::join!(greenhouse.close(), anna.close());
}

#[tokio::test]
async fn a_sign_that_xml_forbids_does_not_end_the_stream() {
    let prosody = Home::prosody();
    let greenhouse = Peer::online(&prosody.account("greenhouse")).await;
    let mut anna = Peer::online(&prosody.account("anna")).await;
    greenhouse.say("anna", "bell \u{7}");
    let to: jid::Jid = "anna@home.example/katydid".parse().unwrap();
    let error = StanzaError::new(ErrorType::Cancel, DefinedCondition::Conflict, "en", "bell \u{7}");
    greenhouse.post(Iq::Error { from: None, to: Some(to), id: "1".to_owned(), error, payload: None });
    greenhouse.say("anna", "end");
    let heard = anna.hear_until("end").await;
    assert_eq!(heard.iter().map(words).collect::<Vec<_>>(), ["bell \u{fffd}", "end"]);
    tokio::join!(greenhouse.close(), anna.close());
}
