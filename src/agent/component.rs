//! The device as a component of a server (XEP-0114): nobody else sorts out what is for it, keeps its subscriptions or
//! spreads its presence.

use std::collections::BTreeSet;

use jid::{BareJid, Jid};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType};

use super::{Agent, Effect, scene};
use crate::control::recognise;
use crate::model::{Device, Now, Speaks};
use crate::xmpp::component::{self, Addresses, Place};
use crate::xmpp::iq::{self, Reply, Verb};
use crate::xmpp::rate::Pass;
use crate::xmpp::roster::{self, Roster};

/// What it remembers of others.
#[derive(Debug, Default)]
pub(super) struct Component {
    addresses: Addresses,
    /// Contacts that were asked for their presence in this run: people are not asked twice.
    asked: BTreeSet<BareJid>,
}

impl Agent {
    /// The last presences: gone on purpose, not lost.
    pub fn farewell(&mut self) -> Vec<Stanza> {
        let presences = self.dashboard.farewell(&self.device).into_iter().map(Stanza::from);
        if !self.device.is_component() {
            return presences.collect();
        }
        let me = self.me.as_ref().unwrap_or(&self.device.account().jid);
        let mut last: Vec<Stanza> = presences.chain(self.rooms.farewell()).collect();
        last.iter_mut().for_each(|stanza| self.component.addresses.sign(stanza, me));
        last
    }

    /// What is not for the device, and what a server would do for it. True if that was all.
    pub(super) fn as_component(&mut self, stanza: &Stanza, now: Now, out: &mut Vec<Effect>) -> bool {
        if !self.device.is_component() {
            return false;
        }
        let (from, to) = match stanza {
            Stanza::Message(message) => (&message.from, &message.to),
            Stanza::Presence(presence) => (&presence.from, &presence.to),
            Stanza::Iq(
                Iq::Get { from, to, .. }
                | Iq::Set { from, to, .. }
                | Iq::Result { from, to, .. }
                | Iq::Error { from, to, .. },
            ) => (from, to),
        };
        // The server names both (XEP-0114 section 4).
        let (Some(from), Some(to)) = (from, to) else { return true };
        let place = Place::of(&self.device, to);
        match stanza {
            Stanza::Iq(Iq::Get { id, payload, .. }) => self.asked(place, Verb::Get, (from, id, to), payload, now, out),
            Stanza::Iq(Iq::Set { id, payload, .. }) => self.asked(place, Verb::Set, (from, id, to), payload, now, out),
            Stanza::Presence(presence) => self.presence_for(presence, from, to, now, out),
            // Words to another resource are for the device all the same (RFC 6121 section 8.5.3.2.1).
            Stanza::Message(_) => to.to_bare() != self.device.account().jid.to_bare(),
            Stanza::Iq(_) => place != Place::Device,
        }
    }

    /// What stands instead of the roster: everybody is told, and people are asked where they are.
    pub(super) fn look_around(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.introduce(now, out);
        for (_, contact) in self.device.contacts().filter(|(_, contact)| contact.speaks == Speaks::Words) {
            out.push(Effect::Send(component::probe(&contact.jid)));
            // The server of somebody who has agreed before answers by itself.
            if self.component.asked.insert(contact.jid.clone()) {
                out.push(Effect::Send(roster::directed(Type::Subscribe, &contact.jid)));
            }
        }
    }

    /// Contacts of the last config that are none any more.
    pub(super) fn dismiss_those_of(&mut self, old: &Device, out: &mut Vec<Effect>) {
        if !old.is_component() || self.me.is_none() {
            return;
        }
        for (_, contact) in old.contacts().filter(|(_, contact)| self.device.contact_of(&contact.jid).is_none()) {
            let end = |type_| Effect::Send(roster::directed(type_, &contact.jid));
            out.extend([Type::Unavailable, Type::Unsubscribed, Type::Unsubscribe].map(end));
        }
    }

    /// Puts our addresses on what goes out.
    pub(super) fn sign(&mut self, out: &mut [Effect]) {
        let me = self.me.as_ref().unwrap_or(&self.device.account().jid);
        for effect in out {
            if let Effect::Send(stanza) = effect {
                self.component.addresses.sign(stanza, me);
            }
        }
    }

    fn asked(
        &mut self,
        place: Place,
        verb: Verb,
        (from, id, to): (&Jid, &str, &Jid),
        payload: &Element,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> bool {
        self.component.addresses.asked(from, id, to);
        if place == Place::Device {
            return false;
        }
        let Some(contact) = self.behind(from) else {
            if self.is_worth_refusing(from, now, out) {
                out.push(Effect::Send(iq::refuse(Some(from.clone()), id.to_owned(), iq::nothing_here()).into()));
            }
            return true;
        };
        let reply = match self.pair(contact, verb).take(now.mono) {
            Pass::Yes if place == Place::Domain => component::domain(&self.device, verb, payload.clone()),
            Pass::Yes => Reply::Error(iq::nothing_here()),
            _ => Reply::Error(iq::plain_error(ErrorType::Wait, DefinedCondition::PolicyViolation)),
        };
        let answer = match reply {
            Reply::Result(payload) => iq::result(Some(from.clone()), id.to_owned(), payload),
            Reply::Error(error) => iq::refuse(Some(from.clone()), id.to_owned(), error),
            _ => return true,
        };
        out.push(Effect::Send(answer.into()));
        true
    }

    /// RFC 6121 sections 3 and 4.3, from the side of the server.
    fn presence_for(&mut self, presence: &Presence, from: &Jid, to: &Jid, now: Now, out: &mut Vec<Effect>) -> bool {
        let wants_ours = matches!(presence.type_, Type::Subscribe | Type::Probe);
        if to.to_bare() != self.device.account().jid.to_bare() {
            if wants_ours && self.is_worth_refusing(from, now, out) {
                let refusal = Presence { from: Some(to.clone()), ..Presence::new(Type::Unsubscribed) };
                out.push(Effect::Send(refusal.with_to(from.to_bare()).into()));
            }
            return true;
        }
        if self.rooms.room_of(from).is_some() {
            return false;
        }
        let scene = scene!(self, now);
        let Some(asker) = recognise(scene.device, from) else {
            if presence.type_ == Type::Probe && self.stranger(from, "looks for us", now, out) {
                out.push(Effect::Send(Roster::turn_away(from)));
            }
            // Who wants to subscribe is turned away as everywhere.
            return presence.type_ != Type::Subscribe;
        };
        let contact = asker.contact();
        match presence.type_ {
            Type::Probe => out.push(Effect::Send(self.dashboard.answer(&scene, asker).into())),
            Type::Subscribe => {
                out.push(Effect::Send(roster::directed(Type::Subscribed, &contact.jid)));
                out.push(Effect::Send(self.dashboard.answer(&scene, asker).into()));
            }
            Type::Unsubscribe => out.push(Effect::Send(self.dashboard.dismiss(asker).into())),
            _ => return false,
        }
        true
    }
}
