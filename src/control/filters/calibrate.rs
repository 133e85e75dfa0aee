//! From what is measured to what is true, along a curve.

use super::{Filter, Step};
use crate::model::{Curve, Moment};

#[derive(Debug)]
pub struct Calibrate(pub Curve);

impl Filter<f64> for Calibrate {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        Step::Pass(self.0.at(number))
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::{Curve, FilterSpec};

    #[test]
    fn a_number_is_moved_along_the_curve() {
        let curve = Curve::through(&[(0.0, 0.5), (100.0, 98.5), (200.0, 298.5)]).unwrap();
        check(
            &[FilterSpec::Calibrate(curve)],
            "0s  0    -> 0.5
             1s  50   -> 49.5
             2s  150  -> 198.5
             3s  -100 -> -97.5",
        );
    }
}
