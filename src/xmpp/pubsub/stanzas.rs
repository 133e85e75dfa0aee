//! The requests of a publisher, in the way that Prosody and ejabberd both take: a node is created with its
//! configuration, then published to plainly. ejabberd refuses most of publish-options.

use jid::{BareJid, Jid};
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::disco::{DiscoItemsQuery, DiscoItemsResult};
use xmpp_parsers::minidom::{Element, rxml::NcName};
use xmpp_parsers::ns;
use xso::exports::rxml::{Namespace, xml_ncname};

use crate::model::PointId;
use crate::xmpp::Scene;
use crate::xmpp::iot::fields;
use crate::xmpp::iot::sensordata::{Failure, Fields};

/// The one item of a node.
const ITEM: &str = "current";

/// Which nodes are there?
pub(super) fn list() -> Element {
    DiscoItemsQuery { node: None, rsm: None }.into()
}

/// The nodes of `jid` in the answer.
pub(super) fn listed(payload: Option<Element>, jid: &BareJid) -> Vec<String> {
    let items = payload.and_then(|payload| DiscoItemsResult::try_from(payload).ok()).map(|result| result.items);
    let ours = items.into_iter().flatten().filter(|item| item.jid == *jid);
    ours.filter_map(|item| item.node).collect()
}

pub(super) fn create(node: &str) -> Element {
    let configure = Element::builder("configure", ns::PUBSUB).append(form()).build();
    pubsub(ns::PUBSUB, [element("create", ns::PUBSUB, node), configure])
}

pub(super) fn configure(node: &str) -> Element {
    let mut configure = element("configure", ns::PUBSUB_OWNER, node);
    configure.append_child(form().into());
    pubsub(ns::PUBSUB_OWNER, [configure])
}

pub(super) fn ask_affiliations(node: &str) -> Element {
    pubsub(ns::PUBSUB_OWNER, [element("affiliations", ns::PUBSUB_OWNER, node)])
}

/// Who may read a node besides its owner, from the answer.
pub(super) fn affiliated(payload: Option<&Element>) -> Vec<BareJid> {
    let list = payload.and_then(|payload| payload.get_child("affiliations", ns::PUBSUB_OWNER));
    let entries = list.into_iter().flat_map(Element::children);
    let may_not = |affiliation| matches!(affiliation, Some("owner" | "none" | "outcast") | None);
    let others = entries.filter(|entry| !may_not(entry.attr("affiliation")));
    others.filter_map(|entry| entry.attr("jid")?.parse::<BareJid>().ok()).collect()
}

pub(super) fn ask_subscriptions(node: &str) -> Element {
    pubsub(ns::PUBSUB_OWNER, [element("subscriptions", ns::PUBSUB_OWNER, node)])
}

/// Who is sent what is published to a node, from the answer.
pub(super) fn subscribed(payload: Option<&Element>) -> Vec<BareJid> {
    let list = payload.and_then(|payload| payload.get_child("subscriptions", ns::PUBSUB_OWNER));
    let entries = list.into_iter().flat_map(Element::children);
    let sent = entries.filter(|entry| entry.attr("subscription") != Some("none"));
    sent.filter_map(|entry| Some(entry.attr("jid")?.parse::<Jid>().ok()?.to_bare())).collect()
}

pub(super) fn admit(node: &str, members: &[BareJid]) -> Element {
    let mut list = element("affiliations", ns::PUBSUB_OWNER, node);
    for jid in members {
        let mut entry = Element::bare("affiliation", ns::PUBSUB_OWNER);
        set(&mut entry, xml_ncname!("jid").to_owned(), jid.as_str());
        set(&mut entry, xml_ncname!("affiliation").to_owned(), "member");
        list.append_child(entry);
    }
    pubsub(ns::PUBSUB_OWNER, [list])
}

/// What the point reads now: `<fields/>`, or `<failure/>` if there is nothing to believe.
pub(super) fn publish(scene: &Scene<'_>, node: &str, point: PointId) -> Element {
    let writable = matches!(point, PointId::Actuator(_));
    let payload: Element = match fields::momentary(scene, point, writable) {
        Ok(node) => Fields { seqnr: 0, done: Some(true), nodes: vec![node] }.into(),
        Err(error) => Failure { seqnr: 0, done: Some(true), errors: vec![error] }.into(),
    };
    let mut item = Element::builder("item", ns::PUBSUB).append(payload).build();
    set(&mut item, xml_ncname!("id").to_owned(), ITEM);
    let mut publish = element("publish", ns::PUBSUB, node);
    publish.append_child(item);
    pubsub(ns::PUBSUB, [publish])
}

pub(super) fn delete(node: &str) -> Element {
    pubsub(ns::PUBSUB_OWNER, [element("delete", ns::PUBSUB_OWNER, node)])
}

/// One item that is kept, for members only.
fn form() -> DataForm {
    let field = |var: &str, type_: FieldType, value: &str| Field::new(var, type_).with_value(value);
    DataForm {
        type_: DataFormType::Submit,
        title: None,
        instructions: None,
        fields: vec![
            field("FORM_TYPE", FieldType::Hidden, ns::PUBSUB_CONFIGURE),
            field("pubsub#access_model", FieldType::ListSingle, "whitelist"),
            field("pubsub#max_items", FieldType::TextSingle, "1"),
            field("pubsub#persist_items", FieldType::Boolean, "1"),
        ],
    }
}

fn pubsub<const N: usize>(namespace: &str, children: [Element; N]) -> Element {
    Element::builder("pubsub", namespace).append_all(children).build()
}

fn element(name: &str, namespace: &str, node: &str) -> Element {
    let mut element = Element::bare(name, namespace);
    set(&mut element, xml_ncname!("node").to_owned(), node);
    element
}

fn set(element: &mut Element, name: NcName, value: &str) {
    element.set_attr(Namespace::NONE, name, value);
}
