//! Channels of the kernel's Industrial I/O devices.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::sysfs::{self, Search};
use crate::model::{Fault, IIO, IioInput, Quantity, Value};

/// A DHT11 loses a reading in twenty, which is nothing to tell anybody.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(700);

/// How to read one channel; `root` is where the file system starts ("/", or elsewhere in tests).
pub(super) fn reader(
    input: IioInput,
    root: impl Into<PathBuf>,
) -> impl FnMut() -> Result<Value, Fault> + Send + 'static {
    let mut search = Search::iio(root.into(), &input.device);
    move || read(&input, &search.find()?)
}

fn read(input: &IioInput, device: &Path) -> Result<Value, Fault> {
    let wrong = |why: String| Fault::new(format!("{} {}: {why}", input.device, input.channel));
    let number = measure(device, &input.channel, input.quantity, TRIES).map_err(wrong)?;
    Value::number(input.quantity.convert(number)).ok_or_else(|| Fault::new("not a number"))
}

/// In the kernel's unit: processed by the driver, or raw with offset and scale.
fn measure(device: &Path, channel: &str, quantity: &Quantity, tries: usize) -> Result<f64, String> {
    let file = |what: &str| device.join(format!("in_{channel}_{what}"));
    if file("input").exists() {
        return patiently(tries, PAUSE, || sysfs::number(&file("input")));
    }
    if !file("raw").exists() {
        return Err(match channels(device) {
            channels if channels.is_empty() => "the device has no such channel".into(),
            channels => format!("the device has no such channel (there are: {})", channels.join(", ")),
        });
    }
    let raw = patiently(tries, PAUSE, || sysfs::number(&file("raw")))?;
    let offset = shared(device, channel, quantity, "offset")?.unwrap_or(0.0);
    let scale = match shared(device, channel, quantity, "scale")? {
        Some(scale) => scale,
        None if quantity.unit.is_empty() => 1.0,
        None => return Err("its driver gives no scale, so its numbers have no unit".into()),
    };
    Ok((raw + offset) * scale)
}

/// Tries again after each failure, on a thread that may wait; the last one's reason counts.
fn patiently(tries: usize, pause: Duration, mut read: impl FnMut() -> Result<f64, String>) -> Result<f64, String> {
    for _ in 1..tries {
        if let Ok(number) = read() {
            return Ok(number);
        }
        sleep(pause);
    }
    read()
}

/// What belongs to the channel, else to all channels of its sort: in_voltage0_scale, else in_voltage_scale.
fn shared(device: &Path, channel: &str, quantity: &Quantity, what: &str) -> Result<Option<f64>, String> {
    let without_numbers: String = channel.chars().filter(|c| !c.is_ascii_digit()).collect();
    let names = [channel, &without_numbers, quantity.sysfs];
    let file = names.iter().map(|name| device.join(format!("in_{name}_{what}"))).find(|file| file.exists());
    file.map(|file| sysfs::number(&file)).transpose()
}

/// The device's channels that a config can name, and what each measures.
pub(super) fn sorts(device: &Path) -> Vec<(String, &'static Quantity)> {
    channels(device).into_iter().filter_map(|channel| Some((channel.clone(), Quantity::of(&channel, IIO)?))).collect()
}

/// What a channel reads, if it can be had at the first try.
pub(super) fn glance(device: &Path, channel: &str, quantity: &Quantity) -> Option<f64> {
    measure(device, channel, quantity, 1).ok().map(|number| quantity.convert(number)).filter(|value| value.is_finite())
}

fn channels(device: &Path) -> Vec<String> {
    let names = sysfs::folders(device).into_iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let channel = |name: String| {
        let name = name.strip_prefix("in_")?;
        Some(name.strip_suffix("_input").or_else(|| name.strip_suffix("_raw"))?.to_owned())
    };
    let mut channels: Vec<_> = names.filter_map(channel).collect();
    channels.dedup();
    channels
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tests::Tree;
    use super::*;

    fn ask(device: &str, channel: &str, tree: &Tree) -> Result<f64, String> {
        let quantity = Quantity::of(channel, IIO).unwrap();
        let input = IioInput { device: device.into(), channel: channel.into(), quantity };
        match reader(input, tree.root())() {
            Ok(Value::Number(number)) => Ok(number),
            Ok(other) => panic!("{other:?}"),
            Err(fault) => Err(fault.0),
        }
    }

    fn board() -> Tree {
        Tree::new(&[
            ("sys/bus/iio/devices/iio:device0/name", "bme280"),
            ("sys/bus/iio/devices/iio:device0/in_temp_input", "25080"),
            ("sys/bus/iio/devices/iio:device0/in_pressure_input", "100.653"),
            ("sys/bus/iio/devices/iio:device0/in_humidityrelative_input", "45500"),
            ("sys/bus/iio/devices/iio:device1/name", "ads1015"),
            ("sys/bus/iio/devices/iio:device1/label", "tank"),
            ("sys/bus/iio/devices/iio:device1/in_voltage0_raw", "1000"),
            ("sys/bus/iio/devices/iio:device1/in_voltage0_scale", "3"),
            ("sys/bus/iio/devices/iio:device1/in_voltage1_raw", "1000"),
            ("sys/bus/iio/devices/iio:device1/in_voltage_scale", "2"),
            ("sys/bus/iio/devices/iio:device1/in_voltage0-voltage1_raw", "-100"),
            ("sys/bus/iio/devices/iio:device1/in_voltage-voltage_scale", "5"),
            ("sys/bus/iio/devices/iio:device2/name", "mlx90614"),
            ("sys/bus/iio/devices/iio:device2/in_temp_object_raw", "14907"),
            ("sys/bus/iio/devices/iio:device2/in_temp_object_offset", "-13657.5"),
            ("sys/bus/iio/devices/iio:device2/in_temp_scale", "20"),
            ("sys/bus/iio/devices/iio:device3/name", "odd"),
            ("sys/bus/iio/devices/iio:device3/in_voltage0_raw", "7"),
            ("sys/bus/iio/devices/iio:device3/in_intensity_both_raw", "7"),
        ])
    }

    #[test]
    fn what_the_driver_has_processed_is_told_in_the_unit_people_use() {
        assert_eq!(ask("bme280", "temp", &board()), Ok(25.08));
        assert_eq!(ask("bme280", "pressure", &board()), Ok(1006.53));
        assert_eq!(ask("bme280", "humidityrelative", &board()), Ok(45.5));
    }

    #[test]
    fn a_raw_number_takes_the_nearest_offset_and_scale() {
        assert_eq!(ask("tank", "voltage0", &board()), Ok(3.0));
        assert_eq!(ask("ads1015", "voltage1", &board()), Ok(2.0));
        assert_eq!(ask("tank", "voltage0-voltage1", &board()), Ok(-0.5));
        assert_eq!(ask("mlx90614", "temp_object", &board()), Ok(24.99));
    }

    #[test]
    fn a_reading_that_was_lost_is_asked_for_again_but_not_for_ever() {
        let mut answers =
            [Err("Input/output error".to_owned()), Err("Connection timed out".to_owned()), Ok(7.0)].into_iter();
        assert_eq!(patiently(TRIES, Duration::ZERO, || answers.next().unwrap()), Ok(7.0));
        let mut asked = 0;
        let lost = patiently(TRIES, Duration::ZERO, || {
            asked += 1;
            Err(format!("lost {asked} times"))
        });
        assert_eq!(lost, Err("lost 3 times".into()));
    }

    #[test]
    fn a_raw_number_without_a_scale_is_no_voltage() {
        let why = "its driver gives no scale, so its numbers have no unit";
        assert_eq!(ask("odd", "voltage0", &board()), Err(format!("odd voltage0: {why}")));
        assert_eq!(ask("odd", "intensity_both", &board()), Ok(7.0));
    }

    #[test]
    fn a_missing_device_or_channel_is_a_fault_that_says_what_there_is() {
        let fault = ask("sht4x", "temp", &Tree::new(&[("boot/config.txt", "")])).unwrap_err();
        let line = "add the line “dtoverlay=i2c-sensor,sht4x” to /boot/config.txt and restart the board";
        assert_eq!(fault, format!("no IIO device “sht4x”; {line}"));
        let fault = ask("bme280", "temp", &Tree::new(&[])).unwrap_err();
        let cure = "the kernel's module bmp280-i2c and an entry in the device tree enable it";
        assert_eq!(fault, format!("no IIO device “bme280”; {cure}"));
        let fault = ask("bme280", "illuminance", &board()).unwrap_err();
        let there = "(there are: humidityrelative, pressure, temp)";
        assert_eq!(fault, format!("bme280 illuminance: the device has no such channel {there}"));
    }
}
