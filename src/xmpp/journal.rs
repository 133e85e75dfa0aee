//! What happened and who did it: a line for the log, and the last few for the chat's `log`.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use super::rate::{Bucket, Pass};
use super::{Scene, words};
use crate::control::{Asker, Cause, Outcome, Refusal, may_know_why};
use crate::model::{ActuatorId, Device, Gesture, Kind, Moment, Now, PointId, Quality, SensorId};

/// How much a line matters: journald's levels by their usual names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Worth waking somebody for.
    Warn,
    /// A change a user would notice.
    Info,
    /// For us.
    Debug,
}

/// Lines about sensors in a minute, and as many about those that are unwell; a door may swing and a wire be loose,
/// but the log must not.
const SENSOR_LINES: u32 = 60;
/// Ends the last of them.
const MORE: &str = " (more changes follow that are not logged)";
/// Lines at info about refusals in a minute: nobody may fill a card by asking for what they may not have.
const REFUSALS: u32 = 20;
/// Lines kept for the chat.
const KEPT: usize = 100;
/// Lines told at once.
const TOLD: usize = 12;

/// The device's memory of what happened.
#[derive(Debug)]
pub struct Journal {
    lines: VecDeque<Entry>,
    rules: Bucket,
    sensors: Bucket,
    faults: Bucket,
    refusals: Bucket,
    unwell: BTreeSet<PointId>,
}

/// A line and whom it is for.
#[derive(Debug)]
struct Entry {
    at: Timestamp,
    point: PointId,
    line: String,
    /// Of a rule's doing: the rule, and the line for those who may not know why.
    by_rule: Option<(String, String)>,
}

impl Journal {
    /// Empty.
    pub fn new(now: Moment) -> Journal {
        let bucket = || Bucket::per_minute(SENSOR_LINES, now);
        let refusals = Bucket::per_minute(REFUSALS, now);
        Journal {
            lines: VecDeque::new(),
            rules: bucket(),
            sensors: bucket(),
            faults: bucket(),
            refusals,
            unwell: BTreeSet::new(),
        }
    }

    /// What is known of a point has changed.
    pub fn changed(&mut self, scene: &Scene<'_>, point: PointId, cause: Option<&Cause>) -> Option<(Level, String)> {
        let mut line = words::reading(scene, point);
        let by_rule = match cause {
            Some(Cause::Rule { rule, .. }) => Some((rule.clone(), format!("{line} (a rule)"))),
            _ => None,
        };
        if let Some(cause) = cause {
            line += &format!(" ({cause})");
        }
        let reading = scene.reading(point);
        let was_unwell = self.unwell.remove(&point);
        if reading.is_unwell() {
            self.unwell.insert(point);
        }
        // A number changes all the time, but who read of its fault must read of its end.
        let number = matches!((point, scene.device.kind(point)), (PointId::Sensor(_), Kind::Number { .. }));
        let quiet = number && !was_unwell;
        let level = match reading.quality {
            Quality::Fault(_) | Quality::Stale(_) => Level::Warn,
            _ if quiet => Level::Debug,
            _ => Level::Info,
        };
        if level != Level::Debug && matches!(point, PointId::Sensor(_)) {
            // A wire that is loose must not use up what a door may say.
            let bucket = if level == Level::Warn { &mut self.faults } else { &mut self.sensors };
            match bucket.take(scene.now.mono) {
                Pass::Yes => {}
                Pass::FirstNo => line += MORE,
                Pass::No => return None,
            }
        }
        if level != Level::Debug {
            self.keep(scene.now.wall, point, line.clone(), by_rule);
        }
        Some((level, line))
    }

    /// Somebody has done this with a button.
    pub fn gesture(&mut self, scene: &Scene<'_>, id: SensorId, gesture: Gesture) -> Option<String> {
        let mut line = words::gesture(scene, id, gesture);
        match self.sensors.take(scene.now.mono) {
            Pass::Yes => {}
            Pass::FirstNo => line += MORE,
            Pass::No => return None,
        }
        self.keep(scene.now.wall, PointId::Sensor(id), line.clone(), None);
        Some(line)
    }

    /// A request was answered, but nothing changed by it: a pump that was on is on for longer, or nobody knows.
    pub fn settled(&mut self, scene: &Scene<'_>, id: ActuatorId, outcome: &Outcome, by: &str) -> (Level, String) {
        let line = format!("{} ({by})", words::outcome(scene, id, &Ok(outcome.clone())));
        self.keep(scene.now.wall, PointId::Actuator(id), line.clone(), None);
        (if matches!(outcome, Outcome::Done { .. }) { Level::Info } else { Level::Warn }, line)
    }

    /// A contact wished for something it did not get.
    pub fn refused(
        &mut self,
        device: &Device,
        asker: Asker<'_>,
        id: ActuatorId,
        refusal: &Refusal,
        now: Now,
    ) -> Option<String> {
        if self.refusals.take(now.mono) != Pass::Yes {
            return None;
        }
        let line = |why: &Refusal| format!("{}: refused to {}: {why}", device.actuator(id).label.text, asker.jid());
        // Who reads it may know less than who asked.
        self.keep(now.wall, PointId::Actuator(id), line(&refusal.discreet()), None);
        Some(line(refusal))
    }

    /// Something about a point that whoever may read it may know.
    pub fn note(&mut self, now: Now, point: PointId, line: String) {
        self.keep(now.wall, point, line, None);
    }

    /// What went wrong when a rule acted.
    pub fn automatic(&mut self, now: Now, point: PointId, rule: &str, line: String) {
        self.keep(now.wall, point, line, Some((rule.to_owned(), "a rule could not have its way".to_owned())));
    }

    /// A rule acts: the line for the log. What moves is told when it has moved.
    pub fn rule(&mut self, now: Now, rule: &str, what: &str, why: &str) -> Option<(Level, String)> {
        let more = match self.rules.take(now.mono) {
            Pass::Yes => "",
            Pass::FirstNo => " (rules do more that is not logged)",
            Pass::No => return None,
        };
        Some((Level::Info, format!("rule {rule}: {what}, because {why}{more}")))
    }

    /// The last lines about points the asker may read, oldest first.
    pub fn tell(&self, scene: &Scene<'_>, asker: Asker<'_>) -> String {
        let readable = self.lines.iter().filter(|entry| asker.may_read(entry.point));
        let mut lines: Vec<String> = readable
            .rev()
            .take(TOLD)
            .map(|entry| {
                let line = match &entry.by_rule {
                    Some((rule, plain)) if !may_know_why(asker, rule) => plain,
                    _ => &entry.line,
                };
                format!("{} {line}", scene.now.offset.to_datetime(entry.at).strftime("%d %H:%M:%S"))
            })
            .collect();
        lines.reverse();
        match lines.is_empty() {
            true => "Nothing has happened yet.".to_owned(),
            false => lines.join("\n"),
        }
    }

    /// Another config: the old lines name points by ids that mean other things now.
    pub fn forget(&mut self) {
        self.lines.clear();
        self.unwell.clear();
    }

    fn keep(&mut self, at: Timestamp, point: PointId, line: String, by_rule: Option<(String, String)>) {
        if self.lines.len() >= KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(Entry { at, point, line, by_rule });
    }
}
