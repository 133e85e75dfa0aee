//! One state condition over time: what it says now, and whether it has said so for long enough.

use std::time::Duration;

use crate::model::Moment;

/// A condition's memory.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    /// What was said last by somebody who could say, and has lasted.
    settled: Option<bool>,
    /// It has held since then, but not yet for long enough.
    since: Option<Moment>,
}

impl Held {
    /// What the condition is worth now. Nobody can say (`None`) is no answer, and what must last begins anew; but what
    /// had lasted before goes on when it is said again.
    pub fn update(&mut self, raw: Option<bool>, lasts: Duration, now: Moment) -> Option<bool> {
        match raw {
            None => {
                self.since = None;
                return None;
            }
            Some(true) if self.settled == Some(true) => {}
            Some(true) => {
                let since = *self.since.get_or_insert(now);
                self.settled = Some(now.since(since) >= lasts);
                if self.settled == Some(true) {
                    self.since = None;
                }
            }
            Some(false) => (self.settled, self.since) = (Some(false), None),
        }
        self.settled
    }

    /// It has lasted, and has not ended since.
    pub fn has_lasted(&self) -> bool {
        self.settled == Some(true)
    }

    /// When it will have lasted.
    pub fn deadline(&self, lasts: Duration) -> Option<Moment> {
        self.since.map(|since| since + lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(60);

    fn at(second: u64) -> Moment {
        Moment(Duration::from_secs(second))
    }

    #[test]
    fn what_must_last_begins_anew_after_every_break() {
        let mut held = Held::default();
        assert_eq!(held.update(Some(true), LASTS, at(0)), Some(false));
        assert_eq!(held.deadline(LASTS), Some(at(60)));
        assert_eq!(held.update(Some(false), LASTS, at(30)), Some(false));
        assert_eq!(held.update(Some(true), LASTS, at(31)), Some(false));
        assert_eq!(held.update(None, LASTS, at(32)), None);
        assert_eq!(held.update(Some(true), LASTS, at(33)), Some(false));
        assert_eq!(held.update(Some(true), LASTS, at(93)), Some(true));
        assert_eq!(held.deadline(LASTS), None);
    }

    #[test]
    fn a_moment_of_not_knowing_does_not_undo_what_has_lasted() {
        let mut held = Held::default();
        held.update(Some(true), LASTS, at(0));
        assert_eq!(held.update(Some(true), LASTS, at(60)), Some(true));
        assert_eq!(held.update(None, LASTS, at(61)), None);
        assert_eq!(held.update(Some(true), LASTS, at(62)), Some(true));
    }
}
