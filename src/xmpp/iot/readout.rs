//! Readouts (XEP-0323 section 3): a request is accepted at once, its readings follow in messages of bounded size.
//!
//! Historical values are accepted and told when there are any; so far a device keeps none.

use jid::Jid;
use jiff::Timestamp;
use jiff::civil::DateTime;
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::fields::{self, Sorts};
use super::queue::Queued;
use super::sensordata::{
    Accepted, Cancel, Cancelled, Done, Error, Failure, Field, Fields, NodeFields, Reason, Rejected, Request,
};
use crate::control::Asker;
use crate::model::PointId;
use crate::xmpp::Scene;
use crate::xmpp::iq::{self, Caller, Reply, Turn};

/// Bytes in one message, about.
const PER_MESSAGE: usize = 8 * 1024;
/// Field and node names in one request that are worth looking at.
const MOST_NAMES: usize = 4096;

const HINTS: &str = "urn:xmpp:hints";

/// A request that was understood: which fields of which points.
#[derive(Debug, Clone, PartialEq)]
pub struct Readout {
    /// The requester's number.
    pub seqnr: i64,
    sorts: Sorts,
    /// By name, since a config may be read anew before the time has come; all readable ones if empty.
    nodes: Vec<String>,
    fields: Vec<String>,
}

/// `<req/>`: the points that the asker may read, cut to the nodes and fields it names.
pub(super) fn request(turn: &mut Turn<'_>, caller: &Caller<'_>, payload: Element) -> Reply {
    let Caller::Contact(asker, from) = caller else { return Reply::Error(iq::nothing_here()) };
    let Ok(request) = Request::try_from(payload) else { return iq::bad_request("not a request for sensor data") };
    if request.nodes.len() + request.fields.len() > MOST_NAMES {
        return iq::bad_request("too many names");
    }
    let times = [&request.from, &request.to].map(|text| text.as_deref().map(time));
    if times.iter().flatten().any(Option::is_none) {
        return iq::bad_request("from and to must be dates with a time, like 2026-05-01T12:00:00Z");
    }
    let (seqnr, readout) = (request.seqnr, Readout::new(&request));
    let points: Vec<PointId> = readout.points(*asker);
    if points.len() < request.nodes.len() {
        return not_found(seqnr, "there is no such node");
    }
    let scene = &turn.scene;
    let known = |name: &String| points.iter().any(|point| fields::names(scene, *point).contains(&name.as_str()));
    if !readout.fields.is_empty() && !readout.fields.iter().any(known) {
        return not_found(seqnr, "there is no such field");
    }
    let at = match request.when.as_deref().map(time) {
        None => None,
        Some(None) => return iq::bad_request("when must be a date with a time, like 2026-05-01T12:00:00Z"),
        Some(Some(when)) => Some(when).filter(|when| *when > scene.now.wall),
    };
    let Some(at) = at else {
        let accepted = Accepted { seqnr, queued: None };
        return Reply::Then(accepted.into(), readout.messages(scene, *asker, from));
    };
    if asker.jid() != &from.to_bare() {
        // Who has the nick when the time has come may be somebody else.
        let text = "through a room nothing can be read later";
        return rejected(seqnr, iq::error(ErrorType::Cancel, DefinedCondition::FeatureNotImplemented, text), text);
    }
    match turn.queue.add(Queued { to: (*from).clone(), at, readout }, turn.scene.now) {
        Ok(()) => Reply::Result(Some(Accepted { seqnr, queued: Some(true) }.into())),
        Err(text) => rejected(seqnr, iq::error(ErrorType::Wait, DefinedCondition::ResourceConstraint, text), text),
    }
}

/// `<cancel/>`: only what waits for its time can be cancelled; everything else has been told already.
pub(super) fn cancel(turn: &mut Turn<'_>, caller: &Caller<'_>, payload: Element) -> Reply {
    let Caller::Contact(_, from) = caller else { return Reply::Error(iq::nothing_here()) };
    let Ok(Cancel { seqnr }) = Cancel::try_from(payload) else { return iq::bad_request("not a cancellation") };
    match turn.queue.cancel(from, seqnr) {
        true => Reply::Result(Some(Cancelled { seqnr }.into())),
        false => not_found(seqnr, "no such request is waiting"),
    }
}

impl Readout {
    fn new(request: &Request) -> Readout {
        let sorts = request.momentary || request.identity || request.status;
        let others = request.peak || request.computed || request.historical;
        // Who asks for no sort in particular wants them all.
        let all = request.all || !(sorts || others);
        Readout {
            seqnr: request.seqnr,
            sorts: Sorts {
                momentary: all || request.momentary,
                identity: all || request.identity,
                status: all || request.status,
            },
            nodes: request.nodes.iter().map(|node| node.id.clone()).collect(),
            fields: request.fields.iter().map(|field| field.name.clone()).collect(),
        }
    }

    fn points(&self, asker: Asker<'_>) -> Vec<PointId> {
        if self.nodes.is_empty() {
            return asker.readable().collect();
        }
        self.nodes.iter().filter_map(|name| super::point(asker, name)).collect()
    }

    /// The readings: first what can be read, then what cannot, the last message marked.
    pub fn messages(&self, scene: &Scene<'_>, asker: Asker<'_>, to: &Jid) -> Vec<Message> {
        let mut nodes: Vec<NodeFields> = Vec::new();
        let mut errors: Vec<Error> = Vec::new();
        for point in self.points(asker) {
            let writable = matches!(point, PointId::Actuator(id) if asker.may_set(id));
            match fields::of_sorts(scene, point, self.sorts, &self.fields, writable) {
                Ok(node) => nodes.extend(node),
                Err(error) => errors.push(error),
            }
        }
        let seqnr = self.seqnr;
        let (nodes, errors) = (parted(nodes, weight_of_node), parted(errors, weight_of_error));
        let parts = nodes.len() + errors.len();
        let mut payloads: Vec<Element> = Vec::with_capacity(parts.max(1));
        for nodes in nodes {
            let done = (payloads.len() + 1 == parts).then_some(true);
            payloads.push(Fields { seqnr, done, nodes }.into());
        }
        for errors in errors {
            let done = (payloads.len() + 1 == parts).then_some(true);
            payloads.push(Failure { seqnr, done, errors }.into());
        }
        if payloads.is_empty() {
            payloads.push(Done { seqnr }.into());
        }
        payloads.into_iter().map(|payload| message(to, payload)).collect()
    }

    /// What is told instead of all these if there may not be so many.
    pub fn failure(&self, scene: &Scene<'_>, asker: Asker<'_>, to: &Jid, text: &str) -> Message {
        let errors = self.points(asker).into_iter().map(|point| fields::error(scene, point, text.to_owned())).collect();
        let errors = parted(errors, weight_of_error).into_iter().next().unwrap_or_default();
        message(to, Failure { seqnr: self.seqnr, done: Some(true), errors }.into())
    }
}

/// Parts that are not too big for one message.
fn parted<T>(things: Vec<T>, weight: fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut parts: Vec<Vec<T>> = Vec::new();
    let mut room = 0;
    for thing in things {
        let weight = weight(&thing);
        match parts.last_mut() {
            Some(part) if weight <= room => part.push(thing),
            _ => {
                parts.push(vec![thing]);
                room = PER_MESSAGE;
            }
        }
        room = room.saturating_sub(weight);
    }
    parts
}

/// Bytes of a node in XML, about.
fn weight_of_node(node: &NodeFields) -> usize {
    const MARKUP: usize = 110;
    let field = |field: &Field| match field {
        Field::Numeric { name, value, .. } | Field::Boolean { name, value, .. } | Field::Text { name, value, .. } => {
            MARKUP + name.len() + value.len()
        }
    };
    let fields = node.timestamps.iter().flat_map(|stamp| &stamp.fields);
    MARKUP + node.id.len() + fields.map(field).sum::<usize>()
}

fn weight_of_error(error: &Error) -> usize {
    const MARKUP: usize = 80;
    MARKUP + error.node.len() + error.text.len()
}

/// A message that carries only this, and is worth nothing later (XEP-0334).
pub fn message(to: &Jid, payload: Element) -> Message {
    let mut message = Message::new_with_type(MessageType::Normal, to.clone());
    message.payloads.push(payload);
    message.payloads.push(Element::bare("no-permanent-store", HINTS));
    message
}

/// A time as a client writes it; without an offset it means UTC (XEP-0082 demands one, slixmpp writes none).
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let civil: DateTime = text.parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(civil).ok()
}

fn not_found(seqnr: i64, text: &str) -> Reply {
    rejected(seqnr, iq::error(ErrorType::Cancel, DefinedCondition::ItemNotFound, text), text)
}

fn rejected(seqnr: i64, error: StanzaError, text: &str) -> Reply {
    Reply::Refused(error, Rejected { seqnr, error: Reason { text: text.to_owned() } }.into())
}
