//! What all points share: names and labels, each meaning one thing.

use std::collections::HashMap;

use super::actuator;
use super::lines::Lines;
use super::node::{Item, Table, clip};
use super::sensor;
use crate::model::{Actuator, Label, Sensor};

/// Words that mean something in a typed command.
const RESERVED: &[&str] = &[
    "help", "status", "read", "who", "log", "yes", "no", "all", "on", "off", "toggle", "pulse", "ack", "alarms",
    "sync", "get", "set", "reload", "grant", "revoke", "for", "to", "switch", "turn", "show", "the",
];

/// A command of its own in clients' menus, where points are commands too.
const COMMAND: &str = "leave-safe-mode";

/// More would not fit the ids, nor anybody's screen.
const MOST: usize = 4096;

/// The points of the config that could be read, and the names of all of them.
#[derive(Default)]
pub(super) struct Points<'a> {
    pub sensors: Vec<Sensor>,
    pub actuators: Vec<Actuator>,
    /// Every name the config gives, also those of points with mistakes.
    pub names: Vec<&'a str>,
}

pub(super) fn read<'a>(sensors: Option<Item<'a>>, actuators: Option<Item<'a>>, lines: &Lines<'_>) -> Points<'a> {
    let entries = |item: &Option<Item<'a>>| item.as_ref().and_then(|item| item.entries()).unwrap_or_default();
    let (sensor_items, actuator_items) = (entries(&sensors), entries(&actuators));
    if sensor_items.len() + actuator_items.len() > MOST {
        if let Some(item) = sensors.or(actuators) {
            item.wrong(format!("more than {MOST} points"));
        }
        return Points::default();
    }
    let items: Vec<_> = sensor_items.iter().chain(&actuator_items).collect();
    for (name, item) in &items {
        check_name(name, item);
    }
    let sensor_names: Vec<_> = sensor_items.iter().map(|(name, _)| *name).collect();
    let actuator_names: Vec<_> = actuator_items.iter().map(|(name, _)| *name).collect();
    check_twice(&sensor_names, &actuator_items);
    check_pulse(&actuator_names, items.iter().map(|(name, item)| (*name, item)));
    let points = Points {
        sensors: sensor_items
            .iter()
            .filter_map(|(name, item)| sensor::read(name, item, lines, &sensor_items))
            .collect(),
        actuators: actuator_items.iter().filter_map(|(name, item)| actuator::read(name, item, lines)).collect(),
        names: sensor_names.into_iter().chain(actuator_names).collect(),
    };
    check_labels(&points, items.iter().map(|(name, item)| (*name, item)));
    points
}

/// A point's name and what people call it.
pub(super) fn label(name: &str, table: &Table<'_>) -> Option<Label> {
    let text = match table.get("label") {
        Some(item) => {
            let text = item.text()?.trim();
            if text.chars().count() > 64 {
                item.wrong("must be at most 64 characters");
                return None;
            }
            text
        }
        None => name,
    };
    Some(Label { name: name.to_owned(), text: text.to_owned() })
}

/// Catches names that cannot be typed in a command or would be taken for one.
fn check_name(name: &str, item: &Item<'_>) {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if !first || !rest || name.len() > 32 {
        item.wrong(
            "a name is a letter and up to 31 more of a-z, 0-9, _ and -, in lower case; for people there is `label`",
        );
    }
    if RESERVED.contains(&name) || name == COMMAND {
        item.wrong(format!("“{name}” means something else in commands; choose another name"));
    }
}

/// Catches a sensor and an actuator of one name: `pump on` must mean one thing.
fn check_twice(sensors: &[&str], actuators: &[(&str, Item<'_>)]) {
    for (name, item) in actuators {
        if sensors.contains(name) {
            item.wrong(format!("there is also sensors.{}; names are for one point only", clip(name)));
        }
    }
}

/// Catches a point called like the form that pulses an actuator.
fn check_pulse<'i, 'a: 'i>(actuators: &[&str], items: impl Iterator<Item = (&'i str, &'i Item<'a>)>) {
    for (name, item) in items {
        if let Some(actuator) = name.strip_suffix("-pulse").filter(|actuator| actuators.contains(actuator)) {
            item.wrong(format!("is the name of the command that pulses actuators.{actuator}; choose another name"));
        }
    }
}

/// Catches two points that people could not tell apart.
fn check_labels<'i, 'a: 'i>(points: &Points<'_>, items: impl Iterator<Item = (&'i str, &'i Item<'a>)>) {
    let sensors = points.sensors.iter().map(|sensor| &sensor.label);
    let labels: HashMap<&str, &Label> =
        sensors.chain(points.actuators.iter().map(|a| &a.label)).map(|label| (label.name.as_str(), label)).collect();
    let mut taken: HashMap<String, &str> = HashMap::new();
    for (name, item) in items {
        let Some(label) = labels.get(name) else { continue };
        let text = label.text.to_lowercase();
        // A point called like another's label: the one with the label is told.
        if text == label.name {
            continue;
        }
        let other = labels.get_key_value(text.as_str()).map(|(other, _)| *other);
        if let Some(other) = other.or_else(|| taken.get(&text).copied()) {
            item.wrong(format!("is called “{}”, and so is the point {other}; choose another label", label.text));
        }
        taken.insert(text, name);
    }
}
