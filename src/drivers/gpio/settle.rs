//! A level counts once it has held: for lines whose kernel cannot debounce. Pure; the caller reads line and clock.

use std::time::Duration;

use tokio::time::Instant;

/// What is settled about a line, and what is not yet.
#[derive(Debug)]
pub(super) struct Settle {
    hold: Duration,
    level: bool,
    /// A different level and when it will have held long enough.
    candidate: Option<(bool, Instant)>,
}

impl Settle {
    /// A line first seen at `level`, which is taken as it is.
    pub fn new(hold: Duration, level: bool) -> Settle {
        Settle { hold, level, candidate: None }
    }

    /// The level that counts.
    pub fn level(&self) -> bool {
        self.level
    }

    /// The line was read and stands at `level`: reading it again does not start the wait again.
    pub fn read(&mut self, level: bool, now: Instant) -> Option<bool> {
        if self.candidate.is_some_and(|(candidate, _)| candidate == level) {
            return None;
        }
        self.edge(level, now)
    }

    /// An edge led to `level`. Every edge starts the wait again. Gives the level back if it counts at once.
    pub fn edge(&mut self, level: bool, now: Instant) -> Option<bool> {
        if level == self.level {
            self.candidate = None;
            return None;
        }
        if self.hold.is_zero() {
            self.level = level;
            return Some(level);
        }
        self.candidate = Some((level, now + self.hold));
        None
    }

    /// When the line must be read again for [`Settle::due`].
    pub fn deadline(&self) -> Option<Instant> {
        self.candidate.map(|(_, at)| at)
    }

    /// The deadline has come, and the line reads `level`: does it count now?
    pub fn due(&mut self, level: bool, now: Instant) -> Option<bool> {
        let (candidate, at) = self.candidate?;
        if now < at {
            return None;
        }
        self.candidate = None;
        if level != candidate {
            // An edge was missed: what held is what was settled before.
            return self.edge(level, now);
        }
        self.level = level;
        Some(level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn a_bounce_is_not_a_change() {
        let start = Instant::now();
        let mut line = Settle::new(20 * MS, false);
        assert_eq!(line.edge(true, start), None);
        assert_eq!(line.edge(false, start + 5 * MS), None);
        assert_eq!(line.deadline(), None);
        assert_eq!(line.due(false, start + 30 * MS), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_level_counts_when_it_has_held_since_the_last_edge() {
        let start = Instant::now();
        let mut line = Settle::new(20 * MS, false);
        line.edge(true, start);
        line.edge(false, start + 5 * MS);
        line.edge(true, start + 10 * MS);
        assert_eq!(line.deadline(), Some(start + 30 * MS));
        assert_eq!(line.due(true, start + 20 * MS), None);
        assert_eq!(line.due(true, start + 30 * MS), Some(true));
        assert_eq!(line.deadline(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_missed_edge_does_not_leave_the_wrong_level() {
        let start = Instant::now();
        let mut line = Settle::new(20 * MS, false);
        line.edge(true, start);
        assert_eq!(line.due(false, start + 20 * MS), None);
        assert_eq!(line.deadline(), None);
        line.edge(true, start + 40 * MS);
        assert_eq!(line.due(true, start + 60 * MS), Some(true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_is_only_read_settles_too() {
        let start = Instant::now();
        let mut line = Settle::new(20 * MS, false);
        for at in [0, 8, 16] {
            assert_eq!(line.read(true, start + at * MS), None);
        }
        assert_eq!(line.due(true, start + 20 * MS), Some(true));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_hold_every_change_counts_at_once() {
        let mut line = Settle::new(Duration::ZERO, false);
        assert_eq!(line.edge(true, Instant::now()), Some(true));
        assert_eq!(line.edge(true, Instant::now()), None);
    }
}
