//! What the device is: points, values, readings, contacts; the validated [`Device`]. Pure data.

mod account;
mod board;
mod clock;
mod contact;
mod device;
mod inventory;
mod kernel;
mod point;
mod pwm;
mod quantity;
mod reading;
mod room;
mod value;
mod wiring;

pub use account::{Account, Secret, Security, Server};
pub use board::{Board, FoundChip, FoundLine, Pin};
pub use clock::{Moment, Now, parse_duration, show_duration};
pub use contact::{Contact, ContactId, Notify, Role, Scope, Speaks};
pub(crate) use device::DeviceParts;
pub use device::{Device, Limits, PresenceRules};
pub use inventory::{FoundDevice, Inventory};
pub use kernel::{FileInput, HwmonChannel, HwmonInput, IioInput, OneWireInput};
pub use point::{Actuator, ActuatorId, Exit, FilterSpec, Label, LinkLoss, PointId, Sensor, SensorId};
pub use pwm::{LedOutput, Pulse, PwmChannel, PwmOutput, Scale, SoftPwmOutput};
pub use quantity::{HWMON, IIO, Quantity};
pub use reading::{Fault, Quality, Reading};
pub use room::Room;
pub use value::{Kind, Value, ValueError};
pub use wiring::{
    Bias, DriveMode, GpioInput, GpioOutput, Line, SimHabit, SimInput, SimOutput, Sink, Source, SystemFigure,
};
