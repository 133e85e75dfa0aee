//! Conversations with the device as one pure machine: XML and levels in, XML and drives out, on hand-moved time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod adhoc;
mod alarms;
mod chat;
mod component;
mod discovery;
mod edges_of_life;
mod faults;
mod filters;
mod histories;
mod hubs;
mod limits;
mod machines;
mod old_commands;
mod presence;
mod properties;
mod pubsub;
mod rights;
mod rooms;
mod rules;
mod rules_properties;
mod talk;
