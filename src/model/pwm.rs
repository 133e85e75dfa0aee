//! Pulse trains: what a value of an actuator means as pulses, and where the pulses go. All lengths in nanoseconds, as
//! the kernel has them.

use super::{GpioOutput, Value};

/// A channel of a PWM controller, by the name of its device (`fe20c000.pwm`), never by the number of its chip.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PwmChannel {
    /// What `/sys/class/pwm/pwmchip*/device` leads to.
    pub chip: String,
    /// Counts from 0 on each chip.
    pub channel: u32,
}

/// An actuator on a PWM channel: a lamp, a fan, a servo.
#[derive(Debug, Clone, PartialEq)]
pub struct PwmOutput {
    /// Which channel.
    pub channel: PwmChannel,
    /// The header pin it comes out at, if the config names one; for people, and for what enables it.
    pub pin: Option<String>,
    /// What goes out.
    pub pulse: Pulse,
}

/// A slow load on an ordinary GPIO line that the program itself switches on and off.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftPwmOutput<P> {
    /// Which line, and how it is driven.
    pub output: GpioOutput<P>,
    /// What goes out; never active-low itself, since the line is.
    pub pulse: Pulse,
}

/// An LED of the kernel's, by its name under `/sys/class/leds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedOutput {
    /// Its name there (`ACT`).
    pub name: String,
    /// It takes %, not two states.
    pub dimmed: bool,
}

/// A train of pulses, and what an actuator's values mean in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pulse {
    /// From the start of one pulse to the start of the next, in ns. Never 0.
    pub period: u64,
    /// The pulse is the low level.
    pub active_low: bool,
    /// What a value means.
    pub scale: Scale,
}

/// What a value means as the length of a pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Two states: no pulse at all, or all of the period.
    OnOff,
    /// Per cent of the period, 0 to 100.
    Percent,
    /// Between the lengths in ns that two values have: a servo's ends, the lower value first, either length the longer.
    Ends {
        /// The lower value and its pulse.
        low: (f64, u64),
        /// The higher value and its pulse.
        high: (f64, u64),
    },
}

impl Pulse {
    /// How long the pulse of a value is, in ns; `None` if it has none: the value is of another kind or out of bounds.
    pub fn width(&self, value: Value) -> Option<u64> {
        let share = match (self.scale, value) {
            (Scale::OnOff, Value::Switch(on)) => return Some(if on { self.period } else { 0 }),
            (Scale::Percent, Value::Number(percent)) => percent / 100.0,
            (Scale::Ends { low, high }, Value::Number(number)) => (number - low.0) / (high.0 - low.0),
            _ => return None,
        };
        let (from, to) = self.ends();
        let width = from + share * (to - from);
        (0.0..=1.0).contains(&share).then_some(width.round() as u64)
    }

    /// What a pulse of `width` ns in a period of `period` ns means, to a hundredth. For a servo it may lie outside the
    /// ends: it is what somebody else has set.
    pub fn value(&self, width: u64, period: u64) -> Value {
        let hundredth = |number: f64| Value::Number((number * 100.0).round() / 100.0 + 0.0);
        match self.scale {
            Scale::OnOff => Value::Switch(width > 0),
            Scale::Percent => hundredth(100.0 * width as f64 / period.max(1) as f64),
            Scale::Ends { low, high } => {
                let (from, to) = self.ends();
                hundredth(low.0 + (width as f64 - from) / (to - from) * (high.0 - low.0))
            }
        }
    }

    /// The pulses of the lowest and the highest value.
    fn ends(&self) -> (f64, f64) {
        match self.scale {
            Scale::Ends { low, high } => (low.1 as f64, high.1 as f64),
            Scale::OnOff | Scale::Percent => (0.0, self.period as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lamp(scale: Scale) -> Pulse {
        Pulse { period: 1_000_000, active_low: false, scale }
    }

    #[test]
    fn per_cent_are_a_share_of_the_period() {
        let lamp = lamp(Scale::Percent);
        for (percent, width) in [(0.0, 0), (37.3, 373_000), (100.0, 1_000_000)] {
            assert_eq!(lamp.width(Value::Number(percent)), Some(width));
            assert_eq!(lamp.value(width, lamp.period), Value::Number(percent));
        }
        assert_eq!(lamp.value(1_000, 4_000), Value::Number(25.0), "in whatever period is in force");
        for wrong in [Value::Number(-0.1), Value::Number(100.1), Value::Switch(true), Value::Choice(0)] {
            assert_eq!(lamp.width(wrong), None);
        }
    }

    #[test]
    fn two_states_are_nothing_and_all() {
        let lamp = lamp(Scale::OnOff);
        assert_eq!((lamp.width(Value::Switch(false)), lamp.width(Value::Switch(true))), (Some(0), Some(1_000_000)));
        assert_eq!((lamp.value(0, 9), lamp.value(9, 9)), (Value::Switch(false), Value::Switch(true)));
        assert_eq!(lamp.width(Value::Number(1.0)), None);
    }

    #[test]
    fn a_servo_may_turn_the_other_way() {
        for (left, right) in [(1_000_000, 2_000_000), (2_000_000, 1_000_000)] {
            let scale = Scale::Ends { low: (-90.0, left), high: (90.0, right) };
            let servo = Pulse { period: 20_000_000, active_low: false, scale };
            let width = |angle| servo.width(Value::Number(angle));
            assert_eq!((width(-90.0), width(0.0), width(90.0)), (Some(left), Some(1_500_000), Some(right)));
            assert_eq!(width(90.5), None);
            assert_eq!(servo.value(right, 20_000_000), Value::Number(90.0));
        }
    }
}
