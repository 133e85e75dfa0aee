//! Sensors and actuators: the named points of a device.

use std::time::Duration;

use super::{FilterSpec, Gestures, Guard, Kind, Line, Sink, Source, Value};

/// Index of a sensor. Only a [`Device`](super::Device) hands these out, so setting a sensor does not type-check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SensorId(pub(super) u16);

/// Index of an actuator. Only a [`Device`](super::Device) hands these out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActuatorId(pub(super) u16);

impl SensorId {
    /// For tables with one entry per sensor.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl ActuatorId {
    /// For tables with one entry per actuator.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Either of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointId {
    /// It reports.
    Sensor(SensorId),
    /// It can also be set.
    Actuator(ActuatorId),
}

/// What every point has: how it is called and what values it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The key in the config; unique over all points, lower case.
    pub name: String,
    /// For people; the name if the config gives none.
    pub text: String,
}

/// A point that reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensor {
    /// Name and label.
    pub label: Label,
    /// Which values it may report.
    pub kind: Kind,
    /// What its source gives; a filter may make words of numbers.
    pub raw: Kind,
    /// Where that comes from.
    pub source: Source<Line>,
    /// For sources that are asked: how often. `None` for sources that speak up themselves.
    pub every: Option<Duration>,
    /// The chain a sample passes before it becomes a reading, in this order.
    pub filters: Vec<FilterSpec>,
    /// For buttons: which gestures are told.
    pub gestures: Option<Gestures>,
}

impl Sensor {
    /// Nothing a driver knows of differs, so the same driver goes on when the config is read anew. The words of a
    /// kernel line are for people; the simulator converts by the kind. A source that speaks only of changes has to
    /// say again what other filters shall judge.
    pub fn is_wired_like(&self, other: &Sensor) -> bool {
        let simulated = matches!(self.source, Source::Sim(_));
        let kinds = self.raw == other.raw || !simulated;
        let filters = self.filters == other.filters || self.every.is_some() && !simulated;
        self.source == other.source && self.every == other.every && kinds && filters
    }
}

impl Actuator {
    /// As [`Sensor::is_wired_like`].
    pub fn is_wired_like(&self, other: &Actuator) -> bool {
        let kinds = self.kind == other.kind || !matches!(self.sink, Sink::Sim(_));
        self.sink == other.sink && self.safe == other.safe && self.exit == other.exit && kinds
    }
}

/// A point that can also be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Actuator {
    /// Name and label.
    pub label: Label,
    /// Which values it takes.
    pub kind: Kind,
    /// Where they go.
    pub sink: Sink<Line>,
    /// The value at start, and when control is lost.
    pub safe: Value,
    /// What happens when the program ends.
    pub exit: Exit,
    /// What happens when the server cannot be reached; `None` keeps the state.
    pub on_link_loss: Option<LinkLoss>,
    /// The longest time away from `safe`; then it goes back by itself.
    pub max_on: Option<Duration>,
    /// What is asked before it moves, and how it moves.
    pub guard: Guard,
}

/// The state an actuator is left in when the program ends, as far as the program can decide it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Exit {
    /// This value is driven (the safe value, unless the config names another).
    To(Value),
    /// Nothing is driven. Once the line is released the board's own pull and kernel decide.
    Keep,
}

/// What an actuator does when the link has been down for long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkLoss {
    /// Down for this long.
    pub after: Duration,
    /// Then it goes here.
    pub to: Value,
    /// When the link returns it goes back to what it was told before, unless somebody has wanted something since.
    pub back: bool,
}
