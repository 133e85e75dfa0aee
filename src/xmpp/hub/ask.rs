//! What a hub asks for, whatever it speaks.

use crate::control::Wish;
use crate::model::{ActuatorId, PointId};

/// One question of a hub.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What it wants.
    pub ask: Ask,
    /// Its own name for the question, which the answer carries (JSON only).
    pub id: Option<serde_json::Value>,
}

/// What a hub may want.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// What does this point read?
    Get(PointId),
    /// Move this actuator.
    Move(ActuatorId, Wish),
    /// Tell everything.
    Sync,
    /// Not understood.
    Wrong {
        /// The point or word it is about.
        about: Option<String>,
        /// Why, in one line.
        reason: String,
    },
}

impl From<Ask> for Question {
    fn from(ask: Ask) -> Question {
        Question { ask, id: None }
    }
}
