//! What the device does by itself: alarms and rules together. Rules see alarms, alarms do not see rules.

use jid::BareJid;

use super::alarms::{AlarmEvent, Alarms};
use super::rules::{Act, Facts, RuleEvent, Rules, World};
use super::{Controller, Refusal};
use crate::model::{AlarmId, ContactId, Device, Gesture, Moment, Now, PointId, Rule, RuleId, SensorId};

/// Alarms, rules, and what they need to know of the world.
#[derive(Debug)]
pub struct Automation {
    alarms: Alarms,
    rules: Rules,
    world: World,
}

/// What alarms and rules have to say.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of an alarm.
    Alarm(AlarmId, AlarmEvent),
    /// Of a rule.
    Rule(RuleId, RuleEvent),
}

impl Automation {
    /// Nothing is known yet.
    pub fn new(device: &Device, now: Now) -> Automation {
        Automation { alarms: Alarms::new(device), rules: Rules::new(device), world: World::new(device, now.mono) }
    }

    /// For a device whose config was read anew: alarms and rules that mean the same as before are as they were.
    #[must_use]
    pub fn reloaded(&self, old: &Device, new: &Device) -> Automation {
        Automation {
            alarms: self.alarms.reloaded(old, new),
            rules: self.rules.reloaded(old, new),
            world: self.world.reloaded(old, new),
        }
    }

    /// Which alarms are up.
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// Stops rules from acting, or lets them again: they then act on what they see. Alarms go on.
    pub fn suspend(&mut self, suspended: bool) {
        self.rules.suspend(suspended);
    }

    /// Are rules kept from acting?
    pub fn is_suspended(&self) -> bool {
        self.rules.is_suspended()
    }

    /// How many rules wait for the time to be known.
    pub fn waiting_for_clock(&self, device: &Device) -> usize {
        let needs = |rule: &Rule| rule.conditions.iter().any(|condition| condition.test.needs_clock());
        if self.world.knows_time() { 0 } else { device.rules().filter(|(_, rule)| needs(rule)).count() }
    }

    /// When [`Automation::wake`] has something to do.
    pub fn deadline(&self) -> Option<Moment> {
        let deadlines = [self.alarms.deadline(), self.rules.deadline(), self.world.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// What is known of a point has changed.
    pub fn changed(&mut self, device: &Device, control: &Controller, point: PointId, now: Now) -> Vec<Event> {
        let events = self.alarms.changed(device, point, control.reading(point), now);
        let mut acts = Vec::new();
        if let PointId::Sensor(id) = point {
            let (rules, facts) = self.parts(device, control, now);
            rules.sensor(id, facts, &mut acts);
        }
        self.tell(device, control, now, events, acts)
    }

    /// Somebody has done something with a button.
    pub fn gesture(
        &mut self,
        device: &Device,
        control: &Controller,
        id: SensorId,
        gesture: Gesture,
        now: Now,
    ) -> Vec<Event> {
        let mut acts = Vec::new();
        let (rules, facts) = self.parts(device, control, now);
        rules.gesture(id, gesture, facts, &mut acts);
        self.tell(device, control, now, Vec::new(), acts)
    }

    /// The server came within reach, or out of it.
    pub fn link(&mut self, device: &Device, control: &Controller, up: bool, now: Now) -> Vec<Event> {
        self.world.link(up, now.mono);
        self.look_around(device, control, now)
    }

    /// A contact has come online, or is gone.
    pub fn contact(
        &mut self,
        device: &Device,
        control: &Controller,
        id: ContactId,
        online: bool,
        now: Now,
    ) -> Vec<Event> {
        if !self.world.contact(id, online) {
            return Vec::new();
        }
        self.look_around(device, control, now)
    }

    /// The wall clock can be trusted, or cannot. `None` if that was known.
    pub fn clock(&mut self, device: &Device, control: &Controller, known: bool, now: Now) -> Option<Vec<Event>> {
        self.world.clock(known).then(|| self.look_around(device, control, now))
    }

    /// Everything that is due by now; and if the wall clock was set, everything that goes by it.
    pub fn wake(&mut self, device: &Device, control: &Controller, now: Now) -> Vec<Event> {
        let set = self.world.was_set(now);
        if !set && self.deadline().is_none_or(|at| at > now.mono) {
            return Vec::new();
        }
        let heard = self.world.wake(now.mono);
        let events = self.alarms.wake(device, now);
        let mut acts = Vec::new();
        let (rules, facts) = self.parts(device, control, now);
        rules.wake(facts, &mut acts);
        if set || heard {
            rules.others(facts, &mut acts);
        }
        self.tell(device, control, now, events, acts)
    }

    /// Everything anew: another config, or rules that may act again.
    pub fn look_at_all(&mut self, device: &Device, control: &Controller, now: Now) -> Vec<Event> {
        let mut events = Vec::new();
        for point in device.points() {
            events.extend(self.alarms.changed(device, point, control.reading(point), now));
        }
        let mut acts = Vec::new();
        let (rules, facts) = self.parts(device, control, now);
        rules.all(facts, &mut acts);
        self.tell(device, control, now, events, acts)
    }

    /// Somebody has seen these alarms. Those that are not up, or were acknowledged before, stay as they are.
    pub fn acknowledge(&mut self, ids: &[AlarmId], by: &BareJid, now: Now) -> Vec<Event> {
        let seen = |id: &AlarmId| self.alarms.acknowledge(*id, by, now).map(|event| Event::Alarm(*id, event));
        ids.iter().filter_map(seen).collect()
    }

    /// An action was not let through. True if that is worth a word.
    pub fn refused(&mut self, id: RuleId, act: &Act, index: usize, why: &Refusal, now: Now) -> bool {
        self.rules.refused(id, act, index, why, now)
    }

    /// An action was let through.
    pub fn accepted(&mut self, id: RuleId, act: &Act, index: usize) {
        self.rules.accepted(id, act, index);
    }

    fn look_around(&mut self, device: &Device, control: &Controller, now: Now) -> Vec<Event> {
        let mut acts = Vec::new();
        let (rules, facts) = self.parts(device, control, now);
        rules.others(facts, &mut acts);
        self.tell(device, control, now, Vec::new(), acts)
    }

    fn parts<'a>(&'a mut self, device: &'a Device, control: &'a Controller, now: Now) -> (&'a mut Rules, Facts<'a>) {
        (&mut self.rules, Facts { device, control, alarms: &self.alarms, world: &self.world, now })
    }

    /// Alarms first; then the rules that look at alarms, if one has come or gone.
    fn tell(
        &mut self,
        device: &Device,
        control: &Controller,
        now: Now,
        alarms: Vec<(AlarmId, AlarmEvent)>,
        mut acts: Vec<(RuleId, RuleEvent)>,
    ) -> Vec<Event> {
        if !alarms.is_empty() {
            let (rules, facts) = self.parts(device, control, now);
            rules.others(facts, &mut acts);
        }
        let alarms = alarms.into_iter().map(|(id, event)| Event::Alarm(id, event));
        alarms.chain(acts.into_iter().map(|(id, event)| Event::Rule(id, event))).collect()
    }
}
