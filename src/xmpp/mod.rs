//! Decisions to stanzas and back: one file per protocol feature. Pure.

pub mod adhoc;
pub mod alarms;
pub mod caps;
pub mod chat;
pub mod component;
pub mod disco;
mod features;
pub mod hub;
pub mod iot;
pub mod iq;
pub mod journal;
pub mod last;
pub mod message;
pub mod muc;
pub mod notices;
pub mod ping;
pub mod presence;
pub mod pubsub;
pub mod rate;
pub mod receipts;
pub mod roster;
mod scene;
pub mod time;
pub mod version;
pub mod words;

pub use features::{FEATURES, Feature};
pub use scene::Scene;
