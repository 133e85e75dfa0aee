//! One sensor over time: its filters, what it reads now, and when its silence becomes news.

use std::time::Duration;

use super::filters::Chain;
use crate::model::{Fault, Moment, Now, Quality, Reading, Sensor, Value};

/// What a polled sensor may take longer than three of its intervals before it counts as silent.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Sensing {
    filters: Chain,
    reading: Reading,
    every: Option<Duration>,
    stale_at: Option<Moment>,
}

impl Sensing {
    pub fn new(sensor: &Sensor) -> Sensing {
        Sensing { filters: Chain::new(&sensor.filters), reading: Reading::UNKNOWN, every: sensor.every, stale_at: None }
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
        self.stale_at
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
                    Some(value) => Quality::Fault(Fault::new(format!("{} is out of range", sensor.kind.show(value)))),
                }
            }
        };
        self.learn(quality, now)
    }

    /// Its deadline has passed: three intervals without a word.
    pub fn wake(&mut self, now: Now) -> bool {
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
