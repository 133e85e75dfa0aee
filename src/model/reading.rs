//! What is known about a point right now. Unknown and broken are values.

use jiff::Timestamp;

use super::{Kind, Value};

/// Why a point cannot be read or set, in words for the operator ("line GPIO17 is held by “gpioset”").
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl Fault {
    /// A fault with this reason.
    pub fn new(reason: impl Into<String>) -> Fault {
        Fault(reason.into())
    }
}

/// How much a reading is worth.
#[derive(Debug, Clone, PartialEq)]
pub enum Quality {
    /// Nothing has been heard from the point yet.
    Unknown,
    /// As the hardware said it.
    Good(Value),
    /// Good once, but the point has been silent for longer than it should.
    Stale(Value),
    /// The point is broken, and why. A dead sensor is never 0.
    Fault(Fault),
}

/// A quality and since when it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What is known.
    pub quality: Quality,
    /// When it was learnt; `None` while unknown.
    pub at: Option<Timestamp>,
}

impl Reading {
    /// Before the first word from the point.
    pub const UNKNOWN: Reading = Reading { quality: Quality::Unknown, at: None };

    /// The value, if it may be believed.
    pub fn good(&self) -> Option<Value> {
        match self.quality {
            Quality::Good(value) => Some(value),
            _ => None,
        }
    }

    /// Does somebody need to look at this point?
    pub fn is_unwell(&self) -> bool {
        matches!(self.quality, Quality::Stale(_) | Quality::Fault(_))
    }

    /// As people read it.
    pub fn show(&self, kind: &Kind) -> String {
        match &self.quality {
            Quality::Unknown => "unknown".into(),
            Quality::Good(value) => kind.show(*value),
            Quality::Stale(value) => format!("{} (stale)", kind.show(*value)),
            Quality::Fault(fault) => format!("fault: {fault}"),
        }
    }
}
