//! Which values a point takes: two states, a number, or one of a list.

use super::nearest::hint;
use super::node::{Item, Table, clip};
use super::tree::{Raw, Tree};
use crate::model::{Kind, Quantity, Value, parse_duration};

/// What a number is when the config does not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberDefaults {
    pub unit: &'static str,
    pub decimals: u8,
}

/// The two words of `states`, by default off and on.
pub(super) fn switch(table: &Table<'_>) -> Option<Kind> {
    let Some(item) = table.get("states") else { return Some(Kind::on_off()) };
    let words = item.texts()?;
    let [(low, inactive), (high, active)] = &words[..] else {
        item.wrong("must be two words, inactive first: [“closed”, “open”]");
        return None;
    };
    check_words(&item, &words);
    check_swapped(low, inactive, &["on", "true", "yes", "1"], "active");
    check_swapped(high, active, &["off", "false", "no", "0"], "inactive");
    Some(Kind::Switch { inactive: (*inactive).to_owned(), active: (*active).to_owned() })
}

/// The words of `options`.
pub(super) fn choice(item: &Item<'_>) -> Option<Kind> {
    let words = item.texts()?;
    if words.len() < 2 || words.len() > 100 {
        item.wrong("must be 2 to 100 words");
        return None;
    }
    check_words(item, &words);
    Some(Kind::Choice { options: words.iter().map(|(_, word)| (*word).to_owned()).collect() })
}

/// `unit`, `decimals` and `range`.
pub(super) fn number(table: &Table<'_>, defaults: NumberDefaults) -> Option<Kind> {
    let unit = match table.get("unit") {
        Some(item) => item
            .text()
            .filter(|unit| check_unit(&item, unit) && (converts(table) || check_agrees(&item, unit, defaults.unit))),
        None => Some(defaults.unit),
    };
    let decimals = match table.get("decimals") {
        Some(item) => item.whole(0..=6).and_then(|decimals| u8::try_from(decimals).ok()),
        // A tenth of a per cent is more than most percentages know.
        None if unit == Some("%") && defaults.unit != "%" => Some(0),
        None => Some(defaults.decimals),
    };
    let range = match table.get("range") {
        Some(item) => Some(Some(interval(&item)?)),
        None => Some(None),
    };
    Some(Kind::Number { unit: unit?.to_owned(), decimals: decimals?, range: range? })
}

/// Do the filters make another quantity of the source's, such as a level of a voltage?
fn converts(table: &Table<'_>) -> bool {
    let Some(Raw::List(filters)) = table.peek("filters") else { return false };
    let is = |(key, _): &(String, Tree)| key == "multiply" || key == "calibrate";
    filters.iter().any(|filter| matches!(&filter.raw, Raw::Table(entries) if entries.iter().any(is)))
}

/// Two numbers, the lower first.
pub(super) fn interval(item: &Item<'_>) -> Option<(f64, f64)> {
    let items = item.list()?;
    let [low, high] = &items[..] else {
        item.wrong("must be two numbers, the lower first: [0, 100]");
        return None;
    };
    let (low, high) = (low.number(), high.number());
    let (low, high) = (low?, high?);
    if low >= high {
        item.wrong("the first number must be below the second");
        return None;
    }
    Some((low, high))
}

/// A value of this kind: its word, `true`/`false` for two states, a number for numbers.
pub(super) fn value(item: &Item<'_>, kind: &Kind) -> Option<Value> {
    let text = match (kind, item.raw()) {
        (Kind::Switch { .. }, Raw::Flag(on)) => return Some(Value::Switch(*on)),
        (Kind::Number { .. }, Raw::Integer(_) | Raw::Float(_)) => item.number()?.to_string(),
        (_, Raw::Text(text) | Raw::Bare(text)) => text.clone(),
        _ => {
            item.wrong(format!("must be {}", wanted(kind)));
            return None;
        }
    };
    match kind.parse(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            let words = kind.words();
            item.wrong(format!("{error}{}", hint(&text, words.iter().map(String::as_str))));
            None
        }
    }
}

/// What a value of this kind looks like.
pub(super) fn wanted(kind: &Kind) -> String {
    match kind {
        Kind::Number { range: Some((low, high)), .. } => {
            format!("a number from {} to {}", kind.show(Value::Number(*low)), kind.show(Value::Number(*high)))
        }
        Kind::Number { .. } => "a number".into(),
        _ => kind.words().iter().map(|word| format!("“{word}”")).collect::<Vec<_>>().join(" or "),
    }
}

/// Catches words that a typed command could not mean: two alike, with spaces, durations.
pub(super) fn check_words(item: &Item<'_>, words: &[(Item<'_>, &str)]) {
    for (index, (item, word)) in words.iter().enumerate() {
        if word.contains(char::is_whitespace) || word.chars().count() > 32 {
            item.wrong("must be one word of at most 32 letters");
        }
        if ["safe", "keep", "for", "to", "toggle", "pulse"].contains(&word.to_lowercase().as_str())
            || parse_duration(word).is_some()
        {
            item.wrong(format!("“{}” means something else in commands; choose another word", clip(word)));
        }
        if words[..index].iter().any(|(_, other)| other.to_lowercase() == word.to_lowercase()) {
            item.wrong(format!("“{}” is there twice", clip(word)));
        }
    }
    if words.is_empty() {
        item.wrong("must not be empty");
    }
}

/// Catches states written the wrong way round: `on` must not switch something off.
fn check_swapped(item: &Item<'_>, word: &str, others: &[&str], state: &str) {
    if others.contains(&word.to_lowercase().as_str()) {
        item.wrong(format!("“{word}” always means {state}; the inactive word comes first"));
    }
}

/// Catches a unit that the number is not in: nothing would be converted.
fn check_agrees(item: &Item<'_>, unit: &str, own: &str) -> bool {
    let agrees = own.is_empty() || unit == own || Quantity::spellings(own).contains(&unit);
    if !agrees {
        item.wrong(format!("is {own} here, and a unit is only written, never converted; leave it out or, of a sensor, convert by a multiply or calibrate filter"));
    }
    agrees
}

/// Catches a label in the place of a unit.
fn check_unit(item: &Item<'_>, unit: &str) -> bool {
    let short = unit.chars().count() <= 16;
    if !short {
        item.wrong("must be at most 16 characters, like “°C”");
    }
    short
}
