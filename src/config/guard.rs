//! What an actuator's limits say besides `max_on`: where it starts, how often and how fast it moves, whom it asks.

use std::time::Duration;

use super::actuator::LONGEST;
use super::kind;
use super::node::{DAY, HOUR, Item, Table, optional};
use super::tree::Raw;
use crate::model::{Confirm, Exit, Guard, Interlock, Kind, LinkLoss, Ramp, Start, Value, show_duration};

pub(super) const RAMP_KEYS: &[&str] = &["over", "safe"];
pub(super) const CONFIRM_KEYS: &[&str] = &["second"];

const SHORTEST: Duration = Duration::from_millis(100);

/// The group's dead time is filled in when all groups are read.
pub(super) fn read(table: &Table<'_>, kind: &Kind, safe: Option<Value>, max_on: Option<Duration>) -> Option<Guard> {
    let start = optional(table.get("start"), Start::Safe, |item| start(&item, kind, safe));
    let min_on = optional(table.get("min_on"), None, |item| {
        let time = item.duration(SHORTEST..=DAY)?;
        check_min_on(&item, time, max_on).then_some(Some(time))
    });
    let min_off = optional(table.get("min_off"), None, |item| item.duration(SHORTEST..=LONGEST).map(Some));
    let cycles =
        optional(table.get("cycles_per_hour"), None, |item| u16::try_from(item.whole(1..=120)?).ok().map(Some));
    // For other kinds these two are left unread, so that they are reported as doing nothing.
    let (step, ramp) = match kind {
        Kind::Number { range: Some(range), .. } => (
            optional(table.get("step"), None, |item| step(&item, *range, kind, safe).map(Some)),
            optional(table.get("ramp"), None, |item| ramp(&item, *range).map(Some)),
        ),
        _ => (Some(None), Some(None)),
    };
    let interlock = optional(table.get("interlock"), None, |item| {
        let group = item.text()?.to_owned();
        Some(Some(Interlock { group, dead_time: Duration::ZERO }))
    });
    let confirm = optional(table.get("confirm"), None, |item| confirm(&item));
    Some(Guard {
        start: start?,
        min_on: min_on?,
        min_off: min_off?,
        cycles_per_hour: cycles?,
        step: step?,
        ramp: ramp?,
        interlock: interlock?,
        confirm: confirm?,
    })
}

/// Catches what would go on by itself although it must not: a member of an interlock group, since another may be on,
/// and what a person must confirm first.
pub(super) fn check_alone(
    table: &Table<'_>,
    safe: Option<Value>,
    guard: Option<&Guard>,
    exit: Option<Exit>,
    loss: Option<LinkLoss>,
) {
    let Some(guard) = guard else { return };
    if guard.confirm.is_some()
        && loss.is_some_and(|loss| loss.back)
        && let Some(item) = table.get("on_link_loss")
    {
        item.wrong("would go back without the question that `confirm` asks; remove `back`");
    }
    if guard.interlock.is_none() {
        return;
    }
    let start = match guard.start {
        Start::To(value) => Some(value),
        _ => None,
    };
    let exit = match exit {
        Some(Exit::To(value)) => Some(value),
        _ => None,
    };
    let loss = loss.map(|loss| loss.to);
    let wanted = [
        ("start", start, "“safe” or “last”"),
        ("exit", exit, "“safe” or “keep”"),
        ("on_link_loss", loss, "the safe value"),
    ];
    for (key, value, right) in wanted {
        if let (Some(value), Some(safe), Some(item)) = (value, safe, table.get(key))
            && value != safe
        {
            item.wrong(format!("would switch it on while another of its interlock group may be on; must be {right}"));
        }
    }
}

fn start(item: &Item<'_>, kind: &Kind, safe: Option<Value>) -> Option<Start> {
    match item.raw() {
        Raw::Text(word) | Raw::Bare(word) if word == "safe" => Some(Start::Safe),
        Raw::Text(word) | Raw::Bare(word) if word == "last" => Some(Start::Last),
        Raw::Text(word) | Raw::Bare(word) if kind.parse(word).is_err() => {
            item.wrong(format!("must be “safe”, “last” or a value: {}", kind::wanted(kind)));
            None
        }
        _ => {
            let value = kind::value(item, kind)?;
            Some(if Some(value) == safe { Start::Safe } else { Start::To(value) })
        }
    }
}

fn step(item: &Item<'_>, (low, high): (f64, f64), kind: &Kind, safe: Option<Value>) -> Option<f64> {
    let step = item.number()?;
    if step <= 0.0 || step > high - low {
        item.wrong(format!("must be above 0 and at most {}, the width of the range", high - low));
        return None;
    }
    if let Some(Value::Number(safe)) = safe {
        let steps = (safe - low) / step;
        if (steps - steps.round()).abs() > 1e-6 {
            let (low, safe) = (kind.show(Value::Number(low)), kind.show(Value::Number(safe)));
            item.wrong(format!("counts from {low}, and so misses the safe value {safe}"));
            return None;
        }
    }
    Some(step)
}

fn ramp(item: &Item<'_>, (low, high): (f64, f64)) -> Option<Ramp> {
    let table = item.table(RAMP_KEYS)?;
    let over = table.need("over", "the time from one end of the range to the other, like “5s”");
    let over = over.and_then(|item| item.duration(Duration::from_millis(200)..=HOUR));
    let safe = optional(table.get("safe"), false, |item| item.flag());
    Some(Ramp { rate: (high - low) / over?.as_secs_f64(), safe: safe? })
}

fn confirm(item: &Item<'_>) -> Option<Option<Confirm>> {
    if matches!(item.raw(), Raw::Table(_)) {
        let second = item.table(CONFIRM_KEYS)?.need("second", "true for a second person")?.flag()?;
        return Some(Some(if second { Confirm::Second } else { Confirm::Anyone }));
    }
    Some(item.flag()?.then_some(Confirm::Anyone))
}

/// Catches limits that cannot both be kept.
fn check_min_on(item: &Item<'_>, time: Duration, max_on: Option<Duration>) -> bool {
    let Some(max) = max_on.filter(|max| *max < time) else { return true };
    item.wrong(format!("is longer than `max_on`, which is {}", show_duration(max)));
    false
}
