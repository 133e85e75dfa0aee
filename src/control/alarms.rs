//! Alarms over time: readings and the clock in, events out. Raised and cleared are separate events and always take
//! turns; an alarm that somebody has acknowledged stays up until its reading is well, but is not told again.

use jid::BareJid;
use jiff::Timestamp;

use super::deadlines::Deadlines;
use crate::model::{Alarm, AlarmId, Device, Moment, Now, PointId, Reading};

/// What happened to an alarm.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmEvent {
    /// Its reading has been so for long enough.
    Raised,
    /// It is still up, nobody has acknowledged it, and it is time to say so again.
    Repeated,
    /// Its reading is well again, after this time.
    Cleared(std::time::Duration),
    /// Somebody has seen it.
    Acknowledged(BareJid),
}

impl AlarmEvent {
    /// As machines are told it.
    pub fn name(&self) -> &'static str {
        match self {
            AlarmEvent::Raised => "raised",
            AlarmEvent::Repeated => "repeated",
            AlarmEvent::Cleared(_) => "cleared",
            AlarmEvent::Acknowledged(_) => "acknowledged",
        }
    }
}

/// An alarm that is up.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// Since when, for people.
    pub at: Timestamp,
    /// Who has acknowledged it, and when.
    pub seen: Option<(BareJid, Timestamp)>,
    since: Moment,
    repeat_at: Option<Moment>,
}

/// What is known of each alarm.
#[derive(Debug)]
pub struct Alarms {
    states: Vec<State>,
    /// Those of the states; set after whatever changes one.
    deadlines: Deadlines,
    /// The alarms of each sensor and each actuator: a sample looks at its own only.
    of_sensor: Vec<Vec<AlarmId>>,
    of_actuator: Vec<Vec<AlarmId>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// Its reading has said yes or no at least once.
    judged: bool,
    /// It has held since then, but not yet for long enough.
    pending: Option<Moment>,
    raised: Option<Raised>,
}

impl Alarms {
    /// None is up.
    pub fn new(device: &Device) -> Alarms {
        let of = |point: PointId| device.alarms().filter(|(_, alarm)| alarm.point == point).map(|(id, _)| id).collect();
        Alarms {
            states: device.alarms().map(|_| State::default()).collect(),
            deadlines: Deadlines::new(device.alarms().count()),
            of_sensor: device.sensors().map(|(id, _)| of(PointId::Sensor(id))).collect(),
            of_actuator: device.actuators().map(|(id, _)| of(PointId::Actuator(id))).collect(),
        }
    }

    /// For a device whose config was read anew: alarms that mean the same as before are as they were.
    pub fn reloaded(&self, old: &Device, new: &Device) -> Alarms {
        let mut fresh = Alarms::new(new);
        for (id, alarm) in new.alarms() {
            let same = |was: &Alarm| {
                was.name == alarm.name
                    && old.label(was.point).name == new.label(alarm.point).name
                    && (was.trigger, was.lasts) == (alarm.trigger, alarm.lasts)
                    && old.kind(was.point) == new.kind(alarm.point)
            };
            if let Some((was, _)) = old.alarms().find(|(_, was)| same(was)) {
                fresh.states[id.index()] = self.states[was.index()].clone();
                fresh.deadlines.set(id.index(), fresh.states[id.index()].deadline(alarm));
            }
        }
        fresh
    }

    /// The alarm, if it is up.
    pub fn raised(&self, id: AlarmId) -> Option<&Raised> {
        self.states[id.index()].raised.as_ref()
    }

    /// Is it up? `None` while its reading has not said anything yet.
    pub fn is_up(&self, id: AlarmId) -> Option<bool> {
        let state = &self.states[id.index()];
        state.judged.then_some(state.raised.is_some())
    }

    /// All that are up, those that matter most first, then the newest.
    pub fn up<'a>(&'a self, device: &'a Device) -> Vec<(AlarmId, &'a Alarm, &'a Raised)> {
        let up = device.alarms().filter_map(|(id, alarm)| Some((id, alarm, self.raised(id)?)));
        let mut up: Vec<_> = up.collect();
        up.sort_by_key(|(id, alarm, raised)| {
            (raised.seen.is_some(), std::cmp::Reverse((alarm.priority, raised.since)), *id)
        });
        up
    }

    /// When [`Alarms::wake`] has something to do.
    pub fn deadline(&self) -> Option<Moment> {
        self.deadlines.earliest()
    }

    /// What is known of a point has changed.
    pub fn changed(
        &mut self,
        device: &Device,
        point: PointId,
        reading: &Reading,
        now: Now,
    ) -> Vec<(AlarmId, AlarmEvent)> {
        let ids = match point {
            PointId::Sensor(id) => &self.of_sensor[id.index()],
            PointId::Actuator(id) => &self.of_actuator[id.index()],
        };
        let mut events = Vec::new();
        for id in ids {
            let (alarm, state) = (device.alarm(*id), &mut self.states[id.index()]);
            let event = state.judge(alarm, reading, now);
            self.deadlines.set(id.index(), state.deadline(alarm));
            events.extend(event.map(|event| (*id, event)));
        }
        events
    }

    /// Everything that is due by now.
    pub fn wake(&mut self, device: &Device, now: Now) -> Vec<(AlarmId, AlarmEvent)> {
        if self.deadline().is_none_or(|at| at > now.mono) {
            return Vec::new();
        }
        let wake = |(id, alarm): (AlarmId, &Alarm)| {
            let state = &mut self.states[id.index()];
            let event = state.wake(alarm, now);
            self.deadlines.set(id.index(), state.deadline(alarm));
            Some((id, event?))
        };
        device.alarms().filter_map(wake).collect()
    }

    /// Somebody has seen an alarm. `None` if it is not up, or was acknowledged before.
    pub fn acknowledge(&mut self, id: AlarmId, by: &BareJid, now: Now) -> Option<AlarmEvent> {
        let raised = self.states[id.index()].raised.as_mut().filter(|raised| raised.seen.is_none())?;
        raised.seen = Some((by.clone(), now.wall));
        raised.repeat_at = None;
        self.deadlines.set(id.index(), None);
        Some(AlarmEvent::Acknowledged(by.clone()))
    }
}

impl State {
    fn deadline(&self, alarm: &Alarm) -> Option<Moment> {
        let lasted = self.pending.map(|since| since + alarm.lasts);
        lasted.or_else(|| self.raised.as_ref()?.repeat_at)
    }

    fn judge(&mut self, alarm: &Alarm, reading: &Reading, now: Now) -> Option<AlarmEvent> {
        // Only what is up ends at its other limit; what must last first lasts beyond the one where it begins.
        let Some(holds) = alarm.trigger.judge(&reading.quality, self.raised.is_some()) else {
            // Nobody can say: what was up stays up, and what must last begins anew.
            self.pending = None;
            return None;
        };
        self.judged = true;
        match (holds, &self.raised) {
            (true, None) => {
                let since = *self.pending.get_or_insert(now.mono);
                (now.mono.since(since) >= alarm.lasts).then(|| self.raise(alarm, now))
            }
            (true, Some(_)) => None,
            (false, _) => {
                self.pending = None;
                self.raised.take().map(|raised| AlarmEvent::Cleared(now.mono.since(raised.since)))
            }
        }
    }

    fn wake(&mut self, alarm: &Alarm, now: Now) -> Option<AlarmEvent> {
        if self.pending.is_some_and(|since| since + alarm.lasts <= now.mono) {
            return Some(self.raise(alarm, now));
        }
        let raised = self.raised.as_mut()?;
        if raised.repeat_at.is_none_or(|at| at > now.mono) {
            return None;
        }
        raised.repeat_at = alarm.repeat.map(|repeat| now.mono + repeat);
        Some(AlarmEvent::Repeated)
    }

    fn raise(&mut self, alarm: &Alarm, now: Now) -> AlarmEvent {
        self.pending = None;
        let repeat_at = alarm.repeat.map(|repeat| now.mono + repeat);
        self.raised = Some(Raised { at: now.wall, seen: None, since: now.mono, repeat_at });
        AlarmEvent::Raised
    }
}
