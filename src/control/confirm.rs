//! Questions that a person must answer before an actuator goes on: each with a number, for 30 s. The number says which
//! question is meant and that somebody has read it; the right to answer comes from the contact's role.

use std::time::Duration;

use super::{Asker, By, Refusal, Ticket, Wish};
use crate::model::{ActuatorId, ContactId, Device, Moment, Speaks, Value};

/// How long a question stands.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Wrong numbers after which a question is withdrawn.
const TRIES: u8 = 3;
/// Questions open at the same time; the oldest goes first.
const MOST: usize = 16;

/// A question under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What shall move.
    pub actuator: ActuatorId,
    /// How; what toggles has been decided when it was asked.
    pub wish: Wish,
    /// Where it goes then.
    pub value: Value,
    /// Who asked for it.
    pub asker: ContactId,
    /// Somebody else must answer.
    pub second: bool,
    /// The request that waits for the answer.
    pub ticket: Ticket,
    /// The command session it was asked in, if it is answered there.
    pub session: Option<String>,
}

/// What a number meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// This is confirmed.
    Yes(Question),
    /// It is a question, but not one this contact can answer.
    NotYours(ActuatorId, Refusal),
    /// A wrong number. These questions have had too many of them and are withdrawn.
    Wrong(Vec<Question>),
    /// There is no question this contact could answer.
    Nothing,
}

/// The questions under way.
#[derive(Debug, Default)]
pub struct Questions {
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    number: u16,
    until: Moment,
    wrong: u8,
    question: Question,
}

impl Questions {
    /// Asks. The number to answer with, made from `chance`, and the questions that this one takes the place of.
    pub fn ask(&mut self, question: Question, chance: u64, now: Moment) -> (u16, Vec<Question>) {
        let same = |open: &Open| open.question.actuator == question.actuator && open.question.asker == question.asker;
        let mut gone = self.take(same);
        if self.open.len() >= MOST {
            gone.push(self.open.remove(0).question);
        }
        let numbers = (0..9000).map(|n| 1000 + ((chance % 9000) as u16 + n) % 9000);
        let number = numbers.into_iter().find(|n| self.open.iter().all(|open| open.number != *n)).unwrap_or(1000);
        self.open.push(Open { number, until: now + ANSWER_WITHIN, wrong: 0, question });
        (number, gone)
    }

    /// A contact has said a number.
    pub fn answer(&mut self, by: Asker<'_>, number: u16, now: Moment) -> Verdict {
        let Some(at) = self.open.iter().position(|open| open.number == number && open.until > now) else {
            let mut found = false;
            for open in self.open.iter_mut().filter(|open| may_answer(by, &open.question).is_ok()) {
                (open.wrong, found) = (open.wrong + 1, true);
            }
            return if found { Verdict::Wrong(self.take(|open| open.wrong >= TRIES)) } else { Verdict::Nothing };
        };
        let question = &self.open[at].question;
        match may_answer(by, question) {
            Ok(()) => Verdict::Yes(self.open.remove(at).question),
            Err(Refusal::NoSuchPoint) => Verdict::Nothing,
            Err(refusal) => Verdict::NotYours(question.actuator, refusal),
        }
    }

    /// Is there a question this contact could answer?
    pub fn any_for(&self, by: Asker<'_>) -> bool {
        self.open.iter().any(|open| may_answer(by, &open.question).is_ok())
    }

    /// The question of a command session, answered there by who asked it.
    pub fn of_session(&mut self, session: &str, by: Asker<'_>) -> Option<Question> {
        let mine = |open: &Open| open.question.session.as_deref() == Some(session) && open.question.asker == by.id();
        self.take(mine).pop()
    }

    /// A contact says no: to what it asked for itself, and to what it was asked.
    pub fn decline(&mut self, by: Asker<'_>) -> Vec<Question> {
        self.take(|open| {
            let question = &open.question;
            question.asker == by.id() || question.second && may_answer(by, question).is_ok()
        })
    }

    /// When [`Questions::expired`] has something to tell.
    pub fn deadline(&self) -> Option<Moment> {
        self.open.iter().map(|open| open.until).min()
    }

    /// The questions nobody has answered in time.
    pub fn expired(&mut self, now: Moment) -> Vec<Question> {
        self.take(|open| open.until <= now)
    }

    /// Withdraws all.
    pub fn clear(&mut self) -> Vec<Question> {
        self.take(|_| true)
    }

    fn take(&mut self, which: impl Fn(&Open) -> bool) -> Vec<Question> {
        self.open.extract_if(.., |open| which(open)).map(|open| open.question).collect()
    }
}

fn may_answer(by: Asker<'_>, question: &Question) -> Result<(), Refusal> {
    By::Contact(by).permit(question.actuator)?;
    if question.second && question.asker == by.id() {
        return Err(Refusal::Unconfirmed { value: question.value, second: true });
    }
    Ok(())
}

/// The people who may answer for this actuator besides `asker`.
pub fn seconds<'d>(device: &'d Device, asker: ContactId, actuator: ActuatorId) -> impl Iterator<Item = Asker<'d>> {
    let others = device.contacts().map(|(id, _)| id).filter(move |id| *id != asker);
    let people = others.map(|id| Asker::of(device, id)).filter(|other| other.contact().speaks == Speaks::Words);
    people.filter(move |other| other.may_set(actuator))
}
