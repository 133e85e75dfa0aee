//! The mean of all samples of a time, told at its end. The time begins with the first of them.

use std::time::Duration;

use super::{Due, Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct ThrottleAverage {
    every: Duration,
    until: Option<Moment>,
    mean: f64,
    count: f64,
}

impl ThrottleAverage {
    pub fn new(every: Duration) -> ThrottleAverage {
        ThrottleAverage { every, until: None, mean: 0.0, count: 0.0 }
    }
}

impl Filter<f64> for ThrottleAverage {
    fn pass(&mut self, number: f64, now: Moment) -> Step<f64> {
        if self.until.is_none() {
            self.reset();
            self.until = Some(now + self.every);
        }
        self.count += 1.0;
        // Of two parts, so that no sum can grow beyond the range of numbers.
        self.mean = self.mean * ((self.count - 1.0) / self.count) + number / self.count;
        Step::Keep
    }

    fn deadline(&self) -> Option<Moment> {
        self.until
    }

    fn wake(&mut self, _: Moment) -> Due<f64> {
        self.until = None;
        Due::Tell(self.mean)
    }

    fn reset(&mut self) {
        *self = ThrottleAverage::new(self.every);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn the_mean_of_a_minute_is_told_at_its_end() {
        check(
            &[FilterSpec::ThrottleAverage(Duration::from_secs(60))],
            "0s    10 -> -
             20s   20 -> -
             40s   60 -> -
             60s   .  -> 30
             200s  5  -> -
             260s  .  -> 5
             261s  7  -> -
             262s  fault -> -
             400s  .  -> -",
        );
    }
}
