//! At most one value in a time. The last one is never lost: it is told when the time is over.

use std::time::Duration;

use super::{Due, Filter, Step};
use crate::model::{Moment, Value};

#[derive(Debug)]
pub struct Throttle {
    every: Duration,
    /// Until then nothing is told.
    until: Option<Moment>,
    held: Option<Value>,
}

impl Throttle {
    pub fn new(every: Duration) -> Throttle {
        Throttle { every, until: None, held: None }
    }
}

impl Filter<Value> for Throttle {
    fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        if self.until.is_some_and(|until| now < until) {
            self.held = Some(value);
            return Step::Keep;
        }
        self.held = None;
        self.until = Some(now + self.every);
        Step::Pass(value)
    }

    fn deadline(&self) -> Option<Moment> {
        self.until.filter(|_| self.held.is_some())
    }

    fn wake(&mut self, now: Moment) -> Due<Value> {
        let Some(value) = self.held.take() else { return Due::Nothing };
        self.until = Some(now + self.every);
        Due::Tell(value)
    }

    fn reset(&mut self) {
        self.until = None;
        self.held = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn the_last_value_of_the_time_is_told_at_its_end() {
        check(
            &[FilterSpec::Throttle(Duration::from_secs(10))],
            "0s   1 -> 1
             3s   2 -> -
             6s   3 -> -
             10s  . -> 3
             12s  4 -> -
             20s  . -> 4
             30s  . -> -
             31s  5 -> 5",
        );
    }

    #[test]
    fn two_states_end_as_they_are() {
        check(
            &[FilterSpec::Throttle(Duration::from_secs(1))],
            "0s    on    -> on
             0.1s  off   -> -
             0.2s  on    -> -
             0.3s  off   -> -
             1s    .     -> off
             1.5s  on    -> -
             1.6s  fault -> -
             1.7s  off   -> off
             9s    .     -> -",
        );
    }
}
