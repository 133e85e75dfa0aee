//! Edges that the kernel had no room for, told in the log once per burst.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A burst is told when it has gone on for so long,
const GATHER: Duration = Duration::from_secs(1);
/// and the next one not before this has passed.
const GAP: Duration = Duration::from_secs(60);

/// What was lost and not told yet.
#[derive(Debug, Default)]
pub(super) struct Lost {
    edges: u64,
    due: Option<Instant>,
    told: Option<Instant>,
}

impl Lost {
    /// So many were lost, perhaps none.
    pub fn note(&mut self, edges: u64) {
        self.edges += edges;
        if self.edges > 0 && self.due.is_none() {
            let soon = Instant::now() + GATHER;
            self.due = Some(self.told.map_or(soon, |told| soon.max(told + GAP)));
        }
    }

    /// Resolves when it is time for [`Lost::say`].
    pub async fn due(&self) {
        match self.due {
            Some(at) => sleep_until(at).await,
            None => pending().await,
        }
    }

    /// Says it in the log.
    pub fn say(&mut self, point: &str) -> u64 {
        let edges = std::mem::take(&mut self.edges);
        tracing::warn!(point, "{edges} edges came too fast and were lost; what it reads now is right");
        self.due = None;
        self.told = Some(Instant::now());
        edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_told_once_and_then_not_for_a_minute() {
        let start = Instant::now();
        let mut lost = Lost::default();
        lost.note(0);
        assert_eq!(lost.due, None);
        lost.note(3);
        lost.note(4);
        lost.due().await;
        assert_eq!((lost.say("bell"), start.elapsed()), (7, GATHER));
        lost.note(5);
        lost.due().await;
        assert_eq!((lost.say("bell"), start.elapsed()), (5, GATHER + GAP));
    }
}
