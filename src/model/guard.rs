//! What is asked before an actuator moves, how it moves, and where it starts. “On” means away from the safe value,
//! for every kind of actuator.

use std::time::Duration;

use super::Value;

/// An actuator's limits besides `max_on`. The default is none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Guard {
    /// The value its line is claimed with at the start of the program.
    pub start: Start,
    /// The shortest time on: rules and timed commands keep it, a person's way back to safe is always open.
    pub min_on: Option<Duration>,
    /// The shortest time at the safe value before it goes on again.
    pub min_off: Option<Duration>,
    /// How often it may go on in any hour.
    pub cycles_per_hour: Option<u16>,
    /// Numbers only in steps of this, counted from the low end of the range.
    pub step: Option<f64>,
    /// Numbers move gradually.
    pub ramp: Option<Ramp>,
    /// At most one of a group is on.
    pub interlock: Option<Interlock>,
    /// A person must answer a question before it goes on.
    pub confirm: Option<Confirm>,
}

/// The value an actuator's line is claimed with at the start of the program.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Start {
    /// The safe value.
    #[default]
    Safe,
    /// What it was when the program ended, if that is known for certain; else the safe value.
    Last,
    /// This value.
    To(Value),
}

/// How fast a number moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// In the actuator's unit, per second. Above zero.
    pub rate: f64,
    /// Also when somebody asks for the safe value. What the device does by itself for safety is never slowed down.
    pub safe: bool,
}

/// A group of which at most one is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interlock {
    /// The group's name.
    pub group: String,
    /// How long all others must have been read as safe before one goes on.
    pub dead_time: Duration,
}

/// Who must answer the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    /// Whoever may set the actuator, also who asked.
    Anyone,
    /// Somebody else than who asked.
    Second,
}
