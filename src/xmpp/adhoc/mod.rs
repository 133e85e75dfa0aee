//! Ad-Hoc Commands (XEP-0050): the device by forms. A command has one step, and a second one where a person must
//! say yes first; it ends in a note, because that is the one thing every client shows.

mod command;
mod element;
pub(super) mod form;
mod run;
mod sessions;

pub use command::Command;
pub use element::{CommandElement, CommandError, NS, Note};
pub(super) use form::tidy;
pub use run::{finished, question};
pub use sessions::Sessions;

use super::Feature;
use super::iq::{Audience, Handler, Verb};
use xmpp_parsers::ns;

/// Commands and the forms in them.
pub const FEATURE: Feature = Feature {
    vars: &[NS, ns::DATA_FORMS],
    handlers: &[Handler { verb: Verb::Set, name: "command", ns: NS, audience: Audience::Contacts, handle: run::run }],
};
