//! The hand on a button: levels in, gestures out. A press is an edge that was seen; what was held down before the
//! program could look is none.

use crate::model::{Gesture, Gestures, Moment};

#[derive(Debug)]
pub(super) struct Hand {
    rules: Gestures,
    level: Option<bool>,
    /// Held down since then, and not yet for long.
    pressed: Option<Moment>,
    /// Clicks of a row that may still go on, and until when it may.
    clicks: u8,
    row_ends: Option<Moment>,
}

impl Hand {
    pub fn new(rules: Gestures) -> Hand {
        Hand { rules, level: None, pressed: None, clicks: 0, row_ends: None }
    }

    /// What the button reads now; [`Hand::wake`] has been called until it had nothing to say.
    pub fn feel(&mut self, on: bool, now: Moment) -> Option<Gesture> {
        let before = self.level.replace(on);
        match (before, on) {
            (Some(false), true) => {
                self.pressed = Some(now);
                self.row_ends = None;
                None
            }
            (_, false) => {
                self.pressed.take()?;
                self.clicks += 1;
                if self.clicks >= self.rules.clicks {
                    return self.row();
                }
                self.row_ends = Some(now + self.rules.gap);
                None
            }
            _ => None,
        }
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.pressed.map(|since| since + self.rules.long).or(self.row_ends)
    }

    /// The next gesture that is due; to be called until there is none.
    pub fn wake(&mut self, now: Moment) -> Option<Gesture> {
        self.deadline().filter(|deadline| *deadline <= now)?;
        // A row that ends in a long press was a row all the same.
        if let Some(row) = self.row() {
            return Some(row);
        }
        self.pressed.take().map(|_| Gesture::LongPress)
    }

    /// The button was broken or silent.
    pub fn reset(&mut self) {
        *self = Hand::new(self.rules);
    }

    fn row(&mut self) -> Option<Gesture> {
        self.row_ends = None;
        match std::mem::take(&mut self.clicks) {
            0 => None,
            1 => Some(Gesture::Click),
            2 => Some(Gesture::DoubleClick),
            _ => Some(Gesture::TripleClick),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// `edges` are milliseconds at which the button changes, beginning with a press; what comes of it, and when.
    fn gestures(clicks: u8, edges: &[u64]) -> Vec<(u64, &'static str)> {
        let rules = Gestures { clicks, gap: Duration::from_millis(300), long: Duration::from_millis(800) };
        let mut hand = Hand::new(rules);
        let mut told = Vec::new();
        hand.feel(false, Moment::START);
        let end = (10_000, None);
        for (time, on) in edges.iter().zip([true, false].into_iter().cycle()).map(|(t, on)| (*t, Some(on))).chain([end])
        {
            while let Some(deadline) = hand.deadline().filter(|at| at.0 <= Duration::from_millis(time)) {
                let gesture = hand.wake(deadline);
                told.extend(gesture.map(|gesture| (deadline.0.as_millis() as u64, gesture.name())));
            }
            let now = Moment(Duration::from_millis(time));
            told.extend(on.and_then(|on| hand.feel(on, now)).map(|gesture| (time, gesture.name())));
        }
        told
    }

    #[test]
    fn clicks_long_presses_and_rows_are_told_when_they_are_certain() {
        for (clicks, edges, told) in [
            // A click is certain when no other can follow.
            (2, &[1000, 1100][..], &[(1400, "click")][..]),
            (2, &[1000, 1100, 1300, 1400], &[(1400, "double-click")]),
            // Too slow for a row.
            (2, &[1000, 1100, 1401, 1500], &[(1400, "click"), (1800, "click")]),
            // The third begins a row of its own.
            (2, &[1000, 1100, 1200, 1300, 1400, 1500], &[(1300, "double-click"), (1800, "click")]),
            (3, &[1000, 1100, 1200, 1300, 1400, 1500], &[(1500, "triple-click")]),
            (3, &[1000, 1100, 1200, 1300], &[(1600, "double-click")]),
            // Without rows nothing has to be waited for.
            (1, &[1000, 1100, 1200, 1300], &[(1100, "click"), (1300, "click")]),
            // A long press is told while it is held, and is no click when it ends.
            (2, &[1000, 3000], &[(1800, "long-press")]),
            (2, &[1000, 1799], &[(2099, "click")]),
            (2, &[1000, 1100, 1200, 3000], &[(2000, "click"), (2000, "long-press")]),
        ] {
            assert_eq!(gestures(clicks, edges), told, "{clicks} {edges:?}");
        }
    }

    #[test]
    fn what_was_held_before_anybody_looked_is_no_press() {
        let rules = Gestures { clicks: 1, gap: Duration::ZERO, long: Duration::from_secs(1) };
        let mut hand = Hand::new(rules);
        assert_eq!(hand.feel(true, Moment::START), None);
        assert_eq!(hand.deadline(), None);
        assert_eq!(hand.feel(false, Moment(Duration::from_millis(10))), None);
        hand.feel(true, Moment(Duration::from_millis(20)));
        hand.reset();
        assert_eq!(hand.feel(false, Moment(Duration::from_millis(30))), None, "a fault lay between");
    }
}
