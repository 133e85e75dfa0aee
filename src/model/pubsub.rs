//! Whether and where readings are published for whoever may read them.

use std::time::Duration;

use jid::BareJid;

/// The rules of publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PubSubRules {
    /// Readings are published at all.
    pub enabled: bool,
    /// A service (XEP-0060) instead of the device's own account (XEP-0163).
    pub service: Option<BareJid>,
    /// Between two publications of one point.
    pub every: Duration,
}
