//! Moves what lies outside an interval to its nearer end.

use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Clamp {
    pub low: f64,
    pub high: f64,
}

impl Filter<f64> for Clamp {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        Step::Pass(number.max(self.low).min(self.high))
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn what_lies_outside_is_moved_to_the_nearer_end() {
        check(
            &[FilterSpec::Clamp(0.0, 100.0)],
            "0s  -0.3  -> 0
             1s  42    -> 42
             2s  100.2 -> 100",
        );
    }
}
