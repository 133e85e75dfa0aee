//! Swallows what a sensor says while it wakes up.

use super::{Filter, Step};
use crate::model::{Moment, Value};

#[derive(Debug)]
pub struct SkipFirst {
    count: u16,
    left: u16,
}

impl SkipFirst {
    pub fn new(count: u16) -> SkipFirst {
        SkipFirst { count, left: count }
    }
}

impl Filter<Value> for SkipFirst {
    fn pass(&mut self, value: Value, _: Moment) -> Step<Value> {
        if self.left == 0 {
            return Step::Pass(value);
        }
        self.left -= 1;
        Step::Keep
    }

    fn reset(&mut self) {
        self.left = self.count;
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn the_first_samples_after_a_start_and_after_a_fault_do_not_count() {
        check(
            &[FilterSpec::SkipFirst(2)],
            "0s  85    -> -
             1s  85    -> -
             2s  20    -> 20
             3s  fault -> -
             4s  85    -> -
             5s  60    -> -
             6s  20    -> 20",
        );
    }
}
