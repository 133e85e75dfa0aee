//! The validated whole. A `Device` is right by construction: `config::resolve` is the only one who builds it.

use std::path::PathBuf;
use std::time::Duration;

use jid::BareJid;
use jiff::tz::TimeZone;

use super::{
    Account, Actuator, ActuatorId, Alarm, AlarmId, Board, Contact, ContactId, Kind, Label, Place, PointId, PubSubRules,
    Room, Rule, RuleId, Sensor, SensorId,
};

/// A board, its points, its people and its account, all checked against one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    parts: DeviceParts,
    /// All points in the order of their names, because every report of a driver looks for one.
    by_name: Vec<PointId>,
}

/// What a device is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DeviceParts {
    pub name: String,
    pub board: Board,
    pub account: Account,
    pub contacts: Vec<Contact>,
    pub rooms: Vec<Room>,
    pub sensors: Vec<Sensor>,
    pub actuators: Vec<Actuator>,
    pub alarms: Vec<Alarm>,
    pub rules: Vec<Rule>,
    pub zone: TimeZone,
    pub place: Option<Place>,
    pub trusts_clock: bool,
    pub presence: PresenceRules,
    pub pubsub: PubSubRules,
    pub limits: Limits,
    pub store: StoreRules,
    pub sim_socket: Option<String>,
}

/// What the presence line shows, and how often it may change.
#[derive(Debug, Clone, PartialEq)]
pub struct PresenceRules {
    /// The points on it, in order.
    pub points: Vec<PointId>,
    /// At most one change in this time, except when the device's health changes.
    pub every: Duration,
}

/// Bounds on what others can make the device do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Commands a contact may give in a minute, over all its clients.
    pub commands_per_minute: u32,
    /// Messages kept for sending while the server cannot be reached; the oldest go first.
    pub outbox: usize,
}

/// What survives a power cut, and how much a card is written for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreRules {
    /// The directory of the store.
    pub dir: PathBuf,
    /// Between two routine writes.
    pub every: Duration,
}

impl Device {
    pub(crate) fn assemble(parts: DeviceParts) -> Device {
        let mut device = Device { by_name: parts.all_points(), parts };
        let mut by_name = std::mem::take(&mut device.by_name);
        by_name.sort_by(|a, b| device.label(*a).name.cmp(&device.label(*b).name));
        Device { by_name, ..device }
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.parts.name
    }

    /// The board it sits on.
    pub fn board(&self) -> &Board {
        &self.parts.board
    }

    /// Its XMPP account.
    pub fn account(&self) -> &Account {
        &self.parts.account
    }

    /// It is a component of its server (XEP-0114): no roster, no account, and nobody who keeps subscriptions for it.
    pub fn is_component(&self) -> bool {
        self.parts.account.component.is_some()
    }

    /// What its presence shows.
    pub fn presence(&self) -> &PresenceRules {
        &self.parts.presence
    }

    /// Whether and where its readings are published.
    pub fn pubsub(&self) -> &PubSubRules {
        &self.parts.pubsub
    }

    /// Bounds on what others can make it do.
    pub fn limits(&self) -> Limits {
        self.parts.limits
    }

    /// Where what survives a power cut is kept.
    pub fn store(&self) -> &StoreRules {
        &self.parts.store
    }

    /// Where the simulated board listens for being moved from outside.
    pub fn sim_socket(&self) -> Option<&str> {
        self.parts.sim_socket.as_deref()
    }

    /// The time zone people mean here.
    pub fn zone(&self) -> &TimeZone {
        &self.parts.zone
    }

    /// Where it stands, if the config says.
    pub fn place(&self) -> Option<Place> {
        self.parts.place
    }

    /// Is its wall clock right whenever it runs, whatever the system says?
    pub fn trusts_clock(&self) -> bool {
        self.parts.trusts_clock
    }

    /// All alarms, in the order of the config.
    pub fn alarms(&self) -> impl Iterator<Item = (AlarmId, &Alarm)> {
        (0u16..).zip(&self.parts.alarms).map(|(id, alarm)| (AlarmId(id), alarm))
    }

    /// One alarm.
    pub fn alarm(&self, id: AlarmId) -> &Alarm {
        &self.parts.alarms[id.index()]
    }

    /// All rules, in the order of the config.
    pub fn rules(&self) -> impl Iterator<Item = (RuleId, &Rule)> {
        (0u16..).zip(&self.parts.rules).map(|(id, rule)| (RuleId(id), rule))
    }

    /// One rule.
    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.parts.rules[id.index()]
    }

    /// The points a rule's reasons tell about.
    pub fn points_of(&self, rule: &Rule) -> Vec<PointId> {
        rule.looks_at(|alarm| self.alarm(alarm).point)
    }

    /// All contacts.
    pub fn contacts(&self) -> impl Iterator<Item = (ContactId, &Contact)> {
        (0u16..).zip(&self.parts.contacts).map(|(id, contact)| (ContactId(id), contact))
    }

    /// Whoever may be told of something: the contacts, and the audiences of the rooms.
    pub fn listeners(&self) -> impl Iterator<Item = (ContactId, &Contact)> {
        let rooms = (0u16..).zip(&self.parts.rooms).map(|(id, room)| (ContactId::audience(id), &room.audience));
        self.contacts().chain(rooms)
    }

    /// The rooms it sits in.
    pub fn rooms(&self) -> &[Room] {
        &self.parts.rooms
    }

    /// One contact, or the audience of a room.
    pub fn contact(&self, id: ContactId) -> &Contact {
        match id.room() {
            Some(room) => &self.parts.rooms[room].audience,
            None => &self.parts.contacts[id.index()],
        }
    }

    /// The contact with this bare address.
    pub fn contact_of(&self, jid: &BareJid) -> Option<ContactId> {
        self.contacts().find(|(_, contact)| contact.jid == *jid).map(|(id, _)| id)
    }

    /// All sensors.
    pub fn sensors(&self) -> impl Iterator<Item = (SensorId, &Sensor)> {
        (0u16..).zip(&self.parts.sensors).map(|(id, sensor)| (SensorId(id), sensor))
    }

    /// One sensor.
    pub fn sensor(&self, id: SensorId) -> &Sensor {
        &self.parts.sensors[id.index()]
    }

    /// All actuators.
    pub fn actuators(&self) -> impl Iterator<Item = (ActuatorId, &Actuator)> {
        (0u16..).zip(&self.parts.actuators).map(|(id, actuator)| (ActuatorId(id), actuator))
    }

    /// One actuator.
    pub fn actuator(&self, id: ActuatorId) -> &Actuator {
        &self.parts.actuators[id.index()]
    }

    /// All points, sensors first, each in the order of the config.
    pub fn points(&self) -> impl Iterator<Item = PointId> {
        let sensors = self.sensors().map(|(id, _)| PointId::Sensor(id));
        sensors.chain(self.actuators().map(|(id, _)| PointId::Actuator(id)))
    }

    /// Name and label of a point.
    pub fn label(&self, point: PointId) -> &Label {
        match point {
            PointId::Sensor(id) => &self.sensor(id).label,
            PointId::Actuator(id) => &self.actuator(id).label,
        }
    }

    /// The values a point takes.
    pub fn kind(&self, point: PointId) -> &Kind {
        match point {
            PointId::Sensor(id) => &self.sensor(id).kind,
            PointId::Actuator(id) => &self.actuator(id).kind,
        }
    }

    /// The point of exactly this name.
    pub fn point_named(&self, name: &str) -> Option<PointId> {
        let found = self.by_name.binary_search_by(|point| self.label(*point).name.as_str().cmp(name));
        found.ok().and_then(|at| self.by_name.get(at).copied())
    }
}

/// What is right so far of a device that is still being checked. The ids are those it will have if nothing is wrong;
/// otherwise there will be no device.
pub(crate) struct Draft<'a> {
    pub sensors: &'a [Sensor],
    pub actuators: &'a [Actuator],
    pub alarms: &'a [Alarm],
    pub contacts: Vec<&'a BareJid>,
}

impl Draft<'_> {
    /// The sensor of this name.
    pub fn sensor(&self, name: &str) -> Option<(SensorId, &Sensor)> {
        let sensors = (0u16..).zip(self.sensors).map(|(id, sensor)| (SensorId(id), sensor));
        sensors.into_iter().find(|(_, sensor)| sensor.label.name == name)
    }

    /// The actuator of this name.
    pub fn actuator(&self, name: &str) -> Option<(ActuatorId, &Actuator)> {
        let actuators = (0u16..).zip(self.actuators).map(|(id, actuator)| (ActuatorId(id), actuator));
        actuators.into_iter().find(|(_, actuator)| actuator.label.name == name)
    }

    /// The point of this name, with its values.
    pub fn point(&self, name: &str) -> Option<(PointId, &Kind)> {
        let sensor = self.sensor(name).map(|(id, sensor)| (PointId::Sensor(id), &sensor.kind));
        sensor.or_else(|| self.actuator(name).map(|(id, actuator)| (PointId::Actuator(id), &actuator.kind)))
    }

    /// The alarms a name means: the one called so, or all of the point called so.
    pub fn alarms_named(&self, name: &str) -> Vec<(AlarmId, &Alarm)> {
        let point = self.point(name).map(|(id, _)| id);
        let alarms = || (0u16..).zip(self.alarms).map(|(id, alarm)| (AlarmId(id), alarm));
        match alarms().find(|(_, alarm)| alarm.name == name) {
            Some(only) => vec![only],
            None => alarms().filter(|(_, alarm)| Some(alarm.point) == point).collect(),
        }
    }

    /// The contact of this address.
    pub fn contact(&self, jid: &BareJid) -> Option<ContactId> {
        (0u16..).zip(&self.contacts).find(|(_, known)| **known == jid).map(|(id, _)| ContactId(id))
    }
}

impl DeviceParts {
    /// The point of this name among the parts, for checks that run before there is a device.
    pub fn point_named(&self, name: &str) -> Option<PointId> {
        let sensor = (0u16..)
            .zip(&self.sensors)
            .find(|(_, s)| s.label.name == name)
            .map(|(id, _)| PointId::Sensor(SensorId(id)));
        let actuator = || {
            (0u16..)
                .zip(&self.actuators)
                .find(|(_, a)| a.label.name == name)
                .map(|(id, _)| PointId::Actuator(ActuatorId(id)))
        };
        sensor.or_else(actuator)
    }

    /// All points, as [`Device::points`] will list them.
    pub fn all_points(&self) -> Vec<PointId> {
        let sensors = (0u16..).zip(&self.sensors).map(|(id, _)| PointId::Sensor(SensorId(id)));
        sensors.chain((0u16..).zip(&self.actuators).map(|(id, _)| PointId::Actuator(ActuatorId(id)))).collect()
    }
}
