//! Rooms (XEP-0045) the device sits in.

use jid::BareJid;

use super::{Contact, ContactId};

/// A room.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Its address.
    pub jid: BareJid,
    /// What the device is called in it.
    pub nick: String,
    /// Everybody in it at once: what may be spoken of there at all, whoever asks, and what the room is told of.
    pub audience: Contact,
    /// Whoever is no contact, or hides who it is: what it may read, if anything. Never more than a viewer.
    pub guest: Option<Contact>,
}

/// Rooms and guests are in no table of contacts; their ids lie above all contacts.
impl ContactId {
    /// Everybody in a room who is no contact.
    pub(crate) const GUEST: ContactId = ContactId(u16::MAX);
    const FIRST_ROOM: u16 = u16::MAX - 64;

    /// The audience of a device's room.
    pub(super) fn audience(room: u16) -> ContactId {
        ContactId(Self::FIRST_ROOM + room)
    }

    /// Which room it is the audience of.
    pub(super) fn room(self) -> Option<usize> {
        self.0.checked_sub(Self::FIRST_ROOM).map(usize::from)
    }
}
