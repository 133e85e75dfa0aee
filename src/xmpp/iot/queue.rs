//! Readouts that wait for their time (XEP-0323 `when`). Few, and only while the device runs.

use std::time::Duration;

use jid::Jid;
use jiff::Timestamp;
use xmpp_parsers::message::Message;

use super::readout::{Readout, message};
use super::sensordata::Started;
use crate::control::recognise;
use crate::model::{ContactId, Device, Moment, Now};
use crate::xmpp::Scene;

/// Waiting for one contact.
const MOST_EACH: usize = 4;
/// Waiting at all.
const MOST: usize = 64;
/// Nothing is planned further ahead.
const LONGEST: Duration = Duration::from_secs(31 * 86400);

/// A readout and when it is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Who asked.
    pub to: Jid,
    /// Not before.
    pub at: Timestamp,
    /// What.
    pub readout: Readout,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Queue(Vec<(Moment, Queued)>);

impl Queue {
    /// Takes one, if there is room; else says why not.
    pub fn add(&mut self, queued: Queued, now: Now) -> Result<(), &'static str> {
        let wait = Duration::try_from(queued.at.duration_since(now.wall)).unwrap_or_default();
        if wait > LONGEST {
            return Err("that is too far ahead");
        }
        let own = self.0.iter().filter(|(_, other)| other.to.to_bare() == queued.to.to_bare()).count();
        if own >= MOST_EACH || self.0.len() >= MOST {
            return Err("too many requests are waiting");
        }
        self.cancel(&queued.to.clone(), queued.readout.seqnr);
        self.0.push((now.mono + wait, queued));
        Ok(())
    }

    /// Forgets one. Numbers mean something only together with the client that made them.
    pub fn cancel(&mut self, to: &Jid, seqnr: i64) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, queued)| queued.to != *to || queued.readout.seqnr != seqnr);
        self.0.len() < before
    }

    /// When [`Queue::due`] has something.
    pub fn deadline(&self) -> Option<Moment> {
        self.0.iter().map(|(at, _)| *at).min()
    }

    /// What is due now, with the rights that the asker has now, and what is said instead if that is too much.
    pub fn due(&mut self, scene: &Scene<'_>) -> Vec<(ContactId, Vec<Message>, Message)> {
        let (due, waiting) = std::mem::take(&mut self.0).into_iter().partition(|(at, _)| *at <= scene.now.mono);
        self.0 = waiting;
        let due: Vec<(Moment, Queued)> = due;
        let tell = |(_, queued): (Moment, Queued)| {
            let asker = recognise(scene.device, &queued.to)?;
            let started = message(&queued.to, Started { seqnr: queued.readout.seqnr }.into());
            let readings = queued.readout.messages(scene, asker, &queued.to);
            let failure = queued.readout.failure(scene, asker, &queued.to, "too many questions; ask again later");
            Some((asker.id(), [started].into_iter().chain(readings).collect(), failure))
        };
        due.into_iter().filter_map(tell).collect()
    }

    /// Another config: who is no contact any more gets nothing.
    pub fn keep(&mut self, device: &Device) {
        self.0.retain(|(_, queued)| recognise(device, &queued.to).is_some());
    }
}
