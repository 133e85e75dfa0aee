//! Offset and factor: what a sensor is always wrong by.

use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Offset(pub f64);

#[derive(Debug)]
pub struct Multiply(pub f64);

impl Filter<f64> for Offset {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        Step::Pass(number + self.0)
    }
}

impl Filter<f64> for Multiply {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        Step::Pass(number * self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn an_offset_is_added() {
        check(
            &[FilterSpec::Offset(-1.5)],
            "0s  20    -> 18.5
             1s  1.5   -> 0
             2s  -3    -> -4.5",
        );
    }

    #[test]
    fn a_factor_multiplies_and_what_gets_too_large_is_rejected() {
        check(
            &[FilterSpec::Multiply(2.0)],
            "0s  20    -> 40
             1s  -0.5  -> -1
             2s  1e308 -> x",
        );
    }
}
