//! What the device is: points, values, readings, contacts; the validated [`Device`]. Pure data.

mod account;
mod alarm;
mod board;
mod clip;
mod clock;
mod contact;
mod counter;
mod curve;
mod device;
mod filter;
mod gesture;
mod guard;
mod inventory;
mod kernel;
mod phrase;
mod point;
mod pubsub;
mod pwm;
mod quantity;
mod reading;
mod room;
mod rule;
mod schedule;
mod sun;
mod trigger;
mod value;
mod wiring;

pub use account::{Account, Secret, Security, Server};
pub use alarm::{Alarm, AlarmId, Priority};
pub use board::{Board, FoundChip, FoundLine, Pin};
pub use clip::{QUOTED, clip};
pub use clock::{Moment, Now, parse_duration, show_duration};
pub use contact::{Contact, ContactId, Notify, Role, Scope, Speaks};
pub use counter::{CounterInput, Gives, PulseValue, Pulses};
pub use curve::Curve;
pub use device::{Device, Limits, PresenceRules, StoreRules};
pub(crate) use device::{DeviceParts, Draft};
pub use filter::{Accepts, DeltaStep, FilterSpec};
pub use gesture::{Gesture, Gestures};
pub use guard::{Confirm, Guard, Interlock, Ramp, Start};
pub use inventory::{FoundDevice, Inventory};
pub use kernel::{FileInput, HwmonChannel, HwmonInput, IioInput, OneWireInput};
pub use point::{Actuator, ActuatorId, Exit, Label, LinkLoss, PointId, Sensor, SensorId};
pub use pubsub::PubSubRules;
pub use pwm::{LedOutput, Pulse, PwmChannel, PwmOutput, Scale, SoftPwmOutput};
pub use quantity::{HWMON, IIO, Quantity};
pub use reading::{Fault, Quality, Reading};
pub use room::Room;
pub use rule::{Action, Condition, Mode, Rule, RuleId, Test};
pub use schedule::{DayTime, Days, MOST_SUN_OFFSET, Place, SunEvent, WEEKDAYS, Window};
pub use sun::{Sun, sun};
pub use trigger::Trigger;
pub use value::{Kind, Value, ValueError};
pub use wiring::{
    Bias, DriveMode, GpioInput, GpioOutput, Line, SimHabit, SimInput, SimOutput, Sink, Source, SystemFigure,
};
