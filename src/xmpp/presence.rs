//! Presence as dashboard and health (RFC 6121 section 4): the status text tells the readings, `show` how the
//! device is. Well: none. A fault or a stale point: `away`.
//!
//! The broadcast goes to every contact, so it holds only what every contact may read. Who may read more is
//! sent a fuller one directly while online.

use std::collections::BTreeMap;
use std::time::Duration;

use jid::Jid;
use xmpp_parsers::presence::{Presence, Show};

use super::{Scene, caps};
use crate::control::{Asker, recognise};
use crate::model::{ContactId, Moment, PointId, Quality};

/// Even news of health is not sent more often than this: a loose wire must not become a flood.
const URGENT_GAP: Duration = Duration::from_secs(1);
/// Addresses of contacts that are followed; beyond it only the broadcast is sent.
const MOST_FOLLOWED: usize = 64;
/// Characters in a status text.
const MOST_TEXT: usize = 500;

/// What one presence says.
#[derive(Debug, Clone, PartialEq)]
struct Face {
    unwell: bool,
    text: String,
}

/// What was said last, to whom, and when the next change may be told.
#[derive(Debug, Default)]
pub struct Dashboard {
    broadcast: Option<Face>,
    sent_at: Option<Moment>,
    due: Option<Moment>,
    followed: BTreeMap<Jid, (ContactId, Option<Face>)>,
}

impl Dashboard {
    /// A new stream: nobody has seen anything yet. The initial presence.
    pub fn online(&mut self, scene: &Scene<'_>) -> Vec<Presence> {
        *self = Dashboard::default();
        self.send(scene)
    }

    /// Another config: those who are still contacts stay followed, and everybody is told anew.
    pub fn reloaded(&mut self, scene: &Scene<'_>) -> Vec<Presence> {
        let old = std::mem::take(&mut self.followed);
        self.followed = old
            .into_keys()
            .filter_map(|jid| recognise(scene.device, &jid).map(|asker| asker.id()).map(|id| (jid, (id, None))))
            .collect();
        self.broadcast = None;
        self.send(scene)
    }

    /// When [`Dashboard::update`] has something to send.
    pub fn deadline(&self) -> Option<Moment> {
        self.due
    }

    /// A contact's client came or went. It is greeted directly if it may read more than everybody.
    pub fn follow(&mut self, scene: &Scene<'_>, asker: Asker<'_>, from: &Jid, available: bool) -> Option<Presence> {
        if !available {
            self.followed.remove(from);
            return None;
        }
        if self.followed.contains_key(from) || self.followed.len() >= MOST_FOLLOWED {
            return None;
        }
        let face = face_for(scene, asker);
        let differs = self.broadcast.as_ref().is_some_and(|broadcast| *broadcast != face);
        self.followed.insert(from.clone(), (asker.id(), differs.then(|| face.clone())));
        differs.then(|| directed(scene, &face, from))
    }

    /// Sends what has changed, if it may be sent now; otherwise remembers when.
    pub fn update(&mut self, scene: &Scene<'_>) -> Vec<Presence> {
        let Some(broadcast) = &self.broadcast else { return Vec::new() };
        let common = common_face(scene);
        let mut changed = common != *broadcast;
        let mut urgent = common.unwell != broadcast.unwell;
        for (id, told) in self.followed.values() {
            let face = face_for(scene, Asker::of(scene.device, *id));
            let before = told.as_ref().unwrap_or(broadcast);
            changed |= face != *before;
            urgent |= face.unwell != before.unwell;
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
        self.send(scene)
    }

    fn send(&mut self, scene: &Scene<'_>) -> Vec<Presence> {
        let common = common_face(scene);
        let mut presences = Vec::new();
        let fresh = self.broadcast.as_ref() != Some(&common);
        if fresh {
            presences.push(dress(scene, &common));
        }
        for (jid, (id, told)) in &mut self.followed {
            let face = face_for(scene, Asker::of(scene.device, *id));
            let wanted = (face != common).then_some(face);
            // A broadcast reaches these too, so what they were told has to be told again after it.
            if fresh || *told != wanted {
                presences.push(directed(scene, wanted.as_ref().unwrap_or(&common), jid));
            }
            *told = wanted;
        }
        self.broadcast = Some(common);
        self.sent_at = Some(scene.now.mono);
        self.due = None;
        presences
    }
}

fn common_face(scene: &Scene<'_>) -> Face {
    let askers: Vec<Asker<'_>> = scene.device.contacts().map(|(id, _)| Asker::of(scene.device, id)).collect();
    face(scene, |point| askers.iter().all(|asker| asker.may_read(point)))
}

fn face_for(scene: &Scene<'_>, asker: Asker<'_>) -> Face {
    face(scene, |point| asker.may_read(point))
}

fn face(scene: &Scene<'_>, visible: impl Fn(PointId) -> bool) -> Face {
    let unwell = scene.device.points().any(|point| visible(point) && scene.reading(point).is_unwell());
    let shown = scene.device.presence().points.iter().filter(|point| visible(**point));
    let parts: Vec<String> = shown.map(|point| format!("{} {}", scene.label(*point), brief(scene, *point))).collect();
    let mut text = parts.join(" · ");
    if let Some((cut, _)) = text.char_indices().nth(MOST_TEXT) {
        text.truncate(cut);
        text.push('…');
    }
    Face { unwell, text }
}

/// A reading in the fewest words.
fn brief(scene: &Scene<'_>, point: PointId) -> String {
    match &scene.reading(point).quality {
        Quality::Unknown => "?".into(),
        Quality::Fault(_) => "fault".into(),
        _ => scene.reading(point).show(scene.device.kind(point)),
    }
}

fn dress(scene: &Scene<'_>, face: &Face) -> Presence {
    let mut presence = Presence::available();
    presence.show = face.unwell.then_some(Show::Away);
    if !face.text.is_empty() {
        presence.statuses.insert(Default::default(), face.text.clone());
    }
    presence.payloads.extend(caps::caps(scene.device).map(Into::into));
    presence
}

fn directed(scene: &Scene<'_>, face: &Face, to: &Jid) -> Presence {
    Presence { to: Some(to.clone()), ..dress(scene, face) }
}
