//! Rounds, so that the last digits are not news.

use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Round(pub u8);

impl Filter<f64> for Round {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        let scale = 10f64.powi(i32::from(self.0));
        let rounded = (number * scale).round() / scale;
        // A number so large has no digits there.
        Step::Pass(if rounded.is_finite() { rounded } else { number })
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn a_number_keeps_its_first_digits() {
        check(
            &[FilterSpec::Round(1)],
            "0s  20.44 -> 20.4
             1s  20.46 -> 20.5
             2s  -0.04 -> 0
             3s  1e308 -> 1e308",
        );
        check(&[FilterSpec::Round(0)], "0s  20.5 -> 21");
    }
}
