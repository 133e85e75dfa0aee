//! Readings to decisions: filters, limits, rights, and the leave to move an actuator. Pure.

mod acting;
mod controller;
mod drive;
mod filters;
mod request;
mod rights;
mod sensing;
mod steady;

pub use acting::CONFIRM_WITHIN;
pub use controller::{Controller, Decision};
pub use drive::{Cause, Drive};
pub use request::{LONGEST, Outcome, PULSE, Refusal, Request, SHORTEST, Ticket, Wish};
pub use rights::{Asker, recognise};
