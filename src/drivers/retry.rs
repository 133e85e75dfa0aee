//! How long to wait before the next try, and a little chance so that many points do not move in step.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Fault;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// What works for less long than this has not got over it.
const CALM: Duration = Duration::from_secs(60);

/// Waits that double from 1 s to 30 s, each up to a tenth longer or shorter, until it has worked for a minute: what
/// comes and goes must not click each second. Debug lines when a point falls ill, when the reason changes and when it
/// is well again; for people the reading says so.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    reason: Option<Fault>,
    /// Since when it has worked.
    working: Option<Instant>,
}

impl Backoff {
    pub fn new() -> Backoff {
        Backoff { next: FIRST, reason: None, working: None }
    }

    /// It failed: how long to wait before the next try.
    pub fn failed(&mut self, point: &str, fault: &Fault) -> Duration {
        if self.reason.as_ref() != Some(fault) {
            tracing::debug!(point, "{fault}");
            self.reason = Some(fault.clone());
        }
        if self.working.take().is_some_and(|since| since.elapsed() >= CALM) {
            self.next = FIRST;
        }
        let wait = self.next;
        self.next = (self.next * 2).min(LONGEST);
        jitter(wait, 0.1)
    }

    /// It works. If it goes on doing so the next failure starts again with the shortest wait.
    pub fn worked(&mut self, point: &str) {
        if self.reason.take().is_some() {
            tracing::debug!(point, "works again");
        }
        self.working = Some(Instant::now());
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

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_half_a_minute_and_start_again() {
        let mut backoff = Backoff::new();
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let wait = backoff.failed("pump", &Fault::new("gone")).as_secs_f64();
            let middle = f64::from(seconds);
            assert!((middle * 0.9..=middle * 1.1).contains(&wait), "{wait} is not about {middle}");
        }
        backoff.worked("pump");
        tokio::time::advance(CALM).await;
        assert!(backoff.failed("pump", &Fault::new("gone")) < Duration::from_millis(1200));
    }

    #[tokio::test(start_paused = true)]
    async fn what_works_for_a_moment_each_time_is_tried_less_and_less_often() {
        let mut backoff = Backoff::new();
        let mut tries = 0;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(600) {
            tries += 1;
            backoff.worked("pump");
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::time::advance(backoff.failed("pump", &Fault::new("gone"))).await;
        }
        assert!(tries <= 26, "{tries}");
    }

    #[test]
    fn no_two_points_move_in_step() {
        let hour = Duration::from_secs(3600);
        assert_ne!(jitter(hour, 0.03), jitter(hour, 0.03));
    }
}
