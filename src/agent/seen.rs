//! Messages that came lately: a client whose connection broke sends again what it is not sure of, with the same id
//! (XEP-0198 section 5), and a pump must not toggle twice for it.

use std::collections::VecDeque;
use std::time::Duration;

use jid::Jid;

use crate::model::{Moment, clip};

/// Scripts that give every message the same id mean the second one; clients resend within seconds.
const WITHIN: Duration = Duration::from_secs(120);
/// Messages remembered, of all contacts together.
const MOST: usize = 256;

/// What was heard lately.
#[derive(Debug, Default)]
pub(super) struct Seen(VecDeque<(Moment, Jid, String, String)>);

impl Seen {
    /// Has this client said the same under the same id just now? Remembers it if not.
    pub fn again(&mut self, from: &Jid, id: &str, body: &str, now: Moment) -> bool {
        self.0.retain(|(at, ..)| now.since(*at) < WITHIN);
        // Only the beginning is remembered, and how long it was.
        let body = format!("{} {}", body.len(), clip(body, 200));
        if self.0.iter().any(|(_, f, i, b)| f == from && i == id && *b == body) {
            return true;
        }
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((now, from.clone(), id.to_owned(), body));
        false
    }
}
