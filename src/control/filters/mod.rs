//! What a sample passes before it becomes a reading. A filter is one file, one variant of `FilterSpec`, and one line in
//! [`build`]. Filters know no clock: time comes with each sample, and a filter that has something to say later names
//! its deadline. What one of them tells then runs through those after it.

mod average;
mod calibrate;
mod clamp;
mod delayed;
mod delta;
mod extreme;
mod heartbeat;
mod invert;
mod linear;
mod map;
mod median;
#[cfg(test)]
mod properties;
mod reject_jump;
mod reject_outside;
mod round;
mod settle;
mod skip_first;
mod smooth;
#[cfg(test)]
mod table;
mod throttle;
mod throttle_average;
mod timeout;
mod window;

use average::Average;
use calibrate::Calibrate;
use clamp::Clamp;
use delayed::Delayed;
use delta::Delta;
use extreme::Extreme;
use heartbeat::Heartbeat;
use invert::Invert;
use linear::{Multiply, Offset};
use map::Map;
use median::Quantile;
use reject_jump::RejectJump;
use reject_outside::RejectOutside;
use round::Round;
use settle::Settle;
use skip_first::SkipFirst;
use smooth::Smooth;
use throttle::Throttle;
use throttle_average::ThrottleAverage;
use timeout::Timeout;

use crate::model::{FilterSpec, Moment, Value};

/// What a filter makes of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step<T> {
    /// It goes on as this.
    Pass(T),
    /// It was heard and believed, but is not news, or not yet.
    Keep,
    /// It is not believed. A sensor that says nothing else is not well.
    Reject,
}

/// What a filter has to say at its deadline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Due<T> {
    /// This value, which is news.
    Tell(T),
    /// This value, again.
    Repeat(T),
    /// There has been nothing for too long.
    Stale,
    /// Nothing.
    Nothing,
}

/// One stage.
trait Filter<T>: std::fmt::Debug + Send {
    /// A sample comes.
    fn pass(&mut self, value: T, now: Moment) -> Step<T>;
    /// When [`Filter::wake`] has to be called.
    fn deadline(&self) -> Option<Moment> {
        None
    }
    /// The deadline has passed. Afterwards it lies ahead, or there is none.
    fn wake(&mut self, _now: Moment) -> Due<T> {
        Due::Nothing
    }
    /// Forgets what went before: the point was broken or silent.
    fn reset(&mut self) {}
}

/// A sensor's filters, in the order they were written.
#[derive(Debug)]
pub struct Chain {
    stages: Vec<Box<dyn Filter<Value>>>,
    /// The stage that rejected last, if nothing has come past it since.
    rejecting: Option<usize>,
}

fn build(spec: &FilterSpec) -> Box<dyn Filter<Value>> {
    match spec {
        FilterSpec::Offset(by) => Box::new(Numbers(Offset(*by))),
        FilterSpec::Multiply(by) => Box::new(Numbers(Multiply(*by))),
        FilterSpec::Calibrate(curve) => Box::new(Numbers(Calibrate(curve.clone()))),
        FilterSpec::Clamp(low, high) => Box::new(Numbers(Clamp { low: *low, high: *high })),
        FilterSpec::RejectOutside(low, high) => Box::new(Numbers(RejectOutside { low: *low, high: *high })),
        FilterSpec::RejectJump { by, agree } => Box::new(Numbers(RejectJump::new(*by, *agree))),
        FilterSpec::Round(digits) => Box::new(Numbers(Round(*digits))),
        FilterSpec::Median(of) => Box::new(Numbers(Quantile::median(*of))),
        FilterSpec::Min(of) => Box::new(Numbers(Extreme::min(*of))),
        FilterSpec::Max(of) => Box::new(Numbers(Extreme::max(*of))),
        FilterSpec::Quantile { of, q } => Box::new(Numbers(Quantile::new(*of, *q))),
        FilterSpec::Average(of) => Box::new(Numbers(Average::new(*of))),
        FilterSpec::Smooth(weight) => Box::new(Numbers(Smooth::new(*weight))),
        FilterSpec::Delta(step) => Box::new(Numbers(Delta::new(*step))),
        FilterSpec::Throttle(every) => Box::new(Throttle::new(*every)),
        FilterSpec::ThrottleAverage(every) => Box::new(Numbers(ThrottleAverage::new(*every))),
        FilterSpec::Heartbeat(every) => Box::new(Heartbeat::new(*every)),
        FilterSpec::Timeout(after) => Box::new(Timeout::new(*after)),
        FilterSpec::SkipFirst(count) => Box::new(SkipFirst::new(*count)),
        FilterSpec::Map(thresholds) => Box::new(Map { thresholds: thresholds.clone() }),
        FilterSpec::Invert => Box::new(States(Invert)),
        FilterSpec::Settle(time) => Box::new(Settle::new(*time)),
        FilterSpec::Delayed { on, off } => Box::new(States(Delayed::new(*on, *off))),
    }
}

impl Chain {
    /// The filters of a sensor, with nothing remembered.
    pub fn new(specs: &[FilterSpec]) -> Chain {
        Chain { stages: specs.iter().map(build).collect(), rejecting: None }
    }

    /// Runs a sample through all stages.
    pub fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        self.run(0, value, now)
    }

    /// When [`Chain::wake`] has something to do.
    pub fn deadline(&self) -> Option<Moment> {
        self.stages.iter().filter_map(|stage| stage.deadline()).min()
    }

    /// The next thing that is due and comes out at the end; to be called until there is nothing.
    pub fn wake(&mut self, now: Moment) -> Option<Due<Value>> {
        loop {
            let due = self.stages.iter().enumerate().filter_map(|(at, stage)| Some((stage.deadline()?, at)));
            let (_, at) = due.filter(|(deadline, _)| *deadline <= now).min()?;
            let (value, told): (_, fn(Value) -> Due<Value>) = match self.stages.get_mut(at)?.wake(now) {
                Due::Tell(value) => (value, Due::Tell),
                Due::Repeat(value) => (value, Due::Repeat),
                Due::Stale => return Some(Due::Stale),
                Due::Nothing => continue,
            };
            if let Step::Pass(value) = self.run(at + 1, value, now) {
                return Some(told(value));
            }
        }
    }

    /// Is what came last not believed?
    pub fn is_rejecting(&self) -> bool {
        self.rejecting.is_some()
    }

    /// Forgets all that went before.
    pub fn reset(&mut self) {
        self.stages.iter_mut().for_each(|stage| stage.reset());
        self.rejecting = None;
    }

    fn run(&mut self, from: usize, mut value: Value, now: Moment) -> Step<Value> {
        if matches!(value, Value::Number(number) if !number.is_finite()) {
            self.rejecting = Some(from);
            return Step::Reject;
        }
        for (at, stage) in self.stages.iter_mut().enumerate().skip(from) {
            match stage.pass(value, now) {
                Step::Pass(passed) => value = passed,
                Step::Keep => {
                    self.rejecting = self.rejecting.filter(|rejecting| at <= *rejecting);
                    return Step::Keep;
                }
                Step::Reject => {
                    self.rejecting = Some(at);
                    return Step::Reject;
                }
            }
        }
        self.rejecting = None;
        Step::Pass(value)
    }
}

/// A filter for numbers; other values pass it unchanged. What is no number any more is rejected.
#[derive(Debug)]
struct Numbers<F>(F);

impl<F: Filter<f64>> Filter<Value> for Numbers<F> {
    fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        let Value::Number(number) = value else { return Step::Pass(value) };
        match self.0.pass(number, now) {
            Step::Pass(number) => Value::number(number).map_or_else(
                || {
                    // What it remembers may be as wrong.
                    self.0.reset();
                    Step::Reject
                },
                Step::Pass,
            ),
            Step::Keep => Step::Keep,
            Step::Reject => Step::Reject,
        }
    }

    fn deadline(&self) -> Option<Moment> {
        self.0.deadline()
    }

    fn wake(&mut self, now: Moment) -> Due<Value> {
        let tell = |number, told: fn(Value) -> Due<Value>| Value::number(number).map_or(Due::Nothing, told);
        match self.0.wake(now) {
            Due::Tell(number) => tell(number, Due::Tell),
            Due::Repeat(number) => tell(number, Due::Repeat),
            Due::Stale => Due::Stale,
            Due::Nothing => Due::Nothing,
        }
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// A filter for two states; other values pass it unchanged.
#[derive(Debug)]
struct States<F>(F);

impl<F: Filter<bool>> Filter<Value> for States<F> {
    fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        let Value::Switch(on) = value else { return Step::Pass(value) };
        match self.0.pass(on, now) {
            Step::Pass(on) => Step::Pass(Value::Switch(on)),
            Step::Keep => Step::Keep,
            Step::Reject => Step::Reject,
        }
    }

    fn deadline(&self) -> Option<Moment> {
        self.0.deadline()
    }

    fn wake(&mut self, now: Moment) -> Due<Value> {
        match self.0.wake(now) {
            Due::Tell(on) => Due::Tell(Value::Switch(on)),
            Due::Repeat(on) => Due::Repeat(Value::Switch(on)),
            Due::Stale => Due::Stale,
            Due::Nothing => Due::Nothing,
        }
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
