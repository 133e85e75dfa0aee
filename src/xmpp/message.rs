//! Which messages are commands at all, and how the device writes its own.
//!
//! Old commands never run again: what was delayed, archived, carbon-copied or corrected, and what is an error,
//! is not a command, whoever sent it.

use jid::Jid;
use xmpp_parsers::message::{Id, Lang, Message, MessageType};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::stanza_id::OriginId;

use super::iot::control;

/// What a message from a contact is.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming<'m> {
    /// Typed words, sent now.
    Words(&'m str),
    /// Typed words from some time ago, which the server kept.
    Late(&'m str),
    /// Typed words that replace earlier ones.
    Corrected,
    /// Words we cannot read.
    Encrypted,
    /// A control request (XEP-0325), sent now. Nobody waits for an answer, and none is given.
    Control(&'m Element),
    /// Nothing to answer: typing notices, receipts, copies, errors, room talk.
    Other,
}

/// Message processing hints (XEP-0334).
const HINTS: &str = "urn:xmpp:hints";

/// Namespaces of end-to-end encryption whose messages carry only a stand-in body.
const ENCRYPTED: &[&str] =
    &["eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2", "urn:xmpp:openpgp:0", "jabber:x:encrypted"];

/// Sorts a message. Checks come before the body is even looked at.
pub fn sort(message: &Message) -> Incoming<'_> {
    if !matches!(message.type_, MessageType::Chat | MessageType::Normal) {
        return Incoming::Other;
    }
    let has = |name: &str, ns: &str| message.payloads.iter().any(|payload| payload.is(name, ns));
    if has("sent", ns::CARBONS)
        || has("received", ns::CARBONS)
        || has("result", ns::MAM)
        || has("forwarded", ns::FORWARD)
    {
        return Incoming::Other;
    }
    if let Some(set) = message.payloads.iter().find(|payload| payload.is("set", control::NS)) {
        let old = has("delay", ns::DELAY) || has("x", "jabber:x:delay") || has("replace", ns::MESSAGE_CORRECT);
        return if old { Incoming::Other } else { Incoming::Control(set) };
    }
    let Some((_, body)) = message.get_best_body(vec!["", "en"]) else { return Incoming::Other };
    if body.trim().is_empty() {
        return Incoming::Other;
    }
    if message.payloads.iter().any(|payload| ENCRYPTED.iter().any(|ns| payload.has_ns(*ns))) {
        return Incoming::Encrypted;
    }
    if has("delay", ns::DELAY) || has("x", "jabber:x:delay") {
        return Incoming::Late(body);
    }
    if has("replace", ns::MESSAGE_CORRECT) {
        return Incoming::Corrected;
    }
    Incoming::Words(body)
}

/// Said now, in a room: no history, no copy, no correction, nothing encrypted.
pub fn is_fresh(message: &Message) -> bool {
    let old = [("delay", ns::DELAY), ("x", "jabber:x:delay"), ("replace", ns::MESSAGE_CORRECT)];
    let has = |(name, ns): &(&str, &str)| message.payloads.iter().any(|payload| payload.is(*name, *ns));
    !old.iter().any(has) && !message.payloads.iter().any(|p| ENCRYPTED.iter().any(|ns| p.has_ns(*ns)))
}

/// The words of a message.
pub fn body(message: &Message) -> Option<&str> {
    message.get_best_body(vec!["", "en"]).map(|(_, body)| body.as_str()).filter(|body| !body.trim().is_empty())
}

/// A message that somebody must get even if they are away now: the server is asked to keep it (XEP-0334).
pub fn lasting(to: Jid, id: String, body: String) -> Message {
    let mut message = write(to, MessageType::Chat, id, body);
    message.payloads.push(Element::builder("store", HINTS).build());
    message
}

/// A message that is of no use later: the server is asked neither to keep it nor to archive it (XEP-0334).
pub fn passing(to: Jid, id: String, body: String) -> Message {
    let mut message = write(to, MessageType::Chat, id, body);
    message.payloads.push(Element::builder("no-store", HINTS).build());
    message
}

/// A message of ours, with the id that lets a receiver drop a copy (XEP-0359).
pub fn write(to: Jid, type_: MessageType, id: String, body: String) -> Message {
    let mut message = Message::new_with_type(type_, to);
    message.payloads.push(OriginId { id: id.clone() }.into());
    message.id = Some(Id(id));
    message.bodies.insert(Lang::default(), body);
    message
}
