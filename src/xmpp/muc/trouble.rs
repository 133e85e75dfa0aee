//! Why the device is not in a room, in words for the log.

use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;

/// A stanza error's condition, as its element is called.
pub(super) fn condition(error: Option<&Element>) -> &str {
    error.and_then(|error| error.children().find(|child| child.has_ns(ns::XMPP_STANZAS))).map_or("error", Element::name)
}

/// The room did not let us in (XEP-0045 section 7.2). True if for good.
pub(super) fn refused(condition: &str) -> (bool, &str) {
    let why = match condition {
        "conflict" => "its nick is taken",
        "not-authorized" => "it wants a password",
        "forbidden" => "the device is banned from it",
        "registration-required" => "it is for members only, and the device is none",
        "item-not-found" => "there is no such room, and the device may not make one",
        "not-allowed" => "rooms may not be made there",
        "service-unavailable" => "it is full, or there is nothing",
        "remote-server-not-found" | "remote-server-timeout" => "its server cannot be reached",
        other => other,
    };
    (condition == "forbidden", why)
}

/// The room has put us out. True if for good.
pub(super) fn removed(user: Option<&Element>) -> (bool, &'static str) {
    let has = |code: &str| user.is_some_and(|user| codes(user).any(|found| found == code));
    match () {
        () if has("301") => (true, "the device was banned from it"),
        () if user.is_some_and(|user| user.has_child("destroy", ns::MUC_USER)) => (true, "it was destroyed"),
        () if has("307") => (false, "the device was kicked"),
        () if has("321") || has("322") => (false, "it is for members only now, and the device is none"),
        () if has("332") => (false, "its service shuts down"),
        () => (false, "the device is no longer in it"),
    }
}

/// The status codes the room adds to a presence (section 15.6.2).
pub(super) fn codes(user: &Element) -> impl Iterator<Item = &str> {
    user.children().filter(|child| child.is("status", ns::MUC_USER)).filter_map(|status| status.attr("code"))
}

/// Is this said of a moderator?
pub(super) fn moderates(user: &Element) -> bool {
    user.get_child("item", ns::MUC_USER).is_some_and(|item| item.attr("role") == Some("moderator"))
}
