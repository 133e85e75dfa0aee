//! The elements of Ad-Hoc Commands (XEP-0050), which the stack lacks.

use xmpp_parsers::data_forms::DataForm;
use xso::{AsXml, FromXml};

/// The namespace, which is also the node under which commands are listed.
pub const NS: &str = "http://jabber.org/protocol/commands";

/// `<command/>`, in both directions.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "command")]
pub struct CommandElement {
    /// Which command.
    #[xml(attribute)]
    pub node: String,
    /// Which run of it.
    #[xml(attribute(default))]
    pub sessionid: Option<String>,
    /// What the requester wants: missing, execute, next, complete, prev or cancel.
    #[xml(attribute(default))]
    pub action: Option<String>,
    /// How far the run is: executing, completed or canceled.
    #[xml(attribute(default))]
    pub status: Option<String>,
    /// What the requester may do next.
    #[xml(child(default))]
    pub actions: Option<Actions>,
    /// What the run has to say.
    #[xml(child(n = ..))]
    pub notes: Vec<Note>,
    /// A form to fill in, or filled in.
    #[xml(child(default))]
    pub form: Option<DataForm>,
}

/// `<actions/>`: every command here has one step, so the only action is to complete it.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "actions")]
pub struct Actions {
    /// What a client does when the person just presses return.
    #[xml(attribute(default))]
    pub execute: Option<String>,
    /// Completing is allowed.
    #[xml(flag)]
    pub complete: bool,
}

/// `<note/>`: the one thing every client shows.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS, name = "note")]
pub struct Note {
    /// info, warn or error.
    #[xml(attribute(name = "type", default))]
    pub type_: Option<String>,
    /// The text.
    #[xml(text)]
    pub text: String,
}

/// Why a command request is wrong in itself (section 4.4).
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = NS)]
pub enum CommandError {
    /// An action there is no such thing as.
    #[xml(name = "malformed-action")]
    MalformedAction,
    /// An action this step does not allow.
    #[xml(name = "bad-action")]
    BadAction,
    /// A session that never was, or is somebody else's.
    #[xml(name = "bad-sessionid")]
    BadSession,
    /// A session that is over.
    #[xml(name = "session-expired")]
    SessionExpired,
}
