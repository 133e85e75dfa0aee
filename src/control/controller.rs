//! All points over time: samples, wishes, read-backs and the clock in; decisions out.

use super::acting::Acting;
use super::sensing::Sensing;
use super::{Asker, Cause, Drive, Outcome, Refusal, Request, Ticket};
use crate::model::{ActuatorId, Device, Fault, Moment, Now, PointId, Reading, SensorId, Value};

/// What is known of every point, and what is owed to each.
#[derive(Debug)]
pub struct Controller {
    sensors: Vec<Sensing>,
    actuators: Vec<Acting>,
    drives: u64,
}

/// What control wants done or known.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Move this actuator.
    Drive(Drive),
    /// What is known of this point has changed; by this cause, if by one of ours.
    Changed(PointId, Option<Cause>),
    /// A request has been answered by the hardware, or by its silence.
    Settled(Ticket, Outcome),
}

impl Controller {
    /// Nothing known, nothing owed.
    pub fn new(device: &Device) -> Controller {
        Controller {
            sensors: device.sensors().map(|(_, sensor)| Sensing::new(sensor)).collect(),
            actuators: device.actuators().map(|_| Acting::new()).collect(),
            drives: 0,
        }
    }

    /// For a device whose config was read anew: points whose lines stay undisturbed keep what is known of them,
    /// and actuators keep their deadlines.
    pub fn reloaded(&self, old: &Device, new: &Device, now: Now) -> Controller {
        let mut fresh = Controller { drives: self.drives, ..Controller::new(new) };
        for point in new.points() {
            match (point, old.point_named(&new.label(point).name)) {
                (PointId::Sensor(id), Some(PointId::Sensor(was))) if new.sensor(id).is_wired_like(old.sensor(was)) => {
                    let reading = self.sensors[was.index()].reading().clone();
                    fresh.sensors[id.index()].inherit(new.sensor(id), reading, now);
                }
                (PointId::Actuator(id), Some(PointId::Actuator(was)))
                    if new.actuator(id).is_wired_like(old.actuator(was)) =>
                {
                    let inherited = self.actuators[was.index()].inherited(new.actuator(id), now);
                    fresh.actuators[id.index()] = inherited;
                }
                _ => {}
            }
        }
        fresh
    }

    /// What is known of a point.
    pub fn reading(&self, point: PointId) -> &Reading {
        match point {
            PointId::Sensor(id) => self.sensors[id.index()].reading(),
            PointId::Actuator(id) => self.actuators[id.index()].reading(),
        }
    }

    /// Time until an actuator goes back to its safe value by itself.
    pub fn back_in(&self, id: ActuatorId, now: Now) -> Option<std::time::Duration> {
        self.actuators[id.index()].back_in(now)
    }

    /// When [`Controller::wake`] has something to do. Never in the past after a call to it.
    pub fn deadline(&self) -> Option<Moment> {
        let sensors = self.sensors.iter().filter_map(Sensing::deadline);
        sensors.chain(self.actuators.iter().filter_map(Acting::deadline)).min()
    }

    /// A sensor's driver has spoken.
    pub fn sample(
        &mut self,
        device: &Device,
        id: SensorId,
        result: Result<Value, Fault>,
        now: Now,
    ) -> Option<Decision> {
        let changed = self.sensors[id.index()].sample(device.sensor(id), result, now);
        changed.then_some(Decision::Changed(PointId::Sensor(id), None))
    }

    /// A contact wishes to move an actuator. The drive to carry out, or why not; the answer to a drive comes
    /// later, as [`Decision::Settled`].
    pub fn request(&mut self, asker: Asker<'_>, request: &Request, now: Now) -> Result<Drive, Refusal> {
        let actuator = asker.device().actuator(request.actuator);
        let acting = &mut self.actuators[request.actuator.index()];
        let drive = acting.request(actuator, asker, request, self.drives + 1, now)?;
        self.drives += 1;
        Ok(drive)
    }

    /// A contact wishes to move several actuators at once: all of them, or none. On a refusal everything is as it was.
    pub fn request_all(
        &mut self,
        asker: Asker<'_>,
        requests: &[Request],
        now: Now,
    ) -> Result<Vec<Drive>, (ActuatorId, Refusal)> {
        let before = (self.actuators.clone(), self.drives);
        let mut drives = Vec::with_capacity(requests.len());
        for request in requests {
            match self.request(asker, request, now) {
                Ok(drive) => drives.push(drive),
                Err(refusal) => {
                    (self.actuators, self.drives) = before;
                    return Err((request.actuator, refusal));
                }
            }
        }
        Ok(drives)
    }

    /// An actuator's driver has spoken: the read-back of drive `answers`, or what it saw of its own accord.
    pub fn observed(
        &mut self,
        device: &Device,
        id: ActuatorId,
        answers: Option<u64>,
        result: Result<Value, Fault>,
        now: Now,
    ) -> Vec<Decision> {
        let observed = self.actuators[id.index()].observed(device.actuator(id), answers, result, now);
        let changed = observed.changed.then_some(Decision::Changed(PointId::Actuator(id), observed.cause));
        let settled = observed.settled.map(|(ticket, outcome)| Decision::Settled(ticket, outcome));
        // Whoever asked hears first.
        settled.into_iter().chain(changed).collect()
    }

    /// The server came within reach, or out of it.
    pub fn link(&mut self, device: &Device, up: bool, now: Now) {
        for (id, actuator) in device.actuators() {
            self.actuators[id.index()].link(actuator, up, now);
        }
    }

    /// Everything that is due by now.
    pub fn wake(&mut self, device: &Device, now: Now) -> Vec<Decision> {
        let mut decisions = Vec::new();
        if self.deadline().is_none_or(|at| at > now.mono) {
            return decisions;
        }
        for (id, _) in device.sensors() {
            if self.sensors[id.index()].wake(now) {
                decisions.push(Decision::Changed(PointId::Sensor(id), None));
            }
        }
        for (id, actuator) in device.actuators() {
            let before = self.actuators[id.index()].reading().clone();
            let (unanswered, drive) = self.actuators[id.index()].wake(id, actuator, self.drives + 1, now);
            decisions.extend(unanswered.into_iter().map(|ticket| Decision::Settled(ticket, Outcome::NoConfirmation)));
            if *self.actuators[id.index()].reading() != before {
                decisions.push(Decision::Changed(PointId::Actuator(id), None));
            }
            if let Some(drive) = drive {
                self.drives += 1;
                decisions.push(Decision::Drive(drive));
            }
        }
        decisions
    }
}
