//! One actuator over time: what was observed of it, what it was last told, and its one deadline.
//!
//! Away from the safe value there is at most one deadline, and it ends only when the newest drive has been read back
//! as safe, or when the line was claimed anew (with the safe value). Anything less leaves the deadline standing:
//! driving a pump that is off to off does no harm, forgetting one that is on does.

use std::time::Duration;

use super::{Asker, Cause, Drive, Outcome, Refusal, Request, Ticket};
use crate::model::{Actuator, ActuatorId, Fault, Kind, Moment, Now, PointId, Quality, Reading, Role, Value};

/// A read-back later than this is "no confirmation".
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(1);
/// An actuator that did not go where the device sent it is sent again this often.
const INSIST_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(super) struct Acting {
    reading: Reading,
    /// What it was told last; the safe value after a claim.
    told: Option<Value>,
    /// The number of the newest drive.
    newest: u64,
    /// Since when it has been away from the safe value: `max_on` counts from here.
    away_since: Option<Moment>,
    /// Back to the safe value at this moment.
    back_at: Option<Moment>,
    /// To its link-loss value at this moment.
    lost_at: Option<Moment>,
    linked: bool,
    waiting: Vec<Waiting>,
}

/// A drive whose read-back has not come yet.
#[derive(Debug, Clone)]
struct Waiting {
    drive: Drive,
    ticket: Option<Ticket>,
    sent: Moment,
}

impl Waiting {
    fn until(&self) -> Moment {
        self.sent + CONFIRM_WITHIN
    }
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
        Acting {
            reading: Reading::UNKNOWN,
            told: None,
            newest: 0,
            away_since: None,
            back_at: None,
            lost_at: None,
            linked: false,
            waiting: Vec::new(),
        }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Time until it goes back to its safe value by itself.
    pub fn back_in(&self, now: Now) -> Option<Duration> {
        self.back_at.map(|at| at.since(now.mono))
    }

    /// The same actuator under a config that was read anew, its line undisturbed: what is known and owed stays,
    /// and a `max_on` that is new or shorter counts at once. Requests under way were answered before.
    pub fn inherited(&self, actuator: &Actuator, now: Now) -> Acting {
        let mut reading = self.reading.clone();
        if reading.good().is_some_and(|value| !actuator.kind.admits(value)) {
            reading = Reading::UNKNOWN;
        }
        let waiting = self.waiting.iter().map(|waiting| Waiting { ticket: None, ..waiting.clone() }).collect();
        let mut acting = Acting { reading, waiting, ..*self };
        acting.limit(actuator, acting.reading.good(), now);
        acting
    }

    pub fn deadline(&self) -> Option<Moment> {
        let confirm = self.waiting.iter().map(Waiting::until);
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
        if !asker.may_read(PointId::Actuator(request.actuator)) {
            return Err(Refusal::NoSuchPoint);
        }
        if !asker.may_set(request.actuator) {
            return Err(Refusal::NotAllowed { needs: Role::Operator, has: asker.role() });
        }
        if let (Quality::Fault(fault), false) = (&self.reading.quality, self.disobeys()) {
            return Err(Refusal::OutOfOrder(fault.clone()));
        }
        let (value, time) = request.wish.plan(&actuator.kind, actuator.safe, self.present())?;
        if let (Some(time), Some(max)) = (time, actuator.max_on)
            && time > max
        {
            return Err(Refusal::TooLong(max));
        }
        if value != actuator.safe {
            if self.last_moment(actuator).is_some_and(|last| last <= now.mono) {
                return Err(Refusal::TimeIsUp(actuator.kind.show(actuator.safe)));
            }
            self.back_at = time.map(|time| now.mono + time);
        }
        let drive = Drive::new(number, request.actuator, value, Cause::Asked(asker.jid().clone()));
        self.send(actuator, &drive, Some(request.ticket), now);
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
        let before = self.reading.quality.clone();
        let was_lost = !self.disobeys() && matches!(before, Quality::Unknown | Quality::Fault(_));
        let at = answers.and_then(|number| self.waiting.iter().position(|waiting| waiting.drive.number() == number));
        let waiting = at.map(|at| self.waiting.remove(at));
        let newest = answers.is_some_and(|number| number == self.newest);
        if answers.is_none() && was_lost && result.is_ok() {
            // A line that comes (back) has been claimed with the safe value.
            self.told = Some(actuator.safe);
        }
        let confirmed = newest || answers.is_none() && was_lost;
        if confirmed && result == Ok(actuator.safe) && self.told == Some(actuator.safe) {
            (self.away_since, self.back_at) = (None, None);
        }
        self.reading = Reading { quality: self.judge(&actuator.kind, result.clone()), at: Some(now.wall) };
        self.limit(actuator, result.clone().ok(), now);
        if let Some(waiting) = &waiting {
            self.insist(waiting, now);
        }
        let changed = before != self.reading.quality;
        let Some(Waiting { drive, ticket, sent }) = waiting else { return Observed { changed, ..Observed::default() } };
        let asked = drive.value();
        let outcome = match result {
            Ok(value) if value == asked => {
                Outcome::Done { reading: self.reading.clone(), back_in: self.back_at.map(|at| at.since(sent)) }
            }
            Ok(value) => Outcome::Differs { asked, reading: Reading { quality: Quality::Good(value), ..self.reading } },
            Err(fault) => Outcome::Failed(fault),
        };
        let settled = ticket.map(|ticket| (ticket, outcome));
        Observed { changed, cause: Some(drive.cause().clone()), settled }
    }

    /// The link came or went.
    pub fn link(&mut self, actuator: &Actuator, up: bool, now: Now) {
        self.linked = up;
        self.lost_at = match actuator.on_link_loss {
            Some(loss) if !up => self.lost_at.or(Some(now.mono + loss.after)),
            _ => None,
        };
    }

    /// Its deadlines that have passed: requests nobody answered, and the drive that is due.
    pub fn wake(&mut self, id: ActuatorId, actuator: &Actuator, number: u64, now: Now) -> (Vec<Ticket>, Option<Drive>) {
        let due = |at: Option<Moment>| at.is_some_and(|at| at <= now.mono);
        let (over, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|w: &Waiting| w.until() <= now.mono);
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
            if self.reading.good() == Some(to) && self.told == Some(to) && self.waiting.is_empty() {
                // It is there already.
                return (unanswered, None);
            }
            (to, Cause::LinkLost)
        } else if due(self.back_at) {
            // Until it is confirmed, it stays due.
            self.back_at = Some(now.mono + INSIST_EVERY);
            (actuator.safe, Cause::TimeUp)
        } else {
            return (unanswered, None);
        };
        let drive = Drive::new(number, id, value, cause);
        self.send(actuator, &drive, None, now);
        (unanswered, Some(drive))
    }

    /// It does not read what it was told.
    fn disobeys(&self) -> bool {
        matches!(&self.reading.quality, Quality::Fault(fault) if fault.0.starts_with(DISOBEYS))
    }

    /// What a report makes of the reading. An actuator that reads something else than it was last told is out of
    /// order, even if its driver is well: somebody must look at the wire.
    fn judge(&self, kind: &Kind, result: Result<Value, Fault>) -> Quality {
        match (result, self.told) {
            (Err(fault), _) => Quality::Fault(fault),
            (Ok(value), Some(told)) if value != told && self.waiting.is_empty() => {
                Quality::Fault(Fault::new(format!("{DISOBEYS} {}, was told {}", kind.show(value), kind.show(told))))
            }
            (Ok(value), _) => Quality::Good(value),
        }
    }

    /// The last moment it may be away from the safe value.
    fn last_moment(&self, actuator: &Actuator) -> Option<Moment> {
        Some(self.away_since? + actuator.max_on?)
    }

    /// Away from safe there is an end by `max_on`, whoever or whatever took it there.
    fn limit(&mut self, actuator: &Actuator, reads: Option<Value>, now: Now) {
        if [reads, self.told].into_iter().flatten().all(|value| value == actuator.safe) {
            return;
        }
        self.away_since = self.away_since.or(Some(now.mono));
        if let Some(last) = self.last_moment(actuator) {
            let last = if last <= now.mono { now.mono + INSIST_EVERY } else { last };
            self.back_at = Some(self.back_at.map_or(last, |at| at.min(last)));
        }
    }

    /// A lost link's drive that did not take is repeated while the link is still lost, and unless somebody has
    /// wanted something else since. (A time that is up stays due until it is confirmed.)
    fn insist(&mut self, waiting: &Waiting, now: Now) {
        let took = self.reading.good() == Some(waiting.drive.value());
        let overtaken = waiting.drive.number() != self.newest;
        if *waiting.drive.cause() == Cause::LinkLost && !took && !overtaken && !self.linked {
            self.lost_at = self.lost_at.or(Some(now.mono + INSIST_EVERY));
        }
    }

    fn send(&mut self, actuator: &Actuator, drive: &Drive, ticket: Option<Ticket>, now: Now) {
        self.told = Some(drive.value());
        self.newest = drive.number();
        self.waiting.push(Waiting { drive: drive.clone(), ticket, sent: now.mono });
        self.limit(actuator, None, now);
    }
}

/// How the fault of an actuator that does not obey begins.
const DISOBEYS: &str = "does not obey: reads";
