//! Swallows small changes, so that a sensor's noise is not news.

use super::{Filter, Step};
use crate::model::{DeltaStep, Moment};

#[derive(Debug)]
pub struct Delta {
    step: DeltaStep,
    last: Option<f64>,
}

impl Delta {
    pub fn new(step: DeltaStep) -> Delta {
        Delta { step, last: None }
    }

    fn is_news(&self, number: f64, last: f64) -> bool {
        let least = match self.step {
            DeltaStep::Absolute(step) => step,
            DeltaStep::Percent(percent) => last.abs() / 100.0 * percent,
        };
        // A percentage of 0 is 0.
        number != last && (number - last).abs() >= least
    }
}

impl Filter<f64> for Delta {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        if self.last.is_some_and(|last| !self.is_news(number, last)) {
            return Step::Keep;
        }
        self.last = Some(number);
        Step::Pass(number)
    }

    fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::{DeltaStep, FilterSpec};

    #[test]
    fn a_slow_drift_is_told_once_per_step() {
        check(
            &[FilterSpec::Delta(DeltaStep::Absolute(0.5))],
            "0s  20   -> 20
             1s  20.2 -> -
             2s  20.4 -> -
             3s  20.5 -> 20.5
             4s  20.6 -> -
             5s  20.1 -> -
             6s  20   -> 20
             7s  fault -> -
             8s  20   -> 20",
        );
    }

    #[test]
    fn a_step_in_per_cent_grows_with_the_number() {
        check(
            &[FilterSpec::Delta(DeltaStep::Percent(10.0))],
            "0s  100 -> 100
             1s  109 -> -
             2s  110 -> 110
             3s  100 -> -
             4s  0   -> 0
             5s  0   -> -
             6s  0.1 -> 0.1",
        );
    }
}
