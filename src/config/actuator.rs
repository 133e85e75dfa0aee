//! `[actuators.NAME]`: one sink each, and what keeps it safe.

use super::guard;
use super::kind::{self, NumberDefaults};
use super::lines::Lines;
use super::node::{Item, SECOND, Table, optional, seconds};
use super::sensor::ACTIVE;
use super::tree::Raw;
use super::{points, pulse};
use crate::model::{
    Actuator, DriveMode, Exit, GpioOutput, Kind, Line, LinkLoss, SimOutput, Sink, SoftPwmOutput, Value,
};

pub(super) const KEYS: &[&str] = &[
    "label",
    "gpio",
    "pwm",
    "servo",
    "led",
    "sim",
    "states",
    "options",
    "unit",
    "decimals",
    "range",
    "safe",
    "exit",
    "start",
    "max_on",
    "min_on",
    "min_off",
    "cycles_per_hour",
    "step",
    "ramp",
    "interlock",
    "confirm",
    "on_link_loss",
    "alarm",
];
pub(super) const GPIO_KEYS: &[&str] = &["line", "pin", "chip", "active", "drive"];
pub(super) const SIM_KEYS: &[&str] = &["line"];
pub(super) const LINK_LOSS_KEYS: &[&str] = &["after", "to", "back"];

pub(super) const LONGEST: std::time::Duration = seconds(30 * 24 * 3600);

pub(super) fn read(name: &str, item: &Item<'_>, lines: &Lines<'_>) -> Option<Actuator> {
    let table = item.table(KEYS)?;
    let label = points::label(name, &table);
    let sink = table.one_of(&["gpio", "pwm", "servo", "led", "sim"], "line");
    let (sink, kind) = match sink {
        Some(("gpio", item)) => (gpio(&item, lines).map(Sink::Gpio), kind::switch(&table)),
        Some((key @ ("pwm" | "servo" | "led"), item)) => pulse::read(key, &item, &table, lines),
        Some((_, item)) => (sim(&item, lines).map(Sink::Sim), any_kind(&table)),
        None => (None, any_kind(&table)),
    };
    let Some(kind) = kind else {
        // Without a kind no value can be judged, but what must be there must be there.
        table.need("safe", "an actuator must say which value is safe");
        return None;
    };
    let wanted = kind::wanted(&kind);
    let safe = table.need("safe", &format!("an actuator must say what is safe ({wanted})"));
    let safe = safe.and_then(|item| kind::value(&item, &kind));
    let exit = exit(&table, &kind, safe).filter(|exit| check_exit(&table, sink.as_ref(), *exit));
    let max_on = optional(table.get("max_on"), None, |item| {
        let time = item.duration(SECOND..=LONGEST)?;
        check_max_on(&item, safe).then_some(Some(time))
    });
    let on_link_loss = optional(table.get("on_link_loss"), None, |item| link_loss(&item, &kind, safe).map(Some));
    // Read when all points are known.
    drop(table.get("alarm"));
    let guard = guard::read(&table, &kind, safe, max_on.flatten());
    guard::check_alone(&table, safe, guard.as_ref(), exit, on_link_loss.flatten());
    table.finish(match kind {
        Kind::Switch { .. } => "a two-state actuator",
        Kind::Number { .. } => "an actuator that takes numbers",
        Kind::Choice { .. } => "an actuator with options",
    });
    Some(Actuator {
        label: label?,
        kind,
        sink: sink?,
        safe: safe?,
        exit: exit?,
        on_link_loss: on_link_loss?,
        max_on: max_on?,
        guard: guard?,
    })
}

fn gpio(item: &Item<'_>, lines: &Lines<'_>) -> Option<GpioOutput<Line>> {
    let table = item.table(GPIO_KEYS)?;
    let line = lines.gpio(&table);
    let active_low = optional(table.get("active"), false, |item| item.word(ACTIVE));
    let drive = optional(table.get("drive"), DriveMode::PushPull, |item| {
        item.word(&[
            ("push-pull", DriveMode::PushPull),
            ("open-drain", DriveMode::OpenDrain),
            ("open-source", DriveMode::OpenSource),
        ])
    });
    Some(GpioOutput { line: line?, active_low: active_low?, drive: drive? })
}

fn sim(item: &Item<'_>, lines: &Lines<'_>) -> Option<SimOutput<Line>> {
    Some(SimOutput { line: lines.sim(&item.table(SIM_KEYS)?)? })
}

fn any_kind(table: &Table<'_>) -> Option<Kind> {
    if let Some(item) = table.get("options") {
        return kind::choice(&item);
    }
    if !["unit", "decimals", "range"].iter().any(|key| table.has(key)) {
        return kind::switch(table);
    }
    let kind = kind::number(table, NumberDefaults { unit: "", decimals: 1 });
    if !table.has("range") {
        table.missing("range", "an actuator that takes numbers must say which ones, like [0, 100]");
        return None;
    }
    kind
}

fn exit(table: &Table<'_>, kind: &Kind, safe: Option<Value>) -> Option<Exit> {
    let Some(item) = table.get("exit") else { return safe.map(Exit::To) };
    match item.raw() {
        Raw::Text(word) | Raw::Bare(word) if word == "safe" => safe.map(Exit::To),
        Raw::Text(word) | Raw::Bare(word) if word == "keep" => Some(Exit::Keep),
        Raw::Text(word) | Raw::Bare(word) if kind.parse(word).is_err() => {
            item.wrong(format!("must be “safe”, “keep” or a value: {}", kind::wanted(kind)));
            None
        }
        _ => kind::value(&item, kind).map(Exit::To),
    }
}

fn link_loss(item: &Item<'_>, kind: &Kind, safe: Option<Value>) -> Option<LinkLoss> {
    let table = item.table(LINK_LOSS_KEYS)?;
    let after = table.need("after", "how long the server must be out of reach, like “5m”");
    let after = after.and_then(|item| item.duration(SECOND..=LONGEST));
    let to = match table.get("to") {
        Some(item) => kind::value(&item, kind),
        None => safe,
    };
    let back = optional(table.get("back"), false, |item| item.flag());
    Some(LinkLoss { after: after?, to: to?, back: back? })
}

/// Catches an end that nobody would keep up: software PWM stops with the program.
fn check_exit(table: &Table<'_>, sink: Option<&Sink<Line>>, exit: Exit) -> bool {
    let Some(Sink::SoftPwm(SoftPwmOutput { pulse, .. })) = sink else { return true };
    let held = matches!(exit, Exit::To(value) if pulse.width(value).is_some_and(|w| w == 0 || w == pulse.period));
    if !held {
        let say = "nobody pulses a `software` line when the program has ended: it must be 0 or 100";
        match table.get("exit") {
            Some(item) => item.wrong(say),
            None => table.missing("exit", say),
        }
    }
    held
}

/// Catches a time limit on the safe state: with `safe = "on"` nothing is ever away from safe while on.
fn check_max_on(item: &Item<'_>, safe: Option<Value>) -> bool {
    let limits_safety = safe == Some(Value::Switch(true));
    if limits_safety {
        item.wrong("limits the time away from `safe`, which here is the active state; make the inactive one safe");
    }
    !limits_safety
}
