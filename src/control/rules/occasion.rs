//! A moment by the clock, over time. Each comes once, however the clock is set: what a jump forward has passed is
//! still run if it is not long ago, and what a jump back repeats is not run again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::control::calendar::Calendar;
use crate::model::{DayTime, Days};

/// A moment that was missed by no more than this is run late; an older one is skipped.
pub const LATE: SignedDuration = SignedDuration::from_mins(5);
/// A clock that was ahead by more than this was simply wrong: what it made us do is no reason to wait.
const WRONG: SignedDuration = SignedDuration::from_hours(36);
/// Less than this is not worth a word.
const PUNCTUAL: SignedDuration = SignedDuration::from_secs(2);
/// Where the sun does not do what is waited for, somebody looks again.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// When it was last looked for, and when it comes next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Occasion {
    /// All up to here has been seen to.
    checked: Option<Timestamp>,
    /// The next one, or when to look for it again.
    next: Option<(Timestamp, bool)>,
}

/// What a look at the clock found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Found {
    /// It is time; by so much too late, if that is worth a word.
    pub due: Option<(Timestamp, Option<Duration>)>,
    /// This one was missed for good.
    pub skipped: Option<Timestamp>,
}

impl Occasion {
    /// Looks at the clock. `begin` is where looking begins the first time.
    pub fn look(
        &mut self,
        calendar: &Calendar<'_>,
        times: &[DayTime],
        days: Days,
        begin: Timestamp,
        wall: Timestamp,
    ) -> Found {
        let mut checked = *self.checked.get_or_insert(begin);
        if checked.duration_since(wall) > WRONG {
            (checked, self.next) = (wall, None);
        }
        let find = |checked: Timestamp| match calendar.next(times, days, checked) {
            Some(next) => (next, true),
            None => (checked.saturating_add(AGAIN).unwrap_or(Timestamp::MAX), false),
        };
        let mut found = Found::default();
        let mut next = self.next.unwrap_or_else(|| find(checked));
        if next.0 <= wall {
            let worth = wall.saturating_sub(LATE).unwrap_or(Timestamp::MIN);
            if next.0 < worth {
                found.skipped = next.1.then_some(next.0);
                next = find(worth.max(checked));
            }
            while next.0 <= wall {
                let late = wall.duration_since(next.0);
                let late = (late > PUNCTUAL).then(|| Duration::from_secs(late.unsigned_abs().as_secs()));
                found.due = if next.1 { Some((next.0, late)) } else { found.due };
                next = find(next.0);
            }
            checked = checked.max(wall);
        }
        (self.checked, self.next) = (Some(checked), Some(next));
        found
    }

    /// When to look again, by the wall clock.
    pub fn next(&self) -> Option<Timestamp> {
        self.next.map(|(next, _)| next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    struct Clock {
        occasion: Occasion,
        zone: TimeZone,
    }

    impl Clock {
        fn look(&mut self, wall: &str) -> Found {
            let calendar = Calendar::plain(&self.zone);
            let times = [DayTime::parse("07:30").unwrap()];
            let wall: Timestamp = wall.parse().unwrap();
            let found = self.occasion.look(&calendar, &times, Days::ALL, wall, wall);
            assert!(self.occasion.next().unwrap() > wall);
            found
        }
    }

    fn clock() -> Clock {
        Clock { occasion: Occasion::default(), zone: TimeZone::UTC }
    }

    #[test]
    fn it_comes_once_a_day() {
        let mut clock = clock();
        assert_eq!(clock.look("2026-01-01T07:00:00Z"), Found::default());
        assert_eq!(clock.look("2026-01-01T07:30:00Z").due, Some(("2026-01-01T07:30:00Z".parse().unwrap(), None)));
        assert_eq!(clock.look("2026-01-01T07:30:00Z"), Found::default());
        assert_eq!(clock.look("2026-01-02T07:29:59Z"), Found::default());
        assert!(clock.look("2026-01-02T07:30:01Z").due.is_some());
    }

    #[test]
    fn a_jump_forward_runs_it_late_or_skips_it() {
        let mut late = clock();
        late.look("2026-01-01T07:00:00Z");
        let found = late.look("2026-01-01T07:33:00Z");
        assert_eq!(found.due.unwrap().1, Some(Duration::from_secs(180)));
        let mut skips = clock();
        skips.look("2026-01-01T07:00:00Z");
        let found = skips.look("2026-01-04T09:00:00Z");
        assert_eq!((found.due, found.skipped.is_some()), (None, true));
        let mut both = clock();
        both.look("2026-01-01T07:00:00Z");
        let found = both.look("2026-01-04T07:31:00Z");
        assert_eq!((found.due.is_some(), found.skipped.is_some()), (true, true));
    }

    #[test]
    fn a_jump_back_does_not_run_it_twice_unless_the_clock_was_simply_wrong() {
        let mut clock = clock();
        clock.look("2026-01-01T07:00:00Z");
        assert!(clock.look("2026-01-01T07:30:00Z").due.is_some());
        assert_eq!(clock.look("2026-01-01T06:45:00Z"), Found::default());
        assert_eq!(clock.look("2026-01-01T07:30:01Z"), Found::default());
        assert!(clock.look("2026-01-02T07:30:00Z").due.is_some());
        assert_eq!(clock.look("2025-06-01T07:00:00Z"), Found::default());
        assert!(clock.look("2025-06-01T07:30:00Z").due.is_some());
    }
}
