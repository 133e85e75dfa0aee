//! Where the nodes are and how they are called.

use jid::{BareJid, Jid};

use crate::model::{Device, PointId};

/// Nodes of an account, among which there are others' (avatars, bookmarks, keys), begin with this.
const OWN: &str = "urn:katydid:point:1/";

/// The device's own account, or a service that many devices share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Who answers for the nodes.
    pub jid: BareJid,
    prefix: String,
}

impl Place {
    /// Where this device publishes, if it does.
    pub fn of(device: &Device) -> Option<Place> {
        let rules = device.pubsub();
        if !rules.enabled {
            return None;
        }
        Some(match &rules.service {
            Some(service) => Place { jid: service.clone(), prefix: format!("{}/", device.name()) },
            None => Place { jid: device.account().jid.to_bare(), prefix: OWN.to_owned() },
        })
    }

    /// The node of a point.
    pub fn node(&self, device: &Device, point: PointId) -> String {
        format!("{}{}", self.prefix, device.label(point).name)
    }

    /// Is this a node of ours, of now or of before?
    pub fn is_ours(&self, node: &str) -> bool {
        node.starts_with(&self.prefix)
    }

    /// Does what comes from this address come from here? A server speaks for our own account without an address.
    pub fn is_from(&self, from: Option<&Jid>, own: &BareJid) -> bool {
        match from {
            Some(from) => *from == self.jid,
            None => self.jid == *own,
        }
    }
}
