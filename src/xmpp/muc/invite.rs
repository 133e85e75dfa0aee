//! Invitations: from owners only. A direct one (XEP-0249) comes from its sender; a mediated one (XEP-0045 section 7.8.2)
//! is the room's word for who sent it, which counts only if the room is on our own server.

use jid::{BareJid, Jid};
use xmpp_parsers::message::Message;
use xmpp_parsers::ns;

use crate::model::Device;

const DIRECT: &str = "jabber:x:conference";

/// Somebody wants the device in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Invitation {
    /// The room.
    pub room: BareJid,
    /// Who says so.
    pub by: Jid,
}

/// The invitation in a message, if there is one whose sender can be believed.
pub fn invitation(device: &Device, message: &Message) -> Option<Invitation> {
    let from = message.from.as_ref()?;
    if let Some(direct) = message.payloads.iter().find(|payload| payload.is("x", DIRECT)) {
        let room = direct.attr("jid").and_then(|jid| BareJid::new(jid).ok())?;
        return Some(Invitation { room, by: from.clone() });
    }
    let user = message.payloads.iter().find(|payload| payload.is("x", ns::MUC_USER))?;
    let by = user.get_child("invite", ns::MUC_USER)?.attr("from").and_then(|jid| Jid::new(jid).ok())?;
    let own = device.account().jid.domain().as_str();
    let ours = from.domain().as_str().strip_suffix(own).is_some_and(|front| front.is_empty() || front.ends_with('.'));
    ours.then(|| Invitation { room: from.to_bare(), by })
}
