//! What comes through rooms ([`crate::xmpp::muc`]). It is sorted out before everything else, because an address in a
//! room is nobody's own.

use std::time::Duration;

use jid::{BareJid, Jid};
use xmpp_parsers::message::{Id, Message, MessageType};
use xmpp_parsers::ns;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza_error::StanzaError;

use super::{Agent, Door, Effect, scene};
use crate::control::{Asker, Decision, recognise};
use crate::model::{self, Contact, ContactId, Device, Moment, Notify, Now, Role, Scope, Speaks};
use crate::xmpp::alarms;
use crate::xmpp::chat::{self, Answer, Line};
use crate::xmpp::journal::Level;
use crate::xmpp::message::{self, Incoming};
use crate::xmpp::muc::{self, Events, Room, Sender};
use crate::xmpp::rate::Pass;

/// An error comes back so soon after what it is about.
const BOUNCE: Duration = Duration::from_secs(60);

impl Agent {
    /// A message from or through a room, or an invitation into one. False if it is neither.
    pub(super) fn room_message(&mut self, message: &Message, from: &Jid, now: Now, out: &mut Vec<Effect>) -> bool {
        if message.type_ != MessageType::Error
            && let Some(invitation) = muc::invitation(&self.device, message)
        {
            self.invited(invitation, now, out);
            return true;
        }
        let Some(room) = self.rooms.room_of(from) else { return message.type_ == MessageType::Groupchat };
        if message.type_ == MessageType::Error {
            if from.resource().is_none() {
                room.doubt(now.mono);
                self.came_back(&from.to_bare(), now);
            }
            return true;
        }
        room.is_alive(now.mono);
        if !room.is_in() {
            return true;
        }
        if from.resource().is_none() {
            let user = message.payloads.iter().find(|payload| payload.is("x", ns::MUC_USER));
            user.into_iter().for_each(|user| room.says(user, now.mono));
        }
        let sender = room.sender(from);
        let public = message.type_ == MessageType::Groupchat;
        let words = match message.type_ {
            // What the room kept from before is not said now.
            MessageType::Groupchat if message::is_fresh(message) => {
                message::body(message).and_then(|body| muc::spoken_to(room.nick(), body))
            }
            MessageType::Chat | MessageType::Normal => match message::sort(message) {
                Incoming::Words(words) => Some(words),
                _ => None,
            },
            _ => None,
        };
        let (Some(words), Some(nick)) = (words, from.resource().map(ToString::to_string)) else { return true };
        if let Some(Id(id)) = &message.id
            && self.seen.again(from, id, words, now.mono)
        {
            return true;
        }
        let (by, contact) = match sender {
            Sender::Nobody => return true,
            Sender::Hidden => (from.to_bare(), None),
            Sender::Real(real) => {
                let contact = self.device.contact_of(&real);
                (real, contact)
            }
        };
        let door = Door::Room { by, to: from.clone(), nick: public.then_some(nick) };
        match contact {
            Some(contact) => self.contact_in_room(contact, words, door, now, out),
            None => self.guest_in_room(from, words, door, now, out),
        }
        true
    }

    /// A presence from a room. False if it is from none.
    pub(super) fn room_presence(&mut self, presence: &Presence, now: Now, out: &mut Vec<Effect>) -> bool {
        let id = self.fresh_id();
        let Some(room) = presence.from.as_ref().and_then(|from| self.rooms.room_of(from)) else { return false };
        let was_in = room.is_in();
        let events = room.presence(presence, now.mono, || id);
        let entered = (!was_in && room.is_in()).then(|| room.jid().clone());
        push(events, out);
        entered.into_iter().for_each(|room| self.tell_what_it_missed(room, now, out));
        true
    }

    /// An error that answers a request of ours.
    pub(super) fn room_error(&mut self, from: Option<&Jid>, id: &str, error: &StanzaError, now: Now) {
        if from.is_some_and(|from| self.rooms.room_of(from).is_some()) {
            let condition = xmpp_parsers::minidom::Element::from(error.defined_condition.clone());
            self.rooms.answered(id, Some(condition.name()), now.mono);
        }
    }

    /// The contact behind an address: its own, or the one it has in a room.
    pub(super) fn behind(&mut self, from: &Jid) -> Option<ContactId> {
        let real = match self.rooms.room_of(from) {
            None => from.to_bare(),
            Some(room) => match room.sender(from) {
                Sender::Real(real) => real,
                Sender::Nobody | Sender::Hidden => return None,
            },
        };
        self.device.contact_of(&real)
    }

    pub(super) fn wake_rooms(&mut self, now: Now, out: &mut Vec<Effect>) {
        if !self.is_talking() || self.rooms.deadline().is_none_or(|at| at > now.mono) {
            return;
        }
        let (mut count, seed) = (self.count, self.seed);
        let events = self.rooms.wake(&self.device, now.mono, || {
            count += 1;
            super::id(seed, count)
        });
        self.count = count;
        push(events, out);
    }

    /// The config was read anew.
    pub(super) fn change_rooms(&mut self, now: Now, out: &mut Vec<Effect>) {
        out.extend(self.rooms.become_those_of(&self.device).into_iter().map(Effect::Send));
        if self.me.is_some() {
            self.rooms.arrive(now.mono);
        }
    }

    /// A request of somebody who is no contact. In a room every client asks who we are, which is nothing for the log.
    pub(super) fn is_worth_refusing(&mut self, from: &Jid, now: Now, out: &mut Vec<Effect>) -> bool {
        match self.rooms.room_of(from) {
            Some(_) => self.strangers.take(now.mono) == Pass::Yes,
            None => self.stranger(from, "asked us something", now, out),
        }
    }

    /// Something for everybody in a room, if the device is in it.
    pub(super) fn tell_room(&mut self, room: BareJid, text: String, out: &mut Vec<Effect>) -> bool {
        if !self.is_talking() || !self.rooms.of(&room).is_some_and(Room::is_in) {
            return false;
        }
        let id = self.fresh_id();
        out.push(Effect::Send(self.rooms.announce(&self.device, room, id, text).into()));
        true
    }

    /// The room has not heard what was said last: it was out of it already, and did not know yet. Which words these were
    /// the error need not say; what is told twice at the return does no harm.
    fn came_back(&mut self, room: &BareJid, now: Now) {
        let since = Moment(now.mono.0.saturating_sub(BOUNCE));
        let scene = scene!(self, now);
        self.notices.came_back(&scene, room, since);
        if self.alarmed.get(room).is_some_and(|at| *at >= since) {
            self.missed.insert(room.clone());
        }
    }

    /// After a resumed stream the device is still in its rooms.
    pub(super) fn tell_rooms_what_they_missed(&mut self, now: Now, out: &mut Vec<Effect>) {
        let rooms: Vec<BareJid> =
            self.rooms.iter().filter(|room| room.is_in()).map(|room| room.jid().clone()).collect();
        rooms.into_iter().for_each(|room| self.tell_what_it_missed(room, now, out));
    }

    /// The last state of what has changed while the device was away from a room; not how it came to that.
    fn tell_what_it_missed(&mut self, room: BareJid, now: Now, out: &mut Vec<Effect>) {
        let scene = scene!(self, now);
        let mut lines = self.notices.returned(&scene, &room);
        if self.missed.remove(&room)
            && let Some((id, _)) = scene.device.listeners().find(|(_, listener)| listener.jid == room)
        {
            match alarms::list(&scene, Asker::of(scene.device, id)) {
                up if up.is_empty() => lines.push("No alarm is up.".to_owned()),
                up => lines.extend(up),
            }
        }
        if !lines.is_empty() {
            self.tell_room(room, lines.join("\n"), out);
        }
    }

    /// Rooms in which these decisions are the answer to what was said there before everybody.
    pub(super) fn answered_in_rooms(&self, decisions: &[Decision]) -> Vec<BareJid> {
        let settled = decisions.iter().filter_map(|decision| match decision {
            Decision::Settled(ticket, _) => self.errands.get(ticket),
            _ => None,
        });
        let doors = settled.flat_map(|errand| [Some(&errand.door), errand.witness.as_ref()]).flatten();
        let room = |door: &Door| match door {
            Door::Room { to, nick: Some(_), .. } => Some(to.to_bare()),
            _ => None,
        };
        doors.filter_map(room).collect()
    }

    fn contact_in_room(&mut self, contact: ContactId, words: &str, door: Door, now: Now, out: &mut Vec<Effect>) {
        match self.buckets[contact.index()].0.take(now.mono) {
            Pass::Yes => self.spoken(contact, words, door, now, out),
            Pass::FirstNo => self.say(door, "too many commands; wait a minute".to_owned(), out),
            Pass::No => {}
        }
    }

    /// Somebody who is no contact, or whose address the room hides: only what the room's guests may read.
    fn guest_in_room(&mut self, from: &Jid, words: &str, door: Door, now: Now, out: &mut Vec<Effect>) {
        let scene = scene!(self, now);
        let room = self.rooms.of(&from.to_bare());
        let Some(asker) = room.and_then(|room| Asker::guest(scene.device, room.wanted())) else { return };
        if self.strangers.take(now.mono) != Pass::Yes {
            return;
        }
        // Who did what is nothing for guests, and neither is who else may.
        let text = match chat::parse(asker, words) {
            Line::Help | Line::Status | Line::Alarms | Line::Read(_) => {
                match chat::answer(&scene, &self.journal, asker, words) {
                    Answer::Say(text) => text,
                    _ => return,
                }
            }
            // Two devices in one room could tell one another so for ever.
            _ if !self.guests.may_answer(now.mono) => return,
            _ => "here you may only read: say status, or the name of a point".to_owned(),
        };
        self.say(door, text, out);
    }

    fn invited(&mut self, invitation: muc::Invitation, now: Now, out: &mut Vec<Effect>) {
        let muc::Invitation { room, by, is_near } = invitation;
        let Some(asker) = recognise(&self.device, &by) else {
            self.stranger(&by, "invited us into a room", now, out);
            return;
        };
        let contact = asker.id();
        if self.buckets[contact.index()].0.take(now.mono) != Pass::Yes {
            return;
        }
        let text = match () {
            () if !Asker::of(&self.device, contact).may_administer() => "Only owners invite me into rooms.".to_owned(),
            () if self.rooms.of(&room).is_some_and(Room::is_in) => format!("I am in {room} already."),
            () if !is_near => {
                format!("{room} is not on my own server. If you trust its server, name the room in my config.")
            }
            () if self.device.contact_of(&room).is_some() => return,
            () if self.rooms.invited(invited_to(&self.device, room.clone())) => {
                let line = format!("{by} invited us into {room}; joining until the next start");
                out.push(Effect::Log(Level::Info, line));
                self.rooms.arrive(now.mono);
                format!("I am coming into {room}, until somebody puts me out or I am restarted.")
            }
            () => "I am in too many rooms.".to_owned(),
        };
        let id = self.fresh_id();
        out.push(Effect::Send(message::write(by, MessageType::Chat, id, text).into()));
    }
}

fn invited_to(device: &Device, room: BareJid) -> model::Room {
    let audience = Contact {
        jid: room.clone(),
        role: Role::Viewer,
        scope: Scope::All,
        notify: Notify::Nothing,
        alarms: false,
        speaks: Speaks::Words,
    };
    model::Room { jid: room, nick: device.name().to_owned(), audience, guest: None }
}

fn push(events: Events, out: &mut Vec<Effect>) {
    out.extend(events.stanzas.into_iter().map(Effect::Send));
    for (troubled, line) in events.lines {
        out.push(Effect::Log(if troubled { Level::Warn } else { Level::Info }, line));
    }
}
