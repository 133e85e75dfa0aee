//! What the device says of its own accord, and when it may.

use jid::BareJid;
use xmpp_parsers::message::MessageType;

use super::{Agent, Effect, scene};
use crate::model::Now;
use crate::xmpp::message;
use crate::xmpp::notices::Notice;

impl Agent {
    pub(super) fn introduce(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.introduce_by = None;
        let scene = scene!(self, now);
        let presences = self.dashboard.introduce(&scene, &self.roster);
        self.publisher.begin(&self.device);
        out.extend(presences.into_iter().map(|presence| Effect::Send(presence.into())));
        self.tell_hubs(false, now, out);
    }

    /// Online, and the roster has been gone through.
    pub(super) fn is_talking(&self) -> bool {
        self.me.is_some() && self.introduce_by.is_none()
    }

    pub(super) fn notify(&mut self, notices: Vec<Notice>, out: &mut Vec<Effect>) {
        for (jid, text) in notices {
            self.tell(jid, text, false, out);
        }
    }

    /// Tells a contact or a room something of our own accord. What a contact must get even if it is away `lasts`.
    /// False if it is a room and we are not in it.
    pub(super) fn tell(&mut self, jid: BareJid, text: String, lasts: bool, out: &mut Vec<Effect>) -> bool {
        if self.rooms.of(&jid).is_some() {
            return self.tell_room(jid, text, out);
        }
        let id = self.fresh_id();
        let message = match lasts {
            true => message::lasting(jid.into(), id, text),
            false => message::write(jid.into(), MessageType::Chat, id, text),
        };
        out.push(Effect::Send(message.into()));
        true
    }
}
