//! Who may do what. The one place that is asked, whatever door a wish came through. Default deny: whoever the
//! config does not name is a stranger, and for a stranger there is no [`Asker`] to ask with.

use jid::{BareJid, Jid};

use crate::model::{ActuatorId, Contact, ContactId, Device, PointId, Role, Room, Scope};

/// A recognised contact. Only [`recognise`] makes one, so holding it proves the address is in the config.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'d> {
    device: &'d Device,
    contact: &'d Contact,
    id: ContactId,
    /// Where it speaks no more may be said than this.
    within: Option<&'d Scope>,
}

/// The contact behind an address, by its bare part alone: whatever client, whatever resource.
pub fn recognise<'d>(device: &'d Device, from: &Jid) -> Option<Asker<'d>> {
    let id = device.contact_of(&from.to_bare())?;
    Some(Asker::of(device, id))
}

impl<'d> Asker<'d> {
    /// The contact itself, for what the device says of its own accord (presence, notices).
    pub(crate) fn of(device: &'d Device, id: ContactId) -> Asker<'d> {
        Asker { device, contact: device.contact(id), id, within: None }
    }

    /// A contact that speaks in a room.
    pub(crate) fn inside(self, room: &'d Room) -> Asker<'d> {
        Asker { within: Some(&room.points), ..self }
    }

    /// Somebody in a room who is no contact, if the room has anything for such people. It is in no table of contacts.
    pub(crate) fn guest(device: &'d Device, room: &'d Room) -> Option<Asker<'d>> {
        let contact = room.guest.as_ref()?;
        Some(Asker { device, contact, id: ContactId::GUEST, within: Some(&room.points) })
    }

    /// Which contact this is.
    pub fn id(self) -> ContactId {
        self.id
    }

    /// Its bare address.
    pub fn jid(self) -> &'d BareJid {
        &self.contact.jid
    }

    /// Its role.
    pub fn role(self) -> Role {
        self.contact.role
    }

    /// The contact as configured.
    pub fn contact(self) -> &'d Contact {
        self.contact
    }

    /// The device it asks.
    pub fn device(self) -> &'d Device {
        self.device
    }

    /// May it know of this point and what it reads?
    pub fn may_read(self, point: PointId) -> bool {
        self.contact.scope.covers(point) && self.within.is_none_or(|within| within.covers(point))
    }

    /// May it set this actuator?
    pub fn may_set(self, actuator: ActuatorId) -> bool {
        self.contact.role >= Role::Operator && self.may_read(PointId::Actuator(actuator))
    }

    /// May it change the device itself?
    pub fn may_administer(self) -> bool {
        self.contact.role >= Role::Owner
    }

    /// The points it may know of, in the device's order.
    pub fn readable(self) -> impl Iterator<Item = PointId> + 'd {
        self.device.points().filter(move |point| self.may_read(*point))
    }

    /// The actuators it may set.
    pub fn settable(self) -> impl Iterator<Item = ActuatorId> + 'd {
        self.device.actuators().map(|(id, _)| id).filter(move |id| self.may_set(*id))
    }
}
