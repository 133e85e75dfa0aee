//! Rooms (XEP-0045) the device sits in.

use jid::BareJid;

use super::{Contact, ContactId, Notify, Scope};

/// A room.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Its address.
    pub jid: BareJid,
    /// What the device is called in it.
    pub nick: String,
    /// What may be spoken of in it at all, whoever asks.
    pub points: Scope,
    /// Whoever is no contact, or hides who it is: what it may read, if anything. Never more than a viewer.
    pub guest: Option<Contact>,
    /// What the room is told of.
    pub notify: Notify,
}

impl ContactId {
    /// Everybody in a room who is no contact. In no table.
    pub(crate) const GUEST: ContactId = ContactId(u16::MAX);
}
