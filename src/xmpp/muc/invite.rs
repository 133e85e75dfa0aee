//! Invitations: from owners only, and only into rooms of our own server, because a room's server is believed about who
//! is who in it. Others are named in the config by somebody who trusts them.

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
    /// Who says so: the sender of a direct one (XEP-0249); of a mediated one (XEP-0045 section 7.8.2) the room's word.
    pub by: Jid,
    /// The room is on our own server.
    pub is_near: bool,
}

/// The invitation in a message, if there is one whose sender can be believed.
pub fn invitation(device: &Device, message: &Message) -> Option<Invitation> {
    let from = message.from.as_ref()?;
    let user = message.payloads.iter().find(|payload| payload.is("x", ns::MUC_USER));
    // Looked for first: Prosody adds the direct form to a mediated one, as if it came from the room.
    if let Some(invite) = user.and_then(|user| user.get_child("invite", ns::MUC_USER)) {
        let by = invite.attr("from").and_then(|jid| Jid::new(jid).ok())?;
        let room = from.to_bare();
        // A room of somewhere else can say anything about who sent it.
        return (from.resource().is_none() && is_near(device, &room)).then_some(Invitation { room, by, is_near: true });
    }
    let direct = message.payloads.iter().find(|payload| payload.is("x", DIRECT))?;
    let room = direct.attr("jid").and_then(|jid| BareJid::new(jid).ok())?;
    let is_near = is_near(device, &room);
    Some(Invitation { room, by: from.clone(), is_near })
}

/// On a part of our own server that is not the server itself, where its users are.
fn is_near(device: &Device, room: &BareJid) -> bool {
    let own = device.account().jid.domain().as_str();
    room.node().is_some() && room.domain().as_str().strip_suffix(own).is_some_and(|front| front.ends_with('.'))
}
