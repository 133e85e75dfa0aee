//! How far one point's node is.

use jid::BareJid;

use crate::model::Moment;

/// What has to be done next for a node to hold what its point reads, open to whom it should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    /// It does not exist.
    Create,
    /// It exists, with an unknown configuration.
    Configure,
    /// It is closed to all but those who were let in before: ask who that is.
    Ask,
    /// No others were let in: ask who is sent what is published. These are still to be let in.
    AskSent { missing: Vec<BareJid> },
    /// Others were let in, or are sent it: it goes, since no server takes it from them otherwise.
    Delete,
    /// Let these in.
    Admit { missing: Vec<BareJid> },
    /// It can be published to.
    Ready,
}

/// One point's node.
#[derive(Debug)]
pub(super) struct Page {
    pub stage: Stage,
    /// The point reads something else than was published.
    pub dirty: bool,
    /// A request is on its way.
    pub busy: bool,
    /// When there is something to do.
    pub at: Option<Moment>,
    /// When it was last published.
    pub published: Option<Moment>,
    /// Times it was lost, or deleted, and made again since something went well.
    pub losses: u8,
}

impl Page {
    pub fn new(exists: bool) -> Page {
        let stage = if exists { Stage::Configure } else { Stage::Create };
        Page { stage, dirty: true, busy: false, at: None, published: None, losses: 0 }
    }
}
