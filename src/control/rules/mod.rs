//! Rules over time: what they look at in, what they want done out. A rule acts when its conditions begin or cease to
//! hold, or at a moment while they hold; never more often than its rate allows; and always with its reason.
//!
//! What nobody can say (a broken sensor, a clock that is not set) makes no condition true or false: the rule stays
//! as it is.

mod facts;
mod held;
mod occasion;
mod rate;
mod reason;
mod refusals;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use facts::may_know_why;
pub(super) use facts::{Facts, World};
use held::Held;
pub use occasion::LATE;
use occasion::Occasion;
use rate::Rate;
pub use rate::{GAP, PER_MINUTE};
use reason::{Cue, reason};
use refusals::Refusals;

use super::Refusal;
use super::calendar::Calendar;
use super::deadlines::Deadlines;
use crate::model::{Condition, Device, Gesture, Mode, Moment, Now, PointId, Rule, RuleId, SensorId, Test, Window};

/// What a rule wants.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleEvent {
    /// It acts.
    Act(Act),
    /// It was to act at this time, but the clock jumped far beyond it.
    Skipped(Timestamp),
    /// It would act more often than it may.
    TooOften,
}

/// What is to be done, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// By `otherwise` instead of by the rule's own actions.
    pub otherwise: bool,
    /// Only this one of them: it was refused before.
    pub only: Option<usize>,
    /// A moment made it act, which is over; not a state.
    pub at_moment: bool,
    /// The reason, in words.
    pub why: String,
}

/// What is known of each rule.
#[derive(Debug)]
pub(super) struct Rules {
    states: Vec<State>,
    /// Those of the states; set after whatever changes one.
    deadlines: Deadlines,
    /// The rules that look at each sensor: a sample touches its own only.
    of_sensor: Vec<Vec<RuleId>>,
    /// Those that look at anything else.
    others: Vec<RuleId>,
    suspended: bool,
}

#[derive(Debug, Clone, Default)]
struct State {
    watches: Vec<Watch>,
    /// Its states together, when somebody could say last.
    truth: Option<bool>,
    /// It has done what it does while they hold.
    acted: bool,
    rate: Rate,
    /// It wants to act, and may then.
    due: Option<Moment>,
    too_often: bool,
    refusals: Refusals,
    deadline: Option<Moment>,
}

/// A condition's memory; which part is used depends on its test.
#[derive(Debug, Clone, Copy, Default)]
struct Watch {
    held: Held,
    holds: Option<bool>,
    occasion: Occasion,
    /// When a timer is due.
    timer: Option<Moment>,
    /// Within a window, from when to when that was found out for.
    window: Option<(bool, Timestamp, Option<Timestamp>)>,
}

impl Rules {
    pub fn new(device: &Device) -> Rules {
        let state = |rule: &Rule| State { watches: vec![Watch::default(); rule.conditions.len()], ..State::default() };
        let looks = |rule: &Rule, id: SensorId| {
            rule.conditions.iter().any(|condition| {
                matches!(condition.test, Test::Sensor(sensor, _) | Test::Gesture(sensor, _) if sensor == id)
            })
        };
        let of = |sensor| device.rules().filter(|(_, rule)| looks(rule, sensor)).map(|(id, _)| id).collect();
        let by_itself = |condition: &Condition| !matches!(condition.test, Test::Sensor(..) | Test::Gesture(..));
        Rules {
            states: device.rules().map(|(_, rule)| state(rule)).collect(),
            deadlines: Deadlines::new(device.rules().count()),
            of_sensor: device.sensors().map(|(id, _)| of(id)).collect(),
            others: device.rules().filter(|(_, r)| r.conditions.iter().any(by_itself)).map(|(id, _)| id).collect(),
            suspended: false,
        }
    }

    /// For a device whose config was read anew: rules that mean the same as before are as they were.
    pub fn reloaded(&self, old: &Device, new: &Device) -> Rules {
        let mut fresh = Rules { suspended: self.suspended, ..Rules::new(new) };
        for (id, rule) in new.rules() {
            let words = new.explain_rule(rule);
            let same = |was: &Rule| was.name == rule.name && old.explain_rule(was) == words;
            let was = old.rules().find(|(_, was)| same(was) && was.conditions.len() == rule.conditions.len());
            if let Some((was, _)) = was {
                fresh.states[id.index()] = self.states[was.index()].clone();
                fresh.deadlines.set(id.index(), fresh.states[id.index()].deadline);
            }
        }
        fresh
    }

    /// Rules look, but do not act; or act again, on what they see then.
    pub fn suspend(&mut self, suspended: bool) {
        self.suspended = suspended;
    }

    pub fn is_suspended(&self) -> bool {
        self.suspended
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.deadlines.earliest()
    }

    /// A sensor's reading has changed.
    pub fn sensor(&mut self, id: SensorId, facts: Facts<'_>, out: &mut Vec<(RuleId, RuleEvent)>) {
        // By number: a list of them would be memory for each sample.
        for at in 0..self.of_sensor[id.index()].len() {
            self.look(self.of_sensor[id.index()][at], facts, None, out);
        }
    }

    /// Somebody did something with a button.
    pub fn gesture(&mut self, id: SensorId, gesture: Gesture, facts: Facts<'_>, out: &mut Vec<(RuleId, RuleEvent)>) {
        for at in 0..self.of_sensor[id.index()].len() {
            self.look(self.of_sensor[id.index()][at], facts, Some((id, gesture)), out);
        }
    }

    /// Something else has changed: an alarm, the link, who is online, the clock.
    pub fn others(&mut self, facts: Facts<'_>, out: &mut Vec<(RuleId, RuleEvent)>) {
        for at in 0..self.others.len() {
            self.look(self.others[at], facts, None, out);
        }
    }

    /// All rules, whatever they look at.
    pub fn all(&mut self, facts: Facts<'_>, out: &mut Vec<(RuleId, RuleEvent)>) {
        for (rule, _) in facts.device.rules() {
            self.look(rule, facts, None, out);
        }
    }

    /// Everything that is due by now.
    pub fn wake(&mut self, facts: Facts<'_>, out: &mut Vec<(RuleId, RuleEvent)>) {
        if self.deadline().is_none_or(|at| at > facts.now.mono) {
            return;
        }
        for (rule, _) in facts.device.rules() {
            if self.states[rule.index()].deadline.is_some_and(|at| at <= facts.now.mono) {
                self.look(rule, facts, None, out);
            }
        }
    }

    /// An action was not let through. True if that is news.
    pub fn refused(&mut self, id: RuleId, act: &Act, index: usize, why: &Refusal, now: Now) -> bool {
        let state = &mut self.states[id.index()];
        let again = (!act.at_moment).then(|| now.mono + refusals::AGAIN);
        state.deadline = earliest(state.deadline, again);
        self.deadlines.set(id.index(), state.deadline);
        state.refusals.add(act.otherwise, index, why, &act.why, again)
    }

    /// An action was let through. True if it was refused before.
    pub fn accepted(&mut self, id: RuleId, act: &Act, index: usize) -> bool {
        self.states[id.index()].refusals.remove(act.otherwise, index)
    }

    fn look(
        &mut self,
        id: RuleId,
        facts: Facts<'_>,
        gesture: Option<(SensorId, Gesture)>,
        out: &mut Vec<(RuleId, RuleEvent)>,
    ) {
        let (suspended, state) = (self.suspended, &mut self.states[id.index()]);
        state.look(facts.device.rule(id), facts, gesture, suspended, |event| out.push((id, event)));
        self.deadlines.set(id.index(), state.deadline);
    }
}

fn has_moments(rule: &Rule) -> bool {
    rule.mode == Mode::All && rule.conditions.iter().any(|condition| condition.test.is_moment())
}

impl State {
    fn look(
        &mut self,
        rule: &Rule,
        facts: Facts<'_>,
        gesture: Option<(SensorId, Gesture)>,
        suspended: bool,
        mut event: impl FnMut(RuleEvent),
    ) {
        let now = facts.now.mono;
        let (mut cue, mut together, mut deadline) = (None, None, None);
        for (condition, watch) in rule.conditions.iter().zip(&mut self.watches) {
            if condition.test.is_moment() {
                let (found, skipped) = watch.moment(condition, &facts, gesture);
                cue = cue.or(found);
                skipped.into_iter().for_each(|at| event(RuleEvent::Skipped(at)));
            } else {
                watch.holds = watch.state(condition, &facts);
                together = Some(match together {
                    None => watch.holds,
                    Some(before) => combine(rule.mode, before, watch.holds),
                });
            }
            deadline = earliest(deadline, watch.deadline(condition, &facts));
        }
        if suspended {
            self.deadline = deadline;
            return;
        }
        self.due = self.due.filter(|at| *at > now);
        if let Some(cue) = cue {
            let otherwise = match (rule.mode, together) {
                (Mode::Any, _) | (Mode::All, None | Some(Some(true))) => Some(false),
                (Mode::All, Some(Some(false))) => Some(true),
                (Mode::All, Some(None)) => None,
            };
            if let Some(otherwise) = otherwise {
                self.act(rule, facts, otherwise, Some(cue), &mut event);
            }
        }
        if let (Some(Some(truth)), false) = (together, has_moments(rule)) {
            self.truth = Some(truth);
            if truth != self.acted && self.due.is_none() {
                self.act(rule, facts, !truth, None, &mut event);
            }
        }
        for (otherwise, index, why) in self.refusals.due(now) {
            if self.truth == Some(!otherwise) {
                event(RuleEvent::Act(Act { otherwise, only: Some(index), at_moment: false, why }));
            }
        }
        self.deadline = earliest(earliest(deadline, self.due), self.refusals.deadline());
    }

    fn act(
        &mut self,
        rule: &Rule,
        facts: Facts<'_>,
        otherwise: bool,
        cue: Option<Cue>,
        event: &mut impl FnMut(RuleEvent),
    ) {
        let actions = if otherwise { &rule.otherwise } else { &rule.then };
        if !actions.is_empty() {
            // Not at the first leave: a rule that flutters would be told of at every one.
            self.too_often &= !self.rate.is_rested(facts.now.mono);
            if let Err(at) = self.rate.take(facts.now.mono) {
                // A state is acted on later, as it is then; a moment is over.
                self.due = if cue.is_none() { Some(at) } else { self.due };
                if at.since(facts.now.mono) > GAP && !std::mem::replace(&mut self.too_often, true) {
                    event(RuleEvent::TooOften);
                }
                return;
            }
            let why = self.why(rule, facts, otherwise, cue);
            event(RuleEvent::Act(Act { otherwise, only: None, at_moment: cue.is_some(), why }));
        }
        if cue.is_none() {
            self.acted = !otherwise;
            self.refusals.forget();
        }
    }

    /// What holds now, or what does not, and what made the rule look.
    fn why(&self, rule: &Rule, facts: Facts<'_>, otherwise: bool, cue: Option<Cue>) -> String {
        let all = rule.conditions.iter().zip(&self.watches);
        let said = all.filter(|(_, watch)| watch.holds == Some(!otherwise));
        let most = if rule.mode == Mode::All && otherwise || rule.mode == Mode::Any && !otherwise { 1 } else { 8 };
        // Where any will do, what came at a moment is reason enough.
        let most = if rule.mode == Mode::Any && cue.is_some() { 0 } else { most };
        reason(&facts, cue, said.map(|(condition, _)| (condition, !otherwise)).take(most))
    }
}

/// Three-valued: what nobody can say stays open only where it matters.
fn combine(mode: Mode, a: Option<bool>, b: Option<bool>) -> Option<bool> {
    let decides = mode == Mode::Any;
    match (a, b) {
        (Some(x), _) | (_, Some(x)) if x == decides => Some(x),
        (Some(x), Some(_)) => Some(x),
        _ => None,
    }
}

fn earliest(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    [a, b].into_iter().flatten().min()
}

impl Watch {
    fn state(&mut self, condition: &Condition, facts: &Facts<'_>) -> Option<bool> {
        let raw = match &condition.test {
            Test::Sensor(id, trigger) => {
                trigger.judge(&facts.control.reading(PointId::Sensor(*id)).quality, self.held.has_lasted())
            }
            Test::Alarm(alarms) => {
                alarms.iter().map(|id| facts.alarms.is_up(*id)).reduce(|a, b| combine(Mode::Any, a, b)).flatten()
            }
            Test::Contact { contact, online } => facts.world.online(*contact).map(|is| is == *online),
            Test::Link { lost } => facts.world.lost().map(|is| is == *lost),
            Test::Within(window) => self.within(window, facts),
            Test::Gesture(..) | Test::At(..) | Test::Every(_) => None,
        };
        self.held.update(raw, condition.lasts, facts.now.mono)
    }

    fn within(&mut self, window: &Window, facts: &Facts<'_>) -> Option<bool> {
        if !facts.world.knows_time() {
            self.window = None;
            return None;
        }
        let wall = facts.now.wall;
        let known = self.window.filter(|(_, from, to)| *from <= wall && to.is_some_and(|to| wall < to));
        let (inside, ..) = *self.window.insert(known.unwrap_or_else(|| {
            let (inside, next) = Calendar::of(facts.device).within(window, wall);
            (inside, wall, next)
        }));
        Some(inside)
    }

    fn moment(
        &mut self,
        condition: &Condition,
        facts: &Facts<'_>,
        gesture: Option<(SensorId, Gesture)>,
    ) -> (Option<Cue>, Option<Timestamp>) {
        let now = facts.now;
        match &condition.test {
            Test::Gesture(id, wanted) => {
                (gesture.filter(|did| did == &(*id, *wanted)).map(|(id, gesture)| Cue::Gesture(id, gesture)), None)
            }
            Test::Every(time) => {
                let at = *self.timer.get_or_insert(now.mono + *time);
                if at > now.mono {
                    return (None, None);
                }
                // What was slept through is not made up for.
                let next = at + *time;
                self.timer = Some(if next > now.mono { next } else { now.mono + *time });
                (Some(Cue::Timer(*time)), None)
            }
            Test::At(times, days) if facts.world.knows_time() => {
                let begin = facts.world.began(now);
                let found = self.occasion.look(&Calendar::of(facts.device), times, *days, begin, now.wall);
                (found.due.map(|(at, late)| Cue::Clock(at, late)), found.skipped)
            }
            _ => (None, None),
        }
    }

    fn deadline(&self, condition: &Condition, facts: &Facts<'_>) -> Option<Moment> {
        let by_wall = |at: Option<Timestamp>| {
            let left = Duration::try_from(at?.duration_since(facts.now.wall).max(SignedDuration::from_millis(1)));
            Some(facts.now.mono + left.ok()?).filter(|_| facts.world.knows_time())
        };
        let own = match &condition.test {
            Test::At(..) => by_wall(self.occasion.next()),
            Test::Within(_) => by_wall(self.window.and_then(|(.., next)| next)),
            Test::Every(_) => self.timer,
            _ => None,
        };
        earliest(own, self.held.deadline(condition.lasts))
    }
}
