//! Lines and buses: everything that touches hardware. Drivers report and obey; they decide nothing.
//!
//! One task per point, so that a broken line stops nobody else. Whoever holds an output drives its exit value
//! when it lets go, for whatever reason it does.

mod enable;
mod feed;
mod file;
mod fleet;
mod held;
mod hwmon;
mod iio;
mod inventory;
mod led;
mod meter;
mod onewire;
mod point;
mod polled;
mod pwm;
mod retry;
mod softpwm;
mod sysfs;
mod tally;
mod thermal;

pub mod gpio;
pub mod pi;
pub mod sim;
pub mod system;

pub use feed::{Feed, Report};
pub use fleet::Drivers;
pub use inventory::inventory;
pub use point::{FirstTry, Order, Orders, Task, actuator_task, counter_task, sensor_task};
pub use tally::Tallies;
