//! Questions before an actuator goes on: asked where the wish came from or of others, answered with a number.

use jid::Jid;
use xmpp_parsers::message::MessageType;

use super::{Agent, Door, Effect, Errand};
use crate::control::{Asker, Question, Refusal, Request, Verdict, Wish, seconds};
use crate::model::{ContactId, Now, Value};
use crate::xmpp::journal::Level;
use crate::xmpp::{adhoc, iq, message, words};

impl Agent {
    /// A wish needs a yes: asks for it, or refuses if there is nobody to ask.
    pub(super) fn ask_first(
        &mut self,
        contact: ContactId,
        request: Request,
        value: Value,
        second: bool,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let Request { ticket, actuator, wish } = request;
        let wish = if wish == Wish::Toggle { Wish::Set(value) } else { wish };
        if self
            .errands
            .get(&ticket)
            .is_none_or(|errand| !matches!(errand.door, Door::Chat { .. } | Door::Room { .. } | Door::Form { .. }))
        {
            // A machine cannot answer.
            return Err(Refusal::Unconfirmed { value, second });
        }
        let Some(errand) = self.errands.remove(&ticket) else { return Ok(()) };
        let online = self.dashboard.online();
        let others: Vec<Jid> = seconds(&self.device, contact, actuator)
            .filter(|other| second && online.contains(&other.id()))
            .map(|other| other.jid().clone().into())
            .collect();
        if second && others.is_empty() {
            self.errands.insert(ticket, errand);
            return Err(Refusal::NobodyElse);
        }
        let session = match &errand.door {
            Door::Form { session, .. } if !second => Some(session.clone()),
            _ => None,
        };
        self.count += 1;
        let chance = super::id::mix(self.seed, self.count);
        let question = Question { actuator, wish, value, asker: contact, second, ticket, session };
        let what = words::wish(&self.device, &question);
        let (number, gone) = self.questions.ask(question, chance, now.mono);
        self.withdraw(gone, Refusal::Declined, now, out);

        let who = self.device.contact(contact).jid.clone();
        out.push(Effect::Log(Level::Info, format!("{what}: {who} wants it, and is to be confirmed")));
        for other in &others {
            let text = words::second_question(&who, &what, number);
            let id = self.fresh_id();
            out.push(Effect::Send(message::write(other.clone(), MessageType::Chat, id, text).into()));
        }
        let id = self.fresh_id();
        let told = words::asked_others(&what, others.len());
        let door = match errand.door {
            Door::Form { by, to, id, node, session } if second => {
                let element = adhoc::finished(node, session, true, told);
                out.push(Effect::Send(iq::result(Some(to.clone()), id, Some(element)).into()));
                // The command is over; what becomes of it is told by chat.
                match by == to.to_bare() {
                    true => Door::Chat { to, type_: MessageType::Chat, thread: None },
                    false => Door::Room { by, to, nick: None },
                }
            }
            Door::Form { to, id, node, session, .. } => {
                self.sessions.reopen(&session, &to, &node, now.mono);
                let element = adhoc::question(node, session, words::question(&what));
                out.push(Effect::Send(iq::result(Some(to), id, Some(element)).into()));
                // The next step of the command opens the next door.
                return Ok(());
            }
            machine @ (Door::Hub { .. } | Door::Control { .. } | Door::Silent { .. }) => machine,
            door @ (Door::Chat { .. } | Door::Room { .. }) => {
                let text = if second { told } else { words::numbered_question(&what, number) };
                out.extend(door.clone().say(&self.device, &self.rooms, id, text).map(Effect::Send));
                door
            }
        };
        self.errands.insert(ticket, Errand { actuator, door, witness: None });
        Ok(())
    }

    /// Somebody has said a number, or yes without one. The answer, unless it follows from the hardware.
    pub(super) fn confirm(
        &mut self,
        contact: ContactId,
        number: Option<u16>,
        door: Door,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Option<String> {
        let by = door.asker_as(&self.device, &self.rooms, contact);
        let Some(number) = number else {
            let known = self.questions.any_for(by);
            return Some(if known { "Answer with the number, please." } else { words::NO_QUESTION }.to_owned());
        };
        match self.questions.answer(by, number, now.mono) {
            Verdict::Yes(question) => {
                self.confirmed(contact, question, door, now, out);
                None
            }
            Verdict::NotYours(actuator, refusal) => {
                let line = self.journal.refused(&self.device, by, actuator, &refusal, now);
                out.extend(line.map(|line| Effect::Log(Level::Info, line)));
                Some(format!("{}: {refusal}", self.device.actuator(actuator).label.text))
            }
            Verdict::Wrong(gone) => {
                let withdrawn = !gone.is_empty();
                self.withdraw(gone, Refusal::Declined, now, out);
                Some(if withdrawn { "That was wrong too often; nothing has moved." } else { "Not that number." }.into())
            }
            Verdict::Nothing => Some(words::NO_QUESTION.to_owned()),
        }
    }

    /// The second step of a command.
    pub(super) fn confirm_step(
        &mut self,
        contact: ContactId,
        session: &str,
        yes: bool,
        door: Door,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let question = self.questions.of_session(session, Asker::of(&self.device, contact));
        match question {
            Some(question) if yes => self.confirmed(contact, question, door, now, out),
            question => {
                let refusal = if question.is_some() { Refusal::Declined } else { Refusal::NotConfirmed };
                let Door::Form { to, id, node, session, .. } = door else { return };
                let element = adhoc::finished(node, session, false, refusal.to_string());
                out.push(Effect::Send(iq::result(Some(to), id, Some(element)).into()));
            }
        }
    }

    /// Somebody has said no.
    pub(super) fn decline(&mut self, contact: ContactId, now: Now, out: &mut Vec<Effect>) -> Option<String> {
        let gone = self.questions.decline(Asker::of(&self.device, contact));
        let Some(first) = gone.first() else { return Some(words::NO_QUESTION.to_owned()) };
        // Who asked hears it as the answer to its wish.
        let text = (first.asker != contact).then(|| "Well, it stays as it is.".to_owned());
        let who = &self.device.contact(contact).jid;
        out.push(Effect::Log(Level::Info, format!("{}: {who} said no", words::wish(&self.device, first))));
        self.withdraw(gone, Refusal::Declined, now, out);
        text
    }

    /// Questions that will not be answered any more.
    pub(super) fn withdraw(&mut self, gone: Vec<Question>, why: Refusal, now: Now, out: &mut Vec<Effect>) {
        for question in gone {
            let asker = Asker::of(&self.device, question.asker);
            let line = self.journal.refused(&self.device, asker, question.actuator, &why, now);
            out.extend(line.map(|line| Effect::Log(Level::Info, line)));
            self.answer(question.ticket, Err(why.clone()), now, out);
        }
    }

    fn confirmed(&mut self, witness: ContactId, question: Question, door: Door, now: Now, out: &mut Vec<Effect>) {
        let Question { actuator, wish, asker, ticket, .. } = question;
        // Who confirms what it asked itself has its answer there; somebody else gets one besides.
        let errand = match self.errands.remove(&ticket) {
            Some(errand) if witness != asker => Errand { witness: Some(door), ..errand },
            _ => Errand { actuator, door, witness: None },
        };
        self.errands.insert(ticket, errand);
        let (asker, witness) = (Asker::of(&self.device, asker), Asker::of(&self.device, witness));
        match self.control.confirmed(asker, witness, &Request { ticket, actuator, wish }, now) {
            Ok(drive) => out.push(Effect::Drive(drive)),
            Err(refusal) => {
                let line = self.journal.refused(&self.device, asker, actuator, &refusal, now);
                out.extend(line.map(|line| Effect::Log(Level::Info, line)));
                self.answer(ticket, Err(refusal), now, out);
            }
        }
    }

    /// Questions whose time is up.
    pub(super) fn expire(&mut self, now: Now, out: &mut Vec<Effect>) {
        let gone = self.questions.expired(now.mono);
        self.withdraw(gone, Refusal::NotConfirmed, now, out);
    }
}
