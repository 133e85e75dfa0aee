//! `alarm` of a point: one table, or a list of them.

use std::time::Duration;

use super::nearest::hint;
use super::node::{DAY, Item, SECOND, Table, clip, optional, seconds};
use super::tree::Raw;
use super::trigger;
use crate::model::{Alarm, Draft, PointId, Priority};

pub(super) const KEYS: &[&str] =
    &["above", "below", "outside", "equals", "stale", "fault", "clear", "for", "repeat", "say", "priority", "name"];

/// The longest time a reading must last.
pub(super) const LONGEST: Duration = seconds(30 * 24 * 3600);
const MINUTE: Duration = seconds(60);
/// How often an alarm of high priority is told again if the config does not say.
const HIGH_REPEAT: Duration = seconds(600);
/// More than this nobody reads.
pub(super) const MOST_WORDS: usize = 400;
/// As many as fit the ids with room to spare.
const MOST: usize = 4096;

/// The alarms of all points, in the order of the config. `sensors` and `actuators` are their tables.
pub(super) fn read(sensors: Option<Item<'_>>, actuators: Option<Item<'_>>, draft: &Draft<'_>) -> Vec<Alarm> {
    let tables = [sensors, actuators].into_iter().flatten();
    let points: Vec<_> = tables.filter_map(|item| item.entries_quietly()).flatten().collect();
    let mut alarms: Vec<Alarm> = Vec::new();
    for (name, point) in &points {
        let Some(item) = point.find("alarm") else { continue };
        let several = matches!(item.raw(), Raw::List(_));
        let items = if several { item.list().unwrap_or_default() } else { vec![item.clone()] };
        if several && items.is_empty() {
            item.wrong("must not be empty");
        }
        // Of a point with mistakes of its own nothing can be said.
        let Some((id, _)) = draft.point(name) else { continue };
        for item in &items {
            let Some(alarm) = read_one(item, name, id, items.len() > 1, draft) else { continue };
            check_name(item, &alarm, name, draft, &alarms);
            alarms.push(alarm);
        }
    }
    if let (true, Some((_, item))) = (alarms.len() > MOST, points.first()) {
        item.wrong(format!("more than {MOST} alarms"));
    }
    alarms
}

fn read_one(item: &Item<'_>, point: &str, id: PointId, several: bool, draft: &Draft<'_>) -> Option<Alarm> {
    let table = item.table(KEYS)?;
    let (_, kind) = draft.point(point)?;
    let silent =
        draft.sensor(point).is_some_and(|(_, sensor)| sensor.every.is_some()) || matches!(id, PointId::Actuator(_));
    let trigger = trigger::read(&table, kind, silent);
    let lasts = optional(table.get("for"), Duration::ZERO, |item| item.duration(Duration::ZERO..=LONGEST));
    let priority = optional(table.get("priority"), Priority::Normal, |item| {
        item.word(&[("low", Priority::Low), ("normal", Priority::Normal), ("high", Priority::High)])
    });
    let repeat = table.get("repeat").map(|item| {
        if priority == Some(Priority::Low) {
            item.wrong("does nothing with priority “low”, which is told to nobody; remove it");
        }
        item.duration(MINUTE..=DAY * 7)
    });
    let say = words(&table, "say");
    let name = table.get("name").map(|item| item.text().filter(|name| check_word(&item, name)).map(str::to_owned));
    let trigger = trigger?;
    let name = match name {
        Some(name) => name?,
        None if several => format!("{point}-{}", trigger.key()),
        None => point.to_owned(),
    };
    let repeat = match repeat {
        Some(repeat) => Some(repeat?),
        None => (priority == Some(Priority::High)).then_some(HIGH_REPEAT),
    };
    Some(Alarm { name, point: id, trigger, lasts: lasts?, repeat, say: say?, priority: priority? })
}

/// A text for people.
pub(super) fn words(table: &Table<'_>, key: &'static str) -> Option<Option<String>> {
    optional(table.get(key), None, |item| text(&item).map(Some))
}

pub(super) fn text(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if text.chars().count() > MOST_WORDS {
        item.wrong(format!("must be at most {MOST_WORDS} characters"));
        return None;
    }
    Some(text.trim().to_owned())
}

/// Catches names that cannot be typed behind `ack`.
fn check_word(item: &Item<'_>, name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    let right = name.len() <= 64 && name.bytes().all(fits) && name != "all";
    if !right {
        item.wrong("must be 1 to 64 of a-z, 0-9, _ and -, and not “all”");
    }
    right
}

/// Catches two alarms of one name, and an alarm called like another point: `ack` must mean one thing.
fn check_name(item: &Item<'_>, alarm: &Alarm, point: &str, draft: &Draft<'_>, before: &[Alarm]) {
    if before.iter().any(|other| other.name == alarm.name) {
        item.wrong(format!("there is another alarm “{}”; give this one a name of its own with `name`", alarm.name));
    }
    if alarm.name != point && draft.point(&alarm.name).is_some() {
        item.wrong(format!("“{}” is the name of a point; choose another `name`", alarm.name));
    }
}

/// The alarms that rules mean by a name.
pub(super) fn named<'d>(item: &Item<'_>, draft: &'d Draft<'_>) -> Option<Vec<(crate::model::AlarmId, &'d Alarm)>> {
    let name = item.text()?;
    let found = draft.alarms_named(name);
    if found.is_empty() {
        let known = draft.alarms.iter().map(|alarm| alarm.name.as_str());
        item.wrong(format!("there is no alarm “{}”{}", clip(name), hint(name, known)));
        return None;
    }
    Some(found)
}

/// Rules and alarms that must last: from a second on.
pub(super) fn lasting(item: &Item<'_>) -> Option<Duration> {
    item.duration(SECOND..=LONGEST)
}
