//! How long to wait before the next login. Pure: the dice come from outside, in `0.0..1.0`.
//!
//! Invariant: a stream that did not hold is never followed by an attempt at once, and a refusal that only a
//! person can mend is never repeated within five minutes.

use std::time::Duration;

/// The wait after the first failure is at most this; it doubles from there.
const FIRST: Duration = Duration::from_secs(1);
/// The doubling ends here, and what a person must mend starts here.
const LONGEST: Duration = Duration::from_secs(300);
/// A stream that lived this long was a success.
const HELD: Duration = Duration::from_secs(10);
/// A server that restarts must not be met by all its devices in the same moment.
const SPREAD: Duration = Duration::from_secs(3);

/// How patient a trouble asks us to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It may pass by itself: 1 s, doubling to 5 min, with full jitter.
    Doubling,
    /// It needs a person, or goes on hurting somebody if repeated: 5 to 10 min.
    Minutes,
}

/// Counts the failures in a row.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next attempt, after one that failed (`lived` is zero) or a stream that ended
    /// after `lived`. `dice` is uniform in `0.0..1.0`.
    pub fn pause(&mut self, patience: Patience, lived: Duration, dice: f64) -> Duration {
        let held = lived >= HELD;
        if held {
            self.failures = 0;
        }
        if patience == Patience::Minutes {
            return LONGEST.mul_f64(1.0 + dice);
        }
        if held {
            return SPREAD.mul_f64(dice);
        }
        let ceiling = FIRST.saturating_mul(1 << self.failures.min(9)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(dice)
    }

    /// Whether a stream that lived so long counts as a login that failed.
    pub fn is_too_short(lived: Duration) -> bool {
        lived < HELD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::ZERO;
    const ALMOST_ONE: f64 = 0.999_999;

    #[test]
    fn the_ceiling_doubles_from_one_second_to_five_minutes() {
        let mut backoff = Backoff::default();
        let ceilings: Vec<u64> = (0..12)
            .map(|_| backoff.pause(Patience::Doubling, NEVER, ALMOST_ONE).as_secs_f64().round() as u64)
            .collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    }

    #[test]
    fn the_jitter_is_full() {
        let mut backoff = Backoff { failures: 6 };
        assert_eq!(backoff.pause(Patience::Doubling, NEVER, 0.0), Duration::ZERO);
        assert_eq!(backoff.pause(Patience::Doubling, NEVER, 0.5), Duration::from_secs(64));
    }

    #[test]
    fn what_a_person_must_mend_waits_five_to_ten_minutes_at_once() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.pause(Patience::Minutes, NEVER, 0.0), Duration::from_secs(300));
        assert_eq!(backoff.pause(Patience::Minutes, NEVER, 0.5), Duration::from_secs(450));
        assert_eq!(backoff.pause(Patience::Minutes, Duration::from_secs(9000), 0.0), Duration::from_secs(300));
    }

    #[test]
    fn a_stream_that_held_is_followed_within_three_seconds() {
        let mut backoff = Backoff { failures: 8 };
        let pause = backoff.pause(Patience::Doubling, Duration::from_secs(10), ALMOST_ONE);
        assert!(pause > Duration::from_millis(2_900) && pause < Duration::from_secs(3));
        assert_eq!(backoff.failures, 0);
    }

    #[test]
    fn a_stream_that_died_young_counts_as_a_failure() {
        let mut backoff = Backoff { failures: 3 };
        assert_eq!(backoff.pause(Patience::Doubling, Duration::from_secs(9), 0.5), Duration::from_secs(4));
        assert_eq!(backoff.failures, 4);
    }

    #[test]
    fn a_million_failures_do_not_overflow() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.pause(Patience::Doubling, NEVER, 0.5), Duration::from_secs(150));
    }
}
