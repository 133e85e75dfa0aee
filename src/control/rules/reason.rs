//! Why a rule acts, in words with the readings of the moment.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::Facts;
use crate::model::{Condition, Gesture, PointId, SensorId, Test, Value, show_duration};

/// What made a rule look now, if a moment did.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cue {
    Clock(Timestamp, Option<Duration>),
    Timer(Duration),
    Gesture(SensorId, Gesture),
}

/// The cue, then what the given conditions say now.
pub(super) fn reason<'c>(
    facts: &Facts<'_>,
    cue: Option<Cue>,
    conditions: impl Iterator<Item = (&'c Condition, bool)>,
) -> String {
    let cue = cue.map(|cue| cue_words(facts, cue));
    let conditions = conditions.filter_map(|(condition, holds)| words(facts, condition, holds));
    cue.into_iter().chain(conditions).collect::<Vec<_>>().join(" and ")
}

fn cue_words(facts: &Facts<'_>, cue: Cue) -> String {
    match cue {
        Cue::Clock(at, late) => {
            let late = late.map(|late| format!(" ({} late)", show_duration(late))).unwrap_or_default();
            format!("it is {}{late}", facts.device.zone().to_datetime(at).strftime("%H:%M"))
        }
        Cue::Timer(time) => format!("every {}", show_duration(time)),
        Cue::Gesture(id, gesture) => format!("{gesture} of {}", facts.device.sensor(id).label.text),
    }
}

fn words(facts: &Facts<'_>, condition: &Condition, holds: bool) -> Option<String> {
    let device = facts.device;
    let text = match &condition.test {
        Test::Sensor(id, trigger) => {
            let sensor = device.sensor(*id);
            let reading = facts.control.reading(PointId::Sensor(*id)).show(&sensor.kind);
            let not = if holds { "" } else { "not " };
            let limit = match facts.control.reading(PointId::Sensor(*id)).good() {
                Some(Value::Number(_)) => format!(", {not}{}", trigger.words(&sensor.kind)),
                _ => String::new(),
            };
            format!("{} is {reading}{limit}", sensor.label.text)
        }
        Test::Alarm(alarms) => {
            let up = alarms.iter().find(|id| facts.alarms.raised(**id).is_some()).or(alarms.first())?;
            format!("the alarm “{}” is {}", device.alarm(*up).name, if holds { "up" } else { "over" })
        }
        Test::Contact { contact, online } => {
            let word = if *online == holds { "online" } else { "gone" };
            format!("{} is {word}", device.contact(*contact).jid)
        }
        Test::Link { lost } => {
            format!("the server is {} reach", if *lost == holds { "out of" } else { "within" })
        }
        Test::Within(window) => format!("it is {}{window}", if holds { "" } else { "not " }),
        Test::Gesture(..) | Test::At(..) | Test::Every(_) => return None,
    };
    let lasts = if holds && !condition.lasts.is_zero() {
        format!(" for {}", show_duration(condition.lasts))
    } else {
        String::new()
    };
    Some(text + &lasts)
}
