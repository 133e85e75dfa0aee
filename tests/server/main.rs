//! The connection against a real server: Prosody, started for each test by `prosody.sh` on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "tests")]

mod daemon;
mod flood;
mod login;
mod outage;
mod peer;
mod prosody;
mod proxy;
mod raw;
