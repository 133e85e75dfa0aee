//! The way a wish came in is the way its answer goes out.

use jid::{BareJid, Jid};
use xmpp_parsers::message::{Message, MessageType, Thread};
use xmpp_parsers::stanza::Stanza;

use super::{Agent, Effect, Level, scene};
use crate::control::{Asker, Outcome, Refusal, Request, Ticket, Wish};
use crate::model::{ActuatorId, ContactId, Device, Now};
use crate::xmpp::hub::Place;
use crate::xmpp::muc::Rooms;
use crate::xmpp::{Scene, adhoc, iq, message, words};

/// Whom to answer, and how.
#[derive(Debug, Clone)]
pub(super) enum Door {
    /// A chat message.
    Chat { to: Jid, type_: MessageType, thread: Option<Thread> },
    /// An ad-hoc command, perhaps through a room.
    Form { by: BareJid, to: Jid, id: String, node: String, session: String },
    /// Words in a room, or to the device alone through it.
    Room { by: BareJid, to: Jid, nick: Option<String> },
    /// One actuator of a control request, whose answer waits for all of them.
    Control { by: BareJid, to: Jid, set: u64 },
    /// A control request that nobody waits for.
    Silent { by: BareJid },
    /// A hub's line, answered in its turn ([`crate::xmpp::hub`]).
    Hub { from: Jid, place: Place },
}

/// A wish under way.
#[derive(Debug)]
pub(super) struct Errand {
    /// What it moves.
    pub actuator: ActuatorId,
    /// Who wished it.
    pub door: Door,
    /// Who confirmed it, if that was somebody else.
    pub witness: Option<Door>,
}

impl Errand {
    /// Who did it, for the log.
    pub fn by(&self) -> String {
        match &self.witness {
            Some(witness) => format!("{}, confirmed by {}", self.door.asker(), witness.asker()),
            None => self.door.asker().to_string(),
        }
    }
}

impl Door {
    /// The way back to whoever sent this message.
    pub fn of(message: &Message, from: Jid) -> Door {
        Door::Chat { to: from, type_: message.type_.clone(), thread: message.thread.clone() }
    }

    /// Who asked, by its real address.
    pub fn asker(&self) -> BareJid {
        match self {
            Door::Room { by, .. } | Door::Form { by, .. } | Door::Control { by, .. } | Door::Silent { by } => {
                by.clone()
            }
            Door::Chat { to, .. } | Door::Hub { from: to, .. } => to.to_bare(),
        }
    }

    /// A contact as it stands here: in a room it may hear and do only what the room is for.
    pub fn asker_as<'a>(&self, device: &'a Device, rooms: &'a Rooms, contact: ContactId) -> Asker<'a> {
        let asker = Asker::of(device, contact);
        match self {
            Door::Room { to, .. } | Door::Form { to, .. } | Door::Control { to, .. } => rooms.inside(asker, to),
            Door::Chat { .. } | Door::Silent { .. } | Door::Hub { .. } => asker,
        }
    }

    /// The answer, if there is one to this actuator alone. `fresh` is the id of a new stanza, where one is needed.
    pub fn answer(
        self,
        scene: &Scene<'_>,
        rooms: &Rooms,
        actuator: ActuatorId,
        result: &Result<Outcome, Refusal>,
        fresh: String,
    ) -> Option<Stanza> {
        let text = words::outcome(scene, actuator, result);
        match self {
            Door::Form { by, to, id, node, session } if rooms.is_still(&by, &to) => {
                let command = adhoc::finished(node, session, words::went_well(result), text);
                Some(iq::result(Some(to), id, Some(command)).into())
            }
            door => door.say(scene.device, rooms, fresh, text),
        }
    }

    /// Words as the answer, where words are one.
    pub fn say(self, device: &Device, rooms: &Rooms, fresh: String, text: String) -> Option<Stanza> {
        match self {
            Door::Hub { .. } | Door::Form { .. } | Door::Control { .. } | Door::Silent { .. } => None,
            // What is for one alone is nothing for whoever has the nick now.
            Door::Room { by, to, nick: None } if !rooms.is_still(&by, &to) => None,
            Door::Room { to, nick, .. } => Some(rooms.say(device, to, nick.as_deref(), fresh, text).into()),
            Door::Chat { to, type_, thread } => {
                let mut message = message::write(to, type_, fresh, text);
                message.thread = thread;
                Some(message.into())
            }
        }
    }
}

impl Agent {
    /// Lets a wish through, or not; the answer comes now or with the read-back.
    pub(super) fn request(
        &mut self,
        contact: ContactId,
        actuator: ActuatorId,
        wish: Wish,
        door: Door,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let asker = Asker::of(&self.device, contact);
        self.errands.insert(ticket, Errand { actuator, door, witness: None });
        let request = Request { ticket, actuator, wish };
        let refusal = match self.control.request(asker, &request, now) {
            Ok(drive) => return out.push(Effect::Drive(drive)),
            Err(Refusal::Unconfirmed { value, second }) => {
                self.ask_first(contact, request, value, second, now, out).err()
            }
            Err(refusal) => Some(refusal),
        };
        if let Some(refusal) = refusal {
            let asker = Asker::of(&self.device, contact);
            let line = self.journal.refused(&self.device, asker, actuator, &refusal, now);
            out.extend(line.map(|line| Effect::Log(Level::Info, line)));
            self.answer(ticket, Err(refusal), now, out);
        }
    }

    pub(super) fn answer(&mut self, ticket: Ticket, result: Result<Outcome, Refusal>, now: Now, out: &mut Vec<Effect>) {
        let Some(Errand { actuator, door, witness }) = self.errands.remove(&ticket) else { return };
        for door in [Some(door), witness].into_iter().flatten() {
            if let Door::Hub { place, .. } = &door {
                let lines = self.hubs.settled(&scene!(self, now), *place, actuator, &result);
                self.send_lines(lines, out);
                continue;
            }
            if let Door::Control { by, to, set } = &door {
                let answer = self.settle(*set, actuator, &result, now);
                out.extend(answer.filter(|_| self.rooms.is_still(by, to)).map(Effect::Send));
                continue;
            }
            let id = self.fresh_id();
            let scene = scene!(self, now);
            out.extend(door.answer(&scene, &self.rooms, actuator, &result, id).map(Effect::Send));
        }
    }
}
