//! Last Activity (XEP-0012): for a device, how long it has been running.

use xso::AsXml;

use super::Feature;
use super::iq::{Audience, Handler, Reply, Verb};

const NS: &str = "jabber:iq:last";

/// Seconds since the program started.
pub const FEATURE: Feature = Feature {
    vars: &[NS],
    handlers: &[Handler {
        verb: Verb::Get,
        name: "query",
        ns: NS,
        audience: Audience::Contacts,
        handle: |turn, _, _| {
            let seconds = turn.scene.now.mono.since(turn.scene.started).as_secs();
            Reply::Result(Some(LastActivity { seconds }.into()))
        },
    }],
};

#[derive(AsXml)]
#[xml(namespace = NS, name = "query")]
struct LastActivity {
    #[xml(attribute)]
    seconds: u64,
}
