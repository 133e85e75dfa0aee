//! What a driver says of an actuator: whether it does as it was told, and whom that answers.

use super::Acting;
use crate::control::Outcome;
use crate::control::since::Since;
use crate::control::waiting::{Observed, Waiting};
use crate::model::{Actuator, Fault, Kind, Now, Quality, Reading, Value};

/// How the fault of an actuator that does not obey begins.
const DISOBEYS: &str = "does not obey: reads";

impl Acting {
    /// A word from the driver: the read-back of drive `answers`, or something it saw of its own accord.
    pub fn observed(
        &mut self,
        actuator: &Actuator,
        answers: Option<u64>,
        result: Result<Value, Fault>,
        now: Now,
    ) -> Observed {
        let before = self.reading.quality.clone();
        let was_lost = !self.disobeys() && matches!(before, Quality::Unknown | Quality::Fault(_));
        let at = answers.and_then(|number| self.waiting.iter().position(|waiting| waiting.drive.number() == number));
        let waiting = at.map(|at| self.waiting.remove(at));
        let newest = answers.is_some_and(|number| number == self.newest);
        if answers.is_none() && was_lost && result.is_ok() {
            // A line that comes (back) has been claimed. What was ordered meanwhile follows.
            self.told = self.waiting.last().map(|waiting| waiting.drive.value()).or(Some(self.start));
        }
        self.start = actuator.safe;
        let confirmed = newest || answers.is_none() && was_lost;
        if confirmed && result == Ok(actuator.safe) && self.told == Some(actuator.safe) {
            self.arrive(matches!(before, Quality::Fault(_)), now);
        }
        self.reading = Reading { quality: self.judge(&actuator.kind, result.clone()), at: Some(now.wall) };
        self.touched = true;
        self.limit(actuator, result.clone().ok(), now);
        if let Some(waiting) = &waiting {
            self.insist(waiting, now);
        }
        let changed = before != self.reading.quality;
        let Some(Waiting { drive, mut ticket, sent, onward }) = waiting else {
            return Observed { changed, ..Observed::default() };
        };
        let mut asked = drive.value();
        if onward
            && newest
            && let Some(ramp) = &mut self.ramp
        {
            if result == Ok(asked) {
                // Steps on the way are no news.
                return Observed { changed: changed && !matches!(before, Quality::Good(_)), ..Observed::default() };
            }
            (asked, ticket) = (ramp.goal, ramp.ticket);
            self.ramp = None;
        }
        let outcome = match result {
            Ok(value) if value == asked => {
                Outcome::Done { reading: self.reading.clone(), back_in: self.back_at.map(|at| at.since(sent)) }
            }
            Ok(value) => Outcome::Differs { asked, reading: Reading { quality: Quality::Good(value), ..self.reading } },
            Err(fault) => Outcome::Failed(fault),
        };
        let settled = ticket.map(|ticket| (ticket, outcome));
        Observed { changed, cause: Some(drive.cause().clone()), settled }
    }

    /// It is safe, and owes nothing.
    fn arrive(&mut self, was_broken: bool, now: Now) {
        (self.back_at, self.timed, self.gives_way) = (None, None, false);
        self.history.arrives(now);
        if was_broken {
            self.history.safe = Since::now(now);
        }
    }

    /// It does not read what it was told.
    pub(super) fn disobeys(&self) -> bool {
        matches!(&self.reading.quality, Quality::Fault(fault) if fault.0.starts_with(DISOBEYS))
    }

    /// What a report makes of the reading. An actuator that reads something else than it was last told is out of
    /// order, even if its driver is well: somebody must look at the wire.
    fn judge(&self, kind: &Kind, result: Result<Value, Fault>) -> Quality {
        match (result, self.told) {
            (Err(fault), _) => Quality::Fault(fault),
            (Ok(value), Some(told)) if value != told && self.waiting.is_empty() => {
                Quality::Fault(Fault::new(format!("{DISOBEYS} {}, was told {}", kind.show(value), kind.show(told))))
            }
            (Ok(value), _) => Quality::Good(value),
        }
    }
}
