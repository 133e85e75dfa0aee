//! Actions of a rule that were not let through: each is said once, and tried again while the rule still wants it.

use std::time::Duration;

use crate::control::Refusal;
use crate::model::Moment;

/// A refused action is tried again after this: an interlock may have come free, a pause may be over.
pub(super) const AGAIN: Duration = Duration::from_secs(30);

/// The refused actions of one rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusals(Vec<Refused>);

#[derive(Debug, Clone)]
struct Refused {
    otherwise: bool,
    index: usize,
    why: Refusal,
    /// What made the rule act.
    reason: String,
    again: Option<Moment>,
}

impl Refusals {
    /// True if it is news.
    pub fn add(&mut self, otherwise: bool, index: usize, why: &Refusal, reason: &str, again: Option<Moment>) -> bool {
        let known = self.0.iter_mut().find(|refused| (refused.otherwise, refused.index) == (otherwise, index));
        match known {
            Some(refused) => {
                refused.again = again;
                let news = !refused.why.is_like(why);
                refused.why = why.clone();
                news
            }
            None => {
                self.0.push(Refused { otherwise, index, why: why.clone(), reason: reason.to_owned(), again });
                true
            }
        }
    }

    /// It went through. True if it was refused before.
    pub fn remove(&mut self, otherwise: bool, index: usize) -> bool {
        let before = self.0.len();
        self.0.retain(|refused| (refused.otherwise, refused.index) != (otherwise, index));
        self.0.len() < before
    }

    /// The rule wants something else now.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// Those to be tried again now.
    pub fn due(&mut self, now: Moment) -> Vec<(bool, usize, String)> {
        let due = self.0.iter_mut().filter(|refused| refused.again.is_some_and(|at| at <= now));
        due.map(|refused| {
            refused.again = Some(now + AGAIN);
            (refused.otherwise, refused.index, refused.reason.clone())
        })
        .collect()
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.0.iter().filter_map(|refused| refused.again).min()
    }
}
