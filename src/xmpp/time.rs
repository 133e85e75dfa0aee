//! Entity Time (XEP-0202): what the device thinks the time is. A board without a clock battery is often wrong.

use xmpp_parsers::{minidom::Element, ns};

use super::Feature;
use super::iq::{Audience, Handler, Reply, Verb};
use crate::model::Now;

/// UTC and the local offset.
pub const FEATURE: Feature = Feature {
    vars: &[ns::TIME],
    handlers: &[Handler {
        verb: Verb::Get,
        name: "time",
        ns: ns::TIME,
        audience: Audience::Contacts,
        handle: |turn, _, _| Reply::Result(Some(time(turn.scene.now))),
    }],
};

fn time(now: Now) -> Element {
    let seconds = now.offset.seconds();
    let (sign, seconds) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let tzo = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    let utc = now.wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Element::builder("time", ns::TIME)
        .append(Element::builder("tzo", ns::TIME).append(tzo))
        .append(Element::builder("utc", ns::TIME).append(utc))
        .build()
}
