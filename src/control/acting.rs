//! One actuator over time: what was observed of it, which drives await their read-back, and its one deadline.
//!
//! There is never more than one timer per actuator: a new command replaces the end of the one before it.

use std::time::Duration;

use super::{Asker, Cause, Drive, Outcome, Refusal, Request, Ticket};
use crate::model::{Actuator, ActuatorId, Fault, Moment, Now, Quality, Reading, Role, Value};

/// A read-back later than this is "no confirmation".
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(1);
/// An actuator that did not go back when its time was up is told so again this often.
const INSIST_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Acting {
    reading: Reading,
    /// Back to the safe value at this moment.
    back_at: Option<Moment>,
    /// To its link-loss value at this moment.
    lost_at: Option<Moment>,
    waiting: Vec<Waiting>,
}

/// A drive whose read-back has not come yet.
#[derive(Debug)]
struct Waiting {
    drive: Drive,
    ticket: Option<Ticket>,
    until: Moment,
}

/// What a report from the driver meant.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// What is known has changed.
    pub changed: bool,
    /// By this drive, if by one of ours.
    pub cause: Option<Cause>,
    /// The request this answers.
    pub settled: Option<(Ticket, Outcome)>,
}

impl Acting {
    pub fn new() -> Acting {
        Acting { reading: Reading::UNKNOWN, back_at: None, lost_at: None, waiting: Vec::new() }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Time until it goes back to its safe value by itself.
    pub fn back_in(&self, now: Now) -> Option<Duration> {
        self.back_at.map(|at| at.since(now.mono))
    }

    /// Takes over what another life of this actuator knew and owed (after a reload).
    pub fn inherit(&mut self, old: &Acting) {
        self.reading = old.reading.clone();
        self.back_at = old.back_at;
        self.lost_at = old.lost_at;
    }

    pub fn deadline(&self) -> Option<Moment> {
        let confirm = self.waiting.iter().map(|waiting| waiting.until);
        confirm.chain(self.back_at).chain(self.lost_at).min()
    }

    /// A contact's wish. Rights, then the state of the actuator, then limits.
    pub fn request(
        &mut self,
        actuator: &Actuator,
        asker: Asker<'_>,
        request: &Request,
        number: u64,
        now: Now,
    ) -> Result<Drive, Refusal> {
        if !asker.may_read(crate::model::PointId::Actuator(request.actuator)) {
            return Err(Refusal::NoSuchPoint);
        }
        if !asker.may_set(request.actuator) {
            return Err(Refusal::NotAllowed { needs: Role::Operator, has: asker.role() });
        }
        if let Quality::Fault(fault) = &self.reading.quality {
            return Err(Refusal::OutOfOrder(fault.clone()));
        }
        let (value, time) = request.wish.plan(&actuator.kind, actuator.safe, self.present())?;
        if let (Some(time), Some(max)) = (time, actuator.max_on)
            && time > max
        {
            return Err(Refusal::TooLong(max));
        }
        self.back_at = match time.or(actuator.max_on) {
            Some(_) if value == actuator.safe => None,
            Some(time) => Some(now.mono + time),
            None => None,
        };
        let drive = Drive::new(number, request.actuator, value, Cause::Asked(asker.jid().clone()));
        self.expect(drive.clone(), Some(request.ticket), now);
        Ok(drive)
    }

    /// Its present state: what was last asked of it if that is still under way, else what it reads.
    fn present(&self) -> Option<Value> {
        self.waiting.last().map(|waiting| waiting.drive.value()).or(self.reading.good())
    }

    /// A word from the driver: the read-back of drive `answers`, or something it saw of its own accord.
    pub fn observed(
        &mut self,
        actuator: &Actuator,
        answers: Option<u64>,
        result: Result<Value, Fault>,
        now: Now,
    ) -> Observed {
        let quality = match result.clone() {
            Ok(value) => Quality::Good(value),
            Err(fault) => Quality::Fault(fault),
        };
        let reading = Reading { quality, at: Some(now.wall) };
        let changed = self.reading.quality != reading.quality;
        self.reading = reading;
        let at = answers.and_then(|number| self.waiting.iter().position(|waiting| waiting.drive.number() == number));
        let Some(at) = at else {
            if self.waiting.is_empty() && self.reading.good() == Some(actuator.safe) {
                // A line that came back was claimed with its safe value: where the deadline would have taken it.
                self.back_at = None;
            }
            return Observed { changed, ..Observed::default() };
        };
        let waiting = self.waiting.remove(at);
        let asked = waiting.drive.value();
        if self.reading.good() != Some(asked) {
            self.insist(&waiting, now);
        }
        let outcome = match &self.reading.quality {
            Quality::Good(value) if *value == asked => {
                Outcome::Done { reading: self.reading.clone(), back_in: self.back_in(now) }
            }
            Quality::Fault(fault) => Outcome::Failed(fault.clone()),
            _ => Outcome::Differs { asked, reading: self.reading.clone() },
        };
        let settled = waiting.ticket.map(|ticket| (ticket, outcome));
        Observed { changed, cause: Some(waiting.drive.cause().clone()), settled }
    }

    /// The link came or went.
    pub fn link(&mut self, actuator: &Actuator, up: bool, now: Now) {
        self.lost_at = match actuator.on_link_loss {
            Some(loss) if !up => self.lost_at.or(Some(now.mono + loss.after)),
            _ => None,
        };
    }

    /// Its deadlines that have passed: requests nobody answered, and the drive that is due.
    pub fn wake(&mut self, id: ActuatorId, actuator: &Actuator, number: u64, now: Now) -> (Vec<Ticket>, Option<Drive>) {
        let due = |at: Option<Moment>| at.is_some_and(|at| at <= now.mono);
        let (over, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|w: &Waiting| w.until <= now.mono);
        self.waiting = waiting;
        over.iter().for_each(|waiting: &Waiting| self.insist(waiting, now));
        if let (Quality::Good(value), false) = (&self.reading.quality, over.is_empty()) {
            // It may or may not have moved, so what it read before is no longer good.
            self.reading.quality = Quality::Stale(*value);
        }
        let unanswered = over.iter().filter_map(|waiting| waiting.ticket).collect();
        let (value, cause) = if due(self.lost_at) {
            self.lost_at = None;
            let to = actuator.on_link_loss.map_or(actuator.safe, |loss| loss.to);
            (to, Cause::LinkLost)
        } else if due(self.back_at) {
            (actuator.safe, Cause::TimeUp)
        } else {
            return (unanswered, None);
        };
        self.back_at = actuator.max_on.filter(|_| value != actuator.safe).map(|max| now.mono + max);
        // A lost link need not move what is there already. When time is up the drive is made in any case: what it
        // read last may be older than the drive that nobody confirmed.
        if cause == Cause::LinkLost && self.reading.good() == Some(value) && self.waiting.is_empty() {
            return (unanswered, None);
        }
        let drive = Drive::new(number, id, value, cause);
        self.expect(drive.clone(), None, now);
        (unanswered, Some(drive))
    }

    /// A drive of the device's own accord did not take: it is repeated, since nobody else will. A line that is
    /// gone needs no repeating towards safe, because it is claimed with its safe value when it returns.
    fn insist(&mut self, waiting: &Waiting, now: Now) {
        let again = Some(now.mono + INSIST_EVERY);
        match waiting.drive.cause() {
            Cause::Asked(_) => {}
            Cause::LinkLost => self.lost_at = self.lost_at.or(again),
            Cause::TimeUp if matches!(self.reading.quality, Quality::Fault(_)) => {}
            Cause::TimeUp => self.back_at = self.back_at.or(again),
        }
    }

    fn expect(&mut self, drive: Drive, ticket: Option<Ticket>, now: Now) {
        self.waiting.push(Waiting { drive, ticket, until: now.mono + CONFIRM_WITHIN });
    }
}
