//! A point's reading in the words of XEP-0323: fields if there is a value to believe, an error if there is none. A
//! dead sensor is never 0.

use jiff::Timestamp;

use super::sensordata::{Error, Field, NodeFields, Stamp};
use crate::model::{Kind, Now, PointId, Quality, Reading, Value};
use crate::xmpp::Scene;

/// Which sorts of fields are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorts {
    /// What the points read.
    pub momentary: bool,
    /// What they are.
    pub identity: bool,
    /// How they are.
    pub status: bool,
}

/// Field names that are not the point's own begin with a capital, which a point's name cannot.
const LABEL: &str = "Label";
const KIND: &str = "Kind";
const QUALITY: &str = "Quality";

/// What a point reads: its node, or why it cannot be read.
pub fn momentary(scene: &Scene<'_>, point: PointId, writable: bool) -> Result<NodeFields, Error> {
    let reading = scene.reading(point);
    let (value, stale) = match &reading.quality {
        Quality::Good(value) => (*value, false),
        Quality::Stale(value) => (*value, true),
        Quality::Fault(fault) => return Err(error(scene, point, fault.to_string())),
        Quality::Unknown => return Err(error(scene, point, "nothing has been heard of it yet".to_owned())),
    };
    let field = value_field(scene, point, value, stale, writable);
    Ok(node(scene, point, since(reading, scene.now), vec![field]))
}

/// All of a point that is wanted and of a name in `names` (any, if that is empty).
pub fn of_sorts(
    scene: &Scene<'_>,
    point: PointId,
    sorts: Sorts,
    names: &[String],
    writable: bool,
) -> Result<Option<NodeFields>, Error> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let mut found = match sorts.momentary && wanted(scene.name(point)) {
        true => match momentary(scene, point, writable) {
            Ok(node) => Some(node),
            // What a broken point is can still be told.
            Err(error) if !sorts.identity && !sorts.status => return Err(error),
            Err(_) => None,
        },
        false => None,
    };
    let mut more = Vec::new();
    if sorts.identity {
        more.extend(wanted(LABEL).then(|| identity(LABEL, scene.label(point))));
        more.extend(wanted(KIND).then(|| identity(KIND, kind_name(scene.device.kind(point)))));
    }
    if sorts.status {
        more.extend(wanted(QUALITY).then(|| status(&scene.reading(point).quality)));
    }
    if !more.is_empty() {
        let known = since(scene.reading(point), scene.now);
        let node = found.get_or_insert_with(|| node(scene, point, known, Vec::new()));
        node.timestamps[0].fields.extend(more);
    }
    Ok(found)
}

/// The names a point's fields can have.
pub fn names<'s>(scene: &Scene<'s>, point: PointId) -> [&'s str; 4] {
    [&scene.device.label(point).name, LABEL, KIND, QUALITY]
}

/// A time as XEP-0082 writes it.
pub fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The word for a kind, here and in service discovery.
pub fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Switch { .. } => "switch",
        Kind::Number { .. } => "number",
        Kind::Choice { .. } => "choice",
    }
}

fn since(reading: &Reading, now: Now) -> Timestamp {
    reading.at.unwrap_or(now.wall)
}

/// A point that is not told, and why.
pub(super) fn error(scene: &Scene<'_>, point: PointId, text: String) -> Error {
    let timestamp = stamp(since(scene.reading(point), scene.now));
    Error { node: scene.name(point).to_owned(), timestamp, text }
}

fn node(scene: &Scene<'_>, point: PointId, at: Timestamp, fields: Vec<Field>) -> NodeFields {
    NodeFields { id: scene.name(point).to_owned(), timestamps: vec![Stamp { value: stamp(at), fields }] }
}

fn value_field(scene: &Scene<'_>, point: PointId, value: Value, stale: bool, writable: bool) -> Field {
    let kind = scene.device.kind(point);
    let name = scene.name(point).to_owned();
    let (momentary, automatic) = (Some(true), Some(true));
    let warning = stale.then_some(true);
    let writable = writable.then_some(true);
    match (kind, value) {
        (Kind::Number { unit, .. }, _) => {
            let (value, unit) = (kind.bare(value), unit.clone());
            Field::Numeric { name, value, unit, momentary, automatic, warning, writable }
        }
        (Kind::Switch { .. }, Value::Switch(on)) => {
            Field::Boolean { name, value: on.to_string(), momentary, automatic, warning, writable }
        }
        _ => {
            let value = kind.bare(value);
            Field::Text { name, value, momentary, status: None, identity: None, automatic, warning, writable }
        }
    }
}

fn text(name: &str, value: &str) -> Field {
    Field::Text {
        name: name.to_owned(),
        value: value.to_owned(),
        momentary: None,
        status: None,
        identity: None,
        automatic: Some(true),
        warning: None,
        writable: None,
    }
}

fn identity(name: &str, value: &str) -> Field {
    let mut field = text(name, value);
    if let Field::Text { identity, .. } = &mut field {
        *identity = Some(true);
    }
    field
}

fn status(quality: &Quality) -> Field {
    let word = match quality {
        Quality::Unknown => "unknown",
        Quality::Good(_) => "good",
        Quality::Stale(_) => "stale",
        Quality::Fault(_) => "fault",
    };
    let mut field = text(QUALITY, word);
    if let Field::Text { status, .. } = &mut field {
        *status = Some(true);
    }
    field
}
