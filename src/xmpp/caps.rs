//! Entity Capabilities (XEP-0115): a hash of the device's disco#info in every presence, so that clients need
//! not ask again.

use xmpp_parsers::caps::{Caps, compute_disco, hash_caps};
use xmpp_parsers::{hashes::Algo, ns};

use super::{Feature, disco};
use crate::model::Device;

/// The program's address as a node (section 4.1 wants a URL that says which software this is).
pub const NODE: &str = "https://katydid.example";

/// Part of presence, and answered by disco on `NODE#hash`.
pub const FEATURE: Feature = Feature { vars: &[ns::CAPS], handlers: &[] };

/// The `<c/>` of our presence.
pub fn caps(device: &Device) -> Option<Caps> {
    // The library fails only for algorithms it does not know; SHA-1 is the one the specification names.
    let hash = hash_caps(&compute_disco(&disco::own_info(device)), Algo::Sha_1).ok()?;
    Some(Caps::new(NODE, hash))
}
