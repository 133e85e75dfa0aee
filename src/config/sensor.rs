//! `[sensors.NAME]`: one source each, and what its values look like.

use std::time::Duration;

use super::counter;
use super::kind::{self, NumberDefaults};
use super::lines::Lines;
use super::node::{DAY, Item, SECOND, Table, optional, seconds};
use super::points;
use super::tree::Raw;
use super::{filters, gestures, kernel};
use crate::model::{Bias, GpioInput, Kind, Line, Sensor, SimHabit, SimInput, Source, SystemFigure, Value};

pub(super) const KEYS: &[&str] = &[
    "label", "gpio", "counter", "hwmon", "iio", "onewire", "thermal", "file", "system", "sim", "states", "unit",
    "decimals", "range", "every", "filters", "gestures", "alarm",
];
/// Where a sensor's values may come from.
const SOURCES: &[&str] = &["gpio", "counter", "hwmon", "iio", "onewire", "thermal", "file", "system", "sim"];
pub(super) const GPIO_KEYS: &[&str] = &["line", "pin", "chip", "bias", "active", "debounce"];
pub(super) const SYSTEM_KEYS: &[&str] = &["disk"];
pub(super) const SIM_KEYS: &[&str] = &["line", "toggles", "drifts", "over", "at"];

const EVERY: Duration = seconds(30);
const SWING: Duration = seconds(600);

/// The words for the level that counts as active, and whether that is the low one.
pub(super) const ACTIVE: &[(&str, bool)] = &[("high", false), ("low", true)];

pub(super) fn read(name: &str, item: &Item<'_>, lines: &Lines<'_>, sensors: &[(&str, Item<'_>)]) -> Option<Sensor> {
    let table = item.table(KEYS)?;
    let label = points::label(name, &table);
    let (key, source) = table.one_of(SOURCES, "source")?;
    let (source, kind) = match key {
        "gpio" => (gpio(&source, lines).map(Source::Gpio), kind::switch(&table)),
        "counter" => {
            let (source, defaults) = counter::read(name, &source, lines, sensors);
            (source.map(Source::Counter), kind::number(&table, defaults))
        }
        "system" => {
            let figure = system(&source);
            let defaults = figure.as_ref().map(defaults).unwrap_or(PLAIN);
            (figure.map(Source::System), kind::number(&table, defaults))
        }
        "sim" => sim(&source, &table, lines),
        _ => {
            let (source, defaults) = kernel::read(key, &source);
            (source, kind::number(&table, defaults))
        }
    };
    let raw = kind?;
    let number = matches!(raw, Kind::Number { .. });
    let every = number.then(|| match table.get("every") {
        Some(item) => item.duration(SECOND..=DAY),
        None if key == "counter" => Some(counter::EVERY),
        None => Some(EVERY),
    });
    let filters = filters::read(&table, &raw);
    let gestures = match number {
        false => optional(table.get("gestures"), None, |item| gestures::read(&item).map(Some)),
        true => Some(None),
    };
    // Read when all points are known.
    drop(table.get("alarm"));
    let what = if number { "a sensor that gives numbers" } else { "a two-state sensor" };
    table.finish(what);
    let every = match every {
        Some(every) => Some(every?),
        None => None,
    };
    let (filters, kind) = filters?;
    Some(Sensor { label: label?, kind, raw, source: source?, every, filters, gestures: gestures? })
}

fn gpio(item: &Item<'_>, lines: &Lines<'_>) -> Option<GpioInput<Line>> {
    input(&item.table(GPIO_KEYS)?, lines)
}

/// An input line, from a table that has its keys.
pub(super) fn input(table: &Table<'_>, lines: &Lines<'_>) -> Option<GpioInput<Line>> {
    let line = lines.gpio(table);
    let bias = optional(table.get("bias"), Bias::AsIs, |item| {
        item.word(&[
            ("pull-up", Bias::PullUp),
            ("pull-down", Bias::PullDown),
            ("disabled", Bias::Disabled),
            ("as-is", Bias::AsIs),
        ])
    });
    let active_low = optional(table.get("active"), false, |item| item.word(ACTIVE));
    let debounce = optional(table.get("debounce"), Duration::ZERO, |item| item.duration(Duration::ZERO..=seconds(60)));
    Some(GpioInput { line: line?, bias: bias?, active_low: active_low?, debounce: debounce? })
}

const PLAIN: NumberDefaults = NumberDefaults { unit: "", decimals: 1 };

fn system(item: &Item<'_>) -> Option<SystemFigure> {
    if let Raw::Table(_) = item.raw() {
        let disk = item.table(SYSTEM_KEYS)?.need("disk", "a path on the file system, like “/”")?;
        let path = disk.text()?;
        if !path.starts_with('/') {
            disk.wrong("must be a path that begins with /");
            return None;
        }
        return Some(SystemFigure::Disk(path.to_owned()));
    }
    let words = [("cpu-temperature", 0), ("load", 1), ("memory", 2), ("uptime", 3)];
    let figures = [SystemFigure::CpuTemperature, SystemFigure::Load, SystemFigure::Memory, SystemFigure::Uptime];
    if matches!(item.raw(), Raw::Text(text) | Raw::Bare(text) if text == "disk") {
        item.wrong("write system = { disk = “/” }, with a path on the file system");
        return None;
    }
    figures.get(item.word::<usize>(&words)?).cloned()
}

fn defaults(figure: &SystemFigure) -> NumberDefaults {
    let (unit, decimals) = match figure {
        SystemFigure::CpuTemperature => ("°C", 1),
        SystemFigure::Load => ("", 2),
        SystemFigure::Memory | SystemFigure::Disk(_) => ("%", 0),
        SystemFigure::Uptime => ("h", 1),
    };
    NumberDefaults { unit, decimals }
}

fn sim(item: &Item<'_>, sensor: &Table<'_>, lines: &Lines<'_>) -> (Option<Source<Line>>, Option<Kind>) {
    let Some(table) = item.table(SIM_KEYS) else { return (None, None) };
    let line = lines.sim(&table);
    let numeric_at = matches!(table.peek("at"), Some(Raw::Integer(_) | Raw::Float(_)));
    let two_state = sensor.has("states") || table.has("toggles");
    let number = ["unit", "decimals", "range"].iter().any(|key| sensor.has(key)) || table.has("drifts") || numeric_at;
    let (kind, habit) = if number && !two_state {
        let kind = kind::number(sensor, PLAIN);
        let habit = number_habit(&table, kind.as_ref());
        (kind, habit)
    } else {
        let kind = kind::switch(sensor);
        let habit = switch_habit(&table, kind.as_ref());
        (kind, habit)
    };
    table.finish(if two_state { "this two-state input" } else { "this input" });
    let source = line.zip(habit).map(|(line, habit)| Source::Sim(SimInput { line, habit }));
    (source, kind)
}

fn switch_habit(table: &Table<'_>, kind: Option<&Kind>) -> Option<SimHabit> {
    if let Some(item) = table.get("toggles") {
        return Some(SimHabit::Toggles(item.duration(Duration::from_millis(10)..=DAY)?));
    }
    let Some(at) = table.get("at") else { return Some(SimHabit::Still(0.0)) };
    let on = match at.raw() {
        Raw::Integer(level @ (0 | 1)) => *level == 1,
        _ => kind::value(&at, kind?)? == Value::Switch(true),
    };
    Some(SimHabit::Still(if on { 1.0 } else { 0.0 }))
}

fn number_habit(table: &Table<'_>, kind: Option<&Kind>) -> Option<SimHabit> {
    if let Some(item) = table.get("drifts") {
        let ends = kind::interval(&item);
        let over = optional(table.get("over"), SWING, |item| item.duration(SECOND..=DAY));
        let (from, to) = ends?;
        return Some(SimHabit::Drifts { from, to, over: over? });
    }
    let lowest = match kind {
        Some(Kind::Number { range: Some((low, _)), .. }) => *low,
        _ => 0.0,
    };
    match optional(table.get("at"), Value::Number(lowest), |at| kind::value(&at, kind?))? {
        Value::Number(number) => Some(SimHabit::Still(number)),
        _ => None,
    }
}
