//! One actuator over time: what was observed of it, what it was last told, and its one deadline.
//!
//! Away from the safe value there is at most one deadline, and it ends only when the newest drive has been read back
//! as safe, or when the line was claimed anew (with the safe value). Anything less leaves the deadline standing:
//! driving a pump that is off to off does no harm, forgetting one that is on does.

mod due;
mod report;

use std::time::Duration;

use super::history::History;
use super::loss::Loss;
use super::past::Beginning;
use super::ramp::{self, Ramping};
use super::record::Record;
use super::request::Plan;
use super::waiting::Waiting;
use super::{Cause, Drive, Outcome, Refusal, Ticket, Wish};
use crate::model::{Actuator, ActuatorId, Moment, Now, Quality, Reading, Value};

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
    /// The timed command under way ends.
    timed: Option<Moment>,
    loss: Loss,
    ramp: Option<Ramping>,
    waiting: Vec<Waiting>,
    /// Answers that are due at once.
    owed: Vec<(Ticket, Outcome)>,
    /// What must survive the program may have changed.
    touched: bool,
}

impl Acting {
    /// Nothing heard yet; what it did before, as far as is known.
    pub fn new(Beginning { start, history, until }: Beginning) -> Acting {
        Acting {
            reading: Reading::UNKNOWN,
            start,
            told: None,
            newest: 0,
            history,
            back_at: until,
            gives_way: false,
            timed: until,
            loss: Loss::default(),
            ramp: None,
            waiting: Vec::new(),
            owed: Vec::new(),
            // What is kept stays until there is something to say.
            touched: false,
        }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// What its line is claimed with.
    pub fn start(&self) -> Value {
        self.start
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    /// The clock on the wall has jumped, and with it what the next run should know.
    pub fn touch(&mut self) {
        self.touched = self.touched || self.reading.at.is_some();
    }

    /// What the next run should know, if that may have changed since this was asked last.
    pub fn take_record(&mut self, now: Now) -> Option<Record> {
        if !std::mem::take(&mut self.touched) {
            return None;
        }
        let idle = self.waiting.is_empty() && self.ramp.is_none();
        let away = self.history.away.map(|since| since.began(now));
        let wall = |at: Moment| now.wall.checked_add(at.since(now.mono)).unwrap_or(now.wall);
        Some(Record {
            value: self.reading.good().filter(|value| idle && self.told == Some(*value)),
            away,
            safe: (away.is_none() && self.reading.good().is_some()).then(|| self.history.safe.began(now)),
            until: self.timed.map(wall),
            cycles: self.history.cycles.iter().map(|since| since.began(now)).collect(),
        })
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
        confirm.chain(self.back_at).chain(self.loss.deadline()).chain(step).chain(owed).min()
    }

    /// What a wish comes to in its present state.
    pub fn plan(&self, actuator: &Actuator, wish: &Wish) -> Result<Plan, Refusal> {
        self.in_order()?;
        wish.plan(&actuator.kind, actuator.safe, self.present())
    }

    /// Is there a line to move? One that does not obey is still there.
    pub fn in_order(&self) -> Result<(), Refusal> {
        match &self.reading.quality {
            Quality::Fault(fault) if !self.disobeys() => Err(Refusal::OutOfOrder(fault.clone())),
            _ => Ok(()),
        }
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

    /// The link came or went.
    pub fn link(&mut self, actuator: &Actuator, up: bool, now: Now) {
        self.loss.link(actuator.on_link_loss, up, now);
    }

    /// What the link has to do with it.
    pub fn loss(&mut self) -> &mut Loss {
        &mut self.loss
    }

    /// Another of its group is on.
    pub fn give_way(&mut self, now: Now) {
        if !self.gives_way {
            (self.back_at, self.gives_way) = (Some(now.mono), true);
        }
    }

    /// The drive just sent is a step of this movement.
    fn go_on(&mut self, ramp: Ramping) {
        self.ramp = Some(ramp);
        if let Some(waiting) = self.waiting.last_mut() {
            waiting.onward = true;
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

    fn send(&mut self, actuator: &Actuator, drive: &Drive, ticket: Option<Ticket>, now: Now) {
        if let Some(Ramping { ticket: Some(ticket), .. }) = self.ramp.take() {
            self.owed.push((ticket, Outcome::Overtaken));
        }
        if *drive.cause() != Cause::LinkLost {
            self.loss.forget();
        }
        self.history.told(drive.value() != actuator.safe, now);
        self.told = Some(drive.value());
        self.newest = drive.number();
        self.touched = true;
        self.waiting.push(Waiting { drive: drive.clone(), ticket, sent: now.mono, onward: false });
        self.limit(actuator, None, now);
    }
}
