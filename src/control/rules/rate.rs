//! How often a rule may act: a mistake in a config must not wear out a relay.

use std::time::Duration;

use crate::model::Moment;

/// Between two acts of one rule.
pub const GAP: Duration = Duration::from_millis(250);
/// Acts of one rule in a row, before it has to wait.
const ROW: u32 = 30;
/// What an act uses up, in a row that refills with time.
const PRICE: Duration = Duration::from_secs(2);
/// Acts of one rule in any minute: a whole row, and what a minute refills.
pub const PER_MINUTE: u32 = 60;

/// A rule's allowance (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rate {
    last: Option<Moment>,
    /// When all that was used up will have been refilled.
    full: Option<Moment>,
}

impl Rate {
    /// All that was used up has been refilled.
    pub fn is_rested(&self, now: Moment) -> bool {
        self.full.is_none_or(|full| full <= now)
    }

    /// Takes leave for one act.
    ///
    /// # Errors
    /// The moment when there is leave again.
    pub fn take(&mut self, now: Moment) -> Result<(), Moment> {
        let full = self.full.map_or(now, |full| full.max(now));
        let room = full.since(now).saturating_sub(PRICE * (ROW - 1));
        let gap = self.last.map_or(now, |last| last + GAP).max(now + room);
        if gap > now {
            return Err(gap);
        }
        (self.last, self.full) = (Some(now), Some(full + PRICE));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_passes_and_then_one_each_time_it_has_refilled() {
        let mut rate = Rate::default();
        let mut now = Moment::START;
        let mut taken = Vec::new();
        while now < Moment::START + Duration::from_secs(300) {
            match rate.take(now) {
                Ok(()) => taken.push(now),
                Err(at) => {
                    assert!(at > now);
                    now = at;
                }
            }
        }
        assert!(taken.windows(2).all(|pair| pair[1].since(pair[0]) >= GAP));
        for from in &taken {
            let minute = taken.iter().filter(|at| **at >= *from && at.since(*from) < Duration::from_secs(60)).count();
            assert!(minute <= PER_MINUTE as usize, "{minute}");
        }
        assert!(taken.len() > 150, "{}", taken.len());
    }
}
