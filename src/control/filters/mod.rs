//! What a sample passes before it becomes a reading. A filter is one file, one variant of `FilterSpec`, and one line in
//! [`build`]. Filters know no clock: time comes with each sample, and a filter that has something to say later names
//! its deadline. What one of them tells then runs through those after it.

mod average;
mod calibrate;
mod chain;
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
mod typed;
mod window;

pub use chain::Chain;

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
use typed::{Numbers, States};

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

/// The stage that a filter in the config means, with nothing remembered.
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
