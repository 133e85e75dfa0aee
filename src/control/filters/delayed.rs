//! A state counts only when it has held for its time: delayed on, delayed off, or both (which is a debounce).

use std::time::Duration;

use super::{Due, Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Delayed {
    on: Duration,
    off: Duration,
    told: Option<bool>,
    /// A state and when it has held long enough.
    held: Option<(bool, Moment)>,
}

impl Delayed {
    pub fn new(on: Duration, off: Duration) -> Delayed {
        Delayed { on, off, told: None, held: None }
    }
}

impl Filter<bool> for Delayed {
    fn pass(&mut self, on: bool, now: Moment) -> Step<bool> {
        let time = if on { self.on } else { self.off };
        // Before anything is known there is no “on” that could be held over.
        let at_once = time.is_zero() || self.told.is_none() && !on;
        if self.told == Some(on) || at_once {
            self.held = None;
            self.told = Some(on);
            return Step::Pass(on);
        }
        if self.held.is_none_or(|(held, _)| held != on) {
            self.held = Some((on, now + time));
        }
        Step::Keep
    }

    fn deadline(&self) -> Option<Moment> {
        self.held.map(|(_, due)| due)
    }

    fn wake(&mut self, _: Moment) -> Due<bool> {
        let Some((on, _)) = self.held.take() else { return Due::Nothing };
        self.told = Some(on);
        Due::Tell(on)
    }

    fn reset(&mut self) {
        self.told = None;
        self.held = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    const FIVE: Duration = Duration::from_secs(5);

    #[test]
    fn delayed_on_tells_only_what_stays_on() {
        check(
            &[FilterSpec::Delayed { on: FIVE, off: Duration::ZERO }],
            "0s   off -> off
             1s   on  -> -
             4s   off -> off
             6s   .   -> -
             10s  on  -> -
             12s  on  -> -
             15s  .   -> on
             16s  off -> off",
        );
    }

    #[test]
    fn delayed_off_bridges_gaps() {
        check(
            &[FilterSpec::Delayed { on: Duration::ZERO, off: FIVE }],
            "0s   off   -> off
             1s   on    -> on
             2s   off   -> -
             4s   on    -> on
             10s  off   -> -
             15s  .     -> off
             16s  on    -> on
             17s  off   -> -
             18s  fault -> -
             19s  off   -> off",
        );
    }

    #[test]
    fn delayed_both_ways_is_a_debounce() {
        check(
            &[FilterSpec::Delayed { on: FIVE, off: FIVE }],
            "0s   on  -> -
             5s   .   -> on
             6s   off -> -
             7s   on  -> on
             11s  .   -> -
             20s  off -> -
             25s  .   -> off",
        );
    }
}
