//! A number that moves gradually: a drive every tenth of a second at most, the next one only after the read-back of
//! the one before. Whatever else is driven ends it.

use std::time::Duration;

use super::{Cause, Ticket};
use crate::model::{Actuator, Moment, Value};

/// The shortest time between two steps.
const EVERY: Duration = Duration::from_millis(100);

/// A movement under way.
#[derive(Debug, Clone)]
pub(super) struct Ramping {
    pub goal: Value,
    pub cause: Cause,
    /// The request this answers when it has arrived.
    pub ticket: Option<Ticket>,
    /// The next step is not earlier.
    pub next: Moment,
}

/// Where to go now on the way from `present` to `goal`; the goal itself if there is nothing between.
pub(super) fn step(actuator: &Actuator, present: Option<Value>, goal: Value) -> Value {
    let (Some(ramp), Some(Value::Number(from)), Value::Number(to)) = (actuator.guard.ramp, present, goal) else {
        return goal;
    };
    let most = ramp.rate * EVERY.as_secs_f64();
    if goal == actuator.safe && !ramp.safe || (to - from).abs() <= most * 1.000_001 {
        return goal;
    }
    Value::number(from + most.copysign(to - from)).filter(|value| actuator.kind.admits(*value)).unwrap_or(goal)
}

impl Ramping {
    /// A step was sent at this moment.
    pub fn stepped(&mut self, sent: Moment) {
        self.next = sent + EVERY;
    }
}
