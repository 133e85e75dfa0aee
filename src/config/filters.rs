//! `filters` of `[sensors.NAME]`: a list of stages, each fitting what the one before it gives.

use std::time::Duration;

use super::kind::{self, interval};
use super::nearest::hint;
use super::node::{DAY, Item, SECOND, Table, clip, optional, seconds};
use super::tree::Raw;
use crate::model::{Accepts, Curve, DeltaStep, FilterSpec, Kind};

pub(super) const KEYS: &[&str] = &[
    "offset",
    "multiply",
    "calibrate",
    "clamp",
    "reject_outside",
    "reject_jump",
    "round",
    "median",
    "min",
    "max",
    "quantile",
    "average",
    "smooth",
    "delta",
    "throttle",
    "throttle_average",
    "heartbeat",
    "timeout",
    "skip_first",
    "map",
    "settle",
    "delayed_on",
    "delayed_off",
    "delayed_on_off",
];
pub(super) const CALIBRATE_KEYS: &[&str] = &["points", "degree"];
pub(super) const JUMP_KEYS: &[&str] = &["by", "agree"];
pub(super) const QUANTILE_KEYS: &[&str] = &["of", "q"];
/// Filters that have nothing to set.
const WORDS: &[&str] = &["invert"];

/// More is no chain any more.
const MOST: usize = 20;
const MILLISECOND: Duration = Duration::from_millis(1);
const MONTH: Duration = seconds(30 * 24 * 3600);
/// A jump is believed when so many agree on it.
const AGREE: u8 = 3;

/// The chain, and what comes out of it when this goes in.
pub(super) fn read(table: &Table<'_>, raw: &Kind) -> Option<(Vec<FilterSpec>, Kind)> {
    let mut kind = raw.clone();
    let Some(list) = table.get("filters") else { return Some((Vec::new(), kind)) };
    let items = list.list()?;
    if items.len() > MOST {
        list.wrong(format!("must be at most {MOST} filters"));
        return None;
    }
    let mut filters = Vec::new();
    for item in &items {
        let Some((filter, words)) = filter(item) else { continue };
        check_fits(item, &filter, &kind);
        if let Some(options) = words {
            check_shown_as_words(table);
            kind = Kind::Choice { options };
        }
        filters.push(filter);
    }
    (filters.len() == items.len()).then_some((filters, kind))
}

/// One filter, and the words it makes of numbers if it does.
fn filter(item: &Item<'_>) -> Option<(FilterSpec, Option<Vec<String>>)> {
    if let Raw::Text(word) | Raw::Bare(word) = item.raw() {
        if word == "invert" {
            return Some((FilterSpec::Invert, None));
        }
        let hint = hint(word, WORDS.iter().chain(KEYS).copied());
        item.wrong(format!("“{}” is not a filter without a setting; that is only “invert”{hint}", clip(word)));
        return None;
    }
    let table = item.table(KEYS)?;
    let (key, item) = table.one_of(KEYS, "filter")?;
    if key == "map" {
        return map(&item).map(|(filter, words)| (filter, Some(words)));
    }
    let filter = match key {
        "offset" => FilterSpec::Offset(item.number()?),
        "multiply" => FilterSpec::Multiply(factor(&item)?),
        "calibrate" => FilterSpec::Calibrate(calibrate(&item)?),
        "clamp" => interval(&item).map(|(low, high)| FilterSpec::Clamp(low, high))?,
        "reject_outside" => interval(&item).map(|(low, high)| FilterSpec::RejectOutside(low, high))?,
        "reject_jump" => jump(&item)?,
        "round" => FilterSpec::Round(small(&item, 0..=6)?),
        "median" => median(&item)?,
        "min" => FilterSpec::Min(count(&item, 2)?),
        "max" => FilterSpec::Max(count(&item, 2)?),
        "quantile" => quantile(&item)?,
        "average" => FilterSpec::Average(count(&item, 2)?),
        "smooth" => FilterSpec::Smooth(part(&item, "above 0 and below 1", |weight| weight > 0.0 && weight < 1.0)?),
        "delta" => FilterSpec::Delta(delta(&item)?),
        "throttle" => FilterSpec::Throttle(item.duration(MILLISECOND..=DAY)?),
        "throttle_average" => FilterSpec::ThrottleAverage(item.duration(SECOND..=DAY)?),
        "heartbeat" => FilterSpec::Heartbeat(item.duration(SECOND..=DAY)?),
        "timeout" => FilterSpec::Timeout(item.duration(SECOND..=MONTH)?),
        "skip_first" => FilterSpec::SkipFirst(count(&item, 1)?),
        "settle" => FilterSpec::Settle(item.duration(MILLISECOND..=DAY)?),
        _ => {
            let time = item.duration(MILLISECOND..=DAY)?;
            let on = if key == "delayed_off" { Duration::ZERO } else { time };
            FilterSpec::Delayed { on, off: if key == "delayed_on" { Duration::ZERO } else { time } }
        }
    };
    Some((filter, None))
}

fn factor(item: &Item<'_>) -> Option<f64> {
    let factor = item.number()?;
    if factor == 0.0 {
        item.wrong("must not be 0, which makes 0 of everything");
        return None;
    }
    Some(factor)
}

fn part(item: &Item<'_>, wanted: &str, right: impl Fn(f64) -> bool) -> Option<f64> {
    let number = item.number()?;
    if !right(number) {
        item.wrong(format!("must be {wanted}"));
        return None;
    }
    Some(number)
}

fn small(item: &Item<'_>, range: std::ops::RangeInclusive<i64>) -> Option<u8> {
    u8::try_from(item.whole(range)?).ok()
}

fn count(item: &Item<'_>, least: i64) -> Option<u16> {
    u16::try_from(item.whole(least..=1000)?).ok()
}

fn median(item: &Item<'_>) -> Option<FilterSpec> {
    let samples = small(item, 3..=25)?;
    if samples % 2 == 0 {
        item.wrong("must be odd, so that there is a middle one");
        return None;
    }
    Some(FilterSpec::Median(samples))
}

fn quantile(item: &Item<'_>) -> Option<FilterSpec> {
    let table = item.table(QUANTILE_KEYS)?;
    let of = table.need("of", "of how many samples, like 9").and_then(|item| small(&item, 2..=100));
    let q = table.need("q", "which part of them lies below, like 0.9");
    let q = q.and_then(|item| part(&item, "a number from 0 to 1", |q| (0.0..=1.0).contains(&q)));
    Some(FilterSpec::Quantile { of: of?, q: q? })
}

fn positive(item: &Item<'_>) -> Option<f64> {
    part(item, "above 0", |number| number > 0.0)
}

fn jump(item: &Item<'_>) -> Option<FilterSpec> {
    if !matches!(item.raw(), Raw::Table(_)) {
        return Some(FilterSpec::RejectJump { by: positive(item)?, agree: AGREE });
    }
    let table = item.table(JUMP_KEYS)?;
    let by = table.need("by", "the furthest step that is believed, like 10.0").and_then(|item| positive(&item));
    let agree = optional(table.get("agree"), AGREE, |item| small(&item, 2..=100));
    Some(FilterSpec::RejectJump { by: by?, agree: agree? })
}

fn delta(item: &Item<'_>) -> Option<DeltaStep> {
    let (Raw::Text(text) | Raw::Bare(text)) = item.raw() else { return positive(item).map(DeltaStep::Absolute) };
    let percent = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let percent = percent.filter(|percent| percent.is_finite() && *percent > 0.0);
    if percent.is_none() {
        item.wrong("must be a number above 0 without quotes, or per cent of the last value, like “5%”");
    }
    percent.map(DeltaStep::Percent)
}

fn calibrate(item: &Item<'_>) -> Option<Curve> {
    if !matches!(item.raw(), Raw::Table(_)) {
        let points = pairs(item, |item| item.number())?;
        let curve = Curve::through(&points);
        if curve.is_none() {
            item.wrong("must be at least two points that measure differently, like [[0.0, 0.3], [100.0, 99.1]]");
        }
        return curve;
    }
    let table = item.table(CALIBRATE_KEYS)?;
    let points = table.need("points", "pairs of what is measured and what is true, like [[0.0, 0.3], [100.0, 99.1]]");
    let points = points.and_then(|item| pairs(&item, |item| item.number()));
    let degree = table.need("degree", "1 for a line, 2 for a parabola, up to 4; without it write the points alone");
    let degree = degree.and_then(|item| small(&item, 1..=4)).map(usize::from);
    let (points, degree) = (points?, degree?);
    let curve = Curve::fit(&points, degree);
    if curve.is_none() {
        item.wrong(format!("a curve of degree {degree} needs at least {} points that measure differently", degree + 1));
    }
    curve
}

/// A list of pairs that begin with a number.
fn pairs<'a, T>(item: &Item<'a>, read: impl Fn(&Item<'a>) -> Option<T>) -> Option<Vec<(f64, T)>> {
    let items = item.list()?;
    if items.len() > 100 {
        item.wrong("must be at most 100 pairs");
        return None;
    }
    let pair = |item: &Item<'a>| {
        let pair = item.list()?;
        let [first, second] = &pair[..] else {
            item.wrong("must be a pair in [ ]");
            return None;
        };
        let (first, second) = (first.number(), read(second));
        Some((first?, second?))
    };
    let pairs: Vec<_> = items.iter().map(pair).collect();
    pairs.into_iter().collect()
}

/// Words from thresholds on, and the words, each once, in the order they are written.
fn map(item: &Item<'_>) -> Option<(FilterSpec, Vec<String>)> {
    let pairs = pairs(item, |item| item.text().map(|text| (item.clone(), text)))?;
    if !pairs.is_sorted_by(|a, b| a.0 < b.0) {
        item.wrong("the numbers must ascend: each word holds from its number on");
        return None;
    }
    let mut words: Vec<(Item<'_>, &str)> = Vec::new();
    let mut thresholds = Vec::new();
    for (threshold, word) in pairs {
        let known = words.iter().position(|(_, known)| *known == word.1);
        thresholds.push((threshold, u16::try_from(known.unwrap_or(words.len())).ok()?));
        if known.is_none() {
            words.push(word);
        }
    }
    if words.len() < 2 {
        item.wrong("must name at least two words, like [[0, “empty”], [20, “low”], [80, “full”]]");
        return None;
    }
    kind::check_words(item, &words);
    Some((FilterSpec::Map(thresholds), words.into_iter().map(|(_, word)| word.to_owned()).collect()))
}

/// Catches a filter that gets what it cannot work on.
fn check_fits(item: &Item<'_>, filter: &FilterSpec, kind: &Kind) {
    let wanted = match (filter.accepts(), kind) {
        (Accepts::Anything, _)
        | (Accepts::Numbers, Kind::Number { .. })
        | (Accepts::States, Kind::Switch { .. })
        | (Accepts::Discrete, Kind::Switch { .. } | Kind::Choice { .. }) => return,
        (Accepts::Numbers, _) => "numbers",
        (Accepts::States, _) => "two states",
        (Accepts::Discrete, _) => "two states or words",
    };
    let given = match kind {
        Kind::Switch { .. } => "two states",
        Kind::Number { .. } => "numbers",
        Kind::Choice { .. } => "the words of `map`",
    };
    item.wrong(format!("is for {wanted}, and here it would get {given}; remove it"));
}

/// Catches what is said about a number that nobody will see.
fn check_shown_as_words(table: &Table<'_>) {
    for key in ["unit", "decimals", "range"] {
        if let Some(item) = table.get(key) {
            item.wrong("does nothing for a sensor whose `map` makes words of its numbers; remove it");
        }
    }
}
