//! Silence makes the reading stale. What is rejected before it is silence too.

use std::time::Duration;

use super::{Due, Filter, Step};
use crate::model::{Moment, Value};

#[derive(Debug)]
pub struct Timeout {
    after: Duration,
    due: Option<Moment>,
}

impl Timeout {
    pub fn new(after: Duration) -> Timeout {
        Timeout { after, due: None }
    }
}

impl Filter<Value> for Timeout {
    fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        self.due = Some(now + self.after);
        Step::Pass(value)
    }

    fn deadline(&self) -> Option<Moment> {
        self.due
    }

    fn wake(&mut self, _: Moment) -> Due<Value> {
        self.due = None;
        Due::Stale
    }

    fn reset(&mut self) {
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn silence_makes_stale_once_and_so_do_samples_that_are_rejected() {
        check(
            &[FilterSpec::RejectOutside(0.0, 100.0), FilterSpec::Timeout(Duration::from_secs(60))],
            "0s    20  -> 20
             50s   21  -> 21
             110s  .   -> stale
             300s  .   -> -
             301s  22  -> 22
             331s  500 -> x
             360s  500 -> x
             361s  .   -> stale",
        );
    }
}
