//! What brings a device that is configured but not there: the line of a Raspberry Pi's config.txt where there is such
//! a file, the module elsewhere.

use std::path::Path;

/// Sensors the overlay `i2c-sensor` knows by the name their driver gives them
/// (github.com/raspberrypi/linux, arch/arm/boot/dts/overlays/i2c-sensor-common.dtsi).
const I2C_SENSORS: &[&str] = &[
    "adt7410", "aht10", "bh1750", "bme280", "bme680", "bmp085", "bmp180", "bmp280", "bmp380", "ccs811", "ds1621",
    "htu21", "jc42", "lm75", "max30102", "ms5637", "ms5803", "ms5805", "ms5837", "ms8607", "mpu6050", "mpu9250",
    "sgp30", "sht3x", "sht4x", "si7020", "sps30", "tmp102", "tsl4531", "veml6070",
];

/// Overlays of their own, with what they must be told at least.
const OVERLAYS: &[(&str, &str)] = &[
    ("ads1015", "ads1015"),
    ("ads1115", "ads1115"),
    ("dht11", "dht11,gpiopin=4"),
    ("mcp3008", "mcp3008,spi0-0-present"),
    ("mcp3202", "mcp3202,spi0-0-present"),
];

/// GPIO expanders by the label their driver gives them: overlay and module. `noints`: else the overlay takes GPIO4 for
/// an interrupt.
const EXPANDERS: &[(&str, &str, &str)] = &[
    ("mcp23008", "mcp23017,mcp23008,addr=0x20,noints", "pinctrl-mcp23s08_i2c"),
    ("mcp23017", "mcp23017,addr=0x20,noints", "pinctrl-mcp23s08_i2c"),
    ("pcf8574", "pcf857x,pcf8574,addr=0x20", "gpio-pcf857x"),
    ("pcf8574a", "pcf857x,pcf8574a,addr=0x38", "gpio-pcf857x"),
    ("pcf8575", "pcf857x,pcf8575,addr=0x20", "gpio-pcf857x"),
];

/// Drivers whose module is not called as the device is.
const MODULES: &[(&str, &str)] = &[
    ("ads1015", "ti-ads1015"),
    ("ads1115", "ti-ads1015"),
    ("bme280", "bmp280-i2c"),
    ("bme680", "bme680_i2c"),
    ("bmp085", "bmp280-i2c"),
    ("bmp180", "bmp280-i2c"),
    ("bmp280", "bmp280-i2c"),
    ("bmp380", "bmp280-i2c"),
    ("mcp3008", "mcp320x"),
    ("mcp3202", "mcp320x"),
    ("mpu6050", "inv-mpu6050-i2c"),
    ("mpu9250", "inv-mpu6050-i2c"),
    ("sps30", "sps30_i2c"),
    ("tmp75", "lm75"),
];

/// For a device by the name its driver gives it; `root` is where the file system starts.
pub(super) fn device(root: &Path, name: &str) -> String {
    if let Some(file) = config_txt(root) {
        let overlay = OVERLAYS.iter().find(|(device, _)| *device == name).map(|(_, overlay)| (*overlay).to_owned());
        let overlay = overlay.or_else(|| I2C_SENSORS.contains(&name).then(|| format!("i2c-sensor,{name}")));
        return match overlay {
            Some(overlay) => add(&overlay, file),
            None => format!("a dtoverlay= line in {file} enables it"),
        };
    }
    let module = MODULES.iter().find(|(device, _)| *device == name).map_or(name, |(_, module)| *module);
    format!("the kernel's module {module} and an entry in the device tree enable it")
}

/// For a GPIO expander by its label or its place on an I2C bus; `None` if it is neither known here.
pub(super) fn expander(root: &Path, label: &str) -> Option<String> {
    if let Some((_, overlay, module)) = EXPANDERS.iter().find(|(name, ..)| *name == label) {
        return Some(match config_txt(root) {
            Some(file) => add(overlay, file),
            None => format!("the kernel's module {module} and an entry in the device tree enable it"),
        });
    }
    let (bus, place) = label.split_once('-')?;
    let address = u8::from_str_radix(place, 16).ok().filter(|_| place.len() == 4 && bus.parse::<u8>().is_ok())?;
    Some(match config_txt(root) {
        Some(file) => format!("a dtoverlay= line with addr={address:#04x} in {file} enables it"),
        None => format!("the kernel's module for the chip at {address:#04x} and an entry in the device tree enable it"),
    })
}

/// For a 1-Wire bus.
pub(super) fn onewire(root: &Path) -> String {
    match config_txt(root) {
        Some(file) => add("w1-gpio", file),
        None => {
            "the kernel's module w1-gpio and an entry in the device tree, or the adapter's own module, enable it".into()
        }
    }
}

/// For a PWM controller, at a header pin if one is named. Pins and functions as in
/// github.com/raspberrypi/linux, arch/arm/boot/dts/overlays/README, `pwm`.
pub(super) fn pwm(root: &Path, pin: Option<&str>) -> String {
    let Some(file) = config_txt(root) else {
        return "the controller's driver and an entry in the device tree enable it".into();
    };
    match pin {
        Some("GPIO12") => add("pwm,pin=12,func=4", file),
        Some("GPIO13") => add("pwm,pin=13,func=4", file),
        Some("GPIO18") => add("pwm,pin=18,func=2", file),
        Some("GPIO19") => add("pwm,pin=19,func=2", file),
        _ => format!("a dtoverlay=pwm line in {file} enables it"),
    }
}

fn add(overlay: &str, file: &str) -> String {
    format!("add the line “dtoverlay={overlay}” to {file} and restart the board")
}

/// The file that a Raspberry Pi's firmware reads.
fn config_txt(root: &Path) -> Option<&'static str> {
    ["/boot/firmware/config.txt", "/boot/config.txt"].into_iter().find(|file| root.join(&file[1..]).exists())
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tests::Tree;
    use super::*;

    #[test]
    fn an_expander_is_known_by_its_label_or_its_place() {
        let (pi, other) = (Tree::new(&[("boot/config.txt", "")]), Tree::new(&[]));
        let on_pi = |label| expander(pi.root(), label);
        let line = "add the line “dtoverlay=pcf857x,pcf8574a,addr=0x38” to /boot/config.txt and restart the board";
        assert_eq!(on_pi("pcf8574a").as_deref(), Some(line));
        assert_eq!(on_pi("1-0021").as_deref(), Some("a dtoverlay= line with addr=0x21 in /boot/config.txt enables it"));
        let module = "the kernel's module pinctrl-mcp23s08_i2c and an entry in the device tree enable it";
        assert_eq!(expander(other.root(), "mcp23008").as_deref(), Some(module));
        for label in ["pinctrl-rp1", "gpio-0-31", "1-21", "a-0021"] {
            assert_eq!(on_pi(label), None, "{label}");
        }
    }
}
