//! What time does to an actuator: drives that nobody answered, times that are up, a link that stays lost, the next step.

use super::{Acting, INSIST_EVERY};
use crate::control::request::Plan;
use crate::control::waiting::{Waiting, Woken};
use crate::control::{Cause, Drive, Outcome, Ticket, limits, ramp};
use crate::model::{Actuator, ActuatorId, Now, Quality};

impl Acting {
    /// Its deadlines that have passed: requests nobody answered, and the drive that is due.
    pub fn wake(&mut self, id: ActuatorId, actuator: &Actuator, number: u64, now: Now) -> Woken {
        let mut settled = std::mem::take(&mut self.owed);
        settled.extend(self.unanswered(now).into_iter().map(|ticket| (ticket, Outcome::NoConfirmation)));
        let lost = self.loss.take_due(now);
        let (value, cause) = if self.back_at.is_some_and(|at| at <= now.mono) {
            if lost {
                // One thing at a time, and safety first.
                self.loss.insist(now);
            }
            // Until it is confirmed, it stays due.
            self.back_at = Some(now.mono + INSIST_EVERY);
            (actuator.safe, if self.gives_way { Cause::Interlock } else { Cause::TimeUp })
        } else if lost {
            let to = actuator.on_link_loss.map_or(actuator.safe, |loss| loss.to);
            if self.reading.good() == Some(to) && self.told == Some(to) && self.waiting.is_empty() {
                // It is there already.
                return Woken { settled, drive: None };
            }
            if let Err(refusal) = limits::check(actuator, &self.history, &Plan { value: to, time: None }, None, now) {
                // Away from safe it goes when its limits let it, if the link is still lost then.
                self.loss.insist_in(refusal.again_in().unwrap_or(INSIST_EVERY), now);
                return Woken { settled, drive: self.step(id, actuator, number, now) };
            }
            let wanted = self.ramp.as_ref().map(|ramp| ramp.goal).or(self.told);
            let until = self.timed;
            self.loss.remember(wanted.filter(|told| *told != to).map(|told| (told, until)));
            (to, Cause::LinkLost)
        } else {
            return Woken { settled, drive: self.step(id, actuator, number, now) };
        };
        let drive = Drive::new(number, id, value, cause);
        self.send(actuator, &drive, None, now);
        settled.append(&mut self.owed);
        Woken { settled, drive: Some(drive) }
    }

    /// The requests whose read-back has not come in time.
    fn unanswered(&mut self, now: Now) -> Vec<Ticket> {
        let (over, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|w: &Waiting| w.until() <= now.mono);
        self.waiting = waiting;
        over.iter().for_each(|waiting: &Waiting| self.insist(waiting, now));
        if let (Quality::Good(value), false) = (&self.reading.quality, over.is_empty()) {
            // It may or may not have moved, so what it read before is no longer good.
            self.reading.quality = Quality::Stale(*value);
            self.touched = true;
        }
        let ramp = self.ramp.take_if(|_| over.iter().any(|waiting| waiting.onward));
        over.iter().filter_map(|waiting| waiting.ticket).chain(ramp.and_then(|ramp| ramp.ticket)).collect()
    }

    /// The next step on its way.
    fn step(&mut self, id: ActuatorId, actuator: &Actuator, number: u64, now: Now) -> Option<Drive> {
        let idle = self.waiting.is_empty();
        let mut ramp = self.ramp.take_if(|ramp| idle && ramp.next <= now.mono)?;
        let value = ramp::step(actuator, self.told, ramp.goal);
        let drive = Drive::new(number, id, value, ramp.cause.clone());
        if value == ramp.goal {
            self.send(actuator, &drive, ramp.ticket, now);
        } else {
            self.send(actuator, &drive, None, now);
            ramp.stepped(now.mono);
            self.go_on(ramp);
        }
        Some(drive)
    }

    /// A lost link's drive that did not take is repeated while the link is still lost, and unless somebody has
    /// wanted something else since. (A time that is up stays due until it is confirmed.)
    pub(super) fn insist(&mut self, waiting: &Waiting, now: Now) {
        let took = self.reading.good() == Some(waiting.drive.value());
        let overtaken = waiting.drive.number() != self.newest;
        if *waiting.drive.cause() == Cause::LinkLost && !took && !overtaken {
            self.loss.insist(now);
        }
    }
}
