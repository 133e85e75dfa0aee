//! The people and machines a device talks with.

use std::collections::BTreeSet;

use jid::BareJid;

use super::PointId;

/// Index of a contact. Only a [`Device`](super::Device) hands these out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub(super) u16);

impl ContactId {
    /// For tables with one entry per contact.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What a contact may do; each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Also sets.
    Operator,
    /// Also administers.
    Owner,
}

impl Role {
    /// As the config writes it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Owner => "owner",
        }
    }
}

/// An address that may talk to the device.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Rights go by the bare address, whatever client is used.
    pub jid: BareJid,
    /// What it may do.
    pub role: Role,
    /// With which points.
    pub scope: Scope,
    /// Of which changes it wants to be told.
    pub notify: Notify,
    /// Is it told of alarms, as far as it may read their points?
    pub alarms: bool,
    /// In which form it is told, and talks.
    pub speaks: Speaks,
}

/// The form in which a contact and the device talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speaks {
    /// As people do.
    #[default]
    Words,
    /// A hub that compares plain lines.
    Lines,
    /// A hub or script that reads JSON.
    Json,
}

/// Which points a contact may see and, by its role, set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All, also those added later.
    All,
    /// Only these.
    Only(BTreeSet<PointId>),
}

impl Scope {
    /// Is this point within it?
    pub fn covers(&self, point: PointId) -> bool {
        match self {
            Scope::All => true,
            Scope::Only(points) => points.contains(&point),
        }
    }
}

/// Of which changes a contact wants to be told. Always cut to its [`Scope`] as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notify {
    /// None.
    Nothing,
    /// Every point it may read.
    All,
    /// Only these.
    Only(BTreeSet<PointId>),
}

impl Notify {
    /// Does the contact want to hear about this point?
    pub fn wants(&self, point: PointId) -> bool {
        match self {
            Notify::Nothing => false,
            Notify::All => true,
            Notify::Only(points) => points.contains(&point),
        }
    }
}
