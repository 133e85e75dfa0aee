//! What a typed line asks for.
//!
//! `help` · `status` · `alarms` · `ack NAME` · `who` · `log` · `POINT` · `POINT VALUE [for] [TIME]` · `POINT toggle` · `POINT pulse [TIME]`. A
//! leading `set`, `get`, `read`, `show`, `turn` or `switch` is allowed, because people write it.

use super::lookup::{self, Found};
use crate::control::{Asker, PULSE, Wish};
use crate::model::{ActuatorId, AlarmId, Kind, PointId, QUOTED, ValueError, clip, parse_duration};

/// The words that are not points. Points cannot be called like this.
pub const COMMANDS: &[&str] = &["help", "status", "alarms", "ack", "who", "log"];

/// A line, understood or not.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// What can I say?
    Help,
    /// How is everything?
    Status,
    /// Who may do what here?
    Who,
    /// What happened lately?
    Log,
    /// How is this point?
    Read(PointId),
    /// Go on as if nothing had been wrong.
    LeaveSafeMode,
    /// Move this actuator.
    Move(ActuatorId, Wish),
    /// What is alarming?
    Alarms,
    /// These alarms have been seen; `None` is the only one that is up.
    Ack(Option<Vec<AlarmId>>),
    /// Yes, to the question with this number.
    Yes(Option<u16>),
    /// No, to what was asked.
    No,
    /// Not understood, and why.
    Unclear(Unclear),
}

/// Why a line is not understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Unclear {
    /// More than one line.
    ManyLines,
    /// The first word is nothing known; perhaps this was meant.
    NoSuchWord(String, Option<String>),
    /// No alarm is called so; perhaps this was meant.
    NoSuchAlarm(String, Option<String>),
    /// Several points start like this.
    Ambiguous(Vec<PointId>),
    /// A sensor cannot be set.
    OnlyReads(PointId),
    /// Not a value of this actuator.
    BadValue(ActuatorId, ValueError),
    /// Not a time.
    BadTime(ActuatorId, String),
}

/// Understands one typed line.
pub fn parse(asker: Asker<'_>, text: &str) -> Line {
    // People ask `air?`.
    let text = text.trim().trim_end_matches(['?', '!']).trim_end();
    if text.lines().count() > 1 {
        return Line::Unclear(Unclear::ManyLines);
    }
    let mut words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [] => return Line::Help,
        [only] => match only.to_lowercase().trim_end_matches('.') {
            "help" | "" => return Line::Help,
            "status" => return Line::Status,
            "who" => return Line::Who,
            "log" => return Line::Log,
            "alarms" => return Line::Alarms,
            "ack" => return Line::Ack(None),
            "yes" => return Line::Yes(None),
            "no" => return Line::No,
            number if number.len() == 4 && lookup::exact(asker, &[only]).is_none() => {
                if let Ok(number) = number.parse() {
                    return Line::Yes(Some(number));
                }
            }
            _ => {}
        },
        [verb, rest @ ..] if verb.eq_ignore_ascii_case("ack") => return acknowledge(asker, rest),
        words if words.join(" ").eq_ignore_ascii_case("leave safe mode") => return Line::LeaveSafeMode,
        _ => {}
    }
    // A point may be called like a verb; its whole name goes first.
    if lookup::exact(asker, &words).is_none() {
        unwrap_verb(&mut words);
    }
    match lookup::point(asker, &words) {
        Found::Several(points) => Line::Unclear(Unclear::Ambiguous(points)),
        Found::None => {
            let typed = words.first().copied().unwrap_or_default();
            let names: Vec<&str> = asker.readable().map(|point| asker.device().label(point).name.as_str()).collect();
            let near = lookup::nearest(typed, COMMANDS.iter().copied().chain(names));
            Line::Unclear(Unclear::NoSuchWord(clip(typed, QUOTED), near.map(str::to_owned)))
        }
        Found::One(point, used) => match (point, &words[used..]) {
            (point, []) => Line::Read(point),
            (PointId::Sensor(_), _) => Line::Unclear(Unclear::OnlyReads(point)),
            (PointId::Actuator(id), rest) => match wish(&asker.device().actuator(id).kind, rest) {
                Ok(wish) => Line::Move(id, wish),
                Err(WishError::Value(error)) => Line::Unclear(Unclear::BadValue(id, error)),
                Err(WishError::Time(text)) => Line::Unclear(Unclear::BadTime(id, text)),
            },
        },
    }
}

/// `all`, an alarm by its name, or all of a point.
fn acknowledge(asker: Asker<'_>, rest: &[&str]) -> Line {
    let device = asker.device();
    let alarms = || device.alarms().filter(|(_, alarm)| asker.may_read(alarm.point));
    let typed = rest.join(" ").to_lowercase();
    if typed == "all" {
        return Line::Ack(Some(alarms().map(|(id, _)| id).collect()));
    }
    if let Some((id, _)) = alarms().find(|(_, alarm)| alarm.name == typed) {
        return Line::Ack(Some(vec![id]));
    }
    if let Found::One(point, _) = lookup::point(asker, rest) {
        let of: Vec<AlarmId> = alarms().filter(|(_, alarm)| alarm.point == point).map(|(id, _)| id).collect();
        if !of.is_empty() {
            return Line::Ack(Some(of));
        }
    }
    let near = lookup::nearest(&typed, alarms().map(|(_, alarm)| alarm.name.as_str()));
    Line::Unclear(Unclear::NoSuchAlarm(clip(&typed, QUOTED), near.map(str::to_owned)))
}

/// Drops a verb in front; `turn on the pump` becomes `pump on`.
fn unwrap_verb(words: &mut Vec<&str>) {
    let Some(verb) = words.first().map(|word| word.to_lowercase()) else { return };
    if words.len() > 1 && ["set", "get", "read", "show", "turn", "switch"].contains(&verb.as_str()) {
        words.remove(0);
        if words.len() > 1 && ["on", "off"].contains(&words[0].to_lowercase().as_str()) {
            let state = words.remove(0);
            words.push(state);
        }
        if words.len() > 1 && words[0].eq_ignore_ascii_case("the") {
            words.remove(0);
        }
    }
}

/// Why what follows an actuator's name is not a wish.
#[derive(Debug, Clone, PartialEq)]
pub enum WishError {
    /// Not a value of this actuator.
    Value(ValueError),
    /// Not a time.
    Time(String),
}

/// What follows an actuator's name: `VALUE [for] [TIME]`, `toggle`, `pulse [TIME]`.
///
/// # Errors
/// What is neither.
pub fn wish(kind: &Kind, rest: &[&str]) -> Result<Wish, WishError> {
    let time = |text: &str| parse_duration(text).ok_or_else(|| WishError::Time(clip(text, QUOTED)));
    let rest = match rest {
        ["to" | "=", rest @ ..] if !rest.is_empty() => rest,
        rest => rest,
    };
    match rest {
        [word] if word.eq_ignore_ascii_case("toggle") => return Ok(Wish::Toggle),
        [word] if word.eq_ignore_ascii_case("pulse") => return Ok(Wish::Pulse(PULSE)),
        [word, length] if word.eq_ignore_ascii_case("pulse") => return Ok(Wish::Pulse(time(length)?)),
        _ => {}
    }
    let whole = kind.parse(&rest.join(" "));
    if let Ok(value) = whole {
        return Ok(Wish::Set(value));
    }
    // `on for 10m`, `on 10m`: the last word is a time.
    if let [value @ .., length] = rest
        && !value.is_empty()
    {
        let value = match value {
            [value @ .., word] if word.eq_ignore_ascii_case("for") && !value.is_empty() => value,
            value => value,
        };
        if let Ok(value) = kind.parse(&value.join(" ")) {
            return Ok(Wish::SetFor(value, time(length)?));
        }
    }
    whole.map(Wish::Set).map_err(WishError::Value)
}
