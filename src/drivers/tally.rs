//! What each counter has counted: made by the task that has the line, read by those that give a number of it, and by
//! the loop, which keeps it. Tallies outlive the tasks, so that reading the config anew loses no pulse.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::model::Fault;

/// What is known of a counter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Count {
    /// Since it was first named in the config.
    pub pulses: u64,
    /// Edges that came too fast to be judged.
    pub lost: u64,
    /// When the last one was seen.
    pub last: Option<Instant>,
    /// Is its line ours? `None`: nobody has tried yet.
    pub line: Option<Result<(), Fault>>,
}

/// One counter.
#[derive(Debug, Clone)]
pub(super) struct Tally(Arc<watch::Sender<Count>>);

impl Tally {
    fn starting_at(pulses: u64) -> Tally {
        Tally(Arc::new(watch::Sender::new(Count { pulses, lost: 0, last: None, line: None })))
    }

    /// So many more. Nobody is woken by that: numbers are told at intervals.
    pub fn add(&self, pulses: u64, now: Instant) {
        self.0.send_if_modified(|count| {
            count.pulses = count.pulses.wrapping_add(pulses);
            count.last = Some(now);
            false
        });
    }

    /// So many edges were lost. Said with the next number.
    pub fn lose(&self, edges: u64) {
        self.0.send_if_modified(|count| {
            count.lost = count.lost.saturating_add(edges);
            false
        });
    }

    /// The line is ours, or why it is not.
    pub fn line_is(&self, line: Result<(), Fault>) {
        self.0.send_if_modified(|count| {
            let new = count.line.as_ref() != Some(&line);
            count.line = Some(line);
            new
        });
    }

    /// To look at it, and to be woken when its line is lost or had again.
    pub fn watch(&self) -> watch::Receiver<Count> {
        self.0.subscribe()
    }
}

/// All counters of a device, by the name of the sensor that has the line.
#[derive(Debug, Clone, Default)]
pub struct Tallies(BTreeMap<String, Tally>);

impl Tallies {
    /// A counter that is not there yet starts at this number.
    pub fn begin(&mut self, name: &str, pulses: u64) {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Tally::starting_at(pulses));
        }
    }

    /// Is there such a counter?
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Only these go on.
    pub fn keep_only(&mut self, names: &[&str]) {
        self.0.retain(|name, _| names.contains(&name.as_str()));
    }

    /// Each counter's pulses.
    pub fn pulses(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, tally)| (name.as_str(), tally.0.borrow().pulses))
    }

    pub(super) fn of(&mut self, name: &str) -> Tally {
        self.begin(name, 0);
        self.0.get(name).cloned().unwrap_or_else(|| Tally::starting_at(0))
    }
}
