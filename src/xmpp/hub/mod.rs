//! Hubs: contacts that are machines. One line per change and nothing else; answers in the order of the questions.
//!
//! A line is made when it is sent, so what had to wait is told as it is then. Nothing is kept while the server is out
//! of reach: a hub takes a late line for news, so afterwards it is told everything anew.

mod ask;
mod json;
mod lines;

pub use ask::{Ask, Question};

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jid::{BareJid, Jid};

use super::Scene;
use super::rate::{Bucket, Pass};
use crate::control::{Asker, Outcome, Refusal};
use crate::model::{ActuatorId, ContactId, Device, Moment, PointId, Quality, Speaks};

/// Lines a hub is told in a minute at least; a device with more points may tell each once.
const LINES_PER_MINUTE: u32 = 600;
/// Between two tries to tell what had to wait.
const PAUSE: Duration = Duration::from_secs(1);
/// Questions of one hub that may wait for an answer.
const WAITING: usize = 256;

/// The hubs of a device, and what each was told.
#[derive(Debug, Default)]
pub struct Hubs(BTreeMap<ContactId, Hub>);

#[derive(Debug)]
struct Hub {
    speaks: Speaks,
    bucket: Bucket,
    told: BTreeMap<PointId, String>,
    /// To be told, in this order.
    due: VecDeque<PointId>,
    again: Option<Moment>,
    answers: VecDeque<Answer>,
    count: u64,
}

/// A question that has come, and what to say to it once all before it have been answered.
#[derive(Debug)]
struct Answer {
    place: Place,
    to: Jid,
    ask: Question,
    text: Option<String>,
    /// A `sync` is over when nothing is due any more.
    sync: Option<usize>,
}

/// A question's place among those of its hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(ContactId, u64);

/// Whom to tell, and what.
pub type Line = (Jid, String);

impl Hubs {
    /// The hubs of a device, none of which has been told anything.
    pub fn new(device: &Device, now: Moment) -> Hubs {
        let most = LINES_PER_MINUTE.max(u32::try_from(device.points().count()).unwrap_or(u32::MAX));
        let hubs = device.contacts().filter_map(|(id, contact)| match contact.speaks {
            Speaks::Words => None,
            speaks => Some((id, Hub::new(speaks, Bucket::per_minute(most, now)))),
        });
        Hubs(hubs.collect())
    }

    /// A point has changed.
    pub fn changed(&mut self, scene: &Scene<'_>, point: PointId, talking: bool) -> Vec<Line> {
        let mut lines = Vec::new();
        for (id, hub) in &mut self.0 {
            if !talking || !hears(scene, *id, point) {
                continue;
            }
            if !hub.due.contains(&point) {
                hub.due.push_back(point);
            }
            lines.extend(hub.tell(scene, *id));
        }
        lines
    }

    /// Something has happened at a point that is no state and is over already, or to an alarm of it: lost on a hub out
    /// of reach.
    pub fn happened(&mut self, scene: &Scene<'_>, point: PointId, alarm: Option<&str>, what: &str) -> Vec<Line> {
        let mut lines = Vec::new();
        for (id, hub) in &mut self.0 {
            if hears(scene, *id, point) && hub.bucket.take(scene.now.mono) == Pass::Yes {
                lines.push((address(scene, *id), hub.speaks.event(scene, point, alarm, what)));
            }
        }
        lines
    }

    /// The device is online. After a resumed stream only what has changed meanwhile is news; else everything is.
    pub fn online(&mut self, scene: &Scene<'_>, resumed: bool) -> Vec<Line> {
        let mut lines = Vec::new();
        for (id, hub) in &mut self.0 {
            if !resumed {
                hub.told.clear();
            }
            hub.due = heard(scene, *id).filter(|point| known(scene, *point)).collect();
            lines.extend(hub.tell(scene, *id));
        }
        lines
    }

    /// When [`Hubs::wake`] has something to tell.
    pub fn deadline(&self) -> Option<Moment> {
        self.0.values().filter_map(|hub| hub.again).min()
    }

    /// Tells what had to wait.
    pub fn wake(&mut self, scene: &Scene<'_>) -> Vec<Line> {
        let due = |hub: &Hub| hub.again.is_some_and(|at| at <= scene.now.mono);
        self.0.iter_mut().filter(|(_, hub)| due(hub)).flat_map(|(id, hub)| hub.tell(scene, *id)).collect()
    }

    /// A hub has asked something: its place, or nothing if it has asked too much that is not answered yet.
    pub fn ask(&mut self, from: &Jid, asker: Asker<'_>, ask: &Question) -> Option<Place> {
        let hub = self.0.get_mut(&asker.id()).filter(|hub| hub.answers.len() < WAITING)?;
        hub.count += 1;
        let place = Place(asker.id(), hub.count);
        hub.answers.push_back(Answer { place, to: from.clone(), ask: ask.clone(), text: None, sync: None });
        Some(place)
    }

    /// The answer to a question about what is known: to be sent now, if nothing before it waits.
    pub fn tell(&mut self, scene: &Scene<'_>, place: Place) -> Vec<Line> {
        let Some(hub) = self.0.get_mut(&place.0) else { return Vec::new() };
        let mut lines = Vec::new();
        let Some(answer) = hub.answers.iter_mut().find(|answer| answer.place == place) else { return lines };
        match &answer.ask.ask {
            Ask::Get(point) => answer.text = Some(hub.speaks.reading(scene, *point, &answer.ask)),
            Ask::Wrong { about, reason } => {
                answer.text = Some(hub.speaks.refusal(about.as_deref(), reason, &answer.ask))
            }
            Ask::Move(..) => {}
            Ask::Sync => {
                hub.told.clear();
                hub.due = heard(scene, place.0).collect();
                answer.sync = Some(hub.due.len());
                lines = hub.tell(scene, place.0);
            }
        }
        lines.extend(hub.answered());
        lines
    }

    /// What became of a wish: to be sent now, if nothing before it waits.
    pub fn settled(
        &mut self,
        scene: &Scene<'_>,
        place: Place,
        actuator: ActuatorId,
        result: &Result<Outcome, Refusal>,
    ) -> Vec<Line> {
        let Some(hub) = self.0.get_mut(&place.0) else { return Vec::new() };
        if let Some(answer) = hub.answers.iter_mut().find(|answer| answer.place == place) {
            let name = scene.name(PointId::Actuator(actuator));
            answer.text = Some(match failure(scene, actuator, result) {
                None => hub.speaks.reading(scene, PointId::Actuator(actuator), &answer.ask),
                Some(reason) => hub.speaks.refusal(Some(name), &reason, &answer.ask),
            });
        }
        hub.answered()
    }
}

impl Hub {
    fn new(speaks: Speaks, bucket: Bucket) -> Hub {
        Hub {
            speaks,
            bucket,
            told: BTreeMap::new(),
            due: VecDeque::new(),
            again: None,
            answers: VecDeque::new(),
            count: 0,
        }
    }

    /// As much of what is due as may be told now.
    fn tell(&mut self, scene: &Scene<'_>, id: ContactId) -> Vec<Line> {
        let mut lines = Vec::new();
        self.again = None;
        while let Some(point) = self.due.front().copied() {
            let line = self.speaks.change(scene, point);
            if self.told.get(&point) != Some(&line.news) {
                if self.bucket.take(scene.now.mono) != Pass::Yes {
                    self.again = Some(scene.now.mono + PAUSE);
                    return lines;
                }
                self.told.insert(point, line.news);
                lines.push((address(scene, id), line.text));
            }
            self.due.pop_front();
        }
        for answer in &mut self.answers {
            if let Some(count) = answer.sync.take() {
                answer.text = Some(self.speaks.synced(count, &answer.ask));
            }
        }
        lines.extend(self.answered());
        lines
    }

    fn answered(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(text) = self.answers.front_mut().and_then(|answer| answer.text.take()) {
            lines.extend(self.answers.pop_front().map(|answer| (answer.to, text)));
        }
        lines
    }
}

/// A change as it is told.
struct Change {
    /// What makes it another line than the last one; the time alone does not.
    news: String,
    text: String,
}

impl Speaks {
    fn change(self, scene: &Scene<'_>, point: PointId) -> Change {
        let news = lines::change(scene, point);
        let text = if self == Speaks::Json { json::change(scene, point) } else { news.clone() };
        let news = match &scene.reading(point).quality {
            // A line says no more than that there is no value; JSON says why.
            Quality::Fault(fault) if self == Speaks::Json => format!("{news} {fault}"),
            Quality::Stale(_) if self == Speaks::Json => format!("{news} stale"),
            _ => news,
        };
        Change { news, text }
    }

    fn event(self, scene: &Scene<'_>, point: PointId, alarm: Option<&str>, what: &str) -> String {
        match self {
            Speaks::Json => json::event(scene, point, alarm, what),
            _ => lines::event(alarm.unwrap_or_else(|| scene.name(point)), what),
        }
    }

    fn reading(self, scene: &Scene<'_>, point: PointId, ask: &Question) -> String {
        if self == Speaks::Json { json::reading(scene, point, ask) } else { lines::reading(scene, point) }
    }

    fn refusal(self, about: Option<&str>, reason: &str, ask: &Question) -> String {
        if self == Speaks::Json { json::refusal(about, reason, ask) } else { lines::refusal(about, reason) }
    }

    fn synced(self, count: usize, ask: &Question) -> String {
        if self == Speaks::Json { json::synced(count, ask) } else { lines::synced(count) }
    }

    /// What a line asks for. Total: what cannot be understood is [`Ask::Wrong`].
    pub fn understand(self, asker: Asker<'_>, text: &str) -> Question {
        match self {
            Speaks::Json => json::parse(asker, text),
            _ => Question::from(lines::parse(asker, text)),
        }
    }
}

/// Is it what a device tells a hub, in whatever form? Two devices that are each other's hubs would answer such for ever.
pub fn is_told(text: &str) -> bool {
    lines::is_answer(text) || json::is_told(text)
}

fn address(scene: &Scene<'_>, id: ContactId) -> Jid {
    let jid: BareJid = scene.device.contact(id).jid.clone();
    jid.into()
}

fn hears(scene: &Scene<'_>, id: ContactId, point: PointId) -> bool {
    Asker::of(scene.device, id).may_read(point) && scene.device.contact(id).notify.wants(point)
}

fn heard<'d>(scene: &Scene<'d>, id: ContactId) -> impl Iterator<Item = PointId> + use<'d> {
    let device = scene.device;
    Asker::of(device, id).readable().filter(move |point| device.contact(id).notify.wants(*point))
}

fn known(scene: &Scene<'_>, point: PointId) -> bool {
    scene.reading(point).quality != Quality::Unknown
}

/// Why a wish did not come true; `None` if it did.
fn failure(scene: &Scene<'_>, id: ActuatorId, result: &Result<Outcome, Refusal>) -> Option<String> {
    let kind = &scene.device.actuator(id).kind;
    match result {
        Ok(Outcome::Done { .. }) => None,
        Ok(Outcome::Differs { asked, reading }) => {
            let read = reading.good().map_or_else(|| "nothing".to_owned(), |value| kind.bare(value));
            Some(format!("reads {read}, not {} as asked", kind.bare(*asked)))
        }
        Ok(Outcome::Failed(fault)) => Some(fault.to_string()),
        Ok(Outcome::NoConfirmation) => Some("no confirmation, it may or may not have moved".into()),
        Ok(Outcome::Overtaken) => Some("overtaken, something else was wanted".into()),
        Err(refusal) => Some(refusal.to_string()),
    }
}
