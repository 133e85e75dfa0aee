//! The connection against a real server: Home, started for each test by `prosody.sh` on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "tests")]

mod daemon;
mod first;
mod flood;
mod home;
mod login;
mod matrix;
mod outage;
mod peer;
mod proxy;
mod raw;
