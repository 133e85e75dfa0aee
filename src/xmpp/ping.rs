//! XMPP Ping (XEP-0199): are you there?

use super::Feature;
use super::iq::{Audience, Handler, Reply, Verb};
use xmpp_parsers::ns;

/// Answers everybody it may answer, our server included.
pub const FEATURE: Feature = Feature {
    vars: &[ns::PING],
    handlers: &[Handler {
        verb: Verb::Get,
        name: "ping",
        ns: ns::PING,
        audience: Audience::ContactsAndServer,
        handle: |_, _, _| Reply::Result(None),
    }],
};
