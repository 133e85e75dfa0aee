//! What a reading must be for an alarm or a rule: above, below, outside, equal, silent or broken.

use super::{Kind, Quality, Value};

/// A test of one reading. Numbers have two limits, so that a value that trembles around one of them is one event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trigger {
    /// Holds above `limit`, until it is at or below `clear`.
    Above {
        /// Where it begins.
        limit: f64,
        /// Where it ends; at most `limit`.
        clear: f64,
    },
    /// Holds below `limit`, until it is at or above `clear`.
    Below {
        /// Where it begins.
        limit: f64,
        /// Where it ends; at least `limit`.
        clear: f64,
    },
    /// Holds outside `limits`, until it is inside `clear` or on its edge.
    Outside {
        /// The lower and the upper limit.
        limits: (f64, f64),
        /// The band in which it ends; within `limits`.
        clear: (f64, f64),
    },
    /// Holds while the reading is this.
    Equals(Value),
    /// Holds while the point is silent for longer than it should.
    Stale,
    /// Holds while the point is broken.
    Fault,
}

impl Trigger {
    /// Does it hold? `held` is whether it did before. `None` if nobody can say: a dead sensor is neither hot nor
    /// cold.
    pub fn judge(&self, quality: &Quality, held: bool) -> Option<bool> {
        let number = |test: &dyn Fn(f64) -> bool| match quality {
            Quality::Good(Value::Number(number)) => Some(test(*number)),
            _ => None,
        };
        match *self {
            Trigger::Above { limit, clear } => number(&|n| n > if held { clear } else { limit }),
            Trigger::Below { limit, clear } => number(&|n| n < if held { clear } else { limit }),
            Trigger::Outside { limits, clear } => number(&|n| {
                let (low, high) = if held { clear } else { limits };
                n < low || n > high
            }),
            Trigger::Equals(value) => match quality {
                Quality::Good(good) => Some(*good == value),
                _ => None,
            },
            Trigger::Stale => (*quality != Quality::Unknown).then_some(matches!(quality, Quality::Stale(_))),
            Trigger::Fault => (*quality != Quality::Unknown).then_some(matches!(quality, Quality::Fault(_))),
        }
    }

    /// The key in the config that writes it.
    pub fn key(&self) -> &'static str {
        match self {
            Trigger::Above { .. } => "above",
            Trigger::Below { .. } => "below",
            Trigger::Outside { .. } => "outside",
            Trigger::Equals(_) => "equals",
            Trigger::Stale => "stale",
            Trigger::Fault => "fault",
        }
    }

    /// What follows “is”: `above 35.0 °C`.
    pub fn words(&self, kind: &Kind) -> String {
        let show = |n: f64| kind.show(Value::Number(n));
        match *self {
            Trigger::Above { limit, .. } => format!("above {}", show(limit)),
            Trigger::Below { limit, .. } => format!("below {}", show(limit)),
            Trigger::Outside { limits: (low, high), .. } => format!("outside {} to {}", show(low), show(high)),
            Trigger::Equals(value) => kind.show(value),
            Trigger::Stale => "silent".to_owned(),
            Trigger::Fault => "broken".to_owned(),
        }
    }

    /// Where it ends, if that is not where it begins: `at or below 33.0 °C`.
    pub fn end_words(&self, kind: &Kind) -> Option<String> {
        let show = |n: f64| kind.show(Value::Number(n));
        match *self {
            Trigger::Above { limit, clear } if clear != limit => Some(format!("at or below {}", show(clear))),
            Trigger::Below { limit, clear } if clear != limit => Some(format!("at or above {}", show(clear))),
            Trigger::Outside { limits, clear } if clear != limits => {
                Some(format!("within {} to {}", show(clear.0), show(clear.1)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fault;

    fn run(trigger: Trigger, numbers: &[f64]) -> Vec<bool> {
        let mut held = false;
        let mut judge = |n: &f64| {
            held = trigger.judge(&Quality::Good(Value::Number(*n)), held).unwrap();
            held
        };
        numbers.iter().map(&mut judge).collect()
    }

    #[test]
    fn what_trembles_around_a_limit_is_one_event() {
        let above = Trigger::Above { limit: 35.0, clear: 33.0 };
        assert_eq!(run(above, &[35.0, 35.1, 34.9, 33.1, 33.0, 35.0]), [false, true, true, true, false, false]);
        let below = Trigger::Below { limit: 5.0, clear: 5.0 };
        assert_eq!(run(below, &[5.0, 4.9, 5.0]), [false, true, false]);
        let outside = Trigger::Outside { limits: (18.0, 24.0), clear: (19.0, 23.0) };
        assert_eq!(run(outside, &[18.0, 17.9, 18.9, 19.0, 24.1, 23.5]), [false, true, true, false, true, true]);
    }

    #[test]
    fn a_broken_sensor_is_neither_above_nor_below() {
        for quality in [Quality::Unknown, Quality::Stale(Value::Number(50.0)), Quality::Fault(Fault::new("x"))] {
            for held in [false, true] {
                assert_eq!(Trigger::Above { limit: 35.0, clear: 33.0 }.judge(&quality, held), None);
            }
        }
        assert_eq!(Trigger::Fault.judge(&Quality::Fault(Fault::new("x")), false), Some(true));
        assert_eq!(Trigger::Stale.judge(&Quality::Good(Value::Switch(true)), true), Some(false));
    }
}
