//! One sensor over time: its filters, what it reads now, what is done with it if it is a button, and when its silence
//! becomes news. Whenever the reading is no longer good, all that was remembered of earlier samples is forgotten.

use std::time::Duration;

use jiff::Timestamp;

use super::filters::{Chain, Due, Step};
use super::hand::Hand;
use super::steady::Steady;
use crate::model::{Fault, Gesture, Kind, Moment, Now, Quality, Reading, Sensor, Value};

/// What a polled sensor may take longer than three of its intervals before it counts as silent.
const GRACE: Duration = Duration::from_secs(10);
/// The reading of a sensor that has never said anything its filters believe.
const DISBELIEVED: &str = "says only what its filters reject";

#[derive(Debug)]
pub(super) struct Sensing {
    filters: Chain,
    steady: Steady,
    hand: Option<Hand>,
    reading: Reading,
    every: Option<Duration>,
    stale_at: Option<Moment>,
    /// Edges of its line that nobody has seen, and when the first of them was missed.
    lost: Option<(u64, Timestamp)>,
}

/// What came of a sample, or of time.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sensed {
    /// What is known has changed.
    pub changed: bool,
    /// What is known shall be told again.
    pub repeated: bool,
    /// What was done with a button, in this order.
    pub gestures: Vec<Gesture>,
}

impl Sensing {
    pub fn new(sensor: &Sensor) -> Sensing {
        Sensing {
            filters: Chain::new(&sensor.filters),
            steady: Steady::default(),
            hand: sensor.gestures.map(Hand::new),
            reading: Reading::UNKNOWN,
            every: sensor.every,
            stale_at: None,
            lost: None,
        }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    pub fn lose(&mut self, count: u64, now: Now) {
        let (before, since) = self.lost.unwrap_or((0, now.wall));
        self.lost = Some((before.saturating_add(count), since));
    }

    pub fn lost(&self) -> Option<(u64, Timestamp)> {
        self.lost
    }

    /// Takes over what was known before the config was read anew.
    pub fn inherit(&mut self, sensor: &Sensor, before: &Sensing, now: Now) {
        if before.reading.good().is_none_or(|value| sensor.kind.admits(value)) {
            self.reading = before.reading.clone();
        }
        self.lost = before.lost;
        self.listen(now);
    }

    pub fn deadline(&self) -> Option<Moment> {
        let hand = self.hand.as_ref().and_then(Hand::deadline);
        [self.stale_at, self.filters.deadline(), self.steady.deadline(), hand].into_iter().flatten().min()
    }

    /// A word from the driver.
    pub fn sample(&mut self, sensor: &Sensor, result: Result<Value, Fault>, now: Now) -> Sensed {
        let mut sensed = Sensed::default();
        // What was due before this sample comes before it, however late the clock was looked at.
        self.wake_filters(sensor, now, &mut sensed);
        match result {
            Err(fault) => {
                self.listen(now);
                sensed.changed |= self.believe(Quality::Fault(fault), now);
            }
            Ok(value) => {
                let step = self.filters.pass(value, now.mono);
                if !self.filters.is_rejecting() || self.stale_at.is_none() {
                    self.listen(now);
                }
                if let Step::Pass(value) = step {
                    self.hear(sensor, value, now, &mut sensed);
                }
            }
        }
        sensed
    }

    /// Everything that is due by now.
    pub fn wake(&mut self, sensor: &Sensor, now: Now) -> Sensed {
        let mut sensed = Sensed::default();
        self.wake_filters(sensor, now, &mut sensed);
        if let Some(value) = self.steady.due(now.mono) {
            sensed.changed |= self.learn(Quality::Good(value), now);
        }
        if self.stale_at.is_some_and(|at| at <= now.mono) {
            // Three intervals without a word, or without one that could be believed.
            self.stale_at = None;
            self.steady.silent();
            sensed.changed |= match self.reading.quality {
                Quality::Unknown | Quality::Fault(_) if self.filters.is_rejecting() => {
                    self.learn(Quality::Fault(Fault::new(DISBELIEVED)), now)
                }
                _ => self.go_stale(now),
            };
        }
        sensed
    }

    /// A polled sensor has so much time for its next word.
    fn listen(&mut self, now: Now) {
        self.stale_at = self.every.map(|every| now.mono + every * 3 + GRACE);
    }

    fn wake_filters(&mut self, sensor: &Sensor, now: Now, sensed: &mut Sensed) {
        while let Some(due) = self.filters.wake(now.mono) {
            match due {
                Due::Tell(value) => self.hear(sensor, value, now, sensed),
                Due::Repeat(value) => {
                    self.hear(sensor, value, now, sensed);
                    sensed.repeated = true;
                }
                Due::Stale => sensed.changed |= self.go_stale(now),
                Due::Nothing => {}
            }
        }
        self.wake_hand(now, sensed);
    }

    fn wake_hand(&mut self, now: Now, sensed: &mut Sensed) {
        while let Some(gesture) = self.hand.as_mut().and_then(|hand| hand.wake(now.mono)) {
            sensed.gestures.push(gesture);
        }
    }

    /// A value that has come through all filters.
    fn hear(&mut self, sensor: &Sensor, value: Value, now: Now, sensed: &mut Sensed) {
        if !sensor.kind.admits(value) {
            let fault = outside(&sensor.kind, value);
            sensed.changed |= self.believe(Quality::Fault(fault), now);
            return;
        }
        self.wake_hand(now, sensed);
        if let (Some(hand), Value::Switch(on)) = (&mut self.hand, value) {
            sensed.gestures.extend(hand.feel(on, now.mono));
        }
        sensed.changed |= self.believe(Quality::Good(value), now);
    }

    /// What was heard counts, unless the sensor comes and goes all the time.
    fn believe(&mut self, quality: Quality, now: Now) -> bool {
        if matches!(quality, Quality::Fault(_)) {
            self.forget();
        }
        match self.steady.pass(&self.reading.quality, quality, now.mono) {
            Some(quality) => self.learn(quality, now),
            None => false,
        }
    }

    fn forget(&mut self) {
        self.filters.reset();
        self.hand.iter_mut().for_each(Hand::reset);
    }

    fn go_stale(&mut self, now: Now) -> bool {
        match self.reading.quality {
            Quality::Good(value) => self.learn(Quality::Stale(value), now),
            _ => false,
        }
    }

    fn learn(&mut self, quality: Quality, now: Now) -> bool {
        if !matches!(quality, Quality::Good(_)) {
            self.forget();
        }
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
