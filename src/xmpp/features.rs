//! The list of features. A feature is one file and one line here; service discovery is the sum of what they
//! declare.

use super::iq::Handler;
use super::{adhoc, caps, disco, iot, last, ping, receipts, time, version};

/// Something the device can do on the network.
pub struct Feature {
    /// What it adds to the device's own disco#info.
    pub vars: &'static [&'static str],
    /// The requests it answers.
    pub handlers: &'static [Handler],
}

/// All of them.
pub const FEATURES: &[Feature] = &[
    disco::FEATURE,
    caps::FEATURE,
    adhoc::FEATURE,
    iot::SENSOR_DATA,
    iot::CONTROL,
    ping::FEATURE,
    version::FEATURE,
    time::FEATURE,
    last::FEATURE,
    receipts::FEATURE,
];
