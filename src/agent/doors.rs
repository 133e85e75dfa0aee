//! The way a wish came in is the way its answer goes out.

use jid::{BareJid, Jid};
use xmpp_parsers::message::{MessageType, Thread};
use xmpp_parsers::stanza::Stanza;

use crate::control::{Outcome, Refusal};
use crate::model::ActuatorId;
use crate::xmpp::hub::Place;
use crate::xmpp::{Scene, adhoc, iq, message, muc, words};

/// Whom to answer, and how.
#[derive(Debug)]
pub(super) enum Door {
    /// A chat message.
    Chat { to: Jid, type_: MessageType, thread: Option<Thread> },
    /// An ad-hoc command.
    Form { to: Jid, id: String, node: String, session: String },
    /// Words in a room, or to the device alone through it.
    Room { by: BareJid, to: Jid, nick: Option<String> },
    /// A hub's line, answered in its turn ([`crate::xmpp::hub`]).
    Hub { from: Jid, place: Place },
}

impl Door {
    /// Who asked.
    pub fn asker(&self) -> BareJid {
        match self {
            Door::Room { by, .. } => by.clone(),
            Door::Chat { to, .. } | Door::Form { to, .. } | Door::Hub { from: to, .. } => to.to_bare(),
        }
    }

    /// The answer. `fresh` is the id of a new stanza, where one is needed.
    pub fn answer(
        self,
        scene: &Scene<'_>,
        actuator: ActuatorId,
        result: &Result<Outcome, Refusal>,
        fresh: String,
    ) -> Option<Stanza> {
        let text = words::outcome(scene, actuator, result);
        Some(match self {
            Door::Hub { .. } => return None,
            Door::Room { to, nick, .. } => muc::say(to, nick.as_deref(), fresh, text).into(),
            Door::Chat { to, type_, thread } => {
                let mut message = message::write(to, type_, fresh, text);
                message.thread = thread;
                message.into()
            }
            Door::Form { to, id, node, session } => {
                let command = adhoc::finished(node, session, words::went_well(result), text);
                iq::result(Some(to), id, Some(command)).into()
            }
        })
    }
}
