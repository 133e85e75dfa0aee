//! Filters for one type of value as stages of a chain, which carries all.

use super::{Due, Filter, Step};
use crate::model::{Moment, Value};

/// A filter for numbers; other values pass it unchanged. What is no number any more is rejected.
#[derive(Debug)]
pub struct Numbers<F>(pub F);

impl<F: Filter<f64>> Filter<Value> for Numbers<F> {
    fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        let Value::Number(number) = value else { return Step::Pass(value) };
        match self.0.pass(number, now) {
            Step::Pass(number) => Value::number(number).map_or_else(
                || {
                    // What it remembers may be as wrong.
                    self.0.reset();
                    Step::Reject
                },
                Step::Pass,
            ),
            Step::Keep => Step::Keep,
            Step::Reject => Step::Reject,
        }
    }

    fn deadline(&self) -> Option<Moment> {
        self.0.deadline()
    }

    fn wake(&mut self, now: Moment) -> Due<Value> {
        let tell = |number, told: fn(Value) -> Due<Value>| Value::number(number).map_or(Due::Nothing, told);
        match self.0.wake(now) {
            Due::Tell(number) => tell(number, Due::Tell),
            Due::Repeat(number) => tell(number, Due::Repeat),
            Due::Stale => Due::Stale,
            Due::Nothing => Due::Nothing,
        }
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// A filter for two states; other values pass it unchanged.
#[derive(Debug)]
pub struct States<F>(pub F);

impl<F: Filter<bool>> Filter<Value> for States<F> {
    fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        let Value::Switch(on) = value else { return Step::Pass(value) };
        match self.0.pass(on, now) {
            Step::Pass(on) => Step::Pass(Value::Switch(on)),
            Step::Keep => Step::Keep,
            Step::Reject => Step::Reject,
        }
    }

    fn deadline(&self) -> Option<Moment> {
        self.0.deadline()
    }

    fn wake(&mut self, now: Moment) -> Due<Value> {
        match self.0.wake(now) {
            Due::Tell(on) => Due::Tell(Value::Switch(on)),
            Due::Repeat(on) => Due::Repeat(Value::Switch(on)),
            Due::Stale => Due::Stale,
            Due::Nothing => Due::Nothing,
        }
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
