//! All points over time: samples, wishes, read-backs and the clock in; decisions out.

use jiff::{SignedDuration, Timestamp};

use super::acting::Acting;
use super::deadlines::Deadlines;
use super::past::{self, Past};
use super::sensing::{Sensed, Sensing};
use super::waiting::Woken;
use super::{Asker, By, Cause, Drive, Outcome, Refusal, Request, Ticket, interlock, limits};
use crate::model::{
    ActuatorId, Confirm, Device, Fault, Gesture, Moment, Now, PointId, Reading, SensorId, Start, Value,
};

/// What is known of every point, and what is owed to each.
#[derive(Debug)]
pub struct Controller {
    sensors: Vec<Sensing>,
    /// Those of the sensors; kept by [`Controller::sensed`].
    deadlines: Deadlines,
    actuators: Vec<Acting>,
    drives: u64,
    /// When the program began, by the wall clock as it was when it was looked at.
    began: Timestamp,
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
    /// Somebody has done this with a button. It comes beside the changes of the button's state.
    Gesture(SensorId, Gesture),
    /// Nothing has changed, but this shall be told again (a heartbeat filter).
    Repeated(SensorId),
    /// The link is there again, but this actuator may not go where it was before, or not yet.
    Stays(ActuatorId, Refusal),
}

impl Controller {
    /// Nothing known, nothing owed.
    pub fn new(device: &Device, now: Now) -> Controller {
        Controller::after(&Past::default(), device, now)
    }

    /// Nothing known but what an earlier run has left.
    pub fn after(past: &Past, device: &Device, now: Now) -> Controller {
        let beginnings = past.beginnings(device, now).into_iter();
        Controller {
            sensors: device.sensors().map(|(_, sensor)| Sensing::new(sensor)).collect(),
            deadlines: Deadlines::new(device.sensors().count()),
            actuators: beginnings.map(Acting::new).collect(),
            drives: 0,
            began: now.wall,
        }
    }

    /// What each line is to be claimed with at the start.
    pub fn starts(&self) -> impl Iterator<Item = Value> {
        self.actuators.iter().map(Acting::start)
    }

    /// What the next run should know, as far as it may have changed since this was asked last: key, text, and whether
    /// it should not wait.
    pub fn keep(&mut self, device: &Device, now: Now) -> Vec<(String, String, bool)> {
        let uptime = SignedDuration::try_from(now.mono.0).unwrap_or(SignedDuration::MAX);
        let began = now.wall.saturating_sub(uptime).unwrap_or(now.wall);
        if began.duration_since(self.began).abs() > past::A_JUMP {
            self.actuators.iter_mut().for_each(Acting::touch);
            self.began = began;
        }
        let mut kept = Vec::new();
        for (id, actuator) in device.actuators() {
            let Some(record) = self.actuators[id.index()].take_record(now) else { continue };
            let soon = actuator.guard.start == Start::Last;
            kept.extend(past::key(actuator).map(|key| (key, record.write(&actuator.kind), soon)));
        }
        kept
    }

    /// For a device whose config was read anew: points whose lines stay undisturbed keep what is known of them,
    /// sensors whose filters stay what those remember, and actuators their deadlines. This controller is done with.
    pub fn reloaded(&mut self, old: &Device, new: &Device, now: Now) -> Controller {
        // What a reload brings is claimed safe: start values are for the start of the program.
        let safe = Past { safe_mode: true, ..Past::default() };
        let mut fresh = Controller { drives: self.drives, began: self.began, ..Controller::after(&safe, new, now) };
        for point in new.points() {
            match (point, old.point_named(&new.label(point).name)) {
                (PointId::Sensor(id), Some(PointId::Sensor(was))) if new.sensor(id).is_wired_like(old.sensor(was)) => {
                    let (sensor, before) = (new.sensor(id), old.sensor(was));
                    let sensing = &mut fresh.sensors[id.index()];
                    let same = (&sensor.filters, sensor.gestures) == (&before.filters, before.gestures);
                    if same && sensor.kind == before.kind {
                        std::mem::swap(sensing, &mut self.sensors[was.index()]);
                    } else {
                        sensing.inherit(sensor, &self.sensors[was.index()], now);
                    }
                    fresh.deadlines.set(id.index(), fresh.sensors[id.index()].deadline());
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
        fresh.keep_apart(new, now);
        fresh
    }

    /// Edges of a sensor's line were lost.
    pub fn lost_edges(&mut self, id: SensorId, count: u64, now: Now) {
        self.sensors[id.index()].lose(count, now);
    }

    /// The edges a sensor's line has lost, and since when.
    pub fn loss(&self, id: SensorId) -> Option<(u64, Timestamp)> {
        self.sensors[id.index()].lost()
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
        self.actuators.iter().filter_map(Acting::deadline).chain(self.deadlines.earliest()).min()
    }

    /// A sensor's driver has spoken.
    pub fn sample(&mut self, device: &Device, id: SensorId, result: Result<Value, Fault>, now: Now) -> Vec<Decision> {
        let sensed = self.sensors[id.index()].sample(device.sensor(id), result, now);
        let mut decisions = Vec::new();
        self.sensed(id, sensed, &mut decisions);
        decisions
    }

    /// After anything that happened to a sensor.
    fn sensed(&mut self, id: SensorId, sensed: Sensed, decisions: &mut Vec<Decision>) {
        self.deadlines.set(id.index(), self.sensors[id.index()].deadline());
        if sensed.changed {
            decisions.push(Decision::Changed(PointId::Sensor(id), None));
        } else if sensed.repeated {
            decisions.push(Decision::Repeated(id));
        }
        decisions.extend(sensed.gestures.into_iter().map(|gesture| Decision::Gesture(id, gesture)));
    }

    /// A contact or a rule wishes to move an actuator. Rights, then the state of the actuator, then limits, then the
    /// others of its group, then whether a person must confirm. The drive to carry out, or why not; the answer to a drive comes
    /// later, as [`Decision::Settled`].
    pub fn request<'d>(&mut self, by: impl Into<By<'d>>, request: &Request, now: Now) -> Result<Drive, Refusal> {
        self.admit(by.into(), None, request, now)
    }

    /// The same once a person has confirmed it: everything is asked again but the question.
    pub fn confirmed(
        &mut self,
        asker: Asker<'_>,
        witness: Asker<'_>,
        request: &Request,
        now: Now,
    ) -> Result<Drive, Refusal> {
        self.admit(By::Contact(asker), Some(witness), request, now)
    }

    fn admit(&mut self, by: By<'_>, witness: Option<Asker<'_>>, request: &Request, now: Now) -> Result<Drive, Refusal> {
        let (device, id) = (by.device(), request.actuator);
        by.permit(id)?;
        let actuator = device.actuator(id);
        let acting = &self.actuators[id.index()];
        let plan = acting.plan(actuator, &request.wish)?;
        limits::check(actuator, acting.history(), &plan, Some(by), now)?;
        let cause = match witness {
            Some(witness) => {
                By::Contact(witness).permit(id)?;
                by.confirmed(witness)
            }
            None => by.cause(),
        };
        if plan.value != actuator.safe {
            interlock::check(device, &self.actuators, id, Some(by), now)?;
            if let (Some(confirm), None) = (actuator.guard.confirm, witness) {
                return Err(Refusal::Unconfirmed { value: plan.value, second: confirm == Confirm::Second });
            }
        }
        self.drives += 1;
        let errand = (cause, Some(request.ticket));
        Ok(self.actuators[id.index()].carry_out(id, actuator, plan, errand, self.drives, now))
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
        self.keep_apart(device, now);
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

    /// Something else than this program moves actuators too: of a group, only one may stay on.
    fn keep_apart(&mut self, device: &Device, now: Now) {
        for id in interlock::clashes(device, &self.actuators, now) {
            self.actuators[id.index()].give_way(now);
        }
    }

    /// The link is there again: what it was told before, if limits allow it.
    fn go_back(&mut self, device: &Device, id: ActuatorId, now: Now) -> Option<Decision> {
        let actuator = device.actuator(id);
        let acting = &mut self.actuators[id.index()];
        let plan = acting.loss().returns(&actuator.kind, now)?;
        let limits = acting.in_order().and_then(|()| limits::check(actuator, acting.history(), &plan, None, now));
        let away = plan.value != actuator.safe;
        let allowed = limits.and_then(|()| match away {
            true => interlock::check(device, &self.actuators, id, None, now),
            false => Ok(()),
        });
        let acting = &mut self.actuators[id.index()];
        match allowed {
            Ok(()) => {
                self.drives += 1;
                let drive = acting.carry_out(id, actuator, plan, (Cause::LinkBack, None), self.drives, now);
                Some(Decision::Drive(drive))
            }
            Err(refusal) => {
                acting.loss().stays(refusal.again_in().map(|time| now.mono + time));
                Some(Decision::Stays(id, refusal))
            }
        }
    }

    /// Everything that is due by now.
    pub fn wake(&mut self, device: &Device, now: Now) -> Vec<Decision> {
        let mut decisions = Vec::new();
        if self.deadline().is_none_or(|at| at > now.mono) {
            return decisions;
        }
        let mut next = 0;
        while let Some(index) = self.deadlines.due(next, now.mono) {
            next = index + 1;
            let Some((id, sensor)) = device.sensors().nth(index) else { break };
            let sensed = self.sensors[index].wake(sensor, now);
            self.sensed(id, sensed, &mut decisions);
        }
        for (id, actuator) in device.actuators() {
            let before = self.actuators[id.index()].reading().clone();
            decisions.extend(self.go_back(device, id, now));
            let Woken { settled, drive } = self.actuators[id.index()].wake(id, actuator, self.drives + 1, now);
            decisions.extend(settled.into_iter().map(|(ticket, outcome)| Decision::Settled(ticket, outcome)));
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
