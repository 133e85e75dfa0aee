//! Keeps the nodes as they should be: after a login all are looked through, afterwards each change is published,
//! the last one always. Bounded: a few requests are on their way, the rest is a mark on a page.
//!
//! Invariant: nothing is published to a node before the server has said who may read it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jid::BareJid;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::page::{Page, Stage};
use super::{Place, stanzas};
use crate::control::Asker;
use crate::model::{Device, Moment, PointId};
use crate::xmpp::Scene;
use crate::xmpp::iq::Verb;

/// Requests on their way at the same time.
const MOST_FLYING: usize = 8;
/// A server that does not answer for so long has no PubSub for us.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server that wants us to wait is left alone for so long.
const PAUSE: Duration = Duration::from_secs(60);
/// A node that is lost so often in a row is not ours to keep.
const MOST_LOSSES: u8 = 3;

/// See the module.
#[derive(Debug, Default)]
pub struct Publisher {
    /// Where the nodes are; `None` while nothing is published.
    place: Option<Place>,
    /// The place is left: nothing of ours stays there.
    closing: bool,
    pages: BTreeMap<PointId, Page>,
    /// When which page has something to do.
    todo: BTreeSet<(Moment, PointId)>,
    /// Nodes of points that are no more.
    leaving: Vec<String>,
    flying: BTreeMap<String, (Step, Moment)>,
    /// The list of nodes is still to be asked for.
    unlisted: bool,
}

/// What a request on its way is about.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    List,
    Page(PointId),
    Delete,
}

impl Publisher {
    /// A new stream or another config: everything is looked through.
    pub fn begin(&mut self, device: &Device) {
        let wanted = Place::of(device);
        let old = self.place.take();
        self.pause();
        self.closing = old.is_some() && old != wanted;
        self.place = if self.closing { old } else { wanted };
        self.unlisted = self.place.is_some();
    }

    /// Nothing goes out until [`Publisher::begin`].
    pub fn pause(&mut self) {
        *self = Publisher { place: self.place.take(), ..Publisher::default() };
    }

    /// A point reads something else.
    pub fn changed(&mut self, device: &Device, point: PointId, now: Moment) {
        let every = device.pubsub().every;
        let Some(page) = self.pages.get_mut(&point) else { return };
        page.dirty = true;
        if page.busy || page.stage != Stage::Ready || page.at.is_some() {
            return;
        }
        let at = page.published.map_or(now, |published| (published + every).max(now));
        self.plan(point, at);
    }

    /// When [`Publisher::pump`] has something to do.
    pub fn deadline(&self) -> Option<Moment> {
        let todo = self.todo.first().map(|(at, _)| *at).filter(|_| self.flying.len() < MOST_FLYING);
        let patience = self.flying.values().map(|(_, until)| *until).min();
        todo.into_iter().chain(patience).min()
    }

    /// Is this the answer to one of its requests?
    pub fn awaits(&self, id: &str, from: Option<&jid::Jid>, own: &BareJid) -> bool {
        self.flying.contains_key(id) && self.place.as_ref().is_some_and(|place| place.is_from(from, own))
    }

    /// An answer has come. What the operator should know, if anything.
    pub fn answered(
        &mut self,
        scene: &Scene<'_>,
        id: &str,
        answer: Result<Option<Element>, &StanzaError>,
    ) -> Option<String> {
        let (step, _) = self.flying.remove(id)?;
        match step {
            Step::Delete => None,
            Step::List => {
                // Whether there is a service at all is seen when a node is to be made.
                self.listed(scene, answer.ok().flatten());
                None
            }
            Step::Page(point) => match answer {
                Ok(payload) => self.went_well(scene, point, payload.as_ref()),
                Err(error) => self.went_wrong(scene, point, error),
            },
        }
    }

    /// The requests that may go out now. The second is what the operator should know.
    pub fn pump(&mut self, scene: &Scene<'_>, mut id: impl FnMut() -> String) -> (Vec<Iq>, Option<String>) {
        let now = scene.now.mono;
        if self.flying.values().any(|(_, until)| *until <= now) {
            return (Vec::new(), Some(self.give_up("it does not answer")));
        }
        let is_closed = self.closing && !self.unlisted && self.leaving.is_empty() && self.flying.is_empty();
        if is_closed {
            // On to where the nodes are to be from now on, if anywhere.
            self.place = None;
            self.begin(scene.device);
        }
        let mut requests = Vec::new();
        while self.flying.len() < MOST_FLYING
            && let Some(place) = self.place.clone()
            && let Some((step, verb, payload)) = self.next(scene, &place)
        {
            let id = id();
            self.flying.insert(id.clone(), (step, now + PATIENCE));
            let to = Some(place.jid.into());
            requests.push(match verb {
                Verb::Get => Iq::Get { from: None, to, id, payload },
                Verb::Set => Iq::Set { from: None, to, id, payload },
            });
        }
        (requests, None)
    }

    fn next(&mut self, scene: &Scene<'_>, place: &Place) -> Option<(Step, Verb, Element)> {
        if self.unlisted {
            self.unlisted = false;
            return Some((Step::List, Verb::Get, stanzas::list()));
        }
        if let Some(node) = self.leaving.pop() {
            return Some((Step::Delete, Verb::Set, stanzas::delete(&node)));
        }
        let (at, point) = *self.todo.first()?;
        if at > scene.now.mono {
            return None;
        }
        self.todo.pop_first();
        let node = place.node(scene.device, point);
        let page = self.pages.get_mut(&point)?;
        (page.at, page.busy) = (None, true);
        let (verb, payload) = match &page.stage {
            Stage::Create => (Verb::Set, stanzas::create(&node)),
            Stage::Configure => (Verb::Set, stanzas::configure(&node)),
            Stage::Ask => (Verb::Get, stanzas::ask_affiliations(&node)),
            Stage::AskSent { .. } => (Verb::Get, stanzas::ask_subscriptions(&node)),
            Stage::Delete => (Verb::Set, stanzas::delete(&node)),
            Stage::Admit { missing } => (Verb::Set, stanzas::admit(&node, missing)),
            Stage::Ready => {
                (page.dirty, page.published) = (false, Some(scene.now.mono));
                (Verb::Set, stanzas::publish(scene, &node, point))
            }
        };
        Some((Step::Page(point), verb, payload))
    }

    fn listed(&mut self, scene: &Scene<'_>, payload: Option<Element>) {
        let Some(place) = &self.place else { return };
        let nodes = stanzas::listed(payload, &place.jid);
        let mut left: BTreeSet<String> = nodes.into_iter().filter(|node| place.is_ours(node)).collect();
        if !self.closing {
            for point in scene.device.points() {
                let exists = left.remove(&place.node(scene.device, point));
                self.pages.insert(point, Page::new(exists));
            }
        }
        self.leaving = left.into_iter().collect();
        let points: Vec<PointId> = self.pages.keys().copied().collect();
        points.into_iter().for_each(|point| self.plan(point, scene.now.mono));
    }

    fn went_well(&mut self, scene: &Scene<'_>, point: PointId, payload: Option<&Element>) -> Option<String> {
        let page = self.pages.get_mut(&point)?;
        page.busy = false;
        if page.stage == Stage::Ready {
            page.losses = 0;
        }
        let readers = readers(scene.device, point);
        page.stage = match &page.stage {
            // A new node has nobody on its list.
            Stage::Create => admit(readers),
            Stage::Configure => Stage::Ask,
            Stage::Ask => match missing(readers, &stanzas::affiliated(payload)) {
                Some(missing) => Stage::AskSent { missing },
                None => Stage::Delete,
            },
            Stage::AskSent { missing } => {
                let own = scene.device.account().jid.to_bare();
                let strays = |jid: &BareJid| *jid != own && !readers.contains(jid);
                match stanzas::subscribed(payload).iter().any(strays) {
                    true => Stage::Delete,
                    false => admit(missing.clone()),
                }
            }
            Stage::Delete => Stage::Create,
            Stage::Admit { .. } | Stage::Ready => Stage::Ready,
        };
        match page.stage {
            Stage::Ready if page.dirty => self.changed(scene.device, point, scene.now.mono),
            Stage::Ready => {}
            Stage::Delete if page.losses >= MOST_LOSSES => {
                return Some(self.give_up("a node stays open to others"));
            }
            _ => {
                page.losses += u8::from(page.stage == Stage::Delete);
                self.plan(point, scene.now.mono);
            }
        }
        None
    }

    fn went_wrong(&mut self, scene: &Scene<'_>, point: PointId, error: &StanzaError) -> Option<String> {
        let page = self.pages.get_mut(&point)?;
        page.busy = false;
        page.dirty = true;
        let now = scene.now.mono;
        match (&error.defined_condition, &page.stage) {
            (DefinedCondition::Conflict, Stage::Create) => {
                page.stage = Stage::Configure;
                self.plan(point, now);
                None
            }
            (DefinedCondition::ItemNotFound, stage) if *stage != Stage::Create && page.losses < MOST_LOSSES => {
                page.losses += 1;
                page.stage = Stage::Create;
                self.plan(point, now);
                None
            }
            _ if error.type_ == ErrorType::Wait => {
                self.plan(point, now + PAUSE);
                None
            }
            // ejabberd does not tell it of nodes of an account. Whom nobody has let in could not subscribe.
            (_, Stage::AskSent { .. }) => self.went_well(scene, point, None),
            (condition, _) => Some(self.give_up(&format!("it says {}", condition_name(condition)))),
        }
    }

    /// Until the next login nothing is tried any more.
    fn give_up(&mut self, why: &str) -> String {
        let place = self.place.as_ref().map(|place| place.jid.to_string()).unwrap_or_default();
        self.pause();
        format!("readings cannot be published at {place}: {why}; not trying again before the next login")
    }

    fn plan(&mut self, point: PointId, at: Moment) {
        let Some(page) = self.pages.get_mut(&point) else { return };
        if let Some(old) = page.at.replace(at) {
            self.todo.remove(&(old, point));
        }
        self.todo.insert((at, point));
    }
}

/// The contacts that may read a point.
fn readers(device: &Device, point: PointId) -> Vec<BareJid> {
    let readers = device.contacts().filter(|(id, _)| Asker::of(device, *id).may_read(point));
    readers.map(|(_, contact)| contact.jid.clone()).collect()
}

/// Who of the readers is still to be let in; nothing if somebody else was.
fn missing(readers: Vec<BareJid>, present: &[BareJid]) -> Option<Vec<BareJid>> {
    let only_readers = present.iter().all(|jid| readers.contains(jid));
    only_readers.then(|| readers.into_iter().filter(|jid| !present.contains(jid)).collect())
}

fn admit(missing: Vec<BareJid>) -> Stage {
    if missing.is_empty() { Stage::Ready } else { Stage::Admit { missing } }
}

fn condition_name(condition: &DefinedCondition) -> String {
    let element: Element = condition.clone().into();
    element.name().to_owned()
}
