//! What a component (XEP-0114) does that a server does for an account: its stanzas bear addresses, and its domain
//! answers too.

use std::collections::VecDeque;

use jid::{BareJid, FullJid, Jid};
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult, DiscoItemsQuery, DiscoItemsResult, Identity, Item};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;

use super::iq::{self, Reply, Verb};
use crate::model::Device;

/// Requests whose answers are not out yet.
const MOST_OPEN: usize = 256;

/// Whom a stanza is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The device: its bare address, or the full one.
    Device,
    /// The component's domain.
    Domain,
    /// Nobody: another name or resource.
    Nobody,
}

impl Place {
    /// Of a stanza that the server has sent us.
    pub fn of(device: &Device, to: &Jid) -> Place {
        let own = &device.account().jid;
        let is_ours = to.resource().is_none_or(|resource| resource == own.resource());
        match to.to_bare() == own.to_bare() {
            true if is_ours => Place::Device,
            false if to.node().is_none() && to.resource().is_none() => Place::Domain,
            _ => Place::Nobody,
        }
    }
}

/// Who asked what of which of our addresses: the answer comes from there (RFC 6120 section 8.2.3).
#[derive(Debug, Default)]
pub struct Addresses(VecDeque<(Jid, String, Jid)>);

impl Addresses {
    /// A request has come.
    pub fn asked(&mut self, from: &Jid, id: &str, to: &Jid) {
        if self.0.len() >= MOST_OPEN {
            self.0.pop_front();
        }
        self.0.push_back((from.clone(), id.to_owned(), to.clone()));
    }

    /// Says on a stanza of ours who sends it: answers the address that was asked, subscriptions the bare address,
    /// everything else the full one.
    pub fn sign(&mut self, stanza: &mut Stanza, me: &FullJid) {
        let (from, signature) = match stanza {
            Stanza::Message(message) => (&mut message.from, Jid::from(me.clone())),
            Stanza::Presence(presence) => match presence.type_ {
                Type::None | Type::Unavailable | Type::Error => (&mut presence.from, me.clone().into()),
                _ => (&mut presence.from, me.to_bare().into()),
            },
            Stanza::Iq(Iq::Get { from, .. } | Iq::Set { from, .. }) => (from, me.clone().into()),
            Stanza::Iq(Iq::Result { from, to, id, .. } | Iq::Error { from, to, id, .. }) => {
                let asked = self.0.iter().position(|(who, what, _)| Some(who) == to.as_ref() && what == id);
                let place = asked.and_then(|at| self.0.remove(at)).map(|(_, _, place)| place);
                (from, place.unwrap_or_else(|| me.clone().into()))
            }
        };
        from.get_or_insert(signature);
    }
}

/// Asks a contact's server for the contact's presence (RFC 6121 section 4.3).
pub fn probe(contact: &BareJid) -> Stanza {
    Presence::new(Type::Probe).with_to(contact.clone()).into()
}

/// The answer of the domain to a contact: what it is, and that the device is in it.
pub fn domain(device: &Device, verb: Verb, payload: Element) -> Reply {
    if verb == Verb::Get && payload.is("ping", ns::PING) {
        return Reply::Result(None);
    }
    if verb == Verb::Get && DiscoInfoQuery::try_from(payload.clone()).is_ok_and(|query| query.node.is_none()) {
        return Reply::Result(Some(info().into()));
    }
    if verb == Verb::Get && DiscoItemsQuery::try_from(payload).is_ok_and(|query| query.node.is_none()) {
        let jid = device.account().jid.to_bare().into();
        let items = vec![Item { jid, node: None, name: Some(device.name().to_owned()) }];
        return Reply::Result(Some(DiscoItemsResult { node: None, items, rsm: None }.into()));
    }
    Reply::Error(iq::nothing_here())
}

fn info() -> DiscoInfoResult {
    let name = Some("Katydid".to_owned());
    DiscoInfoResult {
        node: None,
        identities: vec![Identity {
            category: "component".into(),
            type_: "generic".into(),
            lang: Some("en".into()),
            name,
        }],
        features: [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING].map(str::to_owned).into(),
        extensions: Vec::new(),
    }
}
