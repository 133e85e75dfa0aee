//! Tells the last value again when there was no other for a time.

use std::time::Duration;

use super::{Due, Filter, Step};
use crate::model::{Moment, Value};

#[derive(Debug)]
pub struct Heartbeat {
    every: Duration,
    last: Option<(Value, Moment)>,
}

impl Heartbeat {
    pub fn new(every: Duration) -> Heartbeat {
        Heartbeat { every, last: None }
    }
}

impl Filter<Value> for Heartbeat {
    fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        self.last = Some((value, now + self.every));
        Step::Pass(value)
    }

    fn deadline(&self) -> Option<Moment> {
        self.last.map(|(_, due)| due)
    }

    fn wake(&mut self, now: Moment) -> Due<Value> {
        let Some((value, _)) = self.last else { return Due::Nothing };
        self.last = Some((value, now + self.every));
        Due::Repeat(value)
    }

    fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::control::filters::table::check;
    use crate::model::{DeltaStep, FilterSpec};

    #[test]
    fn a_quiet_sensor_is_told_again_and_a_broken_one_is_not() {
        check(
            &[FilterSpec::Delta(DeltaStep::Absolute(1.0)), FilterSpec::Heartbeat(Duration::from_secs(300))],
            "0s     20    -> 20
             100s   20.2  -> -
             300s   .     -> again 20
             500s   22    -> 22
             800s   .     -> again 22
             900s   fault -> -
             2000s  .     -> -",
        );
    }
}
