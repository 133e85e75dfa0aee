//! What survives a power cut: a small map from keys to texts in one file. Nothing waits for the card: writes are on a
//! budget ([`Urgency`]) and on a thread of their own.
//!
//! A store that cannot be used is no reason to stop: then the map lives as long as the program, and the log says so.

mod budget;
mod journal;
mod record;

use std::collections::BTreeSet;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};

use budget::Budget;
pub use budget::Urgency;
use journal::{Journal, Map};

/// Keys there may be.
const MOST_KEYS: usize = 16_384;
/// How long the end of the program waits for the card.
const LAST_WRITE: Duration = Duration::from_secs(3);

/// Why a store cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody has it.
    #[error("{} is in use by another katydid", .0.display())]
    Taken(PathBuf),
    /// It is too large to be one.
    #[error("{} is too large for a store", .0.display())]
    Strange(PathBuf),
    /// What the system says.
    #[error("{}: {why}", path.display())]
    Unusable {
        /// The file or directory.
        path: PathBuf,
        /// In its own words.
        why: String,
    },
}

impl StoreError {
    fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
        StoreError::Unusable { path: path.to_owned(), why: error.to_string() }
    }
}

/// The map, and the file it is on its way to.
#[derive(Debug)]
pub struct Store {
    kept: Map,
    /// Keys that differ from the file.
    changed: BTreeSet<String>,
    budget: Budget,
    card: Card,
    /// What was said in the log of the last write.
    trouble: Option<StoreError>,
    /// Keys that were refused since the last one was said.
    refused: bool,
}

/// Where the file is.
#[derive(Debug)]
enum Card {
    Ready(Journal),
    Writing(JoinHandle<(Journal, Result<(), StoreError>)>, BTreeSet<String>),
    /// It could not be opened, or a write has broken off.
    Absent,
}

impl Store {
    /// Opens the store in this directory and reads it. A directory that is missing is an empty store, and is made by
    /// the first write. The texts say what was damaged and does not count.
    ///
    /// # Errors
    /// Another process has it, or it cannot be read; [`Store::absent`] will do instead.
    pub fn open(dir: &Path, every: Duration) -> Result<(Store, Vec<String>), StoreError> {
        let (journal, kept, wrong) = Journal::open(dir)?;
        Ok((Store { kept, card: Card::Ready(journal), ..Store::absent(every) }, wrong))
    }

    /// As [`Store::open`], but what is wrong is said in the log, and the device goes on.
    pub fn open_or_go_on(dir: &Path, every: Duration) -> Store {
        match Store::open(dir, every) {
            Ok((store, wrong)) => {
                wrong.iter().for_each(|wrong| tracing::warn!("{wrong}"));
                store
            }
            Err(error) => {
                tracing::warn!("what should survive a power cut is not known, and will not be kept: {error}");
                Store::absent(every)
            }
        }
    }

    /// A store without a file: it is empty, and what it keeps ends with the program.
    pub fn absent(every: Duration) -> Store {
        Store {
            kept: Map::new(),
            changed: BTreeSet::new(),
            budget: Budget::new(every, Instant::now()),
            card: Card::Absent,
            trouble: None,
            refused: false,
        }
    }

    /// The config was read anew: routine writes are this far apart from now on.
    pub fn change(&mut self, every: Duration) {
        self.budget.change(every);
    }

    /// What is known under this key, be it written yet or not.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.kept.get(key).map(String::as_str)
    }

    /// All keys that begin like this, with their values.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = self.kept.range(prefix.to_owned()..).map(|(key, value)| (key.as_str(), value.as_str()));
        all.take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Keeps a text, to be written when its urgency says; the same text again is no change. A key is up to 128 visible
    /// ASCII letters, a value up to 1 KiB, and there are up to 16,384 keys; what is beyond is not kept and said in
    /// the log once.
    pub fn keep(&mut self, key: &str, value: String, urgency: Urgency) {
        if self.get(key) == Some(value.as_str()) {
            return;
        }
        let room = self.kept.len() < MOST_KEYS || self.kept.contains_key(key);
        if !room || !record::fits(key, &value) {
            if !std::mem::replace(&mut self.refused, true) {
                tracing::warn!("the store is full, or “{}” is too long for it; it is not kept", key.escape_debug());
            }
            return;
        }
        self.kept.insert(key.to_owned(), value);
        self.change_of(key, urgency);
    }

    /// Whether routine writes come due even if nothing has changed: for what does not tell each change, but is asked
    /// before a write.
    pub fn expect(&mut self, changes: bool) {
        self.budget.expect(changes);
    }

    /// Forgets a key.
    pub fn forget(&mut self, key: &str) {
        if self.kept.remove(key).is_some() {
            self.change_of(key, Urgency::Routine);
        }
    }

    fn change_of(&mut self, key: &str, urgency: Urgency) {
        self.changed.insert(key.to_owned());
        self.budget.want(urgency, Instant::now());
    }

    /// When the next write is due; `None` if there is nothing to write, a write is under way, or there is no file.
    pub fn deadline(&self) -> Option<Instant> {
        if matches!(self.card, Card::Ready(_)) { self.budget.due() } else { None }
    }

    /// Resolves when it is time for [`Store::write`], and takes note of writes that have ended. Pending for ever while
    /// there is nothing to do; nothing is lost when this is dropped.
    pub async fn due(&mut self) {
        loop {
            match &mut self.card {
                Card::Writing(task, _) => {
                    let end = task.await;
                    self.written(end.ok());
                }
                _ => match self.deadline() {
                    Some(at) => return sleep_until(at).await,
                    None => return pending().await,
                },
            }
        }
    }

    /// Begins to write everything that has changed, on a thread of its own. Does nothing while that is going on.
    pub fn write(&mut self) {
        match std::mem::replace(&mut self.card, Card::Absent) {
            Card::Ready(journal) if self.changed.is_empty() => {
                self.budget.skip(Instant::now());
                self.card = Card::Ready(journal);
            }
            Card::Ready(mut journal) => {
                let changed = std::mem::take(&mut self.changed);
                self.budget.spend(Instant::now());
                let (keys, all): (Vec<String>, Map) = (changed.iter().cloned().collect(), self.kept.clone());
                let text = |key: &String| format!("{key}={}", all.get(key).map_or("", String::as_str));
                tracing::debug!("writing {}", keys.iter().map(text).collect::<Vec<_>>().join(", "));
                let task = spawn_blocking(move || {
                    let result = journal.write(&keys, &all);
                    (journal, result)
                });
                self.card = Card::Writing(task, changed);
            }
            other => self.card = other,
        }
    }

    /// Writes what has changed and lets the file go. Takes 3 s at most: a card that hangs must not hold up the exit.
    pub async fn close(mut self) {
        let last = async {
            self.settle().await;
            if !self.changed.is_empty() {
                self.write();
                self.settle().await;
            }
        };
        if timeout(LAST_WRITE, last).await.is_err() {
            tracing::warn!("the card takes too long; what changed since the last write is not kept");
        }
    }

    /// Waits for the write that is under way.
    async fn settle(&mut self) {
        if let Card::Writing(task, _) = &mut self.card {
            let end = task.await;
            self.written(end.ok());
        }
    }

    fn written(&mut self, end: Option<(Journal, Result<(), StoreError>)>) {
        let Card::Writing(_, keys) = std::mem::replace(&mut self.card, Card::Absent) else { return };
        let Some((journal, result)) = end else {
            tracing::error!("a write of the store broke off (see above); nothing is kept any more");
            return;
        };
        self.card = Card::Ready(journal);
        tracing::debug!("{}", if result.is_ok() { "written" } else { "not written" });
        match result {
            Ok(()) if self.trouble.take().is_some() => tracing::info!("what should survive a power cut is kept again"),
            Ok(()) => {}
            Err(error) => {
                self.changed.extend(keys);
                self.budget.failed(Instant::now());
                if self.trouble.as_ref() != Some(&error) {
                    tracing::warn!("what should survive a power cut cannot be kept: {error}");
                    self.trouble = Some(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const EVERY: Duration = Duration::from_secs(300);

    fn open(dir: &Path) -> Store {
        let (store, wrong) = Store::open(dir, EVERY).unwrap();
        assert_eq!(wrong, Vec::<String>::new());
        store
    }

    #[tokio::test(start_paused = true)]
    async fn routine_waits_for_its_interval_and_what_is_urgent_takes_it_along() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let start = Instant::now();
        assert_eq!(store.deadline(), None);
        store.keep("pulses/water", "1".into(), Urgency::Routine);
        assert_eq!(store.deadline(), Some(start + EVERY));
        store.keep("last/pump", "on".into(), Urgency::Soon);
        store.due().await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        store.write();
        assert_eq!(store.deadline(), None, "a second write beside the first");
        store.keep("pulses/water", "2".into(), Urgency::Routine);
        store.settle().await;
        assert_eq!(store.deadline(), Some(start + Duration::from_secs(302)));
        let text = fs::read_to_string(dir.path().join("store")).unwrap();
        assert!(text.contains(" pulses/water 1\n") && text.contains(" last/pump on\n"), "{text}");
    }

    #[tokio::test]
    async fn what_was_kept_is_there_after_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        store.keep("a/1", "first".into(), Urgency::Routine);
        store.write();
        store.keep("a/1", "second".into(), Urgency::Routine);
        store.keep("a/2", "third".into(), Urgency::Routine);
        store.keep("b", "fourth".into(), Urgency::Routine);
        store.forget("b");
        store.close().await;
        let store = open(dir.path());
        assert_eq!(store.with_prefix("a/").collect::<Vec<_>>(), [("a/1", "second"), ("a/2", "third")]);
        assert_eq!(store.get("b"), None);
        assert_eq!(store.deadline(), None);
    }

    #[tokio::test]
    async fn the_same_text_again_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        store.keep("a", "1".into(), Urgency::Soon);
        store.write();
        store.settle().await;
        store.keep("a", "1".into(), Urgency::Soon);
        assert_eq!(store.deadline(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_card_that_cannot_be_written_is_tried_again_later() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        fs::create_dir(dir.path().join("store")).unwrap();
        store.keep("a", "1".into(), Urgency::Soon);
        store.write();
        store.settle().await;
        assert!(matches!(store.trouble, Some(StoreError::Unusable { .. })));
        assert!(store.deadline().is_some());
        fs::remove_dir(dir.path().join("store")).unwrap();
        store.close().await;
        assert_eq!(open(dir.path()).get("a"), Some("1"));
    }

    #[tokio::test]
    async fn without_a_file_it_keeps_in_memory_and_never_wants_to_write() {
        let mut store = Store::absent(EVERY);
        store.keep("a", "1".into(), Urgency::Soon);
        assert_eq!((store.get("a"), store.deadline()), (Some("1"), None));
        store.write();
        store.close().await;
    }

    #[tokio::test]
    async fn what_does_not_fit_is_not_kept() {
        let mut store = Store::absent(EVERY);
        for (key, value) in
            [("", "1"), ("two words", "1"), ("ä", "1"), ("a", &"x".repeat(1025)), (&"k".repeat(129), "1")]
        {
            store.keep(key, value.into(), Urgency::Soon);
            assert_eq!(store.get(key), None, "{key}");
        }
    }
}
