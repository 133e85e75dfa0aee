//! One actuator while the server is out of reach: when it goes to its link-loss value, what that took it away from, and
//! when it goes there again.

use std::time::Duration;

use super::request::Plan;
use crate::model::{Kind, LinkLoss, Moment, Now, Value};

/// A drive that did not take is sent again this often.
const INSIST_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default)]
pub(super) struct Loss {
    /// To its link-loss value at this moment.
    due: Option<Moment>,
    /// What it was taken away from, and until when that was wanted.
    before: Option<(Value, Option<Moment>)>,
    /// There again at this moment.
    again: Option<Moment>,
    linked: bool,
}

impl Loss {
    /// The link came or went.
    pub fn link(&mut self, rule: Option<LinkLoss>, up: bool, now: Now) {
        self.linked = up;
        self.due = match rule {
            Some(loss) if !up => self.due.or(Some(now.mono + loss.after)),
            _ => None,
        };
        let goes_back = up && rule.is_some_and(|loss| loss.back);
        self.again = self.before.filter(|_| goes_back).map(|_| now.mono);
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.due.into_iter().chain(self.again).min()
    }

    /// It has been lost for long enough, and this has not been said before.
    pub fn take_due(&mut self, now: Now) -> bool {
        self.due.take_if(|at| *at <= now.mono).is_some()
    }

    /// It is taken away from this, unless it was taken away from something before.
    pub fn remember(&mut self, wanted: Option<(Value, Option<Moment>)>) {
        self.before = self.before.or(wanted);
    }

    /// Something else has been wanted since.
    pub fn forget(&mut self) {
        self.before = None;
    }

    /// The drive did not take: again, while the link is still lost.
    pub fn insist(&mut self, now: Now) {
        self.insist_in(INSIST_EVERY, now);
    }

    /// The same after this time.
    pub fn insist_in(&mut self, time: Duration, now: Now) {
        if !self.linked {
            self.due = self.due.or(Some(now.mono + time));
        }
    }

    /// Where it goes now that the link is there again, if that is due. Asked once: whoever asks says what follows.
    pub fn returns(&mut self, kind: &Kind, now: Now) -> Option<Plan> {
        self.again.take_if(|at| *at <= now.mono)?;
        let (value, until) = self.before?;
        let time = until.map(|until| until.since(now.mono));
        if time == Some(Duration::ZERO) || !kind.admits(value) {
            self.before = None;
            return None;
        }
        Some(Plan { value, time })
    }

    /// It may not go back yet, or at all.
    pub fn stays(&mut self, again: Option<Moment>) {
        match again {
            Some(again) => self.again = Some(again),
            None => self.before = None,
        }
    }
}
