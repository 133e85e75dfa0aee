//! What machines ask for by XEP-0323 and XEP-0325, and what they are told.

use jid::Jid;
use xmpp_parsers::message::Message;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stanza_error::StanzaError;

use super::{Agent, Door, Effect, Errand, scene};
use crate::control::{Asker, Outcome, Refusal, Request, Ticket};
use crate::model::{ActuatorId, ContactId, Now};
use crate::xmpp::iot::{ControlFault, set};
use crate::xmpp::journal::Level;
use crate::xmpp::rate::Pass;

impl Agent {
    /// A control request in an IQ, understood and within the asker's rights: all of it or nothing.
    ///
    /// # Errors
    /// Why nothing moves.
    pub(super) fn move_all(
        &mut self,
        contact: ContactId,
        moves: set::Moves,
        to: Jid,
        id: Option<String>,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Result<(), ControlFault> {
        let first = self.tickets + 1;
        self.tickets += moves.len() as u64;
        let requests: Vec<Request> = (first..)
            .zip(moves)
            .map(|(number, (actuator, wish))| Request { ticket: Ticket(number), actuator, wish })
            .collect();
        let asker = Asker::of(&self.device, contact);
        let drives = self.control.request_all(asker, &requests, now).map_err(|(actuator, refusal)| {
            let line = self.journal.refused(&self.device, asker, actuator, &refusal, now);
            out.extend(line.map(|line| Effect::Log(Level::Info, line)));
            ControlFault::refused(&self.device, actuator, &refusal)
        })?;
        let by = self.device.contact(contact).jid.clone();
        let set = id.map(|id| self.sets.open(to.clone(), id, requests.len()));
        for request in requests {
            let door = match set {
                Some(set) => Door::Control { by: by.clone(), to: to.clone(), set },
                None => Door::Silent { by: by.clone() },
            };
            self.errands.insert(request.ticket, Errand { actuator: request.actuator, door, witness: None });
        }
        out.extend(drives.into_iter().map(Effect::Drive));
        Ok(())
    }

    /// One actuator of a control request has answered, or was not let through after all. The answer, if it was the last.
    pub(super) fn settle(
        &mut self,
        set: u64,
        actuator: ActuatorId,
        result: &Result<Outcome, Refusal>,
        now: Now,
    ) -> Option<Stanza> {
        let fault = match result {
            Ok(outcome) => ControlFault::of_outcome(&scene!(self, now), actuator, outcome),
            Err(refusal) => Some(ControlFault::refused(&self.device, actuator, refusal)),
        };
        self.sets.settled(set, fault)
    }

    /// A control request in a message: nobody is told what becomes of it, but the log knows.
    pub(super) fn quietly_set(
        &mut self,
        contact: ContactId,
        from: Jid,
        payload: Element,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        match set::moves(Asker::of(&self.device, contact), payload) {
            Ok(moves) => drop(self.move_all(contact, moves, from, None, now, out)),
            Err(fault) => out.push(Effect::Log(Level::Debug, format!("{from} is not told: {fault}"))),
        }
    }

    /// Readings cost as many questions as they take messages: a thousand points are not one answer.
    pub(super) fn read_out(
        &mut self,
        contact: ContactId,
        messages: Vec<Message>,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> bool {
        let bucket = &mut self.buckets[contact.index()].1;
        if !(1..messages.len()).all(|_| bucket.take(now.mono) == Pass::Yes) {
            return false;
        }
        for mut message in messages {
            message.id = Some(xmpp_parsers::message::Id(self.fresh_id()));
            out.push(Effect::Send(message.into()));
        }
        true
    }

    /// What the publisher has to say, now that everything else is done.
    pub(super) fn publish(&mut self, now: Now, out: &mut Vec<Effect>) {
        if !self.is_talking() {
            return;
        }
        let (mut count, seed) = (self.count, self.seed);
        let scene = scene!(self, now);
        let (requests, line) = self.publisher.pump(&scene, || {
            count += 1;
            super::id(seed, count)
        });
        self.count = count;
        out.extend(line.map(|line| Effect::Log(Level::Warn, line)));
        out.extend(requests.into_iter().map(|iq| Effect::Send(iq.into())));
    }

    /// An answer that may be to one of the publisher's requests.
    pub(super) fn published(
        &mut self,
        from: Option<&Jid>,
        id: &str,
        answer: Result<Option<Element>, &StanzaError>,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        if !self.publisher.awaits(id, from, &self.device.account().jid.to_bare()) {
            return;
        }
        let scene = scene!(self, now);
        let line = self.publisher.answered(&scene, id, answer);
        out.extend(line.map(|line| Effect::Log(Level::Warn, line)));
    }

    /// Readouts whose time has come. While the server is out of reach they wait.
    pub(super) fn read_out_due(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.me.is_none() || self.queue.deadline().is_none_or(|at| at > now.mono) {
            return;
        }
        let scene = scene!(self, now);
        let due = self.queue.due(&scene);
        for (contact, messages, failure) in due {
            if !self.read_out(contact, messages, now, out) {
                self.read_out(contact, vec![failure], now, out);
            }
        }
    }
}
