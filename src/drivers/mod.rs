//! Lines and buses: everything that touches hardware. Drivers report and obey; they decide nothing.

mod feed;

pub use feed::{Feed, Report};
