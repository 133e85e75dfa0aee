//! `speaks = "lines"`: plain lines for hubs that compare text, such as openHAB.
//!
//! Out: `NAME=VALUE` for each change (no unit, `.` as the decimal point, the point's own words), `UNDEF` where there is
//! no value; `NAME!EVENT` for what is over at once and for alarms; `ok NAME VALUE` and `err NAME REASON` as answers. In: `set NAME VALUE [TIME]`, `NAME on|off|toggle`,
//! `NAME pulse [TIME]`, `get NAME`, `sync`.

use super::ask::Ask;
use crate::control::Asker;
use crate::model::PointId;
use crate::xmpp::Scene;
use crate::xmpp::chat::{WishError, wish};

/// openHAB's own word for an item that has no value.
const NO_VALUE: &str = "UNDEF";

pub(super) fn change(scene: &Scene<'_>, point: PointId) -> String {
    format!("{}={}", scene.name(point), value(scene, point))
}

pub(super) fn event(name: &str, what: &str) -> String {
    format!("{name}!{what}")
}

pub(super) fn reading(scene: &Scene<'_>, point: PointId) -> String {
    format!("ok {} {}", scene.name(point), value(scene, point))
}

pub(super) fn refusal(about: Option<&str>, reason: &str) -> String {
    format!("err {} {}", about.unwrap_or("?"), reason.split_whitespace().collect::<Vec<_>>().join(" "))
}

pub(super) fn synced(count: usize) -> String {
    format!("ok sync {count}")
}

/// One of these two answers. `NAME=VALUE` and `NAME!EVENT` are none: a hub that means to ask so is told what is wrong.
pub(super) fn is_answer(text: &str) -> bool {
    ["ok ", "err "].iter().any(|head| text.trim_start().starts_with(head))
}

fn value(scene: &Scene<'_>, point: PointId) -> String {
    scene.reading(point).good().map_or_else(|| NO_VALUE.to_owned(), |value| scene.device.kind(point).bare(value))
}

pub(super) fn parse(asker: Asker<'_>, text: &str) -> Ask {
    let words: Vec<&str> = text.split_whitespace().collect();
    let wrong = |about: &str, reason: &str| Ask::Wrong { about: Some(clip(about)), reason: reason.to_owned() };
    if text.trim().lines().count() > 1 {
        return Ask::Wrong { about: None, reason: "one line per message".to_owned() };
    }
    let is = |word: &str, verb: &str| word.eq_ignore_ascii_case(verb);
    // A point's name goes before a word of the language.
    if let [name, rest @ ..] = words.as_slice()
        && let Some(point) = named(asker, name)
    {
        return if rest.is_empty() { Ask::Get(point) } else { movement(asker, point, rest) };
    }
    match words.as_slice() {
        [] => Ask::Wrong { about: None, reason: "an empty line".to_owned() },
        [verb] if is(verb, "sync") => Ask::Sync,
        [verb, name] if is(verb, "get") => match named(asker, name) {
            Some(point) => Ask::Get(point),
            None => wrong(name, "there is no such point"),
        },
        [verb, name, rest @ ..] if is(verb, "set") => match (named(asker, name), rest) {
            (None, _) => wrong(name, "there is no such point"),
            (Some(_), []) => wrong(name, "no value"),
            (Some(point), rest) => movement(asker, point, rest),
        },
        [verb, name, rest @ ..] if ["on", "off", "toggle", "pulse"].iter().any(|word| is(verb, word)) => {
            match named(asker, name) {
                None => wrong(name, "there is no such point"),
                Some(point) => movement(asker, point, &[&[*verb], rest].concat()),
            }
        }
        [first, ..] => wrong(first, "there is no such point or word"),
    }
}

pub(super) fn named(asker: Asker<'_>, name: &str) -> Option<PointId> {
    asker.readable().find(|point| asker.device().label(*point).name.eq_ignore_ascii_case(name))
}

fn movement(asker: Asker<'_>, point: PointId, rest: &[&str]) -> Ask {
    let name = asker.device().label(point).name.clone();
    let wrong = |reason: String| Ask::Wrong { about: Some(name.clone()), reason };
    let PointId::Actuator(id) = point else { return wrong("it only reads".to_owned()) };
    match wish(&asker.device().actuator(id).kind, rest) {
        Ok(wish) => Ask::Move(id, wish),
        // Who may not set it needs no lesson in its words: rights are asked first.
        Err(_) if !asker.may_set(id) => {
            wrong(format!("that needs the role operator, and yours is {}", asker.role().name()))
        }
        Err(WishError::Value(error)) => wrong(error.to_string()),
        Err(WishError::Time(text)) => wrong(format!("“{text}” is not a time like 30s, 10m or 1h30m")),
    }
}

pub(super) fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
