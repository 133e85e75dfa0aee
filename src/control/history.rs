//! What an actuator has done: since when it is on or safe, and when it went on. Limits are judged by it.

use std::collections::VecDeque;
use std::time::Duration;

use super::since::Since;
use crate::model::Now;

/// The window of `cycles_per_hour`.
pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// Departures remembered; more than the config allows in an hour.
const MOST: usize = 128;

#[derive(Debug, Clone)]
pub(super) struct History {
    /// Since when it has been away from the safe value. It ends only when it was read back as safe.
    pub away: Option<Since>,
    /// It was told to be safe, and nobody knows whether it is.
    pub returning: bool,
    /// While not away: since when.
    pub safe: Since,
    /// Departures from the safe value within the last hour, oldest first.
    pub cycles: VecDeque<Since>,
}

impl History {
    /// Safe from now on, as far as is known.
    pub fn new(now: Now) -> History {
        History { away: None, returning: false, safe: Since::now(now), cycles: VecDeque::new() }
    }

    /// It is told to go somewhere.
    pub fn told(&mut self, away: bool, now: Now) {
        if away && std::mem::replace(&mut self.returning, !away) {
            // It may have been safe for a moment.
            self.count(now);
        }
        self.returning = !away && self.away.is_some();
    }

    /// It is, or may be, away from the safe value. Counts from the first time this is said.
    pub fn departs(&mut self, now: Now) {
        if self.away.is_some() {
            return;
        }
        self.away = Some(Since::now(now));
        self.count(now);
    }

    fn count(&mut self, now: Now) {
        self.forget(now);
        if self.cycles.len() >= MOST {
            self.cycles.pop_front();
        }
        self.cycles.push_back(Since::now(now));
    }

    /// It has been read as safe.
    pub fn arrives(&mut self, now: Now) {
        self.returning = false;
        if self.away.take().is_some() {
            self.safe = Since::now(now);
        }
    }

    /// If it has gone on `most` times within an hour: when it may again.
    pub fn worn(&self, most: u16, now: Now) -> Option<Duration> {
        let recent: Vec<Duration> = self.cycles.iter().filter_map(|at| at.left(HOUR, now)).collect();
        let over = recent.len().checked_sub(usize::from(most))?;
        recent.get(over).copied()
    }

    fn forget(&mut self, now: Now) {
        while self.cycles.front().is_some_and(|at| at.left(HOUR, now).is_none()) {
            self.cycles.pop_front();
        }
    }
}
