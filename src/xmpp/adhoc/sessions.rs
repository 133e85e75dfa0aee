//! Command sessions under way. They belong to one full address, expire, and are bounded in number.

use std::collections::VecDeque;
use std::time::Duration;

use jid::Jid;

use crate::model::Moment;

/// A form left open longer than this is forgotten.
const LIFETIME: Duration = Duration::from_secs(600);
/// Forms open at the same time, for all contacts; the oldest goes first.
const MOST: usize = 64;

/// The forms people have open.
#[derive(Debug, Default)]
pub struct Sessions {
    open: VecDeque<Session>,
    count: u64,
}

#[derive(Debug)]
struct Session {
    id: String,
    owner: Jid,
    node: String,
    until: Moment,
}

/// What is known of a session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is this asker's, for this command.
    Yes,
    /// It was given out once, but is over.
    Expired,
    /// It never was, or is somebody else's.
    No,
}

impl Sessions {
    /// Opens a session for a command.
    pub fn open(&mut self, owner: &Jid, node: &str, now: Moment) -> String {
        self.open.retain(|session| session.until > now);
        if self.open.len() >= MOST {
            self.open.pop_front();
        }
        let id = self.fresh();
        self.open.push_back(Session { id: id.clone(), owner: owner.clone(), node: node.into(), until: now + LIFETIME });
        id
    }

    /// A run that was about to end goes on under its id.
    pub fn reopen(&mut self, id: &str, owner: &Jid, node: &str, now: Moment) {
        self.close(id);
        if self.open.len() >= MOST {
            self.open.pop_front();
        }
        let until = now + LIFETIME;
        self.open.push_back(Session { id: id.to_owned(), owner: owner.clone(), node: node.into(), until });
    }

    /// An id for a run that ends with its first answer.
    pub fn fresh(&mut self) -> String {
        self.count += 1;
        format!("k{}", self.count)
    }

    /// Is this session open for this asker and command?
    pub fn known(&self, id: &str, owner: &Jid, node: &str, now: Moment) -> Known {
        let Some(session) = self.open.iter().find(|session| session.id == id) else {
            let given = id.strip_prefix('k').and_then(|n| n.parse::<u64>().ok());
            return if given.is_some_and(|n| n > 0 && n <= self.count) { Known::Expired } else { Known::No };
        };
        match session.owner == *owner && session.node == node {
            true if session.until > now => Known::Yes,
            true => Known::Expired,
            false => Known::No,
        }
    }

    /// Ends a session.
    pub fn close(&mut self, id: &str) {
        self.open.retain(|session| session.id != id);
    }
}
