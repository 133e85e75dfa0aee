//! Pulses, and what they mean: litres, kilowatt hours, millimetres of rain.

use std::time::Duration;

use super::GpioInput;

/// A number made of counted pulses.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterInput<P> {
    /// Which pulses.
    pub pulses: Pulses<P>,
    /// What a pulse is in the sensor's unit.
    pub scale: PulseValue,
    /// Which number.
    pub gives: Gives,
}

/// Where pulses come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Pulses<P> {
    /// An input line: each change to its active level that holds is one.
    Line(GpioInput<P>),
    /// Those that the sensor of this name counts.
    Of(String),
}

/// What a pulse is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PulseValue {
    /// Each is so many units. Not 0.
    Each(f64),
    /// So many are one unit. Above 0.
    PerUnit(f64),
}

impl PulseValue {
    /// So many pulses in the sensor's unit. One multiplication or division, so it does not drift however many there are.
    pub fn of(self, pulses: f64) -> f64 {
        match self {
            PulseValue::Each(units) => pulses * units,
            PulseValue::PerUnit(count) => pulses / count,
        }
    }
}

/// Which number is made of the pulses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// All there ever were.
    Total,
    /// How many come in this time.
    Rate(Duration),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_exact_after_a_hundred_years() {
        let pulses = 5000_u64 * 3600 * 24 * 365 * 100;
        let one_more =
            PulseValue::PerUnit(1000.0).of((pulses + 1000) as f64) - PulseValue::PerUnit(1000.0).of(pulses as f64);
        assert!((one_more - 1.0).abs() < 1e-5, "{one_more}");
        assert_eq!(PulseValue::Each(0.5).of(3.0), 1.5);
    }
}
