//! What the kernel measures: how sysfs calls it, and what one of its numbers is in the unit people use. The only
//! place where units are converted.

/// One sort of channel of a kernel interface.
#[derive(Debug, PartialEq)]
pub struct Quantity {
    /// What a channel's name begins with (`temp` in `temp1` and `in_temp_input`).
    pub sysfs: &'static str,
    /// What the kernel's number is multiplied with.
    pub factor: f64,
    /// The unit after that; empty for a pure number.
    pub unit: &'static str,
    /// Digits behind the point that such sensors mean.
    pub decimals: u8,
}

const fn quantity(sysfs: &'static str, factor: f64, unit: &'static str, decimals: u8) -> Quantity {
    Quantity { sysfs, factor, unit, decimals }
}

/// The sorts of hwmon channels (the kernel's Documentation/hwmon/sysfs-interface.rst).
pub const HWMON: &[Quantity] = &[
    quantity("temp", 1e-3, "°C", 1),
    quantity("in", 1e-3, "V", 2),
    quantity("curr", 1e-3, "A", 3),
    quantity("power", 1e-6, "W", 2),
    quantity("energy", 1e-6, "J", 0),
    quantity("humidity", 1e-3, "%", 0),
    quantity("fan", 1.0, "rpm", 0),
    quantity("freq", 1.0, "Hz", 0),
];

/// The sorts of IIO channels (the kernel's Documentation/ABI/testing/sysfs-bus-iio).
pub const IIO: &[Quantity] = &[
    quantity("temp", 1e-3, "°C", 1),
    quantity("pressure", 10.0, "hPa", 1),
    quantity("humidityrelative", 1e-3, "%", 0),
    quantity("voltage", 1e-3, "V", 3),
    quantity("altvoltage", 1e-3, "V", 3),
    quantity("current", 1e-3, "A", 3),
    quantity("power", 1e-3, "W", 2),
    quantity("energy", 1.0, "J", 0),
    quantity("resistance", 1.0, "Ω", 0),
    quantity("capacitance", 1.0, "nF", 1),
    quantity("illuminance", 1.0, "lx", 0),
    quantity("intensity", 1.0, "", 0),
    quantity("uvindex", 1.0, "", 1),
    quantity("proximity", 1.0, "", 0),
    quantity("distance", 1.0, "m", 3),
    quantity("concentration", 1.0, "%", 1),
    quantity("massconcentration", 1.0, "µg/m³", 1),
    quantity("ph", 1.0, "", 2),
    quantity("electricalconductivity", 1.0, "S/m", 3),
    quantity("accel", 1.0, "m/s²", 2),
    quantity("gravity", 1.0, "m/s²", 2),
    quantity("anglvel", 1.0, "rad/s", 3),
    quantity("angl", 180.0 / std::f64::consts::PI, "°", 1),
    quantity("incli", 1.0, "°", 1),
    quantity("magn", 1.0, "G", 3),
    quantity("velocity", 1.0, "m/s", 2),
    quantity("steps", 1.0, "", 0),
];

/// Gases whose share of the air is told in millionths.
const TRACES: Quantity = quantity("concentration", 1e4, "ppm", 0);

impl Quantity {
    /// The sort of a channel by its name (`temp1`, `voltage0-voltage1`, `concentration_co2`); `None` if there is none.
    pub fn of(channel: &str, sorts: &'static [Quantity]) -> Option<&'static Quantity> {
        let sort = channel.split(|c: char| !c.is_ascii_lowercase()).next()?;
        let rest = &channel[sort.len()..];
        if sort == TRACES.sysfs && ["_co2", "_voc"].iter().any(|gas| rest.ends_with(gas)) {
            return Some(&TRACES);
        }
        let well_formed = rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        sorts.iter().find(|quantity| quantity.sysfs == sort && well_formed)
    }

    /// The kernel's number in the unit people use, without the noise of the last binary digits.
    pub fn convert(&self, kernels: f64) -> f64 {
        (kernels * self.factor * 1e9).round() / 1e9
    }

    /// Other ways to write a unit that mean the same.
    pub fn spellings(unit: &str) -> &'static [&'static str] {
        match unit {
            "°C" => &["C", "℃", "degC"],
            "%" => &["percent", "% RH", "%RH"],
            "hPa" => &["mbar"],
            "Ω" => &["Ω", "Ohm", "ohm"],
            "lx" => &["lux"],
            "V" => &["volt", "volts"],
            "A" => &["amp", "amps"],
            "W" => &["watt", "watts"],
            "rpm" => &["RPM", "1/min", "min⁻¹"],
            "µg/m³" => &["μg/m³", "ug/m3", "µg/m3"],
            "m/s²" => &["m/s^2", "m/s2"],
            "h" => &["hours"],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_converted_without_noise() {
        let degrees = |milli| Quantity::of("temp", IIO).map(|quantity| quantity.convert(milli));
        assert_eq!(degrees(27650.0), Some(27.65));
        assert_eq!(degrees(-1250.0), Some(-1.25));
        assert_eq!(degrees(f64::NAN).map(f64::is_nan), Some(true));
    }

    #[test]
    fn a_channel_is_known_by_the_start_of_its_name() {
        let unit = |channel, sorts| Quantity::of(channel, sorts).map(|quantity| quantity.unit);
        assert_eq!(unit("temp1", HWMON), Some("°C"));
        assert_eq!(unit("in0", HWMON), Some("V"));
        assert_eq!(unit("voltage0-voltage1", IIO), Some("V"));
        assert_eq!(unit("humidityrelative", IIO), Some("%"));
        assert_eq!(unit("temp_object", IIO), Some("°C"));
        assert_eq!(unit("concentration_co2", IIO), Some("ppm"));
        assert_eq!(unit("concentration0_o2", IIO), Some("%"));
        for wrong in ["", "1", "temperature", "Temp1", "temp1/../..", "temp 1"] {
            assert_eq!(unit(wrong, IIO), None, "{wrong}");
        }
    }
}
