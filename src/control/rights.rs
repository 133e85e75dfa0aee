//! Who may do what. The one place that is asked, whatever door a wish came through. Default deny: whoever the
//! config does not name is a stranger, and for a stranger there is no [`Asker`] to ask with.

use jid::{BareJid, Jid};

use super::{Cause, Refusal};
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
        Asker { within: Some(&room.audience.scope), ..self }
    }

    /// Somebody in a room who is no contact, if the room has anything for such people. It is in no table of contacts.
    pub(crate) fn guest(device: &'d Device, room: &'d Room) -> Option<Asker<'d>> {
        let contact = room.guest.as_ref()?;
        Some(Asker { device, contact, id: ContactId::GUEST, within: Some(&room.audience.scope) })
    }

    /// Which contact this is.
    pub fn id(self) -> ContactId {
        self.id
    }

    /// Is it nobody in particular, in a room?
    pub fn is_guest(self) -> bool {
        self.id == ContactId::GUEST
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

    /// May it acknowledge alarms of points it may read?
    ///
    /// # Errors
    /// What its role lacks.
    pub fn may_acknowledge(self) -> Result<(), Refusal> {
        match self.contact.role >= Role::Operator {
            true => Ok(()),
            false => Err(Refusal::NotAllowed { needs: Role::Operator, has: self.contact.role }),
        }
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

/// In whose name an actuator shall move.
#[derive(Debug, Clone, Copy)]
pub enum By<'d> {
    /// A contact's.
    Contact(Asker<'d>),
    /// A rule's.
    Rule {
        /// The device it is a rule of.
        device: &'d Device,
        /// Its name.
        rule: &'d str,
        /// What made it act, in words.
        why: &'d str,
    },
}

impl<'d> From<Asker<'d>> for By<'d> {
    fn from(asker: Asker<'d>) -> By<'d> {
        By::Contact(asker)
    }
}

impl<'d> By<'d> {
    /// The device that is asked.
    pub fn device(self) -> &'d Device {
        match self {
            By::Contact(asker) => asker.device(),
            By::Rule { device, .. } => device,
        }
    }

    /// May this actuator be set in this name? A rule speaks for whoever wrote the config, so it may set what is there.
    ///
    /// # Errors
    /// What whoever asks may be told: nothing of points it may not know of.
    pub fn permit(self, actuator: ActuatorId) -> Result<(), Refusal> {
        let By::Contact(asker) = self else { return Ok(()) };
        if !asker.may_read(PointId::Actuator(actuator)) {
            return Err(Refusal::NoSuchPoint);
        }
        if !asker.may_set(actuator) {
            return Err(Refusal::NotAllowed { needs: Role::Operator, has: asker.role() });
        }
        Ok(())
    }

    /// Is there a person who can answer a question first? Rules never confirm.
    pub fn can_confirm(self) -> bool {
        matches!(self, By::Contact(_))
    }

    /// Why the actuator moves once `witness` has confirmed it.
    pub(super) fn confirmed(self, witness: Asker<'_>) -> Cause {
        match self {
            By::Contact(asker) => Cause::Confirmed { asked: asker.jid().clone(), by: witness.jid().clone() },
            By::Rule { .. } => self.cause(),
        }
    }

    /// Why the actuator then moves.
    pub fn cause(self) -> Cause {
        match self {
            By::Contact(asker) => Cause::Asked(asker.jid().clone()),
            By::Rule { rule, why, .. } => Cause::Rule { rule: rule.to_owned(), why: why.to_owned() },
        }
    }
}
