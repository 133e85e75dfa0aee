//! Rejects what cannot be true. A sensor that says nothing else goes stale.

use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct RejectOutside {
    pub low: f64,
    pub high: f64,
}

impl Filter<f64> for RejectOutside {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        if (self.low..=self.high).contains(&number) { Step::Pass(number) } else { Step::Reject }
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn what_cannot_be_true_is_rejected_and_the_ends_belong_to_what_can() {
        check(
            &[FilterSpec::RejectOutside(-40.0, 85.0)],
            "0s  20   -> 20
             1s  -127 -> x
             2s  85   -> 85
             3s  85.1 -> x
             4s  -40  -> -40",
        );
    }
}
