//! What an earlier run has left, and where each actuator therefore begins. What is not known for certain counts as the
//! worst: then an actuator is safe, and has been so for no time at all.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::history::History;
use super::record::Record;
use super::since::Since;
use crate::model::{Actuator, Device, Moment, Now, Start, Value};

/// A clock that is put right by more than this has jumped; less is drift, and what is kept is not written anew for it.
pub(super) const A_JUMP: SignedDuration = SignedDuration::from_secs(2);
/// Kept times are in whole seconds, of a clock that may have drifted since. What must have passed since one of them
/// counts from the latest moment it can mean.
const INEXACT: SignedDuration = SignedDuration::from_secs(1 + A_JUMP.as_secs());

/// What is known of earlier runs. The default: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// What was kept, by the keys it was kept under.
    pub kept: BTreeMap<String, String>,
    /// The last run ended as it should: what was kept last is all there was.
    pub clean: bool,
    /// The program has crashed again and again: everything starts safe.
    pub safe_mode: bool,
}

/// Where an actuator begins.
#[derive(Debug)]
pub(super) struct Beginning {
    /// What its line is claimed with.
    pub start: Value,
    pub history: History,
    /// A timed command of the earlier run ends.
    pub until: Option<Moment>,
}

/// The key an actuator's state is kept under, if it matters to the next run.
pub(super) fn key(actuator: &Actuator) -> Option<String> {
    let guard = &actuator.guard;
    let matters = guard.start == Start::Last
        || guard.min_off.is_some()
        || guard.cycles_per_hour.is_some()
        || guard.interlock.is_some();
    matters.then(|| format!("actuators/{}", actuator.label.name))
}

impl Past {
    /// Where all actuators begin, in the device's order. Of an interlock group at most one begins away from safe.
    pub(super) fn beginnings(&self, device: &Device, now: Now) -> Vec<Beginning> {
        let mut taken: Vec<&str> = Vec::new();
        let mut beginnings = Vec::new();
        for (_, actuator) in device.actuators() {
            let group = actuator.guard.interlock.as_ref().map(|interlock| interlock.group.as_str());
            let free = group.is_none_or(|group| !taken.contains(&group));
            let beginning = self.beginning(actuator, free && !self.safe_mode, now);
            taken.extend(group.filter(|_| beginning.start != actuator.safe));
            beginnings.push(beginning);
        }
        beginnings
    }

    fn beginning(&self, actuator: &Actuator, free: bool, now: Now) -> Beginning {
        let kept = key(actuator).and_then(|key| self.kept.get(&key));
        let record = kept.map(|text| Record::read(&actuator.kind, text)).unwrap_or_default();
        let known = record.agrees_with(now.wall);
        let mut history = History::new(now);
        history.cycles = record.cycles.iter().map(|at| Since::wall(latest(*at), now)).collect();
        let start = match actuator.guard.start {
            _ if !free => actuator.safe,
            Start::Safe => actuator.safe,
            Start::To(value) => value,
            Start::Last if known => last(actuator, &record, now).unwrap_or(actuator.safe),
            Start::Last => actuator.safe,
        };
        if start == actuator.safe {
            if let (true, Some(at)) = (known && self.clean, record.safe) {
                history.safe = Since::wall(latest(at), now);
            }
            return Beginning { start, history, until: None };
        }
        let until = match (actuator.guard.start, record.away) {
            (Start::Last, Some(at)) => {
                history.away = Some(Since::wall(at, now));
                record.until.map(|until| now.mono + until.duration_since(now.wall).unsigned_abs())
            }
            _ => {
                history.departs(now);
                None
            }
        };
        Beginning { start, history, until }
    }
}

fn latest(kept: Timestamp) -> Timestamp {
    kept.saturating_add(INEXACT).unwrap_or(kept)
}

/// What it was, if it may still be that.
fn last(actuator: &Actuator, record: &Record, now: Now) -> Option<Value> {
    let value = record.value.filter(|value| actuator.kind.admits(*value))?;
    let over = record.until.is_some_and(|until| until <= now.wall);
    let spent = match (actuator.max_on, record.away) {
        (Some(max), Some(at)) => Since::wall(at, now).left(max, now).is_none(),
        (Some(_), None) => value != actuator.safe,
        _ => false,
    };
    (!over && !spent).then_some(value)
}
