//! The connection against a real server: Prosody, started for each test by `prosody.sh` on loopback.

mod flood;
mod login;
mod outage;
mod peer;
mod prosody;
mod proxy;
