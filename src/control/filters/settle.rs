//! Tells a change at once and then waits until the value has held: quick, and never wrong at the end.

use std::time::Duration;

use super::{Due, Filter, Step};
use crate::model::{Moment, Value};

#[derive(Debug)]
pub struct Settle {
    time: Duration,
    told: Option<Value>,
    latest: Option<Value>,
    /// Until then it has not held long enough.
    until: Option<Moment>,
}

impl Settle {
    pub fn new(time: Duration) -> Settle {
        Settle { time, told: None, latest: None, until: None }
    }
}

impl Filter<Value> for Settle {
    fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        let (restless, same) = (self.until.is_some(), self.latest == Some(value));
        self.latest = Some(value);
        if !same {
            self.until = Some(now + self.time);
        }
        if restless {
            return Step::Keep;
        }
        self.told = Some(value);
        Step::Pass(value)
    }

    fn deadline(&self) -> Option<Moment> {
        self.until
    }

    fn wake(&mut self, _: Moment) -> Due<Value> {
        self.until = None;
        match self.latest {
            Some(value) if self.told != Some(value) => {
                self.told = Some(value);
                Due::Tell(value)
            }
            _ => Due::Nothing,
        }
    }

    fn reset(&mut self) {
        *self = Settle::new(self.time);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    const FILTER: &[FilterSpec] = &[FilterSpec::Settle(Duration::from_millis(50))];

    #[test]
    fn a_change_is_told_at_once_and_its_bounces_are_not() {
        check(
            FILTER,
            "0s     off -> off
             1s     on  -> on
             1.01s  off -> -
             1.02s  on  -> -
             1.07s  .   -> -
             2s     off -> off",
        );
    }

    #[test]
    fn what_it_ends_with_is_told_when_it_has_held() {
        check(
            FILTER,
            "0s     off -> off
             1s     on  -> on
             1.01s  off -> -
             1.06s  .   -> off
             1.07s  on  -> on",
        );
    }

    #[test]
    fn the_same_value_again_is_no_bounce() {
        check(
            FILTER,
            "0s     on  -> on
             0.04s  on  -> -
             0.06s  off -> off",
        );
    }
}
