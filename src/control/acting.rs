//! One actuator over time: what was observed of it, what it was last told, and its one deadline.
//!
//! Away from the safe value there is at most one deadline, and it ends only when the newest drive has been read back
//! as safe, or when the line was claimed anew (with the safe value). Anything less leaves the deadline standing:
//! driving a pump that is off to off does no harm, forgetting one that is on does.

use std::time::Duration;

use super::history::History;
use super::ramp::{self, Ramping};
use super::request::Plan;
use super::since::Since;
use super::{Cause, Drive, Outcome, Refusal, Ticket, Wish};
use crate::model::{Actuator, ActuatorId, Fault, Kind, Moment, Now, Quality, Reading, Value};

/// A read-back later than this is "no confirmation".
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(1);
/// An actuator that did not go where the device sent it is sent again this often.
const INSIST_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(super) struct Acting {
    reading: Reading,
    /// What its line is claimed with for the first time; after a loss it is the safe value.
    start: Value,
    /// What it was told last; the start or safe value after a claim.
    told: Option<Value>,
    /// The number of the newest drive.
    newest: u64,
    history: History,
    /// Back to the safe value at this moment.
    back_at: Option<Moment>,
    /// It goes back because another of its group is on.
    gives_way: bool,
    /// A timed command ends here, as far as it goes.
    timed: Option<Moment>,
    /// To its link-loss value at this moment.
    lost_at: Option<Moment>,
    /// What the lost link took it away from, and until when that was wanted.
    before_loss: Option<(Value, Option<Moment>)>,
    /// There again at this moment.
    again_at: Option<Moment>,
    linked: bool,
    ramp: Option<Ramping>,
    waiting: Vec<Waiting>,
    /// Answers that are due at once.
    owed: Vec<(Ticket, Outcome)>,
    /// What must survive the program may have changed.
    touched: bool,
}

/// A drive whose read-back has not come yet.
#[derive(Debug, Clone)]
struct Waiting {
    drive: Drive,
    ticket: Option<Ticket>,
    sent: Moment,
    /// More steps follow.
    onward: bool,
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

/// What is due now.
#[derive(Debug, Default)]
pub(super) struct Woken {
    pub settled: Vec<(Ticket, Outcome)>,
    pub drive: Option<Drive>,
}

impl Acting {
    /// Claimed with `start`; what it did before, as far as is known.
    pub fn new(start: Value, history: History) -> Acting {
        Acting {
            reading: Reading::UNKNOWN,
            start,
            told: None,
            newest: 0,
            history,
            back_at: None,
            gives_way: false,
            timed: None,
            lost_at: None,
            before_loss: None,
            again_at: None,
            linked: false,
            ramp: None,
            waiting: Vec::new(),
            owed: Vec::new(),
            touched: true,
        }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    /// What it was told last.
    pub fn told(&self) -> Option<Value> {
        self.told
    }

    /// When the timed command under way ends.
    pub fn timed(&self) -> Option<Moment> {
        self.timed
    }

    /// Goes on with a timed command of an earlier run.
    pub fn resume(&mut self, until: Moment) {
        (self.back_at, self.timed) = (Some(until), Some(until));
    }

    /// What must survive the program may have changed since this was asked last.
    pub fn take_touched(&mut self) -> bool {
        std::mem::take(&mut self.touched)
    }

    /// Nothing is under way, and it was told and read as safe.
    pub fn is_safe(&self, actuator: &Actuator) -> bool {
        self.history.away.is_none() && self.reading.good() == Some(actuator.safe)
    }

    /// It was told to be away from the safe value, or has been read so and not told otherwise since.
    pub fn is_on(&self, actuator: &Actuator) -> bool {
        let idle = self.waiting.is_empty();
        self.told.is_some_and(|told| told != actuator.safe)
            || idle
                && (self.disobeys() || self.reading.good().is_some_and(|value| value != actuator.safe))
                && self.history.away.is_some()
    }

    /// Time until it goes back to its safe value by itself.
    pub fn back_in(&self, now: Now) -> Option<Duration> {
        self.back_at.map(|at| at.since(now.mono))
    }

    /// The same actuator under a config that was read anew, its line undisturbed: what is known and owed stays,
    /// and a `max_on` that is new or shorter counts at once. Requests under way were answered before.
    pub fn inherited(&self, actuator: &Actuator, now: Now) -> Acting {
        let mut acting = self.clone();
        if acting.reading.good().is_some_and(|value| !actuator.kind.admits(value)) {
            acting.reading = Reading::UNKNOWN;
        }
        acting.waiting.iter_mut().for_each(|waiting| waiting.ticket = None);
        acting.ramp = acting.ramp.filter(|ramp| actuator.kind.admits(ramp.goal));
        acting.ramp.iter_mut().for_each(|ramp| ramp.ticket = None);
        acting.touched = true;
        acting.limit(actuator, acting.reading.good(), now);
        acting
    }

    pub fn deadline(&self) -> Option<Moment> {
        let confirm = self.waiting.iter().map(Waiting::until);
        let step = self.ramp.as_ref().filter(|_| self.waiting.is_empty()).map(|ramp| ramp.next);
        let owed = self.owed.first().map(|_| Moment::START);
        confirm.chain(self.back_at).chain(self.lost_at).chain(self.again_at).chain(step).chain(owed).min()
    }

    /// What a wish comes to in its present state.
    pub fn plan(&self, actuator: &Actuator, wish: &Wish) -> Result<Plan, Refusal> {
        if let (Quality::Fault(fault), false) = (&self.reading.quality, self.disobeys()) {
            return Err(Refusal::OutOfOrder(fault.clone()));
        }
        wish.plan(&actuator.kind, actuator.safe, self.present())
    }

    /// Moves it, after everybody has been asked.
    pub fn carry_out(
        &mut self,
        id: ActuatorId,
        actuator: &Actuator,
        plan: Plan,
        (cause, ticket): (Cause, Option<Ticket>),
        number: u64,
        now: Now,
    ) -> Drive {
        if plan.value != actuator.safe {
            let end = plan.time.map(|time| now.mono + time);
            (self.back_at, self.timed) = (end, end);
        }
        let from = self.ramp.as_ref().and(self.told).or(self.present());
        let step = ramp::step(actuator, from, plan.value);
        let drive = Drive::new(number, id, step, cause.clone());
        if step == plan.value {
            self.send(actuator, &drive, ticket, now);
        } else {
            self.send(actuator, &drive, None, now);
            let mut ramp = Ramping { goal: plan.value, cause, ticket, next: now.mono };
            ramp.stepped(now.mono);
            self.go_on(ramp);
        }
        drive
    }

    /// Its present state: what was last asked of it if that is still under way, else what it reads.
    fn present(&self) -> Option<Value> {
        let goal = self.ramp.as_ref().map(|ramp| ramp.goal);
        goal.or(self.waiting.last().map(|waiting| waiting.drive.value())).or(self.reading.good())
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
            // A line that comes (back) has been claimed.
            self.told = Some(self.start);
        }
        if result.is_err() {
            self.start = actuator.safe;
        }
        let confirmed = newest || answers.is_none() && was_lost;
        if confirmed && result == Ok(actuator.safe) && self.told == Some(actuator.safe) {
            self.arrive(matches!(before, Quality::Fault(_)), now);
        }
        self.reading = Reading { quality: self.judge(&actuator.kind, result.clone()), at: Some(now.wall) };
        self.touched = true;
        self.limit(actuator, result.clone().ok(), now);
        if let Some(waiting) = &waiting {
            self.insist(waiting, now);
        }
        let changed = before != self.reading.quality;
        let Some(Waiting { drive, mut ticket, sent, onward }) = waiting else {
            return Observed { changed, ..Observed::default() };
        };
        let mut asked = drive.value();
        if onward
            && newest
            && let Some(ramp) = &mut self.ramp
        {
            if result == Ok(asked) {
                // Steps on the way are no news.
                return Observed { changed: changed && !matches!(before, Quality::Good(_)), ..Observed::default() };
            }
            (asked, ticket) = (ramp.goal, ramp.ticket);
            self.ramp = None;
        }
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

    /// It is safe, and owes nothing.
    fn arrive(&mut self, was_broken: bool, now: Now) {
        (self.back_at, self.timed, self.gives_way) = (None, None, false);
        self.history.arrives(now);
        if was_broken {
            self.history.safe = Since::now(now);
        }
    }

    /// The link came or went.
    pub fn link(&mut self, actuator: &Actuator, up: bool, now: Now) {
        self.linked = up;
        self.lost_at = match actuator.on_link_loss {
            Some(loss) if !up => self.lost_at.or(Some(now.mono + loss.after)),
            _ => None,
        };
        let goes_back = up && actuator.on_link_loss.is_some_and(|loss| loss.back);
        self.again_at = self.before_loss.filter(|_| goes_back).map(|_| now.mono);
    }

    /// Where it goes now that the link is there again, if that is due. Asked once: whoever asks says what follows.
    pub fn returns(&mut self, actuator: &Actuator, now: Now) -> Option<Plan> {
        self.again_at.take_if(|at| *at <= now.mono)?;
        let (value, until) = self.before_loss?;
        let time = until.map(|until| until.since(now.mono));
        if time == Some(Duration::ZERO) || !actuator.kind.admits(value) {
            self.before_loss = None;
            return None;
        }
        Some(Plan { value, time })
    }

    /// It may not go back yet, or at all.
    pub fn stays(&mut self, again: Option<Moment>) {
        match again {
            Some(again) => self.again_at = Some(again),
            None => self.before_loss = None,
        }
    }

    /// Another of its group is on.
    pub fn give_way(&mut self, now: Now) {
        if !self.gives_way {
            (self.back_at, self.gives_way) = (Some(now.mono), true);
        }
    }

    /// Its deadlines that have passed: requests nobody answered, and the drive that is due.
    pub fn wake(&mut self, id: ActuatorId, actuator: &Actuator, number: u64, now: Now) -> Woken {
        let mut settled = std::mem::take(&mut self.owed);
        settled.extend(self.unanswered(now).into_iter().map(|ticket| (ticket, Outcome::NoConfirmation)));
        let due = |at: Option<Moment>| at.is_some_and(|at| at <= now.mono);
        let (value, cause) = if due(self.lost_at) {
            self.lost_at = None;
            let to = actuator.on_link_loss.map_or(actuator.safe, |loss| loss.to);
            if self.reading.good() == Some(to) && self.told == Some(to) && self.waiting.is_empty() {
                // It is there already.
                return Woken { settled, drive: None };
            }
            let wanted = self.ramp.as_ref().map(|ramp| ramp.goal).or(self.told);
            self.before_loss = self.before_loss.or(wanted.filter(|told| *told != to).map(|told| (told, self.timed)));
            (to, Cause::LinkLost)
        } else if due(self.back_at) {
            // Until it is confirmed, it stays due.
            self.back_at = Some(now.mono + INSIST_EVERY);
            (actuator.safe, if self.gives_way { Cause::Interlock } else { Cause::TimeUp })
        } else {
            return Woken { settled, drive: self.step(id, actuator, number, now) };
        };
        let drive = Drive::new(number, id, value, cause);
        self.send(actuator, &drive, None, now);
        settled.append(&mut self.owed);
        Woken { settled, drive: Some(drive) }
    }

    /// The requests whose read-back has not come in time.
    fn unanswered(&mut self, now: Now) -> Vec<Ticket> {
        let (over, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|w: &Waiting| w.until() <= now.mono);
        self.waiting = waiting;
        over.iter().for_each(|waiting: &Waiting| self.insist(waiting, now));
        if let (Quality::Good(value), false) = (&self.reading.quality, over.is_empty()) {
            // It may or may not have moved, so what it read before is no longer good.
            self.reading.quality = Quality::Stale(*value);
            self.touched = true;
        }
        let ramp = self.ramp.take_if(|_| over.iter().any(|waiting| waiting.onward));
        over.iter().filter_map(|waiting| waiting.ticket).chain(ramp.and_then(|ramp| ramp.ticket)).collect()
    }

    /// The next step on its way.
    fn step(&mut self, id: ActuatorId, actuator: &Actuator, number: u64, now: Now) -> Option<Drive> {
        let idle = self.waiting.is_empty();
        let mut ramp = self.ramp.take_if(|ramp| idle && ramp.next <= now.mono)?;
        let value = ramp::step(actuator, self.told, ramp.goal);
        let drive = Drive::new(number, id, value, ramp.cause.clone());
        if value == ramp.goal {
            self.send(actuator, &drive, ramp.ticket, now);
        } else {
            self.send(actuator, &drive, None, now);
            ramp.stepped(now.mono);
            self.go_on(ramp);
        }
        Some(drive)
    }

    /// The drive just sent is a step of this movement.
    fn go_on(&mut self, ramp: Ramping) {
        self.ramp = Some(ramp);
        if let Some(waiting) = self.waiting.last_mut() {
            waiting.onward = true;
        }
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
        Some(self.history.away?.end(actuator.max_on?))
    }

    /// Away from safe there is an end by `max_on`, whoever or whatever took it there.
    fn limit(&mut self, actuator: &Actuator, reads: Option<Value>, now: Now) {
        if [reads, self.told].into_iter().flatten().all(|value| value == actuator.safe) {
            return;
        }
        self.history.departs(now);
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
        if let Some(Ramping { ticket: Some(ticket), .. }) = self.ramp.take() {
            self.owed.push((ticket, Outcome::Overtaken));
        }
        if *drive.cause() != Cause::LinkLost {
            self.before_loss = None;
        }
        self.told = Some(drive.value());
        self.newest = drive.number();
        self.touched = true;
        self.waiting.push(Waiting { drive: drive.clone(), ticket, sent: now.mono, onward: false });
        self.limit(actuator, None, now);
    }
}

/// How the fault of an actuator that does not obey begins.
const DISOBEYS: &str = "does not obey: reads";
