//! Who is in a room. A nick is only a place to look up a real address, and only the room's own word fills it.

use std::collections::BTreeMap;

use jid::{BareJid, Jid};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::presence::Presence;

/// Occupants that are remembered; the others are guests.
const MOST: usize = 500;

/// Who speaks in a room.
#[derive(Debug, Clone, PartialEq)]
pub enum Sender {
    /// We ourselves, or the room.
    Nobody,
    /// Somebody whose real address the room tells.
    Real(BareJid),
    /// Somebody who hides it.
    Hidden,
}

/// Real addresses by nick, as far as the room tells them.
#[derive(Debug, Default)]
pub(super) struct Occupants(BTreeMap<String, Option<BareJid>>);

impl Occupants {
    /// Somebody is there, perhaps under a nick that was another's.
    pub fn came(&mut self, nick: String, presence: &Presence) {
        if self.0.len() < MOST || self.0.contains_key(&nick) {
            self.0.insert(nick, real(presence));
        }
    }

    /// Somebody is gone.
    pub fn left(&mut self, nick: &str) {
        self.0.remove(nick);
    }

    /// Nothing is known of anybody any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Who has this nick.
    pub fn sender(&self, nick: &str) -> Sender {
        match self.0.get(nick) {
            Some(Some(real)) => Sender::Real(real.clone()),
            _ => Sender::Hidden,
        }
    }

    /// A nick of this address.
    pub fn nick_of(&self, jid: &BareJid) -> Option<&str> {
        self.0.iter().find(|(_, real)| real.as_ref() == Some(jid)).map(|(nick, _)| nick.as_str())
    }
}

/// What the room itself says about the sender of a presence. Said twice, one of them may be the sender's own.
pub(super) fn about(presence: &Presence) -> Option<&Element> {
    only(presence.payloads.iter().filter(|payload| payload.is("x", ns::MUC_USER)))
}

fn real(presence: &Presence) -> Option<BareJid> {
    let item = only(about(presence)?.children().filter(|child| child.is("item", ns::MUC_USER)))?;
    Jid::new(item.attr("jid")?).ok().map(|jid| jid.to_bare())
}

fn only<'e>(mut found: impl Iterator<Item = &'e Element>) -> Option<&'e Element> {
    found.next().filter(|_| found.next().is_none())
}
