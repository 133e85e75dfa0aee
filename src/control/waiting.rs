//! Drives that wait for their read-back, and what comes of reports and deadlines.

use std::time::Duration;

use super::{Cause, Drive, Outcome, Ticket};
use crate::model::Moment;

/// A read-back later than this is "no confirmation".
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(1);

/// A drive whose read-back has not come yet.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub drive: Drive,
    pub ticket: Option<Ticket>,
    pub sent: Moment,
    /// More steps follow.
    pub onward: bool,
}

impl Waiting {
    pub fn until(&self) -> Moment {
        self.sent + CONFIRM_WITHIN
    }
}

/// What a report from the driver meant.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// What is known has changed.
    pub changed: bool,
    /// By this drive, if by one of ours.
    pub cause: Option<Cause>,
    /// The request this answers.
    pub settled: Option<(Ticket, Outcome)>,
}

/// What is due now.
#[derive(Debug, Default)]
pub(super) struct Woken {
    pub settled: Vec<(Ticket, Outcome)>,
    pub drive: Option<Drive>,
}
