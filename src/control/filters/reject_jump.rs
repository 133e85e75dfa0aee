//! Rejects a wild sample. A jump is real when a few samples in a row agree on it.

use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct RejectJump {
    by: f64,
    agree: u8,
    last: Option<f64>,
    /// The newest sample of a level that may be real, and how many have agreed on it.
    level: Option<(f64, u8)>,
}

impl RejectJump {
    pub fn new(by: f64, agree: u8) -> RejectJump {
        RejectJump { by, agree, last: None, level: None }
    }
}

impl Filter<f64> for RejectJump {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        let far = |other: f64| (number - other).abs() > self.by;
        if self.last.is_some_and(far) {
            let agreed = match self.level {
                Some((level, agreed)) if !far(level) => agreed.saturating_add(1),
                _ => 1,
            };
            if agreed < self.agree {
                self.level = Some((number, agreed));
                return Step::Reject;
            }
        }
        self.last = Some(number);
        self.level = None;
        Step::Pass(number)
    }

    fn reset(&mut self) {
        self.last = None;
        self.level = None;
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    const FILTER: &[FilterSpec] = &[FilterSpec::RejectJump { by: 10.0, agree: 3 }];

    #[test]
    fn a_wild_sample_is_rejected_and_so_are_several_that_do_not_agree() {
        check(
            FILTER,
            "0s  20  -> 20
             1s  85  -> x
             2s  21  -> 21
             3s  85  -> x
             4s  -40 -> x
             5s  85  -> x
             6s  31  -> 31",
        );
    }

    #[test]
    fn a_jump_that_three_in_a_row_agree_on_is_real() {
        check(
            FILTER,
            "0s  20 -> 20
             1s  60 -> x
             2s  62 -> x
             3s  65 -> 65
             4s  66 -> 66
             5s  20 -> x",
        );
    }

    #[test]
    fn after_a_fault_the_first_sample_counts() {
        check(
            FILTER,
            "0s  20    -> 20
             1s  fault -> -
             2s  85    -> 85",
        );
    }
}
