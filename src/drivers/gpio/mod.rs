//! Lines of the kernel's GPIO character device (uAPI v2), found by chip label and line name, never by number.
//! A request carries bias, active level and, for outputs, the value, so that no line is ever half set up.

mod chip;
mod counter;
mod error;
mod input;
mod lost;
mod output;
mod settle;
mod survey;

pub(in crate::drivers) use counter::count;
pub(super) use error::Away;
pub use error::GpioError;
pub use input::{Help, listen, listen_with};
pub(super) use output::OutputLine;
pub(super) use output::hold;
pub use survey::{missing, survey};

/// What `gpioinfo` shows as the user of our lines.
const CONSUMER: &str = "katydid";
