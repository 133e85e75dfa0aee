//! Readings to decisions: filters, limits, rights, and the leave to move an actuator. Pure.

mod drive;

pub use drive::{Cause, Drive};
