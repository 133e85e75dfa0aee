//! Notices: a chat line to each contact that wants to know when a point changes.
//!
//! The first change is told at once; then each point is told to each contact at most once per gap, always
//! ending with what is true at last. Hubs are told in a way of their own ([`super::hub`]).

use std::collections::BTreeMap;
use std::time::Duration;

use jid::BareJid;

use super::{Scene, words};
use crate::control::Asker;
use crate::model::{ContactId, FilterSpec, Kind, Moment, Notify, PointId, Quality, Speaks};

/// Between two notices of one two-state point to one contact.
const GAP: Duration = Duration::from_secs(1);
/// The same for numbers, which change all the time.
const NUMBER_GAP: Duration = Duration::from_secs(10);

/// What each contact was told of each point.
#[derive(Debug, Default)]
pub struct Notices(BTreeMap<(ContactId, PointId), Told>);

#[derive(Debug, Default)]
struct Told {
    text: String,
    well: bool,
    at: Option<Moment>,
    due: Option<Moment>,
    /// Who did what is due.
    by: Option<BareJid>,
}

/// A line for a contact.
pub type Notice = (BareJid, String);

impl Notices {
    /// A point has changed, perhaps because a contact wanted it to; that contact has its answer already.
    pub fn changed(&mut self, scene: &Scene<'_>, point: PointId, by: Option<&BareJid>) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (id, contact) in scene.device.contacts() {
            let asker = Asker::of(scene.device, id);
            if contact.speaks != Speaks::Words || !contact.notify.wants(point) || !asker.may_read(point) {
                continue;
            }
            let text = value(scene, point);
            let well = scene.reading(point).good().is_some();
            let first = !self.0.contains_key(&(id, point));
            let told = self.0.entry((id, point)).or_insert(Told { well, ..Told::default() });
            // A start is not news, unless the point starts broken.
            let known = first && !matches!(scene.reading(point).quality, Quality::Fault(_));
            // A number that nobody asked for by name is news only by the steps of its delta filter.
            let drift = contact.notify == Notify::All && is_noisy(scene, point) && told.well && well;
            if known || drift || by == Some(&contact.jid) {
                *told = Told { text, well, at: told.at, due: None, by: None };
                continue;
            }
            told.by = by.cloned();
            notices.extend(told.tell(scene, point, text).map(|line| (contact.jid.clone(), sign(line, by))));
        }
        notices
    }

    /// When [`Notices::wake`] has something to tell.
    pub fn deadline(&self) -> Option<Moment> {
        self.0.values().filter_map(|told| told.due).min()
    }

    /// Tells what had to wait.
    pub fn wake(&mut self, scene: &Scene<'_>) -> Vec<Notice> {
        let mut notices = Vec::new();
        for ((id, point), told) in &mut self.0 {
            if told.due.is_none_or(|due| due > scene.now.mono) {
                continue;
            }
            told.due = None;
            let by = told.by.take();
            let line = told.tell(scene, *point, value(scene, *point));
            notices.extend(line.map(|line| (scene.device.contact(*id).jid.clone(), sign(line, by.as_ref()))));
        }
        notices
    }

    /// Another config: ids mean other things now. What is known already is not news.
    pub fn begin_anew(&mut self, scene: &Scene<'_>) {
        self.0.clear();
        for point in scene.device.points().filter(|point| scene.reading(*point).quality != Quality::Unknown) {
            let told =
                |_| Told { text: value(scene, point), well: scene.reading(point).good().is_some(), ..Told::default() };
            self.0.extend(scene.device.contacts().map(|(id, _)| ((id, point), told(id))));
        }
    }
}

impl Told {
    fn tell(&mut self, scene: &Scene<'_>, point: PointId, text: String) -> Option<String> {
        if self.text == text {
            self.due = None;
            return None;
        }
        let gap = match scene.device.kind(point) {
            Kind::Number { .. } => NUMBER_GAP,
            _ => GAP,
        };
        if let Some(at) = self.at.map(|at| at + gap)
            && at > scene.now.mono
        {
            self.due = Some(at);
            return None;
        }
        let well = scene.reading(point).good().is_some();
        *self = Told { text, well, at: Some(scene.now.mono), due: None, by: None };
        Some(words::reading(scene, point))
    }
}

/// What decides whether there is news: the reading as people see it.
fn value(scene: &Scene<'_>, point: PointId) -> String {
    scene.reading(point).show(scene.device.kind(point))
}

/// A sensor's number that may change with every sample.
fn is_noisy(scene: &Scene<'_>, point: PointId) -> bool {
    let PointId::Sensor(id) = point else { return false };
    let sensor = scene.device.sensor(id);
    let steps = sensor.filters.iter().any(|filter| matches!(filter, FilterSpec::Delta(_)));
    matches!(sensor.kind, Kind::Number { .. }) && !steps
}

fn sign(line: String, by: Option<&BareJid>) -> String {
    match by {
        Some(by) => format!("{line} ({by})"),
        None => line,
    }
}
