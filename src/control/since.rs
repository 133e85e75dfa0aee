//! Since when something holds. It may have begun before the program did; from then on only the monotonic clock counts,
//! so a wall clock that jumps or stands still shortens nothing.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Moment, Now};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Since {
    at: Moment,
    /// What had passed before `at`.
    before: Duration,
}

impl Since {
    pub fn now(now: Now) -> Since {
        Since { at: now.mono, before: Duration::ZERO }
    }

    /// Since a time on the wall clock, in an earlier run. If that clock has gone backwards, nothing has passed yet.
    pub fn wall(wall: Timestamp, now: Now) -> Since {
        let before = Duration::try_from(now.wall.duration_since(wall)).unwrap_or_default();
        Since { at: now.mono, before }
    }

    /// When it began, by the wall clock as it is now: if that has jumped, the beginning has moved with it.
    pub fn began(self, now: Now) -> Timestamp {
        now.wall.checked_sub(self.elapsed(now)).unwrap_or(Timestamp::MIN)
    }

    pub fn elapsed(self, now: Now) -> Duration {
        now.mono.since(self.at).saturating_add(self.before)
    }

    /// What is left of `time`, if anything is.
    pub fn left(self, time: Duration, now: Now) -> Option<Duration> {
        time.checked_sub(self.elapsed(now)).filter(|left| !left.is_zero())
    }

    /// The moment when `time` has passed; the beginning of this run if that was earlier.
    pub fn end(self, time: Duration) -> Moment {
        self.at + time.saturating_sub(self.before)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    fn now(mono: u64, wall: i64) -> Now {
        let wall = Timestamp::from_second(wall).unwrap();
        Now { mono: Moment(Duration::from_secs(mono)), wall, offset: Offset::UTC }
    }

    #[test]
    fn what_passed_before_the_start_counts_and_a_jump_of_the_clock_does_not() {
        let minute = Duration::from_secs(60);
        let since = Since::wall(Timestamp::from_second(1000).unwrap(), now(5, 1040));
        assert_eq!(since.left(minute, now(5, 1040)), Some(Duration::from_secs(20)));
        assert_eq!(since.left(minute, now(15, 9_999_999)), Some(Duration::from_secs(10)));
        assert_eq!(since.left(minute, now(25, 0)), None);
        assert_eq!(since.end(minute), Moment(Duration::from_secs(25)));
        assert_eq!(since.began(now(15, 501_050)), Timestamp::from_second(501_000).unwrap());
    }

    #[test]
    fn with_a_clock_that_went_backwards_nothing_has_passed() {
        let since = Since::wall(Timestamp::from_second(1000).unwrap(), now(5, 900));
        assert_eq!(since.elapsed(now(6, 900)), Duration::from_secs(1));
    }
}
