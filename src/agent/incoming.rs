//! Stanzas that come in: sorted by who sent them before anything else is looked at.

use std::time::Duration;

use jid::{BareJid, Jid};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::message::{Id, Message};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType};

use super::{Agent, Door, Effect, scene};
use crate::control::{Asker, recognise};
use crate::model::{ContactId, Now, Speaks};
use crate::xmpp::iq::{self, Caller, Reply, Turn, Verb};
use crate::xmpp::journal::Level;
use crate::xmpp::message::Incoming;
use crate::xmpp::rate::{Bucket, Pass};
use crate::xmpp::roster::Roster;
use crate::xmpp::{adhoc, message, receipts, words};

/// Between two answers to one contact's late messages.
const LATE_GAP: Duration = Duration::from_secs(30);
const TOO_FAST: &str = "Too many commands; wait a minute.";

impl Agent {
    pub(super) fn stanza(&mut self, stanza: Stanza, now: Now, out: &mut Vec<Effect>) {
        if self.as_component(&stanza, now, out) {
            return;
        }
        match stanza {
            Stanza::Message(message) => self.message(message, now, out),
            Stanza::Presence(presence) => self.presence(presence, now, out),
            Stanza::Iq(Iq::Get { from, id, payload, .. }) => self.iq(Verb::Get, from, id, payload, now, out),
            Stanza::Iq(Iq::Set { from, id, payload, .. }) => self.iq(Verb::Set, from, id, payload, now, out),
            Stanza::Iq(Iq::Result { from, id, payload, .. }) => self.result(from.as_ref(), &id, payload, now, out),
            Stanza::Iq(Iq::Error { from, id, error, .. }) => {
                self.room_error(from.as_ref(), &id, &error, now);
                self.published(from.as_ref(), &id, Err(&error), now, out);
            }
        }
    }

    fn message(&mut self, message: Message, now: Now, out: &mut Vec<Effect>) {
        let Some(from) = message.from.clone() else { return };
        if self.room_message(&message, &from, now, out) {
            return;
        }
        let Some(contact) = recognise(&self.device, &from).map(|asker| asker.id()) else {
            if !matches!(message::sort(&message), Incoming::Other) {
                self.stranger(&from, "wrote to us", now, out);
            }
            return;
        };
        let sorted = message::sort(&message);
        if sorted == Incoming::Other {
            return;
        }
        match self.buckets[contact.index()].0.take(now.mono) {
            Pass::Yes => {}
            Pass::FirstNo => {
                out.push(Effect::Log(Level::Warn, format!("{from} is too fast; ignored for now")));
                return match self.device.contact(contact).speaks {
                    // Nobody waits for an answer to these.
                    _ if matches!(sorted, Incoming::Control(_)) => {}
                    Speaks::Words => self.say(Door::of(&message, from), TOO_FAST.to_owned(), out),
                    _ => self.hub_is_refused(contact, &from, "too many commands; wait a minute", now, out),
                };
            }
            Pass::No => return,
        }
        out.extend(receipts::answer(&message, &from).map(|receipt| Effect::Send(receipt.into())));
        let speaks = self.device.contact(contact).speaks;
        if let (Incoming::Words(words), Some(Id(id))) = (&sorted, &message.id)
            && self.seen.again(&from, id, words, now.mono)
        {
            return;
        }
        if let Incoming::Control(set) = sorted {
            let (set, id) = (set.clone(), message.id.as_ref());
            let words = String::from(&set);
            if !id.is_some_and(|Id(id)| self.seen.again(&from, id, &words, now.mono)) {
                self.quietly_set(contact, from, set, now, out);
            }
            return;
        }
        if speaks != Speaks::Words {
            return self.hub(contact, &from, &sorted, now, out);
        }
        match sorted {
            Incoming::Other | Incoming::Control(_) => {}
            Incoming::Words(words) => self.spoken(contact, words, Door::of(&message, from), now, out),
            Incoming::Late(words) => {
                // After a long absence there may be many; one word for all of them is enough.
                let told = &mut self.late[contact.index()];
                if told.is_some_and(|at| now.mono.since(at) < LATE_GAP) {
                    return;
                }
                *told = Some(now.mono);
                let quoted: String = words.trim().chars().take(40).collect();
                let text = format!("“{quoted}” came late, so I did nothing. What you still want, say again.");
                self.say(Door::of(&message, from), text, out);
            }
            Incoming::Corrected => {
                self.say(
                    Door::of(&message, from),
                    "I do not run corrections. Send it as a new message.".to_owned(),
                    out,
                );
            }
            Incoming::Encrypted => {
                let text = "I cannot read end-to-end encrypted messages. Turn encryption off for this chat.";
                self.say(Door::of(&message, from), text.to_owned(), out);
            }
        }
    }

    fn presence(&mut self, presence: Presence, now: Now, out: &mut Vec<Effect>) {
        if self.room_presence(&presence, now, out) {
            return;
        }
        let Some(from) = presence.from else { return };
        let own = self.device.account().jid.to_bare();
        let Some(asker) = recognise(&self.device, &from) else {
            if presence.type_ == Type::Subscribe
                && from.to_bare() != own
                && self.stranger(&from, "wants our presence", now, out)
            {
                out.push(Effect::Send(Roster::turn_away(&from)));
            }
            return;
        };
        match presence.type_ {
            Type::Subscribe => out.extend(self.roster.welcome(asker.contact()).into_iter().map(Effect::Send)),
            Type::None | Type::Unavailable | Type::Error => {
                let scene = scene!(self, now);
                let Some(asker) = recognise(scene.device, &from) else { return };
                let greeting = self.dashboard.follow(&scene, &self.roster, asker, &from, presence.type_ == Type::None);
                out.extend(greeting.map(|presence| Effect::Send(presence.into())));
                let id = asker.id();
                let online = self.dashboard.online().contains(&id);
                let events = self.automation.contact(&self.device, &self.control, id, online, now);
                self.automate(events, now, out);
            }
            _ => {}
        }
    }

    fn iq(&mut self, verb: Verb, from: Option<Jid>, id: String, payload: Element, now: Now, out: &mut Vec<Effect>) {
        let own = self.device.account().jid.to_bare();
        if !self.device.is_component()
            && verb == Verb::Set
            && payload.is("query", ns::ROSTER)
            && from_account(from.as_ref(), &own)
        {
            // RFC 6121 section 2.1.6: a push from anybody else is to be ignored; below it gets an error.
            out.push(Effect::Send(iq::result(from, id, None).into()));
            return out.extend(self.roster.pushed(&self.device, payload).into_iter().map(Effect::Send));
        }
        let contact: Option<ContactId> = from.as_ref().and_then(|from| self.behind(from));
        if let Some(contact) = contact
            && self.pair(contact, verb).take(now.mono) != Pass::Yes
        {
            let error = iq::error(ErrorType::Wait, DefinedCondition::PolicyViolation, TOO_FAST);
            return out.push(Effect::Send(iq::refuse(from, id, error).into()));
        }
        let mut scene = scene!(self, now);
        let place = from.as_ref().and_then(|from| self.rooms.place_of(from));
        // Through a room we go by the address we have there: a client runs the command where the list says it is.
        scene.me = place.as_ref().unwrap_or(scene.me);
        let caller = match &from {
            Some(from) => match contact.map(|id| Asker::of(scene.device, id)) {
                Some(asker) => Caller::Contact(self.rooms.inside(asker, from), from),
                // ejabberd asks for our capabilities in our own name.
                None if is_server(from, &own) || self.me.as_ref().is_some_and(|me| *me == *from) => Caller::Server,
                None => {
                    if self.is_worth_refusing(from, now, out) {
                        let refusal = iq::refuse(Some(from.clone()), id, iq::nothing_here());
                        out.push(Effect::Send(refusal.into()));
                    }
                    return;
                }
            },
            None => Caller::Server,
        };
        let mut turn = Turn { scene, sessions: &mut self.sessions, queue: &mut self.queue };
        match iq::dispatch(&mut turn, &caller, verb, payload) {
            Reply::Result(payload) => out.push(Effect::Send(iq::result(from, id, payload).into())),
            Reply::Error(error) => out.push(Effect::Send(iq::refuse(from, id, error).into())),
            Reply::Later { actuator, wish, node, session } => {
                let (Some(contact), Some(to)) = (contact, from) else { return };
                let by = self.device.contact(contact).jid.clone();
                self.request(contact, actuator, wish, Door::Form { by, to, id, node, session }, now, out);
            }
            Reply::Acknowledge { alarms, node, session } => {
                let (Some(contact), Some(to)) = (contact, from) else { return };
                let (well, text) = match self.acknowledge(contact, &alarms, now, out) {
                    Ok(text) => (true, text),
                    Err(text) => (false, text),
                };
                let element = adhoc::finished(node, session, well, text);
                out.push(Effect::Send(iq::result(Some(to), id, Some(element)).into()));
            }
            Reply::LeaveSafeMode { node, session } => {
                let (Some(contact), Some(to)) = (contact, from) else { return };
                let by = self.device.contact(contact).jid.clone();
                let element = adhoc::finished(node, session, true, words::SAFE_MODE_OVER.to_owned());
                out.push(Effect::Send(iq::result(Some(to), id, Some(element)).into()));
                self.leave_safe_mode(&by, now, out);
            }
            Reply::Confirm { yes, node, session } => {
                let (Some(contact), Some(to)) = (contact, from) else { return };
                let by = self.device.contact(contact).jid.clone();
                let door = Door::Form { by, to, id, node, session: session.clone() };
                self.confirm_step(contact, &session, yes, door, now, out);
            }
            Reply::Then(payload, messages) => {
                let Some(contact) = contact else { return };
                let mut after = Vec::new();
                if self.read_out(contact, messages, now, &mut after) {
                    out.push(Effect::Send(iq::result(from, id, Some(payload)).into()));
                    return out.extend(after);
                }
                let error = iq::error(ErrorType::Wait, DefinedCondition::PolicyViolation, TOO_FAST);
                out.push(Effect::Send(iq::refuse(from, id, error).into()));
            }
            Reply::Moves(moves) => {
                let (Some(contact), Some(to)) = (contact, from) else { return };
                if let Err(fault) = self.move_all(contact, moves, to.clone(), Some(id.clone()), now, out) {
                    let refusal = iq::refuse_with(Some(to), id, fault.error(), fault.draft());
                    out.push(Effect::Send(refusal.into()));
                }
            }
            Reply::Refused(error, payload) => {
                out.push(Effect::Send(iq::refuse_with(from, id, error, payload).into()));
            }
        }
    }

    /// Questions and commands are counted apart: a client that browses must not use up the `pump off`.
    pub(super) fn pair(&mut self, contact: ContactId, verb: Verb) -> &mut Bucket {
        let (commands, queries) = &mut self.buckets[contact.index()];
        if verb == Verb::Get { queries } else { commands }
    }

    fn result(&mut self, from: Option<&Jid>, id: &str, payload: Option<Element>, now: Now, out: &mut Vec<Effect>) {
        if self.rooms.answered(id, None, now.mono) {
            return;
        }
        let own = self.device.account().jid.to_bare();
        if self.publisher.awaits(id, from, &own) {
            self.published(from, id, Ok(payload), now, out);
            return;
        }
        if !self.roster.awaits(id) || !from_account(from, &own) {
            return;
        }
        let (mut count, seed) = (self.count, self.seed);
        let stanzas = self.roster.fetched(&self.device, payload, || {
            count += 1;
            super::id(seed, count)
        });
        self.count = count;
        out.extend(stanzas.into_iter().map(Effect::Send));
        self.introduce(now, out);
    }

    /// Somebody the config does not name did something. True if it is worth an answer at all: strangers share
    /// one small allowance, so that they cannot make the device talk.
    pub(super) fn stranger(&mut self, from: &Jid, what: &str, now: Now, out: &mut Vec<Effect>) -> bool {
        match self.strangers.take(now.mono) {
            Pass::Yes => {
                let line = match self.stranger_lines.take(now.mono) {
                    Pass::Yes => Some(format!("{from} {what}, but is not a contact; ignored")),
                    Pass::FirstNo => Some(format!("{from} {what}, but is not a contact; more like this is not logged")),
                    Pass::No => None,
                };
                out.extend(line.map(|line| Effect::Log(Level::Info, line)));
                true
            }
            Pass::FirstNo => {
                out.push(Effect::Log(Level::Warn, "too many strangers; not answering them for now".to_owned()));
                false
            }
            Pass::No => false,
        }
    }
}

/// Our own account speaks without an address or with our bare one.
fn from_account(from: Option<&Jid>, own: &BareJid) -> bool {
    from.is_none_or(|from| from.resource().is_none() && from.to_bare() == *own)
}

/// Our own account or our own domain.
fn is_server(from: &Jid, own: &BareJid) -> bool {
    from_account(Some(from), own)
        || (from.node().is_none() && from.resource().is_none() && from.domain() == own.domain())
}
