//! Roster and subscriptions (RFC 6121 sections 2 and 3): contacts of the config are on the roster, approved, and
//! asked for their presence once; nobody else gets ours.

use std::collections::BTreeMap;

use jid::{BareJid, Jid};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::roster::{Ask, Item, Roster as Query, Subscription};
use xmpp_parsers::stanza::Stanza;

use crate::model::{Contact, Device, Speaks};

/// What the server's roster says of whom.
#[derive(Debug, Default)]
pub struct Roster {
    request: Option<String>,
    known: BTreeMap<BareJid, Item>,
}

impl Roster {
    /// Asks for the roster.
    pub fn fetch(&mut self, id: String) -> Iq {
        self.request = Some(id.clone());
        Iq::from_get(id, Query { ver: None, items: Vec::new() })
    }

    /// Is this the answer to [`Roster::fetch`]?
    pub fn awaits(&self, id: &str) -> bool {
        self.request.as_deref() == Some(id)
    }

    /// The roster has come: what must be said so that it agrees with the config. `id` makes stanza ids.
    pub fn fetched(
        &mut self,
        device: &Device,
        payload: Option<Element>,
        mut id: impl FnMut() -> String,
    ) -> Vec<Stanza> {
        self.request = None;
        let items = payload.and_then(|payload| Query::try_from(payload).ok()).map(|query| query.items);
        self.known = items.unwrap_or_default().into_iter().map(|item| (item.jid.clone(), item)).collect();
        let mut stanzas = Vec::new();
        for (_, contact) in device.contacts() {
            match self.known.get(&contact.jid) {
                // A hub may see our presence, but nobody needs a hub's: openHAB answers with `unsubscribed`.
                None if contact.speaks != Speaks::Words => stanzas.push(directed(Type::Subscribed, &contact.jid)),
                None => {
                    let item = blank_item(&contact.jid);
                    stanzas.push(Iq::from_set(id(), Query { ver: None, items: vec![item] }).into());
                    stanzas.push(directed(Type::Subscribed, &contact.jid));
                    stanzas.push(directed(Type::Subscribe, &contact.jid));
                }
                // Approved beforehand, so that a contact that asks later need not wait for us to be online.
                Some(item) if !has_ours(item) && item.approved != Some(true) => {
                    stanzas.push(directed(Type::Subscribed, &contact.jid))
                }
                Some(_) => {}
            }
        }
        stanzas.extend(self.known.values().flat_map(|item| turned_away(device, item)));
        stanzas
    }

    /// A roster push from our own server: what must be said if it lets in somebody whom the config does not name.
    pub fn pushed(&mut self, device: &Device, payload: Element) -> Vec<Stanza> {
        let Ok(query) = Query::try_from(payload) else { return Vec::new() };
        let mut stanzas = Vec::new();
        for item in query.items {
            if item.subscription == Subscription::Remove {
                self.known.remove(&item.jid);
                continue;
            }
            stanzas.extend(turned_away(device, &item));
            self.known.insert(item.jid.clone(), item);
        }
        stanzas
    }

    /// Does our broadcast presence reach this contact?
    pub fn reaches(&self, contact: &BareJid) -> bool {
        self.known.get(contact).is_some_and(has_ours)
    }

    /// A contact asks for our presence: yes, and we ask for its own if we do not have it, unless it is a hub.
    pub fn welcome(&self, contact: &Contact) -> Vec<Stanza> {
        let known = self.known.get(&contact.jid);
        let asks_back = known.is_none_or(|item| !has_theirs(item) && item.ask != Ask::Subscribe);
        let ask = (asks_back && contact.speaks == Speaks::Words).then(|| directed(Type::Subscribe, &contact.jid));
        [directed(Type::Subscribed, &contact.jid)].into_iter().chain(ask).collect()
    }

    /// A stranger asks for our presence: no.
    pub fn turn_away(stranger: &Jid) -> Stanza {
        directed(Type::Unsubscribed, &stranger.to_bare())
    }
}

/// What keeps somebody out whom the config does not name: no presence of ours, now or by an approval given before,
/// and no interest in theirs.
fn turned_away(device: &Device, item: &Item) -> Vec<Stanza> {
    if device.contact_of(&item.jid).is_some() {
        return Vec::new();
    }
    let ours = (has_ours(item) || item.approved == Some(true)).then(|| directed(Type::Unsubscribed, &item.jid));
    let theirs = (has_theirs(item) || item.ask == Ask::Subscribe).then(|| directed(Type::Unsubscribe, &item.jid));
    ours.into_iter().chain(theirs).collect()
}

fn has_ours(item: &Item) -> bool {
    matches!(item.subscription, Subscription::From | Subscription::Both)
}

fn has_theirs(item: &Item) -> bool {
    matches!(item.subscription, Subscription::To | Subscription::Both)
}

fn blank_item(jid: &BareJid) -> Item {
    Item {
        jid: jid.clone(),
        name: None,
        subscription: Subscription::None,
        ask: Ask::None,
        groups: Vec::new(),
        approved: None,
    }
}

/// A presence about subscriptions, or the last one, to one contact.
pub fn directed(type_: Type, to: &BareJid) -> Stanza {
    Presence::new(type_).with_to(to.clone()).into()
}
