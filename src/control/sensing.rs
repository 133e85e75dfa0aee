//! One sensor over time: its filters, what it reads now, and when its silence becomes news.

use std::time::Duration;

use super::filters::Chain;
use super::steady::Steady;
use crate::model::{Fault, Kind, Moment, Now, Quality, Reading, Sensor, Value};

/// What a polled sensor may take longer than three of its intervals before it counts as silent.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Sensing {
    filters: Chain,
    steady: Steady,
    reading: Reading,
    every: Option<Duration>,
    stale_at: Option<Moment>,
}

impl Sensing {
    pub fn new(sensor: &Sensor) -> Sensing {
        let filters = Chain::new(&sensor.filters);
        Sensing { filters, steady: Steady::default(), reading: Reading::UNKNOWN, every: sensor.every, stale_at: None }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Takes over what was known before the config was read anew.
    pub fn inherit(&mut self, sensor: &Sensor, reading: Reading, now: Now) {
        if reading.good().is_none_or(|value| sensor.kind.admits(value)) {
            self.reading = reading;
        }
        self.stale_at = self.every.map(|every| now.mono + every * 3 + GRACE);
    }

    pub fn deadline(&self) -> Option<Moment> {
        [self.stale_at, self.steady.deadline()].into_iter().flatten().min()
    }

    /// A word from the driver. True if what is known has changed.
    pub fn sample(&mut self, sensor: &Sensor, result: Result<Value, Fault>, now: Now) -> bool {
        self.stale_at = self.every.map(|every| now.mono + every * 3 + GRACE);
        let quality = match result {
            Err(fault) => {
                self.filters.reset();
                Quality::Fault(fault)
            }
            Ok(value) => {
                // A point that comes back from a fault or from silence must be heard, whatever its filters
                // remember from before.
                if self.reading.good().is_none() {
                    self.filters.reset();
                }
                match self.filters.pass(value) {
                    None => return false,
                    Some(value) if sensor.kind.admits(value) => Quality::Good(value),
                    Some(value) => Quality::Fault(outside(&sensor.kind, value)),
                }
            }
        };
        match self.steady.pass(&self.reading.quality, quality, now.mono) {
            Some(quality) => self.learn(quality, now),
            None => false,
        }
    }

    /// Its deadline has passed: three intervals without a word, or a return that has lasted.
    pub fn wake(&mut self, now: Now) -> bool {
        let back = self.steady.due(now.mono).is_some_and(|value| self.learn(Quality::Good(value), now));
        back | self.fell_silent(now)
    }

    fn fell_silent(&mut self, now: Now) -> bool {
        if self.stale_at.is_none_or(|at| at > now.mono) {
            return false;
        }
        self.stale_at = None;
        match self.reading.quality {
            Quality::Good(value) => self.learn(Quality::Stale(value), now),
            _ => false,
        }
    }

    fn learn(&mut self, quality: Quality, now: Now) -> bool {
        let changed = self.reading.quality != quality;
        // A stale value keeps the time it was true at; anything heard is heard now.
        if !matches!(quality, Quality::Stale(_)) {
            self.reading.at = Some(now.wall);
        }
        self.reading.quality = quality;
        changed
    }
}

/// A number that its sensor cannot mean. Without the number itself: the next would be another fault.
fn outside(kind: &Kind, value: Value) -> Fault {
    match (kind, value) {
        (Kind::Number { range: Some((low, high)), .. }, Value::Number(number)) => {
            let (side, end) = if number < *low { ("below", low) } else { ("above", high) };
            Fault::new(format!("reads {side} {}, the end of its range", kind.show(Value::Number(*end))))
        }
        _ => Fault::new(format!("{} is out of range", kind.show(value))),
    }
}
