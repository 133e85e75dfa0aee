//! How often one contact, or all strangers together, may make the device work: a bucket of tokens that fills
//! evenly.

use std::time::Duration;

use crate::model::Moment;

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    size: f64,
    tokens: f64,
    filled: Moment,
    per_second: f64,
    refusing: bool,
}

/// May this one pass?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Yes.
    Yes,
    /// No, and it is the first after a yes: worth one word.
    FirstNo,
    /// No.
    No,
}

impl Bucket {
    /// A full bucket that holds a minute's worth.
    pub fn per_minute(count: u32, now: Moment) -> Bucket {
        let size = f64::from(count.max(1));
        Bucket { size, tokens: size, filled: now, per_second: size / 60.0, refusing: false }
    }

    /// Takes a token if there is one.
    pub fn take(&mut self, now: Moment) -> Pass {
        let time: Duration = now.since(self.filled);
        self.tokens = (self.tokens + time.as_secs_f64() * self.per_second).min(self.size);
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            // Not at the first token: who keeps pushing would be told so at every one.
            self.refusing &= self.tokens < self.size / 2.0;
            return Pass::Yes;
        }
        match std::mem::replace(&mut self.refusing, true) {
            false => Pass::FirstNo,
            true => Pass::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_passes_at_once_and_then_one_per_interval() {
        let start = Moment::START;
        let mut bucket = Bucket::per_minute(60, start);
        assert!((0..60).all(|_| bucket.take(start) == Pass::Yes));
        assert_eq!(bucket.take(start), Pass::FirstNo);
        assert_eq!(bucket.take(start), Pass::No);
        assert_eq!(bucket.take(start + Duration::from_secs(1)), Pass::Yes);
        assert_eq!(bucket.take(start + Duration::from_secs(1)), Pass::No, "it was told already");
        assert_eq!(bucket.take(start + Duration::from_secs(60)), Pass::Yes);
    }
}
