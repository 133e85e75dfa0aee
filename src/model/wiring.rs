//! Where values come from and go. `P` is a pin name in the file and a line in the device.

use std::time::Duration;

use super::{CounterInput, FileInput, HwmonInput, IioInput, LedOutput, OneWireInput, PwmOutput, SoftPwmOutput};

/// A line of a GPIO chip, by the chip's label and the names the kernel may give the line: chip numbers, and the
/// offsets of a processor's lines, move between boards and kernels. A pin of an expander goes by its number, which is
/// printed in its data sheet; the kernel has no names for these.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// The chip's label (`pinctrl-bcm2711`), or its bus address (`1-0020`) where several have that label.
    pub chip: String,
    /// Names of the line, first match wins (kernels disagree: `SDA1` is `GPIO2` elsewhere). Empty only where there is
    /// an offset.
    pub names: Vec<String>,
    /// The pin's number on an expander.
    pub offset: Option<u32>,
    /// The header pin's name on this board, for people.
    pub pin: String,
}

impl Line {
    /// May its chip have this label? `gpio-*` stands for every label that begins so: some drivers number their chips
    /// in the order in which they find them.
    pub fn is_on(&self, label: &str) -> bool {
        self.chip.strip_suffix('*').map_or(self.chip == label, |start| label.starts_with(start))
    }
}

/// Where a sensor's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source<P> {
    /// An input line of the kernel's GPIO character device.
    Gpio(GpioInput<P>),
    /// Pulses on such a line, counted.
    Counter(CounterInput<P>),
    /// A channel of a hardware monitoring chip.
    Hwmon(HwmonInput),
    /// A channel of an Industrial I/O device.
    Iio(IioInput),
    /// A thermometer on a 1-Wire bus, in °C.
    OneWire(OneWireInput),
    /// A thermal zone by its type, in °C; the hottest, if several have that type.
    Thermal(String),
    /// A number in a file, such as the kernel has under /sys and /proc.
    File(FileInput),
    /// A figure of the Linux system itself.
    System(SystemFigure),
    /// The simulated board.
    Sim(SimInput<P>),
}

/// Where an actuator's values go.
#[derive(Debug, Clone, PartialEq)]
pub enum Sink<P> {
    /// An output line of the kernel's GPIO character device.
    Gpio(GpioOutput<P>),
    /// A channel of a PWM controller: a lamp, a fan, a servo.
    Pwm(PwmOutput),
    /// The same, driven by rppal.
    PiPwm(PwmOutput),
    /// Slow pulses by the program itself on a GPIO line.
    SoftPwm(SoftPwmOutput<P>),
    /// One of the kernel's LEDs.
    Led(LedOutput),
    /// The simulated board.
    Sim(SimOutput<P>),
}

/// An input line and how to listen to it.
#[derive(Debug, Clone, PartialEq)]
pub struct GpioInput<P> {
    /// Which line.
    pub line: P,
    /// The resistor the chip is asked for.
    pub bias: Bias,
    /// The line's low level counts as active.
    pub active_low: bool,
    /// A level counts only once it has held this long; zero takes every edge.
    pub debounce: Duration,
}

/// An output line and how to drive it.
#[derive(Debug, Clone, PartialEq)]
pub struct GpioOutput<P> {
    /// Which line.
    pub line: P,
    /// The line's low level counts as active.
    pub active_low: bool,
    /// How the two levels are driven.
    pub drive: DriveMode,
}

/// The resistor of an input line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bias {
    /// As the chip has it.
    #[default]
    AsIs,
    /// None.
    Disabled,
    /// To the supply.
    PullUp,
    /// To ground.
    PullDown,
}

/// How an output's levels are driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriveMode {
    /// Both levels.
    #[default]
    PushPull,
    /// Low only; high floats.
    OpenDrain,
    /// High only; low floats.
    OpenSource,
}

/// A figure of the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum SystemFigure {
    /// The processor's temperature in °C (the hottest thermal zone of type `cpu*`, else zone 0).
    CpuTemperature,
    /// The load average of the last minute, a pure number.
    Load,
    /// Memory in use, in % of all.
    Memory,
    /// Space in use on the file system that holds this path, in %.
    Disk(String),
    /// Hours since the machine started.
    Uptime,
}

/// A simulated input.
#[derive(Debug, Clone, PartialEq)]
pub struct SimInput<P> {
    /// Which line of the simulated board.
    pub line: P,
    /// What it does by itself.
    pub habit: SimHabit,
}

/// What a simulated input does by itself. The simulator's control socket can move it at any time.
#[derive(Debug, Clone, PartialEq)]
pub enum SimHabit {
    /// Nothing: it starts at this number (0 and 1 for two-state points) and waits for the control socket.
    Still(f64),
    /// A two-state input that changes each time this much has passed.
    Toggles(Duration),
    /// A number that swings between two ends, there and back in `over`.
    Drifts {
        /// Lowest.
        from: f64,
        /// Highest.
        to: f64,
        /// Time for a full swing.
        over: Duration,
    },
}

/// A simulated output.
#[derive(Debug, Clone, PartialEq)]
pub struct SimOutput<P> {
    /// Which line of the simulated board.
    pub line: P,
}
