//! Notices: a chat line to each contact that wants to know when a point changes.
//!
//! The first change is told at once; then each point is told to each contact at most once per gap, always
//! ending with what is true at last. Hubs are told in a way of their own ([`super::hub`]).

use std::collections::BTreeMap;
use std::time::Duration;

use jid::BareJid;

use super::rate::{Bucket, Pass};
use super::{Scene, words};
use crate::control::{Asker, Cause, may_know_why};
use crate::model::{ContactId, FilterSpec, Gesture, Kind, Moment, Notify, PointId, Quality, SensorId, Speaks};

/// Between two notices of one two-state point to one contact.
const GAP: Duration = Duration::from_secs(1);
/// The same for numbers, which change all the time.
const NUMBER_GAP: Duration = Duration::from_secs(10);

/// Gestures of one button that are told in a minute; each is an event of its own, but a loose wire must not chat.
const GESTURES: u32 = 20;

/// What each contact was told of each point.
#[derive(Debug, Default)]
pub struct Notices {
    told: BTreeMap<(ContactId, PointId), Told>,
    buttons: BTreeMap<SensorId, Bucket>,
    /// Not after the first moment at which something is due.
    next: Option<Moment>,
}

#[derive(Debug, Default)]
struct Told {
    text: String,
    well: bool,
    at: Option<Moment>,
    due: Option<Moment>,
    /// Who or what did what is due.
    by: Option<Cause>,
}

/// Which listeners are not to be told just now.
pub struct Hall<'a> {
    /// It is a room that the device is not in. It is told when it comes back ([`Notices::returned`]).
    pub away: &'a dyn Fn(&BareJid) -> bool,
    /// Rooms that have heard it as the answer to what was said there.
    pub answered: &'a [BareJid],
}

/// A line for a contact, or for a room.
pub type Notice = (BareJid, String);

impl Notices {
    /// A point has changed, perhaps because a contact wanted it to; that contact has its answer already, and so have
    /// the rooms in `answered`.
    pub fn changed(
        &mut self,
        scene: &Scene<'_>,
        hall: &Hall<'_>,
        point: PointId,
        cause: Option<&Cause>,
    ) -> Vec<Notice> {
        let by = cause.and_then(Cause::asker);
        let mut notices = Vec::new();
        for (id, contact) in scene.device.listeners() {
            let asker = Asker::of(scene.device, id);
            if contact.speaks != Speaks::Words || !contact.notify.wants(point) || !asker.may_read(point) {
                continue;
            }
            let text = value(scene, point);
            let well = scene.reading(point).good().is_some();
            let first = !self.told.contains_key(&(id, point));
            let told = self.told.entry((id, point)).or_insert(Told { well, ..Told::default() });
            // A start is not news, unless the point starts broken.
            let known = first && !matches!(scene.reading(point).quality, Quality::Fault(_));
            // A number that nobody asked for by name is news only by the steps of its delta filter.
            let drift = contact.notify == Notify::All && is_noisy(scene, point) && told.well && well;
            // What a button's contacts want to know is what was done with it.
            let press = is_button(scene, point) && told.well && well;
            if !known && (hall.away)(&contact.jid) {
                continue;
            }
            if known || drift || press || by == Some(&contact.jid) || hall.answered.contains(&contact.jid) {
                *told = Told { text, well, at: told.at, due: None, by: None };
                continue;
            }
            told.by = cause.cloned();
            notices.extend(told.tell(scene, point, text).map(|line| (contact.jid.clone(), sign(asker, line, cause))));
            self.next = [self.next, told.due].into_iter().flatten().min();
        }
        notices
    }

    /// Somebody has done something with a button.
    pub fn gesture(&mut self, scene: &Scene<'_>, id: SensorId, gesture: Gesture) -> Vec<Notice> {
        let now = scene.now.mono;
        if self.buttons.entry(id).or_insert_with(|| Bucket::per_minute(GESTURES, now)).take(now) != Pass::Yes {
            return Vec::new();
        }
        let line = words::gesture(scene, id, gesture);
        listeners(scene, PointId::Sensor(id)).map(|(_, jid)| (jid.clone(), line.clone())).collect()
    }

    /// What a point reads shall be told again, whether or not it has changed.
    pub fn repeated(&mut self, scene: &Scene<'_>, hall: &Hall<'_>, point: PointId) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (id, jid) in listeners(scene, point).filter(|(_, jid)| !(hall.away)(jid)) {
            let told = self.told.entry((id, point)).or_default();
            let gap = gap(scene, point);
            // What is due soon, or was told just now, need not be said twice.
            if told.due.is_none() && told.at.is_none_or(|at| at + gap <= scene.now.mono) {
                *told = Told { text: value(scene, point), well: true, at: Some(scene.now.mono), due: None, by: None };
                notices.push((jid.clone(), words::reading(scene, point)));
            }
        }
        notices
    }

    /// When [`Notices::wake`] has something to tell, or a little earlier.
    pub fn deadline(&self) -> Option<Moment> {
        self.next
    }

    /// Tells what had to wait.
    pub fn wake(&mut self, scene: &Scene<'_>, hall: &Hall<'_>) -> Vec<Notice> {
        let mut notices = Vec::new();
        self.next = None;
        for ((id, point), told) in &mut self.told {
            if told.due.is_some_and(|due| due <= scene.now.mono) {
                told.due = None;
                let by = told.by.take();
                let asker = Asker::of(scene.device, *id);
                if (hall.away)(asker.jid()) {
                    continue;
                }
                let line = told.tell(scene, *point, value(scene, *point));
                notices.extend(line.map(|line| (asker.jid().clone(), sign(asker, line, by.as_ref()))));
            }
            self.next = [self.next, told.due].into_iter().flatten().min();
        }
        notices
    }

    /// The device is in a room again: what has become other than what was told there last, a line each.
    pub fn returned(&mut self, scene: &Scene<'_>, room: &BareJid) -> Vec<String> {
        let listeners = scene.device.listeners();
        let Some((id, listener)) = listeners.into_iter().find(|(_, listener)| listener.jid == *room) else {
            return Vec::new();
        };
        let asker = Asker::of(scene.device, id);
        let mut lines = Vec::new();
        for point in asker.readable().filter(|point| listener.notify.wants(*point)) {
            let (text, well) = (value(scene, point), scene.reading(point).good().is_some());
            let told = self.told.entry((id, point)).or_insert(Told { well: true, ..Told::default() });
            let drift = listener.notify == Notify::All && is_noisy(scene, point) && told.well && well;
            let press = is_button(scene, point) && told.well && well;
            let mut at = told.at;
            if told.text != text && !drift && !press && scene.reading(point).quality != Quality::Unknown {
                lines.push(words::reading(scene, point));
                at = Some(scene.now.mono);
            }
            *told = Told { text, well, at, due: None, by: None };
        }
        lines
    }

    /// What a room was told since then it has not heard: it is news for it yet.
    pub fn came_back(&mut self, scene: &Scene<'_>, room: &BareJid, since: Moment) {
        let Some((id, _)) = scene.device.listeners().find(|(_, listener)| listener.jid == *room) else { return };
        let told = self.told.iter_mut().filter(|((to, _), told)| *to == id && told.at.is_some_and(|at| at >= since));
        told.for_each(|(_, told)| told.text.clear());
    }

    /// Another config: ids mean other things now. What is known already is not news.
    pub fn begin_anew(&mut self, scene: &Scene<'_>) {
        *self = Notices::default();
        for point in scene.device.points().filter(|point| scene.reading(*point).quality != Quality::Unknown) {
            let told =
                |_| Told { text: value(scene, point), well: scene.reading(point).good().is_some(), ..Told::default() };
            self.told.extend(scene.device.listeners().map(|(id, _)| ((id, point), told(id))));
        }
    }
}

impl Told {
    fn tell(&mut self, scene: &Scene<'_>, point: PointId, text: String) -> Option<String> {
        if self.text == text {
            self.due = None;
            return None;
        }
        if let Some(at) = self.at.map(|at| at + gap(scene, point))
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

fn gap(scene: &Scene<'_>, point: PointId) -> Duration {
    match scene.device.kind(point) {
        Kind::Number { .. } => NUMBER_GAP,
        _ => GAP,
    }
}

/// Whose states are only the way to its gestures.
fn is_button(scene: &Scene<'_>, point: PointId) -> bool {
    matches!(point, PointId::Sensor(id) if scene.device.sensor(id).gestures.is_some())
}

/// Who wants to hear of a point and may.
fn listeners<'a>(scene: &Scene<'a>, point: PointId) -> impl Iterator<Item = (ContactId, &'a BareJid)> + use<'a> {
    let device = scene.device;
    let hears = move |id, notify: &Notify| notify.wants(point) && Asker::of(device, id).may_read(point);
    let people = device.listeners().filter(|(_, contact)| contact.speaks == Speaks::Words);
    people.filter(move |(id, contact)| hears(*id, &contact.notify)).map(|(id, contact)| (id, &contact.jid))
}

/// Who or what did it, as far as this contact may know.
fn sign(asker: Asker<'_>, line: String, cause: Option<&Cause>) -> String {
    match cause {
        Some(Cause::Rule { rule, .. }) if !may_know_why(asker, rule) => format!("{line} (a rule)"),
        Some(cause @ Cause::Rule { .. }) => format!("{line} ({cause})"),
        // Who is no contact any more could be named by the address only, also before everybody.
        Some(cause) => match cause.asker().filter(|by| asker.device().contact_of(by).is_some()) {
            Some(by) => format!("{line} ({by})"),
            None => line,
        },
        None => line,
    }
}
