//! `speaks = "json"`: one JSON object per message, for scripts and flows. docs/json.md has the schema.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::ask::{Ask, Question};
use super::lines;
use crate::control::{Asker, PULSE, Wish};
use crate::model::{Kind, PointId, Quality, Value, parse_duration};
use crate::xmpp::Scene;

/// A question, as it may be written: exactly one of `get`, `set`, `toggle`, `pulse`, `sync`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    get: Option<String>,
    set: Option<String>,
    toggle: Option<String>,
    pulse: Option<String>,
    sync: Option<bool>,
    value: Option<Json>,
    #[serde(rename = "for")]
    time: Option<String>,
    id: Option<Json>,
}

/// A point as it is told.
#[derive(Debug, Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
    point: &'a str,
    /// A number, one of the point's words, or null.
    value: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    quality: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Json>,
}

pub(super) fn change(scene: &Scene<'_>, point: PointId) -> String {
    tell(scene, point, None, None)
}

pub(super) fn event(scene: &Scene<'_>, point: PointId, alarm: Option<&str>, what: &str) -> String {
    let time = scene.now.wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut event = json!({ "point": scene.name(point), "event": what, "time": time });
    if let Some(alarm) = alarm {
        event["alarm"] = alarm.into();
    }
    event.to_string()
}

pub(super) fn reading(scene: &Scene<'_>, point: PointId, ask: &Question) -> String {
    tell(scene, point, Some(true), ask.id.as_ref())
}

pub(super) fn refusal(about: Option<&str>, reason: &str, ask: &Question) -> String {
    let mut answer = json!({ "ok": false, "error": reason });
    if let Some(about) = about {
        answer["point"] = about.into();
    }
    with_id(answer, ask)
}

pub(super) fn synced(count: usize, ask: &Question) -> String {
    with_id(json!({ "ok": true, "sync": count }), ask)
}

/// An answer, a reading or an event.
pub(super) fn is_told(text: &str) -> bool {
    let Ok(Json::Object(told)) = serde_json::from_str(text) else { return false };
    let has = |key: &str| told.contains_key(key);
    has("ok") || (has("point") && (has("quality") || has("event")))
}

fn with_id(mut answer: Json, ask: &Question) -> String {
    if let Some(id) = &ask.id {
        answer["id"] = id.clone();
    }
    answer.to_string()
}

fn tell(scene: &Scene<'_>, point: PointId, ok: Option<bool>, id: Option<&Json>) -> String {
    let reading = scene.reading(point);
    let kind = scene.device.kind(point);
    let (quality, value, fault) = match &reading.quality {
        Quality::Unknown => ("unknown", None, None),
        Quality::Good(value) => ("good", Some(*value), None),
        Quality::Stale(value) => ("stale", Some(*value), None),
        Quality::Fault(fault) => ("fault", None, Some(fault.0.as_str())),
    };
    let told = Told {
        ok,
        point: scene.name(point),
        value: value.map_or(Json::Null, |value| machine(kind, value)),
        active: value.and_then(|value| if let Value::Switch(active) = value { Some(active) } else { None }),
        unit: if let Kind::Number { unit, .. } = kind { Some(unit.as_str()) } else { None },
        quality,
        fault,
        time: reading.at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        id,
    };
    serde_json::to_string(&told).unwrap_or_else(|_| "{}".to_owned())
}

/// Numbers with the point's decimals, everything else as its word.
fn machine(kind: &Kind, value: Value) -> Json {
    let text = kind.bare(value);
    match value {
        Value::Number(number) => text.parse::<f64>().unwrap_or(number).into(),
        _ => text.into(),
    }
}

pub(super) fn parse(asker: Asker<'_>, text: &str) -> Question {
    // The id is wanted even where the rest is wrong.
    let whole: Json = match serde_json::from_str(text) {
        Ok(whole @ Json::Object(_)) => whole,
        Ok(_) => return wrong(None, "not a JSON object", None),
        Err(error) => return wrong(None, &format!("not JSON: {error}"), None),
    };
    let id = whole.get("id").cloned();
    match serde_json::from_value::<Asked>(whole) {
        Ok(asked) => understood(asker, asked),
        Err(error) => wrong(None, &error.to_string(), id),
    }
}

fn understood(asker: Asker<'_>, asked: Asked) -> Question {
    let Asked { get, set, toggle, pulse, sync, value, time, id } = asked;
    let id = id.filter(|id| id.is_number() || id.as_str().is_some_and(|text| text.len() <= 64));
    let fail = |about: Option<&str>, reason: &str| wrong(about, reason, id.clone());
    let verbs = [get.is_some(), set.is_some(), toggle.is_some(), pulse.is_some(), sync == Some(true)];
    if verbs.iter().filter(|said| **said).count() != 1 {
        return fail(None, "say exactly one of get, set, toggle, pulse and sync");
    }
    if value.is_some() && set.is_none() {
        return fail(None, "value belongs to set");
    }
    if time.is_some() && set.is_none() && pulse.is_none() {
        return fail(None, "for belongs to set and pulse");
    }
    let Some(name) = get.as_ref().or(set.as_ref()).or(toggle.as_ref()).or(pulse.as_ref()) else {
        return Question { ask: Ask::Sync, id };
    };
    let Some(point) = lines::named(asker, name) else {
        return fail(Some(&lines::clip(name)), "there is no such point");
    };
    if get.is_some() {
        return Question { ask: Ask::Get(point), id };
    }
    let PointId::Actuator(actuator) = point else { return fail(Some(name), "it only reads") };
    if !asker.may_set(actuator) {
        return fail(Some(name), &format!("that needs the role operator, and yours is {}", asker.role().name()));
    }
    let Ok(time) = time.as_deref().map(|text| parse_duration(text).ok_or(())).transpose() else {
        return fail(Some(name), "for must be a time like “30s”, “10m” or “1h30m”");
    };
    if toggle.is_some() {
        return Question { ask: Ask::Move(actuator, Wish::Toggle), id };
    }
    if pulse.is_some() {
        return Question { ask: Ask::Move(actuator, Wish::Pulse(time.unwrap_or(PULSE))), id };
    }
    let text = match value {
        Some(Json::String(text)) => text,
        Some(Json::Bool(on)) => on.to_string(),
        Some(Json::Number(number)) => number.to_string(),
        Some(_) => return fail(Some(name), "value must be a text, a number, true or false"),
        None => return fail(Some(name), "set needs a value"),
    };
    match asker.device().actuator(actuator).kind.parse(&text) {
        Ok(value) => {
            let wish = time.map_or(Wish::Set(value), |time| Wish::SetFor(value, time));
            Question { ask: Ask::Move(actuator, wish), id }
        }
        Err(error) => fail(Some(name), &error.to_string()),
    }
}

fn wrong(about: Option<&str>, reason: &str, id: Option<Json>) -> Question {
    Question { ask: Ask::Wrong { about: about.map(str::to_owned), reason: reason.to_owned() }, id }
}
