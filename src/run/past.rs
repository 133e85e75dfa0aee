//! What the store knows of earlier runs, and what this one leaves in it.

use jiff::Timestamp;

use crate::control::{Boots, CLEAN_EXIT, CRASHED_WITHIN, CRASHES, HAS_LASTED, Past};
use crate::model::show_duration;
use crate::store::{Store, Urgency};

/// The key of the notes of starts without a clean exit.
const BOOTS: &str = "boots";
/// Where actuators keep their states.
const ACTUATORS: &str = "actuators/";

/// Notes the start, and says what is known of earlier ones.
pub(super) fn recall(store: &mut Store, now: Timestamp) -> Past {
    let Boots { clean, safe_mode, note } = Boots::read(store.get(BOOTS), now);
    store.keep(BOOTS, note, Urgency::Soon);
    // At once: what makes the program crash may do so in its first second.
    store.write();
    if safe_mode {
        let time = show_duration(CRASHED_WITHIN);
        tracing::error!("{CRASHES} crashes within {time}: safe mode, all outputs are safe and rules are off");
    }
    let kept = store.with_prefix(ACTUATORS).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Past { kept, clean, safe_mode }
}

/// The program has run for [`CRASHED_WITHIN`].
pub(super) fn has_lasted(store: &mut Store) {
    store.keep(BOOTS, HAS_LASTED.to_owned(), Urgency::Routine);
}

/// The program ends because it was asked to, or because its config cannot be used: it has not crashed.
pub(super) fn leave(store: &mut Store) {
    store.keep(BOOTS, CLEAN_EXIT.to_owned(), Urgency::Soon);
}

/// Somebody has ended safe mode: crashes are counted anew, beginning with this start.
pub(super) fn forgive(store: &mut Store, now: Timestamp) {
    store.keep(BOOTS, Boots::read(None, now).note, Urgency::Soon);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn open(dir: &std::path::Path) -> Store {
        Store::open(dir, Duration::from_secs(300)).unwrap().0
    }

    #[tokio::test]
    async fn starts_that_end_without_a_word_lead_to_safe_mode_and_a_clean_exit_ends_it() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for safe_mode in [false, false, false, true] {
            let mut store = open(dir.path());
            assert_eq!(recall(&mut store, now).safe_mode, safe_mode);
            store.close().await;
        }
        let mut store = open(dir.path());
        recall(&mut store, now);
        leave(&mut store);
        store.close().await;
        let mut store = open(dir.path());
        let past = recall(&mut store, now);
        assert!(past.clean && !past.safe_mode);
    }
}
