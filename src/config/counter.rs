//! `counter` of `[sensors.NAME]`: pulses, what they mean, and which number is made of them.

use std::time::Duration;

use super::kind::NumberDefaults;
use super::lines::Lines;
use super::nearest::hint;
use super::node::{DAY, Item, SECOND, Table, clip, optional, seconds};
use super::sensor;
use super::tree::Raw;
use crate::model::{CounterInput, Gives, Line, PulseValue, Pulses};

pub(super) const KEYS: &[&str] =
    &["line", "pin", "chip", "bias", "active", "debounce", "of", "pulses_per_unit", "factor", "gives", "per"];
const LINE_KEYS: &[&str] = &["line", "pin", "chip", "bias", "active", "debounce"];

/// How often a counter tells its number if the config does not say.
pub(super) const EVERY: Duration = seconds(10);

/// The pulses, and how their number is shown.
pub(super) fn read(
    name: &str,
    item: &Item<'_>,
    lines: &Lines<'_>,
    sensors: &[(&str, Item<'_>)],
) -> (Option<CounterInput<Line>>, NumberDefaults) {
    let input = item.table(KEYS).and_then(|table| input(name, &table, lines, sensors));
    let whole = input.as_ref().is_some_and(|input| input.gives == Gives::Total && input.scale == PulseValue::Each(1.0));
    (input, NumberDefaults { unit: "", decimals: if whole { 0 } else { 1 } })
}

fn input(name: &str, table: &Table<'_>, lines: &Lines<'_>, sensors: &[(&str, Item<'_>)]) -> Option<CounterInput<Line>> {
    let (pulses, inherited) = match table.get("of") {
        None => (sensor::input(table, lines).map(Pulses::Line), Some(PulseValue::Each(1.0))),
        Some(of) => {
            for key in LINE_KEYS.iter().copied().filter(|key| table.has(key)) {
                if let Some(item) = table.get(key) {
                    item.wrong("does nothing beside `of`, which names the counter that has the line; remove it");
                }
            }
            let other = other(name, &of, sensors);
            let scale = other.as_ref().map(|(_, counter)| scale_of(counter));
            (other.map(|(name, _)| Pulses::Of(name.to_owned())), scale)
        }
    };
    let own = scale(table);
    let gives = optional(table.get("gives"), false, |item| item.word(&[("total", false), ("rate", true)]));
    let gives = match (gives, table.get("per")) {
        (Some(true), per) => optional(per, SECOND, |item| item.duration(SECOND..=DAY)).map(Gives::Rate),
        (Some(false), Some(per)) => {
            per.wrong("does nothing for a total; add gives = “rate”, or remove it");
            None
        }
        (Some(false), None) => Some(Gives::Total),
        (None, _) => None,
    };
    Some(CounterInput { pulses: pulses?, scale: own?.or(inherited)?, gives: gives? })
}

/// What the table itself says a pulse is.
fn scale(table: &Table<'_>) -> Option<Option<PulseValue>> {
    let not_zero = |item: Item<'_>| {
        let number = item.number()?;
        if number <= 0.0 {
            item.wrong("must be above 0");
            return None;
        }
        Some(number)
    };
    match (table.get("pulses_per_unit"), table.get("factor")) {
        (None, None) => Some(None),
        (Some(count), None) => not_zero(count).map(|count| Some(PulseValue::PerUnit(count))),
        (None, Some(units)) => not_zero(units).map(|units| Some(PulseValue::Each(units))),
        (Some(_), Some(units)) => {
            units.wrong("says again what pulses_per_unit says; keep one");
            None
        }
    }
}

/// The sensor that counts the pulses, and its `counter`. Catches one that does not.
fn other<'s, 'a>(name: &str, of: &Item<'_>, sensors: &'s [(&'s str, Item<'a>)]) -> Option<(&'s str, Item<'a>)> {
    let wanted = of.text()?;
    let Some((other, item)) = sensors.iter().find(|(name, _)| *name == wanted) else {
        let hint = hint(wanted, sensors.iter().map(|(name, _)| *name));
        of.wrong(format!("there is no sensor “{}”{hint}", clip(wanted)));
        return None;
    };
    let Some(counter) = item.find("counter") else {
        of.wrong(format!("sensors.{other} is no counter"));
        return None;
    };
    if *other == name || counter.find("of").is_some() {
        of.wrong(format!("sensors.{other} has no line of its own; name the counter that has"));
        return None;
    }
    Some((other, counter))
}

/// What another counter's pulses are. Its mistakes are reported where it is read.
fn scale_of(counter: &Item<'_>) -> PulseValue {
    let number = |key| match counter.find(key)?.raw() {
        Raw::Integer(number) => Some(*number as f64),
        Raw::Float(number) => Some(*number),
        Raw::Bare(text) => text.parse().ok(),
        _ => None,
    };
    let per_unit = number("pulses_per_unit").map(PulseValue::PerUnit);
    per_unit.or_else(|| number("factor").map(PulseValue::Each)).unwrap_or(PulseValue::Each(1.0))
}
