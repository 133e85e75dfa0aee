//! How long to wait before the next try, and a little chance so that many points do not move in step.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::model::Fault;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double from 1 s to 30 s, each up to a tenth longer or shorter, with a line in the log when a point
/// falls ill, when the reason changes and when it is well again.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    reason: Option<Fault>,
}

impl Backoff {
    pub fn new() -> Backoff {
        Backoff { next: FIRST, reason: None }
    }

    /// It failed: how long to wait before the next try.
    pub fn failed(&mut self, point: &str, fault: &Fault) -> Duration {
        if self.reason.as_ref() != Some(fault) {
            tracing::debug!(point, "{fault}");
            self.reason = Some(fault.clone());
        }
        let wait = self.next;
        self.next = (self.next * 2).min(LONGEST);
        jitter(wait, 0.1)
    }

    /// It worked: the next failure starts again with the shortest wait.
    pub fn worked(&mut self, point: &str) {
        if self.reason.take().is_some() {
            tracing::debug!(point, "works again");
        }
        self.next = FIRST;
    }
}

/// `time`, up to `share` of it longer or shorter.
pub(super) fn jitter(time: Duration, share: f64) -> Duration {
    let chance = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    time.mul_f64(1.0 + share * (2.0 * chance - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute_and_start_again() {
        let mut backoff = Backoff::new();
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let wait = backoff.failed("pump", &Fault::new("gone")).as_secs_f64();
            let middle = f64::from(seconds);
            assert!((middle * 0.9..=middle * 1.1).contains(&wait), "{wait} is not about {middle}");
        }
        backoff.worked("pump");
        assert!(backoff.failed("pump", &Fault::new("gone")) < Duration::from_millis(1200));
    }

    #[test]
    fn no_two_points_move_in_step() {
        let hour = Duration::from_secs(3600);
        assert_ne!(jitter(hour, 0.03), jitter(hour, 0.03));
    }
}
