//! The elements of sensor data (XEP-0323), as the XSF published them (version 0.6).

use xso::{AsXml, FromXml};

/// The namespace.
pub const NS: &str = "urn:xmpp:iot:sensordata";

/// `<req/>`: a request for readings. Tokens of a provisioning server are not looked at: rights go by the address.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Default)]
#[xml(namespace = NS, name = "req", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct Request {
    /// The requester's number for this request.
    #[xml(attribute)]
    pub seqnr: i64,
    /// Everything.
    #[xml(attribute(default))]
    pub all: bool,
    /// What the points read now.
    #[xml(attribute(default))]
    pub momentary: bool,
    /// What the points are.
    #[xml(attribute(default))]
    pub identity: bool,
    /// How the points are.
    #[xml(attribute(default))]
    pub status: bool,
    /// Highest and lowest values.
    #[xml(attribute(default))]
    pub peak: bool,
    /// Values made of others.
    #[xml(attribute(default))]
    pub computed: bool,
    /// What the points read before.
    #[xml(attribute(default))]
    pub historical: bool,
    /// Nothing older than this.
    #[xml(attribute(default))]
    pub from: Option<String>,
    /// Nothing younger than this.
    #[xml(attribute(default))]
    pub to: Option<String>,
    /// Not before this time.
    #[xml(attribute(default))]
    pub when: Option<String>,
    /// Only these nodes.
    #[xml(child(n = ..))]
    pub nodes: Vec<Node>,
    /// Only these fields.
    #[xml(child(n = ..))]
    pub fields: Vec<FieldName>,
}

/// `<node/>` in a request.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "node", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct Node {
    /// The point's name.
    #[xml(attribute(name = "nodeId"))]
    pub id: String,
}

/// `<field/>` in a request.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "field", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct FieldName {
    /// The field's name.
    #[xml(attribute)]
    pub name: String,
}

/// `<accepted/>`: the readings follow in messages.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "accepted")]
pub struct Accepted {
    /// The requester's number.
    #[xml(attribute)]
    pub seqnr: i64,
    /// Not now, but when the request says.
    #[xml(attribute(default))]
    pub queued: Option<bool>,
}

/// `<cancel/>`: forget the request.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "cancel", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct Cancel {
    /// The requester's number.
    #[xml(attribute)]
    pub seqnr: i64,
}

/// `<cancelled/>`: it is forgotten.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "cancelled")]
pub struct Cancelled {
    /// The requester's number.
    #[xml(attribute)]
    pub seqnr: i64,
}

/// `<started/>`: a queued request's time has come.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "started")]
pub struct Started {
    /// The requester's number.
    #[xml(attribute)]
    pub seqnr: i64,
}

/// `<done/>`: there is nothing (more) to tell.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "done")]
pub struct Done {
    /// The requester's number.
    #[xml(attribute)]
    pub seqnr: i64,
}

/// `<rejected/>`: what the draft of 2013 said instead of an error; beside the error, for clients that wait for it.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "rejected")]
pub struct Rejected {
    /// The requester's number.
    #[xml(attribute)]
    pub seqnr: i64,
    /// Why.
    #[xml(child)]
    pub error: Reason,
}

/// `<error/>` of the draft.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "error")]
pub struct Reason {
    /// Why.
    #[xml(text)]
    pub text: String,
}

/// `<failure/>`: points that cannot be read.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "failure", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct Failure {
    /// The requester's number.
    #[xml(attribute)]
    pub seqnr: i64,
    /// Nothing follows.
    #[xml(attribute(default))]
    pub done: Option<bool>,
    /// One for each point.
    #[xml(child(n = ..))]
    pub errors: Vec<Error>,
}

/// `<error/>` in a failure.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "error", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct Error {
    /// The point's name.
    #[xml(attribute(name = "nodeId"))]
    pub node: String,
    /// Since when.
    #[xml(attribute)]
    pub timestamp: String,
    /// Why.
    #[xml(text)]
    pub text: String,
}

/// `<fields/>`: readings.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "fields", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct Fields {
    /// The requester's number.
    #[xml(attribute)]
    pub seqnr: i64,
    /// Nothing follows.
    #[xml(attribute(default))]
    pub done: Option<bool>,
    /// One for each point.
    #[xml(child(n = ..))]
    pub nodes: Vec<NodeFields>,
}

/// `<node/>` in readings.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "node", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct NodeFields {
    /// The point's name.
    #[xml(attribute(name = "nodeId"))]
    pub id: String,
    /// Its readings by their times.
    #[xml(child(n = ..))]
    pub timestamps: Vec<Stamp>,
}

/// `<timestamp/>`: what holds since then.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "timestamp", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct Stamp {
    /// A time in UTC, to the millisecond.
    #[xml(attribute)]
    pub value: String,
    /// What is told.
    #[xml(child(n = ..))]
    pub fields: Vec<Field>,
}

/// One field. Types that slixmpp knows, no others.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, exhaustive)]
pub enum Field {
    /// A number with its unit and all its decimals.
    #[xml(name = "numeric", on_unknown_attribute = Discard)]
    Numeric {
        /// Its name.
        #[xml(attribute)]
        name: String,
        /// The number.
        #[xml(attribute)]
        value: String,
        /// Its unit.
        #[xml(attribute(default))]
        unit: String,
        /// It is what the point reads now.
        #[xml(attribute(default))]
        momentary: Option<bool>,
        /// It was read by the device itself.
        #[xml(attribute(default, name = "automaticReadout"))]
        automatic: Option<bool>,
        /// It is old: the point has been silent.
        #[xml(attribute(default))]
        warning: Option<bool>,
        /// The asker may set it (XEP-0325).
        #[xml(attribute(default))]
        writable: Option<bool>,
    },
    /// One of two states; `true` is active.
    #[xml(name = "boolean", on_unknown_attribute = Discard)]
    Boolean {
        /// Its name.
        #[xml(attribute)]
        name: String,
        /// `true` or `false`.
        #[xml(attribute)]
        value: String,
        /// As for a number.
        #[xml(attribute(default))]
        momentary: Option<bool>,
        /// As for a number.
        #[xml(attribute(default, name = "automaticReadout"))]
        automatic: Option<bool>,
        /// As for a number.
        #[xml(attribute(default))]
        warning: Option<bool>,
        /// As for a number.
        #[xml(attribute(default))]
        writable: Option<bool>,
    },
    /// A word.
    #[xml(name = "string", on_unknown_attribute = Discard)]
    Text {
        /// Its name.
        #[xml(attribute)]
        name: String,
        /// The word.
        #[xml(attribute)]
        value: String,
        /// As for a number.
        #[xml(attribute(default))]
        momentary: Option<bool>,
        /// It says how the point is.
        #[xml(attribute(default))]
        status: Option<bool>,
        /// It says what the point is.
        #[xml(attribute(default))]
        identity: Option<bool>,
        /// As for a number.
        #[xml(attribute(default, name = "automaticReadout"))]
        automatic: Option<bool>,
        /// As for a number.
        #[xml(attribute(default))]
        warning: Option<bool>,
        /// As for a number.
        #[xml(attribute(default))]
        writable: Option<bool>,
    },
}
