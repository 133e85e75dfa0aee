//! Leave to move one actuator. Made only in `control`, after rights and limits; its fields are private, so
//! nobody else can write one down.

use std::fmt;

use jid::BareJid;

use crate::model::{ActuatorId, Value};

/// One permitted movement of one actuator.
#[derive(Debug, Clone, PartialEq)]
pub struct Drive {
    number: u64,
    actuator: ActuatorId,
    value: Value,
    cause: Cause,
}

/// Why an actuator moves. Every drive has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A contact asked for it.
    Asked(BareJid),
    /// A rule of the config wants it.
    Rule {
        /// The rule's name.
        rule: String,
        /// What made it act, in words ("Air is 31.0 °C").
        why: String,
    },
    /// A contact asked for it, and a person confirmed it.
    Confirmed {
        /// Who asked.
        asked: BareJid,
        /// Who confirmed; the same, or somebody else.
        by: BareJid,
    },
    /// Its time was up: a timed command, a pulse or `max_on` ended.
    TimeUp,
    /// The server could not be reached for as long as `on_link_loss` says.
    LinkLost,
    /// The server is within reach again, and it goes where it was before.
    LinkBack,
    /// Another of its interlock group is on, although it should not be.
    Interlock,
}

impl Cause {
    /// The contact who asked for it, if one did.
    pub fn asker(&self) -> Option<&BareJid> {
        match self {
            Cause::Asked(jid) | Cause::Confirmed { asked: jid, .. } => Some(jid),
            _ => None,
        }
    }
}

impl Drive {
    pub(super) fn new(number: u64, actuator: ActuatorId, value: Value, cause: Cause) -> Drive {
        Drive { number, actuator, value, cause }
    }

    /// Counts up with every drive; the read-back carries it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What moves.
    pub fn actuator(&self) -> ActuatorId {
        self.actuator
    }

    /// Where to.
    pub fn value(&self) -> Value {
        self.value
    }

    /// Why.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Asked(jid) => write!(f, "{jid}"),
            Cause::Rule { rule, why } => write!(f, "rule {rule}: {why}"),
            Cause::Confirmed { asked, by } if asked == by => write!(f, "{asked}, confirmed"),
            Cause::Confirmed { asked, by } => write!(f, "{asked}, confirmed by {by}"),
            Cause::TimeUp => f.write_str("time is up"),
            Cause::LinkLost => f.write_str("the server is out of reach"),
            Cause::LinkBack => f.write_str("the server is back"),
            Cause::Interlock => f.write_str("another of its group is on"),
        }
    }
}
