//! Numbers to words: each word from its threshold on.

use super::{Filter, Step};
use crate::model::{Moment, Value};

#[derive(Debug)]
pub struct Map {
    /// Ascending.
    pub thresholds: Vec<(f64, u16)>,
}

impl Filter<Value> for Map {
    fn pass(&mut self, value: Value, _: Moment) -> Step<Value> {
        let Value::Number(number) = value else { return Step::Pass(value) };
        let above = self.thresholds.partition_point(|(threshold, _)| *threshold <= number);
        // What lies below all thresholds is what begins at the lowest.
        match self.thresholds.get(above.saturating_sub(1)) {
            Some((_, option)) => Step::Pass(Value::Choice(*option)),
            None => Step::Reject,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn each_word_holds_from_its_threshold_on() {
        check(
            &[FilterSpec::Map(vec![(0.0, 0), (20.0, 1), (80.0, 2), (90.0, 1)])],
            "0s  -5   -> #0
             1s  0    -> #0
             2s  19.9 -> #0
             3s  20   -> #1
             4s  80   -> #2
             5s  500  -> #1",
        );
    }
}
