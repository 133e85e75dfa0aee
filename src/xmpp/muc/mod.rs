//! Rooms (XEP-0045): the device as an occupant. Rights go by the real address the room tells, never by a nick, which
//! anybody may take; where a room tells none, everybody is a guest.

mod address;
mod invite;
mod occupants;
mod room;
mod stanzas;
mod trouble;

pub use address::spoken_to;
pub use invite::{Invitation, invitation};
pub use occupants::Sender;
pub use room::{Events, Room};

use jid::{BareJid, FullJid, Jid};
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza::Stanza;

use super::{caps, message};
use crate::control::Asker;
use crate::model::{self, Device, Moment};

/// Rooms that owners have invited the device to, in this run.
const INVITED: usize = 8;

/// All rooms the device is or wants to be in.
#[derive(Debug, Default)]
pub struct Rooms(Vec<Room>);

impl Rooms {
    /// Those of the config.
    pub fn new(device: &Device) -> Rooms {
        Rooms(device.rooms().iter().map(|room| Room::new(room.clone(), true)).collect())
    }

    /// Another config: rooms that stay are not left, others are. -> what must be said to those.
    pub fn become_those_of(&mut self, device: &Device) -> Vec<Stanza> {
        let mut old = std::mem::take(&mut self.0);
        let mut stanzas = Vec::new();
        for wanted in device.rooms() {
            let same = |room: &Room| room.jid() == &wanted.jid && room.wanted().nick == wanted.nick;
            match old.iter().position(same) {
                Some(at) => self.0.push(old.remove(at).reconfigured(wanted.clone())),
                None => self.0.push(Room::new(wanted.clone(), true)),
            }
        }
        for room in old {
            if !room.is_configured() && self.of(room.jid()).is_none() {
                self.0.push(room);
            } else {
                stanzas.extend(room.leave());
            }
        }
        stanzas
    }

    /// The room with this address.
    pub fn of(&self, jid: &BareJid) -> Option<&Room> {
        self.0.iter().find(|room| room.jid() == jid)
    }

    /// The room that this address is in, or is.
    pub fn room_of(&mut self, from: &Jid) -> Option<&mut Room> {
        let bare = from.to_bare();
        self.0.iter_mut().find(|room| *room.jid() == bare)
    }

    /// Our own address in the room that this address is in.
    pub fn place_of(&self, from: &Jid) -> Option<FullJid> {
        self.of(&from.to_bare())?.me()
    }

    /// Is whoever asked from this address, `by` its real one, still there? In a room others may have its nick by now.
    pub fn is_still(&self, by: &BareJid, from: &Jid) -> bool {
        let Some(room) = self.of(&from.to_bare()) else { return from.to_bare() == *by };
        match room.sender(from) {
            Sender::Real(real) => real == *by,
            Sender::Hidden => room.jid() == by,
            Sender::Nobody => false,
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Room> {
        self.0.iter()
    }

    /// An owner invites the device. It comes, also if it was put out before; false if there are too many.
    pub fn invited(&mut self, room: model::Room) -> bool {
        // Those that have put it out are none of its rooms any more.
        self.0.retain(|known| known.is_configured() || !known.is_out());
        if let Some(known) = self.0.iter_mut().find(|known| *known.jid() == room.jid) {
            known.invited_again();
            return true;
        }
        if self.0.iter().filter(|room| !room.is_configured()).count() >= INVITED {
            return false;
        }
        self.0.push(Room::new(room, false));
        true
    }

    /// The device is online. After a resumed stream it may still be in; the room is asked.
    pub fn online(&mut self, resumed: bool, now: Moment) {
        self.0.iter_mut().for_each(|room| room.online(resumed, now));
    }

    /// Rooms that are new are joined now.
    pub fn arrive(&mut self, now: Moment) {
        self.0.iter_mut().for_each(|room| room.arrive(now));
    }

    /// What a contact may know when it speaks from this address: in a room no more than may be said in it.
    pub fn inside<'d>(&'d self, asker: Asker<'d>, from: &Jid) -> Asker<'d> {
        match self.of(&from.to_bare()) {
            Some(room) => asker.inside(room.wanted()),
            None => asker,
        }
    }

    /// Words of ours: to the whole room, beginning with the nick of whom they are for, or to one occupant.
    pub fn say(&self, device: &Device, to: Jid, nick: Option<&str>, id: String, text: String) -> Message {
        match nick {
            Some(nick) => {
                let room = to.to_bare();
                let text = format!("{nick}: {}", self.discreet(device, &room, text));
                message::write(room.into(), MessageType::Groupchat, id, text)
            }
            None => {
                let mut message = message::write(to, MessageType::Chat, id, text);
                message.payloads.push(Element::bare("x", ns::MUC_USER));
                message
            }
        }
    }

    /// Words of ours to the whole room, that nobody has asked for.
    pub fn announce(&self, device: &Device, room: BareJid, id: String, text: String) -> Message {
        let text = self.discreet(device, &room, text);
        message::write(room.into(), MessageType::Groupchat, id, text)
    }

    /// What is said before everybody names nobody by an address: who is there by the nick, who is not not at all.
    fn discreet(&self, device: &Device, room: &BareJid, mut text: String) -> String {
        if !text.contains('@') {
            return text;
        }
        let room = self.of(room);
        let mut named: Vec<&BareJid> = device.contacts().map(|(_, contact)| &contact.jid).collect();
        // One address may be the end of another.
        named.sort_by_key(|jid| std::cmp::Reverse(jid.as_str().len()));
        for jid in named {
            if !text.contains(jid.as_str()) {
                continue;
            }
            let name = room.and_then(|room| room.nick_of(jid)).unwrap_or("somebody who is not here");
            text = text.replace(jid.as_str(), name);
        }
        text
    }

    /// What a component says to its rooms when it goes; for an account its server does.
    pub fn farewell(&self) -> impl Iterator<Item = Stanza> {
        let inside = self.0.iter().filter(|room| room.is_in()).filter_map(Room::me);
        inside.map(|me| Presence::unavailable().with_to(me).into())
    }

    /// The device is offline.
    pub fn offline(&mut self) {
        self.0.iter_mut().for_each(Room::offline);
    }

    /// When [`Rooms::wake`] has something to do.
    pub fn deadline(&self) -> Option<Moment> {
        self.0.iter().filter_map(Room::deadline).min()
    }

    /// Joins and pings that are due. `id` makes stanza ids.
    pub fn wake(&mut self, device: &Device, now: Moment, mut id: impl FnMut() -> String) -> Events {
        let mut events = Events::default();
        for room in &mut self.0 {
            events.extend(room.wake(now, &mut id, || join_presence(device)));
        }
        events
    }

    /// The answer to an IQ of ours, and the condition if it was an error. True if it was one of these.
    pub fn answered(&mut self, id: &str, error: Option<&str>, now: Moment) -> bool {
        self.0.iter_mut().any(|room| room.answered(id, error, now))
    }
}

fn join_presence(device: &Device) -> Presence {
    let mut presence = Presence::available();
    presence.payloads.extend(caps::caps(device).map(Into::into));
    presence
}
