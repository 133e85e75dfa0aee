//! The elements of control (XEP-0325), as the XSF published them (version 0.5).

use xmpp_parsers::data_forms::DataForm;
use xso::{AsXml, FromXml};

/// The namespace.
pub const NS: &str = "urn:xmpp:iot:control";

/// `<set/>`: parameters by type, or a form filled in.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Default)]
#[xml(namespace = NS, name = "set", on_unknown_attribute = Discard)]
pub struct Set {
    /// Only parameters of these nodes.
    #[xml(child(n = ..))]
    pub nodes: Vec<Node>,
    /// What shall be set, in this order.
    #[xml(child(n = ..))]
    pub parameters: Vec<Parameter>,
    /// The form of [`GetForm`], perhaps only a part of it.
    #[xml(child(default))]
    pub form: Option<DataForm>,
}

/// `<node/>`: a point.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "node", on_unknown_attribute = Discard)]
pub struct Node {
    /// The point's name.
    #[xml(attribute(name = "nodeId"))]
    pub id: String,
}

/// `<getForm/>`: what can be set?
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Default)]
#[xml(namespace = NS, name = "getForm", on_unknown_attribute = Discard)]
pub struct GetForm {
    /// Only of these nodes.
    #[xml(child(n = ..))]
    pub nodes: Vec<Node>,
}

/// `<setResponse/>`: it is done.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Default)]
#[xml(namespace = NS, name = "setResponse", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub struct SetResponse {
    /// The code of the draft of 2013, for the clients that wait for it; only beside an error.
    #[xml(attribute(default, name = "responseCode"))]
    pub code: Option<String>,
    /// What the draft said with it.
    #[xml(child(default))]
    pub error: Option<ResponseError>,
}

/// `<error/>` of the draft of 2013.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "error", on_unknown_attribute = Discard)]
pub struct ResponseError {
    /// The parameter.
    #[xml(attribute(default))]
    pub var: Option<String>,
    /// Why.
    #[xml(text)]
    pub text: String,
}

/// `<paramError/>`: what is wrong with a parameter (section 4.1).
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "paramError")]
pub struct ParamError {
    /// The parameter.
    #[xml(attribute)]
    pub var: String,
    /// Why.
    #[xml(text)]
    pub text: String,
}

/// The types a parameter can have. Points here are booleans, numbers and strings; the others are understood in
/// order to be refused by name.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, exhaustive)]
#[allow(missing_docs, reason = "every variant is a name and a value")]
pub enum Parameter {
    /// For switches.
    #[xml(name = "boolean", on_unknown_attribute = Discard)]
    Boolean {
        #[xml(attribute)]
        name: String,
        #[xml(attribute)]
        value: String,
    },
    /// For numbers.
    #[xml(name = "double", on_unknown_attribute = Discard)]
    Double {
        #[xml(attribute)]
        name: String,
        #[xml(attribute)]
        value: String,
    },
    /// For numbers.
    #[xml(name = "int", on_unknown_attribute = Discard)]
    Int {
        #[xml(attribute)]
        name: String,
        #[xml(attribute)]
        value: String,
    },
    /// For numbers.
    #[xml(name = "long", on_unknown_attribute = Discard)]
    Long {
        #[xml(attribute)]
        name: String,
        #[xml(attribute)]
        value: String,
    },
    /// For words.
    #[xml(name = "string", on_unknown_attribute = Discard)]
    Text {
        #[xml(attribute)]
        name: String,
        #[xml(attribute)]
        value: String,
    },
    /// Nothing here is one.
    #[xml(name = "color", on_unknown_attribute = Discard)]
    Color {
        #[xml(attribute)]
        name: String,
    },
    /// Nothing here is one.
    #[xml(name = "date", on_unknown_attribute = Discard)]
    Date {
        #[xml(attribute)]
        name: String,
    },
    /// Nothing here is one.
    #[xml(name = "dateTime", on_unknown_attribute = Discard)]
    DateTime {
        #[xml(attribute)]
        name: String,
    },
    /// Nothing here is one.
    #[xml(name = "duration", on_unknown_attribute = Discard)]
    Duration {
        #[xml(attribute)]
        name: String,
    },
    /// Nothing here is one.
    #[xml(name = "time", on_unknown_attribute = Discard)]
    Time {
        #[xml(attribute)]
        name: String,
    },
}

impl Parameter {
    /// What shall be set.
    pub fn name(&self) -> &str {
        match self {
            Parameter::Boolean { name, .. }
            | Parameter::Double { name, .. }
            | Parameter::Int { name, .. }
            | Parameter::Long { name, .. }
            | Parameter::Text { name, .. }
            | Parameter::Color { name }
            | Parameter::Date { name }
            | Parameter::DateTime { name }
            | Parameter::Duration { name }
            | Parameter::Time { name } => name,
        }
    }
}
