//! `pwm`, `servo` and `led` of `[actuators.NAME]`: outputs that take more than two levels.

use std::time::Duration;

use super::kind::{self, NumberDefaults};
use super::lines::Lines;
use super::node::{Item, Table, clip, optional, seconds};
use super::sensor::ACTIVE;
use super::tree::Raw;
use crate::model::{DriveMode, GpioOutput, Kind, LedOutput, Line, Pulse, PwmOutput, Scale, Sink, SoftPwmOutput};

pub(super) const PWM_KEYS: &[&str] = &["line", "pin", "chip", "channel", "frequency", "active", "software", "by"];
pub(super) const SERVO_KEYS: &[&str] = &["line", "chip", "channel", "frequency", "pulse", "by"];

type Wired = fn(PwmOutput) -> Sink<Line>;
const DRIVERS: &[(&str, Wired)] = &[("kernel", Sink::Pwm), ("rppal", Sink::PiPwm)];

/// The frequencies that may be written, in Hz.
struct Band {
    low: f64,
    high: f64,
    usual: f64,
    /// The band in words, and what to do outside it.
    say: &'static str,
}

const HARDWARE: Band = Band { low: 0.1, high: 1e6, usual: 1e3, say: "must be 0.1Hz to 1MHz" };
const SOFTWARE: Band = Band {
    low: 0.01,
    high: 100.0,
    usual: 1.0,
    say: "must be 0.01Hz to 100Hz with `software`; for more take a pin with a PWM channel",
};
const SERVO: Band = Band { low: 20.0, high: 400.0, usual: 50.0, say: "must be 20Hz to 400Hz for a servo" };

/// The sink under one of these keys, and which values it takes.
pub(super) fn read(
    key: &str,
    item: &Item<'_>,
    table: &Table<'_>,
    lines: &Lines<'_>,
) -> (Option<Sink<Line>>, Option<Kind>) {
    match key {
        "pwm" => {
            let kind = percent(table);
            (pwm(item, lines, kind.as_ref()), kind)
        }
        "servo" => {
            let kind = angle(table);
            (servo(item, lines, kind.as_ref()), kind)
        }
        _ => {
            let kind = if number_keys(table) { percent(table) } else { kind::switch(table) };
            (led(item, lines, kind.as_ref()).map(Sink::Led), kind)
        }
    }
}

fn number_keys(table: &Table<'_>) -> bool {
    ["unit", "decimals", "range"].iter().any(|key| table.has(key))
}

/// Per cent, all of them unless `range` says fewer; two states if the config names them.
fn percent(table: &Table<'_>) -> Option<Kind> {
    if table.has("states") && !number_keys(table) {
        return kind::switch(table);
    }
    let kind = kind::number(table, NumberDefaults { unit: "%", decimals: 0 })?;
    let Kind::Number { unit, decimals, range } = kind else { return Some(kind) };
    let (low, high) = range.unwrap_or((0.0, 100.0));
    if low < 0.0 || high > 100.0 {
        if let Some(item) = table.get("range") {
            item.wrong("must lie within [0, 100]: it is a share of the period in %");
        }
        return None;
    }
    Some(Kind::Number { unit, decimals, range: Some((low, high)) })
}

/// Degrees, unless the config has another unit for what the servo moves.
fn angle(table: &Table<'_>) -> Option<Kind> {
    let unit = if table.has("unit") { "" } else { "°" };
    let kind = kind::number(table, NumberDefaults { unit, decimals: 0 })?;
    let Kind::Number { unit, decimals, range } = kind else { return Some(kind) };
    Some(Kind::Number { unit, decimals, range: Some(range.unwrap_or((0.0, 180.0))) })
}

fn pwm(item: &Item<'_>, lines: &Lines<'_>, kind: Option<&Kind>) -> Option<Sink<Line>> {
    let table = item.table(PWM_KEYS)?;
    let software = optional(table.get("software"), false, |item| item.flag());
    let active_low = optional(table.get("active"), false, |item| item.word(ACTIVE));
    let scale = kind.map(|kind| match kind {
        Kind::Switch { .. } => Scale::OnOff,
        Kind::Number { .. } | Kind::Choice { .. } => Scale::Percent,
    });
    if software? {
        let period = period(&table, &SOFTWARE);
        let line = lines.gpio(&table);
        table.finish("software PWM");
        let output = GpioOutput { line: line?, active_low: active_low?, drive: DriveMode::PushPull };
        let pulse = Pulse { period: period?, active_low: false, scale: scale? };
        return Some(Sink::SoftPwm(SoftPwmOutput { output, pulse }));
    }
    let (period, by) = (period(&table, &HARDWARE), by(&table));
    let channel = lines.pwm(&table);
    table.finish("hardware PWM");
    let (channel, pin) = channel?;
    let pulse = Pulse { period: period?, active_low: active_low?, scale: scale? };
    Some(by?(PwmOutput { channel, pin, pulse }))
}

fn servo(item: &Item<'_>, lines: &Lines<'_>, kind: Option<&Kind>) -> Option<Sink<Line>> {
    let table = item.table(SERVO_KEYS)?;
    let (period, by) = (period(&table, &SERVO), by(&table));
    let ends = table.need("pulse", "the pulses at both ends of the range, like [“1ms”, “2ms”]");
    let ends = ends.and_then(|item| ends_of(&item, period));
    let place = lines.pwm(&table);
    let (low, high) = ends?;
    let Kind::Number { range: Some(range), .. } = kind? else { return None };
    let (channel, pin) = place?;
    let scale = Scale::Ends { low: (range.0, low), high: (range.1, high) };
    Some(by?(PwmOutput { channel, pin, pulse: Pulse { period: period?, active_low: false, scale } }))
}

/// Who drives the channel: the kernel's interface itself, or rppal.
fn by(table: &Table<'_>) -> Option<Wired> {
    optional(table.get("by"), Sink::Pwm, |item| item.word(DRIVERS))
}

/// Two lengths in ns that differ and fit the period.
fn ends_of(item: &Item<'_>, period: Option<u64>) -> Option<(u64, u64)> {
    let items = item.list()?;
    let [first, second] = &items[..] else {
        item.wrong("must be two durations, for the low end of the range and for the high one: [“1ms”, “2ms”]");
        return None;
    };
    let length = |item: &Item<'_>| {
        let time = item.duration(Duration::ZERO..=seconds(1))?;
        let time = u64::try_from(time.as_nanos()).ok()?;
        if time == 0 {
            item.wrong("must be more than 0");
            return None;
        }
        if let Some(period) = period.filter(|period| time >= *period) {
            item.wrong(format!("must be less than the period, {} ms at this frequency", period as f64 / 1e6));
            return None;
        }
        Some(time)
    };
    let (first, second) = (length(first), length(second));
    let (first, second) = (first?, second?);
    if first == second {
        item.wrong("must be two different durations");
        return None;
    }
    Some((first, second))
}

fn led(item: &Item<'_>, lines: &Lines<'_>, kind: Option<&Kind>) -> Option<LedOutput> {
    let name = item.text()?;
    if name.contains('/') || name.starts_with('.') {
        item.wrong("must be the LED's name as it stands under /sys/class/leds, like “ACT”");
        return None;
    }
    lines.led(item, name)?;
    Some(LedOutput { name: name.to_owned(), dimmed: matches!(kind?, Kind::Number { .. }) })
}

/// The period in ns of `frequency`, which is written with its unit.
fn period(table: &Table<'_>, band: &Band) -> Option<u64> {
    let hertz = optional(table.get("frequency"), band.usual, |item| {
        let (Raw::Text(text) | Raw::Bare(text)) = item.raw() else {
            item.wrong("must be a number and its unit, in quotes: Hz, kHz or MHz, like “1kHz”");
            return None;
        };
        let Some(hertz) = hertz(text) else {
            item.wrong(format!("“{}” is no frequency; write a number and Hz, kHz or MHz, like “1kHz”", clip(text)));
            return None;
        };
        if !(band.low..=band.high).contains(&hertz) {
            item.wrong(band.say);
            return None;
        }
        Some(hertz)
    });
    Some((1e9 / hertz?).round() as u64)
}

fn hertz(text: &str) -> Option<f64> {
    let at = text.find(|c: char| c.is_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "Hz" => 1.0,
        "kHz" => 1e3,
        "MHz" => 1e6,
        _ => return None,
    };
    number.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}
