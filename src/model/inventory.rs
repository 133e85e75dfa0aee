//! What a machine has at this moment that a point may use: to look at, not to keep.

use super::{Fault, FoundChip, Quantity};

/// All of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inventory {
    /// The GPIO chips.
    pub chips: Vec<FoundChip>,
    /// Everything else the kernel has a driver for.
    pub devices: Vec<FoundDevice>,
    /// Configured points whose device is not there, by name, and what would bring it.
    pub absent: Vec<(String, Fault)>,
}

/// Something a sensor can read or an actuator can set, by the name a config finds it by. A value is in the unit of its
/// quantity; `None` if it could not be read at once.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundDevice {
    /// A channel of an Industrial I/O device.
    Iio {
        /// The device's label or name, or its bus address where several have that name.
        device: String,
        /// Like `temp`.
        channel: String,
        /// What it measures.
        quantity: &'static Quantity,
        /// What it reads now.
        value: Option<f64>,
    },
    /// A channel of a hardware monitoring chip.
    Hwmon {
        /// The chip's name, or its bus address where several have it.
        name: String,
        /// Like `temp1`.
        channel: String,
        /// What its driver calls the channel.
        label: Option<String>,
        /// What it measures.
        quantity: &'static Quantity,
        /// What it reads now.
        value: Option<f64>,
    },
    /// A thermal zone by its type.
    Thermal {
        /// The type.
        zone: String,
        /// In °C.
        value: Option<f64>,
    },
    /// A thermometer on a 1-Wire bus. It is not read: a conversion takes a second.
    OneWire {
        /// Family and serial number.
        id: String,
    },
    /// A PWM chip.
    Pwm {
        /// The name of its device.
        chip: String,
        /// How many channels it has; they count from 0.
        channels: u32,
    },
    /// A light emitting diode of the kernel's.
    Led {
        /// Its name.
        name: String,
    },
}
