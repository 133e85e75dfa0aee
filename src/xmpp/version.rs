//! Software Version (XEP-0092). The operating system is nobody's business.

use xmpp_parsers::{ns, version::VersionResult};

use super::Feature;
use super::iq::{Audience, Handler, Reply, Verb};

/// Name and version of the program.
pub const FEATURE: Feature = Feature {
    vars: &[ns::VERSION],
    handlers: &[Handler {
        verb: Verb::Get,
        name: "query",
        ns: ns::VERSION,
        audience: Audience::Contacts,
        handle: |_, _, _| {
            let version = VersionResult { name: "Katydid".into(), version: env!("CARGO_PKG_VERSION").into(), os: None };
            Reply::Result(Some(version.into()))
        },
    }],
};
