//! The exponential average: the newest sample weighs most, and none is ever quite forgotten.

use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Smooth {
    weight: f64,
    mean: Option<f64>,
}

impl Smooth {
    pub fn new(weight: f64) -> Smooth {
        Smooth { weight, mean: None }
    }
}

impl Filter<f64> for Smooth {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        let mean = self.mean.map_or(number, |mean| self.weight * number + (1.0 - self.weight) * mean);
        self.mean = Some(mean);
        Step::Pass(mean)
    }

    fn reset(&mut self) {
        self.mean = None;
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn a_step_is_approached_by_the_same_part_each_time() {
        check(
            &[FilterSpec::Smooth(0.5)],
            "0s  0     -> 0
             1s  16    -> 8
             2s  16    -> 12
             3s  16    -> 14
             4s  fault -> -
             5s  16    -> 16",
        );
    }
}
