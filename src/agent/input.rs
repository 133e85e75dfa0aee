//! Everything that can happen to the device, and everything it can do.

use std::sync::Arc;

use jid::FullJid;
use xmpp_parsers::stanza::Stanza;

use crate::control::Drive;
use crate::model::{Device, Fault, Value};
use crate::xmpp::journal::Level;

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// The deadline has passed.
    Tick,
    /// A driver has spoken about its point.
    Report {
        /// The point's name.
        point: Arc<str>,
        /// What the hardware said.
        result: Result<Value, Fault>,
        /// The drive it reads back, if it does.
        answers: Option<u64>,
    },
    /// Edges of a sensor's line came faster than they could be taken.
    LostEdges {
        /// The sensor's name.
        point: Arc<str>,
        /// How many, since this was last said.
        count: u64,
    },
    /// The stream is up.
    Online {
        /// The address it is bound to.
        jid: FullJid,
        /// Nothing was lost since the last time.
        resumed: bool,
    },
    /// The stream is down.
    Offline,
    /// Whether the wall clock can be trusted: a board without a battery starts with any time. Until the first of these,
    /// it cannot.
    Clock {
        /// Somebody who knows has set it.
        known: bool,
    },
    /// So many messages were lost because the server was out of reach for too long.
    Dropped(u64),
    /// A stanza has come.
    Stanza(Box<Stanza>),
    /// The config was read anew, without a mistake.
    Reload(Box<Device>),
}

/// Something to be done.
#[derive(Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "effects live for one turn of the loop, and most are stanzas")]
pub enum Effect {
    /// Put this on its way. Messages are kept while the server is out of reach; everything else is made anew.
    Send(Stanza),
    /// Move this actuator, and report what it reads afterwards.
    Drive(Drive),
    /// The next run should know this.
    Keep {
        /// Its name.
        key: String,
        /// What to know.
        value: String,
        /// Before long; otherwise when the occasion arises, and in any case at the end.
        soon: bool,
    },
    /// The device has left safe mode.
    SafeModeLeft,
    /// Log this.
    Log(Level, String),
}
