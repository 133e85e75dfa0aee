//! Readings to decisions: filters, limits, rights, and the leave to move an actuator. Pure.

mod acting;
mod boots;
mod confirm;
mod controller;
mod deadlines;
mod drive;
mod filters;
mod hand;
mod history;
mod interlock;
mod limits;
mod loss;
mod past;
mod ramp;
mod record;
mod request;
mod rights;
mod sensing;
mod since;
mod steady;
mod waiting;

pub use boots::{Boots, CLEAN_EXIT, CRASHED_WITHIN, CRASHES};
pub use confirm::{ANSWER_WITHIN, Question, Questions, Verdict, seconds};
pub use controller::{Controller, Decision};
pub use drive::{Cause, Drive};
pub use past::Past;
pub use request::{LONGEST, Outcome, PULSE, Refusal, Request, SHORTEST, Ticket, Wish};
pub use rights::{Asker, By, recognise};
pub use waiting::CONFIRM_WITHIN;
