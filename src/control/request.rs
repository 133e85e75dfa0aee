//! A wish to move an actuator, and what became of it. The ticket lets the door it came through find its
//! answer, so control knows nothing of XMPP.

use std::time::Duration;

use crate::model::{ActuatorId, Fault, Kind, Reading, Role, Value, ValueError, show_duration};

/// Names a request until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A contact's wish.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its answer bears this.
    pub ticket: Ticket,
    /// What shall move.
    pub actuator: ActuatorId,
    /// How.
    pub wish: Wish,
}

/// How an actuator shall move.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// To a value, to stay there.
    Set(Value),
    /// To a value, and back to the safe value after this time.
    SetFor(Value, Duration),
    /// A switch to its other state.
    Toggle,
    /// A switch away from its safe state and back after this time.
    Pulse(Duration),
}

/// What became of a request that was let through.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The hardware reads as asked.
    Done {
        /// What was read back.
        reading: Reading,
        /// If it goes back to the safe value by itself: in how long.
        back_in: Option<Duration>,
    },
    /// The hardware reads something else than was asked.
    Differs {
        /// What was asked.
        asked: Value,
        /// What was read back.
        reading: Reading,
    },
    /// The hardware refused.
    Failed(Fault),
    /// The hardware did not say anything in time: nobody knows.
    NoConfirmation,
    /// It was still on its way when something else was wanted.
    Overtaken,
}

/// Why a request was not let through. Nothing moved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The contact's role is too low.
    #[error("that needs the role {}, and yours is {}", needs.name(), has.name())]
    NotAllowed {
        /// What would do.
        needs: Role,
        /// What the contact is.
        has: Role,
    },
    /// The point is outside what the contact may know of.
    #[error("there is no such point")]
    NoSuchPoint,
    /// The value is not one of the actuator's.
    #[error(transparent)]
    BadValue(#[from] ValueError),
    /// Only switches toggle and pulse.
    #[error("only something with two states can do that")]
    NotASwitch,
    /// Its present state is unknown, so it has no other state.
    #[error("its present state is not known; say which state you want")]
    StateUnknown,
    /// A timed command ends in the safe value, so it cannot also begin there.
    #[error("{0} is its safe state, in which a timed command ends; a time makes sense only with another state")]
    AlreadySafe(String),
    /// It has been away from the safe value for as long as `max_on` allows.
    #[error("its time is up, and it is on its way back to {0}")]
    TimeIsUp(String),
    /// Longer than `max_on`.
    #[error("{} at most", show_duration(*.0))]
    TooLong(Duration),
    /// Shorter than `min_on`, or than anything that can be kept in time.
    #[error("{} at least", show_duration(*.0))]
    TooShort(Duration),
    /// The actuator is broken.
    #[error("it is out of order: {0}")]
    OutOfOrder(Fault),
    /// `min_off` has not passed.
    #[error("it may be switched on again in {}", show_duration(*.0))]
    Rests(Duration),
    /// A rule wants it off before `min_on` has passed.
    #[error("it stays on for {} more", show_duration(*.0))]
    StaysOn(Duration),
    /// `cycles_per_hour` are used up.
    #[error("it has been switched on {most} times within an hour; it may be again in {}", show_duration(*.again))]
    TooOften {
        /// What the config allows.
        most: u16,
        /// When it may be switched on again.
        again: Duration,
    },
    /// Between two steps.
    #[error("{}", nearest(.below, .above))]
    NotAStep {
        /// The next lower step.
        below: String,
        /// The next higher one, if it is in the range.
        above: Option<String>,
    },
    /// Another of its interlock group is on, or not known to be safe: which, if the asker may know of it.
    #[error("{}; only one of the group may be on", .0.as_deref().unwrap_or("another one is on"))]
    Locked(Option<String>),
    /// Another of its interlock group has been safe only for a moment.
    #[error("the other of its group was on a moment ago; it may be switched on in {}", show_duration(*.0))]
    DeadTime(Duration),
    /// A person must say yes first.
    #[error("{} must confirm that first", if *.second { "a second person" } else { "a person" })]
    Unconfirmed {
        /// Where it would go.
        value: Value,
        /// Somebody else than who asked.
        second: bool,
    },
    /// There is nobody to ask.
    #[error("nobody else who may confirm that is online")]
    NobodyElse,
    /// The question was not answered in time.
    #[error("nobody confirmed it in time; nothing has moved")]
    NotConfirmed,
    /// The question was answered with no, or wrongly too often.
    #[error("not confirmed; nothing has moved")]
    Declined,
}

impl Refusal {
    /// The same, without what not everybody may know who may know of the actuator.
    #[must_use]
    pub fn discreet(&self) -> Refusal {
        match self {
            Refusal::Locked(_) => Refusal::Locked(None),
            other => other.clone(),
        }
    }

    /// The same reason; a time that runs down makes no other.
    pub fn is_like(&self, other: &Refusal) -> bool {
        let waits = self.again_in().is_some();
        self == other || waits && std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The same wish may be granted after this time.
    pub fn again_in(&self) -> Option<Duration> {
        match self {
            Refusal::Rests(time) | Refusal::StaysOn(time) | Refusal::DeadTime(time) => Some(*time),
            Refusal::TooOften { again, .. } => Some(*again),
            _ => None,
        }
    }
}

fn nearest(below: &str, above: &Option<String>) -> String {
    match above {
        Some(above) => format!("it moves in steps; the nearest are {below} and {above}"),
        None => format!("it moves in steps; the nearest is {below}"),
    }
}

/// Where a wish leads: the value to drive now and the time after which the safe value follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub value: Value,
    pub time: Option<Duration>,
}

/// A pulse that nobody chose a length for.
pub const PULSE: Duration = Duration::from_millis(500);
/// The shortest timed command. A pulse goes through a scheduler that is not a real-time one.
pub const SHORTEST: Duration = Duration::from_millis(10);
/// The longest timed command.
pub const LONGEST: Duration = Duration::from_secs(365 * 86400);

impl Wish {
    /// What it comes to.
    pub(super) fn plan(&self, kind: &Kind, safe: Value, present: Option<Value>) -> Result<Plan, Refusal> {
        let (value, time) = match *self {
            Wish::Set(value) => (value, None),
            Wish::SetFor(value, time) => (value, Some(time)),
            Wish::Toggle | Wish::Pulse(_) if !matches!(kind, Kind::Switch { .. }) => return Err(Refusal::NotASwitch),
            Wish::Toggle => match present {
                Some(Value::Switch(on)) => (Value::Switch(!on), None),
                _ => return Err(Refusal::StateUnknown),
            },
            Wish::Pulse(time) => (Value::Switch(safe != Value::Switch(true)), Some(time)),
        };
        if !kind.admits(value) {
            // Doors parse with the kind, so this is a second lock on the same door.
            return Err(Refusal::BadValue(ValueError::NotAWord { given: value.to_string(), words: kind.words() }));
        }
        if time.is_some() && value == safe {
            return Err(Refusal::AlreadySafe(kind.show(safe)));
        }
        match time {
            Some(time) if time < SHORTEST => Err(Refusal::TooShort(SHORTEST)),
            Some(time) if time > LONGEST => Err(Refusal::TooLong(LONGEST)),
            _ => Ok(Plan { value, time }),
        }
    }
}
