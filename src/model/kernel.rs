//! Sensors that the kernel has a driver for: how its interfaces are told what is meant. Always by name, never by the
//! number of a device, which changes from start to start.

use super::Quantity;

/// A channel of a hardware monitoring chip (`/sys/class/hwmon`).
#[derive(Debug, Clone, PartialEq)]
pub struct HwmonInput {
    /// The chip's name or label, or its bus address (`1-0048`) where several have that name.
    pub name: String,
    /// Which of its channels.
    pub channel: HwmonChannel,
    /// What it measures.
    pub quantity: &'static Quantity,
}

/// How a channel of a hardware monitoring chip is found.
#[derive(Debug, Clone, PartialEq)]
pub enum HwmonChannel {
    /// By its name (`temp1`).
    Named(String),
    /// By what its driver calls it (`Tctl`), among the channels of the quantity.
    Labelled(String),
}

/// A channel of a device of the kernel's Industrial I/O (`/sys/bus/iio`).
#[derive(Debug, Clone, PartialEq)]
pub struct IioInput {
    /// The device's label or name, or its bus address (`1-0076`) where several have that name.
    pub device: String,
    /// The channel without `in_` and `_input` or `_raw` (`temp`, `voltage0`).
    pub channel: String,
    /// What it measures.
    pub quantity: &'static Quantity,
}

/// A thermometer on a 1-Wire bus, by its id (`28-0316a2795bff`); `None` is the only one there is.
#[derive(Debug, Clone, PartialEq)]
pub struct OneWireInput {
    /// Family and serial number.
    pub id: Option<String>,
}

/// A number in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileInput {
    /// Its path.
    pub path: String,
    /// What stands before and after the number, runs of white space counting as one space; `None` takes the first
    /// word of the file.
    pub around: Option<(String, String)>,
    /// The number is multiplied with this,
    pub factor: f64,
    /// and then this is added.
    pub offset: f64,
}
