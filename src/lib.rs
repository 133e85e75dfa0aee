//! Katydid: the pins of an embedded Linux board as an XMPP contact.
//!
//! ARCHITECTURE.md is the map. In one breath: `config` turns text into a [`model::Device`]; [`agent::Agent`] is
//! that device as one pure machine (inputs and the time in, effects out); `drivers` and `link` carry hardware
//! and XMPP to it; `run` is the loop that owns the clock and joins them.

pub mod agent;
pub mod args;
pub mod clock;
pub mod config;
pub mod control;
pub mod drivers;
pub mod first;
pub mod link;
pub mod logging;
pub mod model;
pub mod run;
pub mod store;
mod systemd;
pub mod xmpp;
