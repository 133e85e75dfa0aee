//! Service Discovery (XEP-0030): what the device is, the commands an asker may run, and the points it may read.
//! Nodes that do not exist and nodes that are none of the asker's business look the same.

use std::collections::BTreeSet;

use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult, DiscoItemsQuery, DiscoItemsResult, Identity, Item};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType};

use super::adhoc::{self, Command};
use super::iot::fields::kind_name;
use super::iq::{self, Audience, Caller, Handler, Reply, Turn, Verb};
use super::pubsub::Place;
use super::{FEATURES, Feature, Scene, caps};
use crate::control::Asker;
use crate::model::{Device, Kind, PointId};

/// Info for contacts and for our own server, which wants to know its clients' capabilities; items for contacts.
pub const FEATURE: Feature = Feature {
    vars: &[ns::DISCO_INFO, ns::DISCO_ITEMS],
    handlers: &[
        Handler {
            verb: Verb::Get,
            name: "query",
            ns: ns::DISCO_INFO,
            audience: Audience::ContactsAndServer,
            handle: info,
        },
        Handler { verb: Verb::Get, name: "query", ns: ns::DISCO_ITEMS, audience: Audience::Contacts, handle: items },
    ],
};

/// The prefix of the nodes that describe points: `points/air`. Commands have the bare name.
const POINTS: &str = "points/";
/// The form that describes a point (XEP-0128).
const POINT_FORM: &str = "urn:katydid:point:1";

/// The device's own disco#info: the same for every asker, since the caps hash is.
pub fn own_info(device: &Device) -> DiscoInfoResult {
    DiscoInfoResult {
        node: None,
        identities: vec![Identity {
            category: "client".into(),
            type_: "bot".into(),
            // Said aloud, because servers put a language on the stanza, which some clients then hash with.
            lang: Some("en".into()),
            name: Some(format!("Katydid {}", device.name())),
        }],
        features: FEATURES.iter().flat_map(|feature| feature.vars).map(|var| (*var).to_owned()).collect(),
        extensions: Vec::new(),
    }
}

fn info(turn: &mut Turn<'_>, caller: &Caller<'_>, payload: Element) -> Reply {
    let Ok(query) = DiscoInfoQuery::try_from(payload) else { return iq::bad_request("not a disco#info query") };
    let scene = &turn.scene;
    let Some(node) = query.node else { return done(own_info(scene.device)) };
    if is_own_caps(scene.device, &node) {
        return done(DiscoInfoResult { node: Some(node), ..own_info(scene.device) });
    }
    let Some(asker) = caller.asker() else { return Reply::Error(iq::nothing_here()) };
    let found = if node == adhoc::NS {
        Some(named(&node, "automation", "command-list", "Commands", &[adhoc::NS]))
    } else if let Some(name) = node.strip_prefix(POINTS) {
        let point = asker.readable().find(|point| scene.name(*point) == name);
        point.map(|point| describe(scene, asker, point, &node))
    } else {
        let command = Command::find(scene, asker, &node);
        command
            .map(|c| named(&node, "automation", "command-node", &c.title(scene.device), &[adhoc::NS, ns::DATA_FORMS]))
    };
    found.map_or_else(no_such_node, done)
}

fn items(turn: &mut Turn<'_>, caller: &Caller<'_>, payload: Element) -> Reply {
    let Ok(query) = DiscoItemsQuery::try_from(payload) else { return iq::bad_request("not a disco#items query") };
    let Some(asker) = caller.asker() else { return Reply::Error(iq::nothing_here()) };
    let scene = &turn.scene;
    let item = |node: String, name: String| Item { jid: scene.me.clone().into(), node: Some(node), name: Some(name) };
    let items = match query.node.as_deref() {
        None => asker
            .readable()
            .map(|point| item(format!("{POINTS}{}", scene.name(point)), scene.label(point).to_owned()))
            .collect(),
        Some(adhoc::NS) => Command::all(scene, asker)
            .map(|command| item(command.node(scene.device), command.title(scene.device)))
            .collect(),
        Some(node) if Command::find(scene, asker, node).is_some() || is_readable_point(scene, asker, node) => {
            Vec::new()
        }
        Some(_) => return no_such_node(),
    };
    Reply::Result(Some(DiscoItemsResult { node: query.node, items, rsm: None }.into()))
}

fn is_readable_point(scene: &Scene<'_>, asker: Asker<'_>, node: &str) -> bool {
    node.strip_prefix(POINTS).is_some_and(|name| asker.readable().any(|point| scene.name(point) == name))
}

/// `NODE#ver`: the query that follows a caps hash (XEP-0115 section 6.2).
fn is_own_caps(device: &Device, node: &str) -> bool {
    let own = || caps::caps(device).map(|caps| xmpp_parsers::caps::query_caps(caps).node.unwrap_or_default());
    node.starts_with(caps::NODE) && own().is_some_and(|own| own == node)
}

/// A point as a machine wants to know it: unit, range, words, and whether this asker may set it.
fn describe(scene: &Scene<'_>, asker: Asker<'_>, point: PointId, node: &str) -> DiscoInfoResult {
    let type_ = match point {
        PointId::Sensor(_) => "sensor",
        PointId::Actuator(_) => "actuator",
    };
    let writable = matches!(point, PointId::Actuator(id) if asker.may_set(id));
    let field = |var: &str, type_: FieldType, values: Vec<String>| Field { values, ..Field::new(var, type_) };
    let text = |var: &str, value: &str| field(var, FieldType::TextSingle, vec![value.to_owned()]);
    let mut fields = vec![
        field("FORM_TYPE", FieldType::Hidden, vec![POINT_FORM.to_owned()]),
        text("name", scene.name(point)),
        field("writable", FieldType::Boolean, vec![writable.to_string()]),
    ];
    fields.push(text("kind", kind_name(scene.device.kind(point))));
    match scene.device.kind(point) {
        Kind::Switch { inactive, active } => {
            fields.push(field("words", FieldType::ListMulti, vec![inactive.clone(), active.clone()]));
        }
        Kind::Choice { options } => {
            fields.push(field("words", FieldType::ListMulti, options.clone()));
        }
        Kind::Number { unit, decimals, range } => {
            fields.push(text("unit", unit));
            fields.push(text("decimals", &decimals.to_string()));
            if let Some((low, high)) = range {
                fields.push(text("min", &low.to_string()));
                fields.push(text("max", &high.to_string()));
            }
        }
    }
    if let Some(place) = Place::of(scene.device) {
        fields.push(text("pubsub_jid", place.jid.as_str()));
        fields.push(text("pubsub_node", &place.node(scene.device, point)));
    }
    let mut info = named(node, "device", type_, scene.label(point), &[]);
    info.extensions.push(DataForm { type_: DataFormType::Result_, title: None, instructions: None, fields });
    info
}

fn named(node: &str, category: &str, type_: &str, name: &str, features: &[&str]) -> DiscoInfoResult {
    let identity = Identity { category: category.into(), type_: type_.into(), lang: None, name: Some(name.to_owned()) };
    let mut vars: BTreeSet<String> = features.iter().map(|var| (*var).to_owned()).collect();
    vars.insert(ns::DISCO_INFO.to_owned());
    DiscoInfoResult { node: Some(node.to_owned()), identities: vec![identity], features: vars, extensions: Vec::new() }
}

fn done(info: DiscoInfoResult) -> Reply {
    Reply::Result(Some(info.into()))
}

fn no_such_node() -> Reply {
    Reply::Error(iq::plain_error(ErrorType::Cancel, DefinedCondition::ItemNotFound))
}
