//! Readings to decisions: filters, limits, rights, and the leave to move an actuator. Pure.

mod acting;
mod alarms;
mod automation;
mod boots;
mod calendar;
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
mod rules;
mod sensing;
mod since;
mod steady;
mod waiting;

pub use alarms::{AlarmEvent, Alarms, Raised};
pub use automation::{Automation, Event};
pub use boots::{Boots, CLEAN_EXIT, CRASHED_WITHIN, CRASHES, HAS_LASTED};
pub use confirm::{ANSWER_WITHIN, Question, Questions, Verdict, seconds};
pub use controller::{Controller, Decision};
pub use drive::{Cause, Drive};
pub use past::Past;
pub use request::{LONGEST, Outcome, PULSE, Refusal, Request, SHORTEST, Ticket, Wish};
pub use rights::{Asker, By, recognise};
pub use rules::{Act, GAP, LATE, PER_MINUTE, RuleEvent, may_know_why};
pub use waiting::CONFIRM_WITHIN;
