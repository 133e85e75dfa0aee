//! The validated whole. A `Device` is right by construction: `config::resolve` is the only one who builds it.

use std::time::Duration;

use jid::BareJid;

use super::{Account, Actuator, ActuatorId, Board, Contact, ContactId, Kind, Label, PointId, Room, Sensor, SensorId};

/// A board, its points, its people and its account, all checked against one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    parts: DeviceParts,
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
    pub presence: PresenceRules,
    pub limits: Limits,
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

impl Device {
    pub(crate) fn assemble(parts: DeviceParts) -> Device {
        Device { parts }
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

    /// What its presence shows.
    pub fn presence(&self) -> &PresenceRules {
        &self.parts.presence
    }

    /// Bounds on what others can make it do.
    pub fn limits(&self) -> Limits {
        self.parts.limits
    }

    /// Where the simulated board listens for being moved from outside.
    pub fn sim_socket(&self) -> Option<&str> {
        self.parts.sim_socket.as_deref()
    }

    /// All contacts.
    pub fn contacts(&self) -> impl Iterator<Item = (ContactId, &Contact)> {
        (0u16..).zip(&self.parts.contacts).map(|(id, contact)| (ContactId(id), contact))
    }

    /// The rooms it sits in.
    pub fn rooms(&self) -> &[Room] {
        &self.parts.rooms
    }

    /// One contact.
    pub fn contact(&self, id: ContactId) -> &Contact {
        &self.parts.contacts[id.index()]
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
        self.points().find(|point| self.label(*point).name == name)
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
