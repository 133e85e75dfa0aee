//! A sensor's filters as configured: what a sample passes before it becomes a reading.

use std::time::Duration;

use super::Curve;

/// One stage of a sensor's filter chain. Most are for numbers; [`Accepts`] says which are for what.
#[derive(Debug, Clone, PartialEq)]
pub enum FilterSpec {
    /// Adds this.
    Offset(f64),
    /// Multiplies with this.
    Multiply(f64),
    /// From what is measured to what is true.
    Calibrate(Curve),
    /// Moves a number into this interval, the lower end first.
    Clamp(f64, f64),
    /// Rejects a number outside this interval, the lower end first.
    RejectOutside(f64, f64),
    /// Rejects a number that is further than `by` from the last one accepted, until `agree` in a row are that near to
    /// each other.
    RejectJump {
        /// The furthest step that is believed, above 0.
        by: f64,
        /// So many agree, and the jump is real; at least 1.
        agree: u8,
    },
    /// Rounds to this many digits behind the point.
    Round(u8),
    /// The median of the last so many samples (odd, 3 to 25).
    Median(u8),
    /// The lowest of the last so many samples (2 to 1000).
    Min(u16),
    /// The highest of the last so many samples (2 to 1000).
    Max(u16),
    /// Of the last so many samples (2 to 100) the one below which lies this part (0 to 1) of them.
    Quantile {
        /// So many samples.
        of: u8,
        /// This part.
        q: f64,
    },
    /// The mean of the last so many samples (2 to 1000).
    Average(u16),
    /// The exponential average: each sample weighs this much (above 0, below 1), all before it the rest.
    Smooth(f64),
    /// Swallows a number too near to the last one let through.
    Delta(DeltaStep),
    /// At most one value in this time; the last one of it is told at its end.
    Throttle(Duration),
    /// The mean of all samples of this time, at its end.
    ThrottleAverage(Duration),
    /// Tells the last value again when there was no other for this time.
    Heartbeat(Duration),
    /// No value for this time makes the reading stale.
    Timeout(Duration),
    /// Swallows so many samples after a start, a fault or silence.
    SkipFirst(u16),
    /// Numbers to the options of a [`Kind::Choice`](super::Kind): each from its threshold on, in ascending order.
    Map(Vec<(f64, u16)>),
    /// The other state.
    Invert,
    /// Tells a change at once, and the next one only when the value has held for this time.
    Settle(Duration),
    /// A state counts only when it has held for its time.
    Delayed {
        /// Active.
        on: Duration,
        /// Inactive.
        off: Duration,
    },
}

/// A difference that is news.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DeltaStep {
    /// In the unit of the number; above 0.
    Absolute(f64),
    /// In per cent of the last number let through; above 0.
    Percent(f64),
}

/// What goes into a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// Numbers only.
    Numbers,
    /// Two states only.
    States,
    /// Two states, or words.
    Discrete,
    /// Anything.
    Anything,
}

impl FilterSpec {
    /// What goes into it.
    pub fn accepts(&self) -> Accepts {
        match self {
            FilterSpec::Invert | FilterSpec::Delayed { .. } => Accepts::States,
            FilterSpec::Settle(_) => Accepts::Discrete,
            FilterSpec::Throttle(_) | FilterSpec::Heartbeat(_) | FilterSpec::Timeout(_) | FilterSpec::SkipFirst(_) => {
                Accepts::Anything
            }
            _ => Accepts::Numbers,
        }
    }
}
