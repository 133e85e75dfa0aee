//! Alarms: readings somebody must look at.

use std::time::Duration;

use super::{PointId, Trigger};

/// Index of an alarm. Only a [`Device`](super::Device) hands these out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmId(pub(super) u16);

impl AlarmId {
    /// For tables with one entry per alarm.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A reading somebody must look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// What people type to acknowledge it: the point's name, unless it has several. Unique.
    pub name: String,
    /// Whose reading.
    pub point: PointId,
    /// What the reading must be.
    pub trigger: Trigger,
    /// For how long without a break. Zero is at once.
    pub lasts: Duration,
    /// Told again after each such time, until somebody acknowledges it.
    pub repeat: Option<Duration>,
    /// What it means, for people.
    pub say: Option<String>,
    /// How much it matters.
    pub priority: Priority,
}

/// How much an alarm matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Shown to whoever looks, told to nobody.
    Low,
    /// Told.
    Normal,
    /// Told first, and again until somebody acknowledges it.
    High,
}

impl Priority {
    /// As the config writes it.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
        }
    }
}
