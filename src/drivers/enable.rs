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
