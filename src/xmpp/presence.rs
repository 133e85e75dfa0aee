//! Presence as dashboard and health (RFC 6121 section 4): the status text tells the readings, `show` how the
//! device is. Well: none. A fault, a stale point, an alarm somebody has seen: `away`. An alarm nobody has seen: `dnd`.
//!
//! The broadcast goes to every contact, so it holds only what every contact may read. Who may read more is
//! sent a fuller one directly while online. A component has no server that would spread a broadcast, so there each
//! contact is sent its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jid::{BareJid, Jid};
use xmpp_parsers::presence::{Presence, Show};

use super::roster::Roster;
use super::{Scene, alarms, caps};
use crate::control::{Asker, recognise};
use crate::model::{Contact, ContactId, Device, Moment, PointId, Quality, clip};

/// Even news of health is not sent more often than this: a loose wire must not become a flood.
const URGENT_GAP: Duration = Duration::from_secs(1);
/// Clients of one contact that are followed.
const MOST_CLIENTS: usize = 8;
/// Characters in a status text.
const MOST_TEXT: usize = 500;

/// Characters of a fault's reason in it; the rest is in `status`.
const MOST_REASON: usize = 60;

/// What one presence says.
#[derive(Debug, Clone, PartialEq)]
struct Face {
    health: Health,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Health {
    Well,
    Unwell,
    Alarm,
}

/// What was said last, to whom, and when the next change may be told.
#[derive(Debug, Default)]
pub struct Dashboard {
    broadcast: Option<Face>,
    sent_at: Option<Moment>,
    due: Option<Moment>,
    /// Clients of contacts that are online, and what each was told directly.
    followed: BTreeMap<Jid, (ContactId, Option<Face>)>,
    /// Of a component: what each contact was told. Who is not here wants to hear nothing.
    audience: BTreeMap<ContactId, Option<Face>>,
    /// Of a component: contacts that have ended their subscription in this run.
    gone: BTreeSet<BareJid>,
}

impl Dashboard {
    /// A new stream: nobody has seen anything, and nobody has been seen. Silent until [`Dashboard::introduce`].
    pub fn begin(&mut self) {
        *self = Dashboard { gone: std::mem::take(&mut self.gone), ..Dashboard::default() };
    }

    /// Another config: who is no contact any more is not followed, and ids mean other things now.
    pub fn rekey(&mut self, device: &Device) {
        let old = std::mem::take(&mut self.followed);
        let id = |jid: &Jid| recognise(device, jid).map(|asker| asker.id());
        self.followed = old.into_keys().filter_map(|jid| id(&jid).map(|id| (jid, (id, None)))).collect();
        self.audience.clear();
        self.broadcast = None;
        self.due = None;
    }

    /// The contacts that have a client online.
    pub fn online(&self) -> BTreeSet<ContactId> {
        self.followed.values().map(|(id, _)| *id).collect()
    }

    /// Tells everybody anew: the first presence of a stream, and of a config.
    pub fn introduce(&mut self, scene: &Scene<'_>, roster: &Roster) -> Vec<Presence> {
        self.broadcast = None;
        if scene.device.is_component() {
            let wanting = |contact: &Contact| !self.gone.contains(&contact.jid);
            let wanting = scene.device.contacts().filter(|(_, contact)| wanting(contact));
            self.audience = wanting.map(|(id, _)| (id, None)).collect();
        }
        self.send(scene, roster)
    }

    /// A component is asked for its presence by a contact, or by the contact's server in its name.
    pub fn answer(&mut self, scene: &Scene<'_>, asker: Asker<'_>) -> Presence {
        self.gone.remove(asker.jid());
        let face = face_for(scene, asker);
        let presence = directed(scene, &face, &asker.jid().clone().into());
        self.audience.insert(asker.id(), Some(face));
        presence
    }

    /// A contact does not want a component's presence any more: the last one it gets.
    pub fn dismiss(&mut self, asker: Asker<'_>) -> Presence {
        self.audience.remove(&asker.id());
        self.gone.insert(asker.jid().clone());
        Presence::unavailable().with_to(asker.jid().clone())
    }

    /// The presences that end all this: gone on purpose, not lost.
    pub fn farewell(&self, device: &Device) -> Vec<Presence> {
        if !device.is_component() {
            return vec![Presence::unavailable()];
        }
        let last = |id: &ContactId| Presence::unavailable().with_to(device.contact(*id).jid.clone());
        self.audience.keys().map(last).collect()
    }

    /// When [`Dashboard::update`] has something to send.
    pub fn deadline(&self) -> Option<Moment> {
        self.due
    }

    /// A contact's client came or went. It is greeted directly if it may read more than everybody, or if the
    /// broadcast does not reach it.
    pub fn follow(
        &mut self,
        scene: &Scene<'_>,
        roster: &Roster,
        asker: Asker<'_>,
        from: &Jid,
        available: bool,
    ) -> Option<Presence> {
        if !available {
            self.followed.remove(from);
            return None;
        }
        if self.followed.contains_key(from) {
            return None;
        }
        let own: Vec<Jid> =
            self.followed.iter().filter(|(_, (id, _))| *id == asker.id()).map(|(jid, _)| jid.clone()).collect();
        if own.len() >= MOST_CLIENTS {
            // Clients that vanish without a word stay here, so the new one takes an old one's place.
            self.followed.remove(&own[0]);
        }
        let wanted = match scene.device.is_component() {
            // Its server asks for us only if the contact has subscribed.
            true => Some(face_for(scene, asker)).filter(|_| self.audience.contains_key(&asker.id())),
            false => self.broadcast.as_ref().and_then(|common| wanted(scene, roster, asker, common)),
        };
        self.followed.insert(from.clone(), (asker.id(), wanted.clone()));
        wanted.map(|face| directed(scene, &face, from))
    }

    /// Sends what has changed, if it may be sent now; otherwise remembers when.
    pub fn update(&mut self, scene: &Scene<'_>, roster: &Roster) -> Vec<Presence> {
        let Some(broadcast) = &self.broadcast else { return Vec::new() };
        let common = common_face(scene);
        let mut changed = common != *broadcast;
        let mut urgent = common.health != broadcast.health;
        let told = self.followed.values().filter(|_| !scene.device.is_component()).map(|(id, told)| (id, told));
        for (id, told) in told.chain(&self.audience) {
            let face = face_for(scene, Asker::of(scene.device, *id));
            let before = told.as_ref().unwrap_or(broadcast);
            changed |= face != *before;
            urgent |= face.health != before.health;
        }
        if !changed {
            self.due = None;
            return Vec::new();
        }
        let gap = if urgent { URGENT_GAP } else { scene.device.presence().every };
        let at = self.sent_at.map_or(scene.now.mono, |sent| sent + gap);
        if at > scene.now.mono {
            self.due = Some(at);
            return Vec::new();
        }
        self.send(scene, roster)
    }

    fn send(&mut self, scene: &Scene<'_>, roster: &Roster) -> Vec<Presence> {
        let common = common_face(scene);
        let presences = match scene.device.is_component() {
            true => self.send_to_each(scene),
            false => self.send_to_all(scene, roster, &common),
        };
        self.broadcast = Some(common);
        self.sent_at = Some(scene.now.mono);
        self.due = None;
        presences
    }

    fn send_to_each(&mut self, scene: &Scene<'_>) -> Vec<Presence> {
        let mut presences = Vec::new();
        for (id, told) in &mut self.audience {
            let asker = Asker::of(scene.device, *id);
            let face = Some(face_for(scene, asker)).filter(|face| told.as_ref() != Some(face));
            presences.extend(face.iter().map(|face| directed(scene, face, &asker.jid().clone().into())));
            *told = face.or(told.take());
        }
        presences
    }

    fn send_to_all(&mut self, scene: &Scene<'_>, roster: &Roster, common: &Face) -> Vec<Presence> {
        let mut presences = Vec::new();
        let fresh = self.broadcast.as_ref() != Some(common);
        if fresh {
            presences.push(dress(scene, common));
        }
        for (jid, (id, told)) in &mut self.followed {
            let wanted = wanted(scene, roster, Asker::of(scene.device, *id), common);
            match (&wanted, &*told) {
                // The broadcast reaches these too, so what they are told directly has to be told again after it.
                (Some(face), _) if fresh || *told != wanted => presences.push(directed(scene, face, jid)),
                (None, Some(_)) if !fresh => presences.push(directed(scene, common, jid)),
                _ => {}
            }
            *told = wanted;
        }
        presences
    }
}

/// What a contact must be told directly: more than everybody may read, or anything at all if the broadcast does not
/// reach it.
fn wanted(scene: &Scene<'_>, roster: &Roster, asker: Asker<'_>, common: &Face) -> Option<Face> {
    let face = face_for(scene, asker);
    (face != *common || !roster.reaches(asker.jid())).then_some(face)
}

fn common_face(scene: &Scene<'_>) -> Face {
    let askers: Vec<Asker<'_>> = scene.device.contacts().map(|(id, _)| Asker::of(scene.device, id)).collect();
    face(scene, |point| askers.iter().all(|asker| asker.may_read(point)))
}

fn face_for(scene: &Scene<'_>, asker: Asker<'_>) -> Face {
    face(scene, |point| asker.may_read(point))
}

fn face(scene: &Scene<'_>, visible: impl Fn(PointId) -> bool) -> Face {
    let unwell =
        scene.safe_mode || scene.device.points().any(|point| scene.reading(point).is_unwell() && visible(point));
    let shown = &scene.device.presence().points;
    // Whoever reads that the device is not well shall read which point is the reason.
    let broken = |point: &PointId| matches!(scene.reading(*point).quality, Quality::Fault(_)) && !shown.contains(point);
    let points = shown.iter().copied().chain(scene.device.points().filter(broken)).filter(|point| visible(*point));
    let parts = points.map(|point| format!("{} {}", scene.label(point), brief(scene, point)));
    let mode = scene.safe_mode.then(|| "safe mode".to_owned());
    let alarms = alarms::brief(scene, &visible);
    let health = match unwell || !alarms.is_empty() {
        _ if alarms::is_alarming(scene, &visible) => Health::Alarm,
        true => Health::Unwell,
        false => Health::Well,
    };
    let parts: Vec<String> = mode.into_iter().chain(alarms).chain(parts).collect();
    Face { health, text: clip(&parts.join(" · "), MOST_TEXT) }
}

/// A reading in the fewest words.
fn brief(scene: &Scene<'_>, point: PointId) -> String {
    match &scene.reading(point).quality {
        Quality::Unknown => "?".into(),
        Quality::Fault(fault) => format!("fault ({})", clip(&fault.0, MOST_REASON)),
        _ => scene.reading(point).show(scene.device.kind(point)),
    }
}

fn dress(scene: &Scene<'_>, face: &Face) -> Presence {
    let mut presence = Presence::available();
    presence.show = match face.health {
        Health::Well => None,
        Health::Unwell => Some(Show::Away),
        Health::Alarm => Some(Show::Dnd),
    };
    if !face.text.is_empty() {
        presence.statuses.insert(Default::default(), face.text.clone());
    }
    presence.payloads.extend(caps::caps(scene.device).map(Into::into));
    presence
}

fn directed(scene: &Scene<'_>, face: &Face, to: &Jid) -> Presence {
    Presence { to: Some(to.clone()), ..dress(scene, face) }
}
