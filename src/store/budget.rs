//! When to write: cards wear out. Pure; the caller has the clock.

use std::time::Duration;

use tokio::time::Instant;

/// Between a change that should be kept soon and its write: what else changes meanwhile goes along.
const GATHER: Duration = Duration::from_secs(2);
/// Writes that may follow one another,
const BURST: u32 = 10;
/// and the time after which there is one more.
const REFILL: Duration = Duration::from_secs(300);

/// How soon a change should be on the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// With the next routine write, `[store] every` after the last write of any kind.
    Routine,
    /// Within 2 s, as long as that does not happen all the time: ten writes in a row, then one in five minutes. With
    /// the usual `every` of 5m no load leads to more than 298 writes a day.
    Soon,
}

/// How much may be written, and when the next write is due.
#[derive(Debug)]
pub(super) struct Budget {
    every: Duration,
    last: Instant,
    tokens: u32,
    /// When the tokens were last right. Only of interest while there are fewer than [`BURST`].
    filled: Instant,
    wanted: Option<(Urgency, Instant)>,
    /// Something may have changed that nobody told.
    expects: bool,
}

impl Budget {
    pub fn new(every: Duration, now: Instant) -> Budget {
        Budget { every, last: now, tokens: BURST, filled: now, wanted: None, expects: false }
    }

    /// The config was read anew.
    pub fn change(&mut self, every: Duration) {
        self.every = every;
    }

    /// Whether routine writes come due by themselves.
    pub fn expect(&mut self, changes: bool) {
        self.expects = changes;
    }

    /// Something has changed. The earliest change that should be kept soon counts.
    pub fn want(&mut self, urgency: Urgency, now: Instant) {
        if self.wanted.is_none_or(|(before, _)| before < urgency) {
            self.wanted = Some((urgency, now));
        }
    }

    /// When to write. `None`: nothing has changed.
    pub fn due(&self) -> Option<Instant> {
        let routine = self.last + self.every;
        let Some((urgency, since)) = self.wanted else { return self.expects.then_some(routine) };
        let soon = match self.tokens {
            0 => self.filled + REFILL,
            _ => since + GATHER,
        };
        Some(if urgency == Urgency::Soon { soon.max(since + GATHER).min(routine) } else { routine })
    }

    /// A write begins, with all that has changed so far.
    pub fn spend(&mut self, now: Instant) {
        if self.tokens == BURST {
            self.filled = now;
        }
        while self.tokens < BURST && now.duration_since(self.filled) >= REFILL {
            self.tokens += 1;
            self.filled += REFILL;
        }
        self.tokens = self.tokens.saturating_sub(1);
        self.last = now;
        self.wanted = None;
    }

    /// There was nothing to write.
    pub fn skip(&mut self, now: Instant) {
        self.last = now;
        self.wanted = None;
    }

    /// The write has failed: everything is wanted again, but not at once.
    pub fn failed(&mut self, now: Instant) {
        self.want(Urgency::Routine, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_secs(300);
    const DAY: u64 = 24 * 3600;

    /// Writes in a day in which something changes each second.
    fn writes(every: Duration, urgency: impl Fn(u64) -> Urgency) -> u32 {
        let start = Instant::now();
        let mut budget = Budget::new(every, start);
        let mut count = 0;
        for second in 0..DAY {
            let now = start + Duration::from_secs(second);
            budget.want(urgency(second), now);
            if budget.due().is_some_and(|due| due <= now) {
                budget.spend(now);
                count += 1;
            }
        }
        count
    }

    #[test]
    fn a_day_of_pulses_is_288_writes_and_a_day_of_flapping_298_at_most() {
        assert_eq!(writes(USUAL, |_| Urgency::Routine), 287);
        let flapping = writes(USUAL, |_| Urgency::Soon);
        assert!((288..=298).contains(&flapping), "{flapping}");
        let both = writes(USUAL, |second| if second % 7 == 0 { Urgency::Soon } else { Urgency::Routine });
        assert!(both <= 298, "{both}");
        let hourly = writes(Duration::from_secs(3600), |_| Urgency::Soon);
        assert!((288..=298).contains(&hourly), "{hourly}");
    }

    #[test]
    fn what_should_be_kept_soon_is_due_in_two_seconds_and_takes_the_rest_along() {
        let start = Instant::now();
        let mut budget = Budget::new(USUAL, start);
        assert_eq!(budget.due(), None);
        budget.want(Urgency::Routine, start + GATHER);
        assert_eq!(budget.due(), Some(start + USUAL));
        budget.want(Urgency::Soon, start + 5 * GATHER);
        budget.want(Urgency::Soon, start + 6 * GATHER);
        assert_eq!(budget.due(), Some(start + 6 * GATHER));
        budget.spend(start + 6 * GATHER);
        assert_eq!(budget.due(), None);
        budget.failed(start + 7 * GATHER);
        assert_eq!(budget.due(), Some(start + 6 * GATHER + USUAL));
    }
}
