//! Counters and the store: what each has counted is kept under its sensor's name, and is where it goes on after a start
//! or a reload.

use crate::drivers::Tallies;
use crate::model::{Device, Pulses, Source};
use crate::store::{Store, Urgency};

const PREFIX: &str = "pulses/";

/// Counters that the device has and `tallies` has not go on where they were.
pub(super) fn resume(device: &Device, store: &Store, tallies: &mut Tallies) {
    let names = names(device);
    tallies.keep_only(&names);
    for name in names {
        let kept = store.get(&key(name));
        let pulses = kept.map_or(Some(0), |kept| kept.parse().ok());
        if pulses.is_none() {
            tracing::warn!("what {name} had counted cannot be read: “{}”", kept.unwrap_or_default().escape_debug());
        }
        tallies.begin(name, pulses.unwrap_or(0));
    }
}

/// Puts what has been counted into the store, to be written when its budget allows, and looks again then.
pub(super) fn keep(tallies: &Tallies, store: &mut Store) {
    let mut any = false;
    for (name, pulses) in tallies.pulses() {
        any = true;
        store.keep(&key(name), pulses.to_string(), Urgency::Routine);
    }
    store.expect(any);
}

fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// The sensors that count on a line of their own.
fn names(device: &Device) -> Vec<&str> {
    let counts =
        |source: &Source<_>| matches!(source, Source::Counter(input) if matches!(input.pulses, Pulses::Line(_)));
    device.sensors().filter(|(_, sensor)| counts(&sensor.source)).map(|(_, s)| s.label.name.as_str()).collect()
}
