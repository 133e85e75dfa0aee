//! When to stop answering what is not understood: two devices that are each other's contacts would otherwise tell one
//! another for ever that they do not understand.

use std::time::Duration;

use crate::model::Moment;

/// Answers in a row to words that are not understood. A person has asked for help by then.
const PATIENCE: u8 = 10;
/// After such a silence everything is answered again.
const REST: Duration = Duration::from_secs(60);

/// What one contact has said in a row that was not understood.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Puzzled {
    times: u8,
    last: Option<Moment>,
}

impl Puzzled {
    /// Something was not understood: what to answer. The last answer says that it is the last.
    pub fn answer(&mut self, text: String, now: Moment) -> Option<String> {
        let may = self.may_answer(now);
        let text =
            if self.times == PATIENCE { text + " Until you say something I know I now keep quiet." } else { text };
        may.then_some(text)
    }

    /// Is it worth an answer?
    pub fn may_answer(&mut self, now: Moment) -> bool {
        if self.last.is_some_and(|last| now.since(last) >= REST) {
            self.clear();
        }
        self.last = Some(now);
        self.times = self.times.saturating_add(1);
        self.times <= PATIENCE
    }

    /// Something was understood.
    pub fn clear(&mut self) {
        *self = Puzzled::default();
    }
}
