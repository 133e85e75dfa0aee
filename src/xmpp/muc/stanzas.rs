//! What the device sends to a room as its occupant.

use jid::{BareJid, FullJid};
use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::muc::Muc;
use xmpp_parsers::muc::muc::History;
use xmpp_parsers::ping::Ping;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza::Stanza;

const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";

/// The presence that enters a room.
pub(super) fn enter(mut presence: Presence, me: FullJid) -> Stanza {
    presence.to = Some(me.into());
    // Section 7.2.14: no history, so that nothing old can look like new words.
    presence.add_payload(Muc::new().with_history(History::new().with_maxstanzas(0)));
    presence.into()
}

/// Section 10.1.2: a room that was made by joining stays locked until its owner accepts the defaults.
pub(super) fn unlock(room: &BareJid, id: String) -> Stanza {
    let form = DataForm { type_: DataFormType::Submit, title: None, instructions: None, fields: Vec::new() };
    let query = Element::builder("query", MUC_OWNER).append(Element::from(form)).build();
    Iq::Set { from: None, to: Some(room.clone().into()), id, payload: query }.into()
}

/// XEP-0410: to ourselves, through the room.
pub(super) fn ping(id: String, me: FullJid) -> Stanza {
    let mut ping = Iq::from_get(id, Ping);
    *ping.to_mut() = Some(me.into());
    ping.into()
}
