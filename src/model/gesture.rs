//! What a person does with a button, as events rather than states.

use std::fmt;
use std::time::Duration;

/// Something done with a two-state input that has `gestures`. It happens at a moment; it is not a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gesture {
    /// Pressed and let go.
    Click,
    /// Twice in a row.
    DoubleClick,
    /// Three times in a row.
    TripleClick,
    /// Held; told while it still is.
    LongPress,
}

impl Gesture {
    /// All there are.
    pub const ALL: [Gesture; 4] = [Gesture::Click, Gesture::DoubleClick, Gesture::TripleClick, Gesture::LongPress];

    /// As the config writes it and people read it.
    pub fn name(self) -> &'static str {
        match self {
            Gesture::Click => "click",
            Gesture::DoubleClick => "double-click",
            Gesture::TripleClick => "triple-click",
            Gesture::LongPress => "long-press",
        }
    }
}

impl fmt::Display for Gesture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which gestures a two-state sensor knows, and how quick a hand must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gestures {
    /// Clicks that are counted in a row, 1 to 3. With 1 a click is told as soon as it ends.
    pub clicks: u8,
    /// The longest pause between two clicks of a row.
    pub gap: Duration,
    /// Held for this long, it is a long press and no click.
    pub long: Duration,
}
