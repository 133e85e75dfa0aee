//! Requests and their answers (RFC 6120 section 8.2.3): who asks, which feature answers, and with what.

use jid::Jid;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::message::Message;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::adhoc::Sessions;
use super::iot::{Queue, set::Moves};
use super::{FEATURES, Scene};
use crate::control::{Asker, Wish};
use crate::model::{ActuatorId, AlarmId};

/// Who sent a request. A stranger is neither.
#[derive(Clone, Copy)]
pub enum Caller<'a> {
    /// Somebody the config names, at this full address.
    Contact(Asker<'a>, &'a Jid),
    /// Our own server or account.
    Server,
}

impl<'a> Caller<'a> {
    /// The contact, if it is one.
    pub fn asker(&self) -> Option<Asker<'a>> {
        match self {
            Caller::Contact(asker, _) => Some(*asker),
            Caller::Server => None,
        }
    }
}

/// Whom a handler answers. There is no third kind: strangers are told that there is nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Contacts only.
    Contacts,
    /// Contacts, and our own server, which checks on its clients.
    ContactsAndServer,
}

/// The two kinds of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It reads.
    Get,
    /// It changes something.
    Set,
}

/// What a feature answers.
#[derive(Debug)]
pub enum Reply {
    /// A result, perhaps with a payload.
    Result(Option<Element>),
    /// An error.
    Error(StanzaError),
    /// Nothing yet: an actuator must move first. The answer to this command session follows its read-back.
    Later {
        /// What shall move.
        actuator: ActuatorId,
        /// How.
        wish: Wish,
        /// The command node.
        node: String,
        /// The session that ends with the answer.
        session: String,
    },
    /// Acknowledge these alarms, and answer this session with what became of it.
    Acknowledge {
        /// Which.
        alarms: Vec<AlarmId>,
        /// The command node.
        node: String,
        /// The session that ends with the answer.
        session: String,
    },
    /// End safe mode, and answer this session.
    LeaveSafeMode {
        /// The command node.
        node: String,
        /// The session that ends with the answer.
        session: String,
    },
    /// The answer to the question whether an actuator shall really move; what follows answers this session.
    Confirm {
        /// Yes or no.
        yes: bool,
        /// The command node.
        node: String,
        /// The session the question was asked in.
        session: String,
    },
    /// A result, and messages after it.
    Then(Element, Vec<Message>),
    /// Nothing yet: all of these must move first, or none of them.
    Moves(Moves),
    /// An error, and what an older draft of the protocol said instead, which some clients wait for.
    Refused(StanzaError, Element),
}

/// What a handler may look at and change.
pub struct Turn<'a> {
    /// The device at this moment.
    pub scene: Scene<'a>,
    /// Command sessions under way.
    pub sessions: &'a mut Sessions,
    /// Readouts that wait for their time.
    pub queue: &'a mut Queue,
}

/// One kind of request a feature answers, by the name and namespace of its payload.
pub struct Handler {
    /// Get or set.
    pub verb: Verb,
    /// The payload's element name.
    pub name: &'static str,
    /// The payload's namespace.
    pub ns: &'static str,
    /// Whom it answers.
    pub audience: Audience,
    /// Answers it.
    pub handle: fn(&mut Turn<'_>, &Caller<'_>, Element) -> Reply,
}

/// Answers a request by the feature that knows its payload.
pub fn dispatch(turn: &mut Turn<'_>, caller: &Caller<'_>, verb: Verb, payload: Element) -> Reply {
    let known = |handler: &&Handler| {
        handler.verb == verb
            && payload.is(handler.name, handler.ns)
            && (handler.audience == Audience::ContactsAndServer || caller.asker().is_some())
    };
    match FEATURES.iter().flat_map(|feature| feature.handlers).find(known) {
        Some(handler) => (handler.handle)(turn, caller, payload),
        None => Reply::Error(nothing_here()),
    }
}

/// What a stranger gets, and what everybody gets who asks for what does not exist.
pub fn nothing_here() -> StanzaError {
    plain_error(ErrorType::Cancel, DefinedCondition::ServiceUnavailable)
}

/// An error without a text.
pub fn plain_error(type_: ErrorType, condition: DefinedCondition) -> StanzaError {
    StanzaError { type_, by: None, defined_condition: condition, texts: Default::default(), other: None }
}

/// An error with a text for the person behind the client.
pub fn error(type_: ErrorType, condition: DefinedCondition, text: impl Into<String>) -> StanzaError {
    StanzaError::new(type_, condition, "en", text)
}

/// The payload does not say what its namespace says it must.
pub fn bad_request(text: impl Into<String>) -> Reply {
    Reply::Error(error(ErrorType::Modify, DefinedCondition::BadRequest, text))
}

/// The result stanza.
pub fn result(to: Option<Jid>, id: String, payload: Option<Element>) -> Iq {
    Iq::Result { from: None, to, id, payload }
}

/// The error stanza with something beside the error, where RFC 6120 section 8.3.1 allows the request.
pub fn refuse_with(to: Option<Jid>, id: String, error: StanzaError, payload: Element) -> Iq {
    Iq::Error { from: None, to, id, error, payload: Some(payload) }
}

/// The error stanza.
pub fn refuse(to: Option<Jid>, id: String, error: StanzaError) -> Iq {
    Iq::Error { from: None, to, id, error, payload: None }
}
