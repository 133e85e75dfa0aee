//! What hubs say and are told ([`crate::xmpp::hub`]), in and out of the agent.

use jid::Jid;

use super::{Agent, Door, Effect, scene};
use crate::control::Asker;
use crate::model::{ContactId, Now, PointId};
use crate::xmpp::hub::{self, Ask, Line, Question};
use crate::xmpp::message::{self, Incoming};

impl Agent {
    /// A message of a hub. Each that is words gets an answer, in its turn.
    pub(super) fn hub(
        &mut self,
        contact: ContactId,
        from: &Jid,
        message: &Incoming<'_>,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        if matches!(message, Incoming::Words(text) | Incoming::Late(text) if hub::is_told(text)) {
            return;
        }
        let speaks = self.device.contact(contact).speaks;
        let question = |text: &str| speaks.understand(Asker::of(&self.device, contact), text);
        match message {
            Incoming::Other | Incoming::Control(_) => {}
            Incoming::Words(text) => {
                let question = question(text);
                self.ask(contact, from, question, now, out);
            }
            // What came late is not done; the answer says so under the name the hub gave it.
            Incoming::Late(text) => {
                let mut question = question(text);
                let about = self.about(&question.ask);
                question.ask = Ask::Wrong { about, reason: "it came late, so nothing was done".to_owned() };
                self.ask(contact, from, question, now, out);
            }
            Incoming::Corrected => self.hub_is_refused(contact, from, "corrections are not run", now, out),
            Incoming::Encrypted => self.hub_is_refused(contact, from, "encrypted messages cannot be read", now, out),
        }
    }

    /// Answers a hub that its message was not for us.
    pub(super) fn hub_is_refused(
        &mut self,
        contact: ContactId,
        from: &Jid,
        reason: &str,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let ask = Ask::Wrong { about: None, reason: reason.to_owned() };
        self.ask(contact, from, ask.into(), now, out);
    }

    /// Tells the hubs everything, or what they have missed.
    pub(super) fn tell_hubs(&mut self, resumed: bool, now: Now, out: &mut Vec<Effect>) {
        let lines = self.hubs.online(&scene!(self, now), resumed);
        self.send_lines(lines, out);
    }

    /// Tells the hubs of something that is no state.
    pub(super) fn tell_hubs_of(
        &mut self,
        point: PointId,
        alarm: Option<&str>,
        what: &str,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        if self.is_talking() {
            let lines = self.hubs.happened(&scene!(self, now), point, alarm, what);
            self.send_lines(lines, out);
        }
    }

    pub(super) fn send_lines(&mut self, lines: Vec<Line>, out: &mut Vec<Effect>) {
        for (to, text) in lines {
            let id = self.fresh_id();
            out.push(Effect::Send(message::passing(to, id, text).into()));
        }
    }

    fn ask(&mut self, contact: ContactId, from: &Jid, question: Question, now: Now, out: &mut Vec<Effect>) {
        let asker = Asker::of(&self.device, contact);
        let Some(place) = self.hubs.ask(from, asker, &question) else { return };
        match question.ask {
            Ask::Move(actuator, wish) => {
                self.request(contact, actuator, wish, Door::Hub { from: from.clone(), place }, now, out);
            }
            _ => {
                let lines = self.hubs.tell(&scene!(self, now), place);
                self.send_lines(lines, out);
            }
        }
    }

    fn about(&self, ask: &Ask) -> Option<String> {
        match ask {
            Ask::Get(point) => Some(self.device.label(*point).name.clone()),
            Ask::Move(actuator, _) => Some(self.device.actuator(*actuator).label.name.clone()),
            Ask::Sync => Some("sync".to_owned()),
            Ask::Wrong { about, .. } => about.clone(),
        }
    }
}
