//! What is there besides GPIO, and what is configured but not there. Nothing is claimed or set, and a sensor that hangs
//! holds up nobody for longer than a second.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use super::gpio::{self, GpioError};
use super::sysfs::{self, Search};
use super::{hwmon, iio, led, onewire, pwm, thermal};
use crate::model::{CounterInput, Device, Fault, FoundChip, FoundDevice, Inventory, Line, Pulses, Sink, Source, Value};

/// A device that is slower shows no values.
const GLANCE: Duration = Duration::from_secs(1);

/// Everything there is now; `root` is where the file system starts ("/", or elsewhere in tests). And what is wrong with
/// GPIO chips that could not be read.
pub fn inventory(device: Option<&Device>, root: &Path) -> (Inventory, Vec<GpioError>) {
    let (chips, closed) = gpio::survey();
    // A chip that may not be opened may well be the one that is missed.
    let missed =
        |device| if closed.is_empty() { absent(device, Some(&chips), root) } else { absent(device, None, root) };
    let absent = device.map(missed).unwrap_or_default();
    (Inventory { devices: devices(root), absent, chips }, closed)
}

/// What the kernel has a driver for.
fn devices(root: &Path) -> Vec<FoundDevice> {
    let mut found = Vec::new();
    for (folder, device) in sysfs::named(&root.join("sys/bus/iio/devices"), "iio:device") {
        let channels = iio::sorts(&folder);
        let values = at_once(channels.clone(), move |channel, quantity| iio::glance(&folder, channel, quantity));
        found.extend(channels.into_iter().zip(values).map(|((channel, quantity), value)| FoundDevice::Iio {
            device: device.clone(),
            channel: printable(&channel),
            quantity,
            value,
        }));
    }
    for (folder, name) in sysfs::named(&root.join("sys/class/hwmon"), "hwmon") {
        let channels = hwmon::sorts(&folder);
        let labels: Vec<_> = channels.iter().map(|(channel, _)| hwmon::label(&folder, channel)).collect();
        let values = at_once(channels.clone(), move |channel, quantity| hwmon::glance(&folder, channel, quantity));
        found.extend(channels.into_iter().zip(labels).zip(values).map(|(((channel, quantity), label), value)| {
            let label = label.map(|label| printable(&label));
            FoundDevice::Hwmon { name: name.clone(), channel: printable(&channel), label, quantity, value }
        }));
    }
    for zone in thermal::zones(root) {
        let value = match thermal::read(&zone, root) {
            Ok(Value::Number(degrees)) => Some(degrees),
            _ => None,
        };
        found.push(FoundDevice::Thermal { zone: printable(&zone), value });
    }
    let ids = onewire::thermometers(&root.join("sys/bus/w1/devices"));
    found.extend(ids.into_iter().map(|id| FoundDevice::OneWire { id: printable(&id) }));
    for chip in sysfs::folders(&root.join("sys/class/pwm")) {
        let channels = sysfs::number(&chip.join("npwm")).unwrap_or_default() as u32;
        let Some(name) = chip.join("device").canonicalize().ok().and_then(|device| base(&device)) else { continue };
        found.push(FoundDevice::Pwm { chip: name, channels });
    }
    let leds = sysfs::folders(&root.join("sys/class/leds"));
    found.extend(leds.iter().filter_map(|led| Some(FoundDevice::Led { name: base(led)? })));
    found
}

/// Points whose device is not there. Without `chips` nothing is known of GPIO.
fn absent(device: &Device, chips: Option<&[FoundChip]>, root: &Path) -> Vec<(String, Fault)> {
    let sensors = device.sensors().map(|(_, sensor)| (&sensor.label, missed_by_sensor(&sensor.source, chips, root)));
    let actuators =
        device.actuators().map(|(_, actuator)| (&actuator.label, missed_by_actuator(&actuator.sink, chips, root)));
    let missed = sensors.chain(actuators).filter_map(|(label, fault)| Some((label.name.clone(), fault?)));
    missed.map(|(name, fault)| (name, Fault(printable(&fault.0)))).collect()
}

fn missed_by_sensor(source: &Source<Line>, chips: Option<&[FoundChip]>, root: &Path) -> Option<Fault> {
    match source {
        Source::Gpio(input) => gpio::missing(&input.line, chips?, root),
        Source::Counter(CounterInput { pulses: Pulses::Line(input), .. }) => gpio::missing(&input.line, chips?, root),
        // Missed by the counter that has the line.
        Source::Counter(_) => None,
        Source::Hwmon(input) => Search::hwmon(root.to_owned(), &input.name).find().err(),
        Source::Iio(input) => Search::iio(root.to_owned(), &input.device).find().err(),
        Source::OneWire(input) => onewire::absent(input, root),
        Source::Thermal(zone) if thermal::zones(root).contains(zone) => None,
        Source::Thermal(zone) => thermal::read(zone, root).err(),
        Source::File(_) | Source::System(_) | Source::Sim(_) => None,
    }
}

fn missed_by_actuator(sink: &Sink<Line>, chips: Option<&[FoundChip]>, root: &Path) -> Option<Fault> {
    match sink {
        Sink::Gpio(output) => gpio::missing(&output.line, chips?, root),
        Sink::SoftPwm(output) => gpio::missing(&output.output.line, chips?, root),
        Sink::Pwm(output) | Sink::PiPwm(output) => pwm::absent(output, root),
        Sink::Led(output) => led::absent(output, root),
        Sink::Sim(_) => None,
    }
}

/// What `read` gives for each of the channels, or nothing for any if that takes long: the thread is left to the kernel,
/// and ends with the program.
fn at_once<Q: Copy + Send + 'static>(
    channels: Vec<(String, Q)>,
    read: impl Fn(&str, Q) -> Option<f64> + Send + 'static,
) -> Vec<Option<f64>> {
    let none = vec![None; channels.len()];
    let (sender, values) = sync_channel(1);
    thread::spawn(move || {
        let values: Vec<_> = channels.iter().map(|(channel, quantity)| read(channel, *quantity)).collect();
        let _ = sender.send(values);
    });
    values.recv_timeout(GLANCE).unwrap_or(none)
}

fn base(path: &Path) -> Option<String> {
    Some(printable(&path.file_name()?.to_string_lossy()))
}

/// What others have named, for a terminal, which must not obey it, or show it backwards.
pub(super) fn printable(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tests::Tree;
    use super::*;
    use crate::model::{Bias, GpioInput, HWMON, IIO, IioInput, OneWireInput, Quantity};

    fn quantity(channel: &str, sorts: &'static [Quantity]) -> &'static Quantity {
        Quantity::of(channel, sorts).unwrap()
    }

    #[test]
    fn everything_is_found_by_the_name_a_config_finds_it_by() {
        let tree = Tree::new(&[
            ("sys/bus/iio/devices/iio:device0/name", "bme280"),
            ("sys/bus/iio/devices/iio:device0/in_temp_input", "25080"),
            ("sys/bus/iio/devices/iio:device1/name", "dht11@4"),
            ("sys/bus/iio/devices/iio:device1/in_temp_input", "no"),
            ("sys/bus/iio/devices/iio:device1/in_odd_raw", "1"),
            ("sys/class/hwmon/hwmon0/name", "power"),
            ("sys/class/hwmon/hwmon0/in1_input", "5023"),
            ("sys/class/hwmon/hwmon0/in1_label", "sup\u{1b}ply"),
            ("sys/class/thermal/thermal_zone0/type", "cpu-thermal"),
            ("sys/class/thermal/thermal_zone0/temp", "48300"),
            ("sys/class/thermal/cooling_device0/type", "Fan"),
            ("sys/bus/w1/devices/28-0316a2795bff/uevent", ""),
            ("sys/bus/w1/devices/w1_bus_master1/uevent", ""),
            ("sys/devices/platform/soc/fe20c000.pwm/uevent", ""),
            ("sys/class/pwm/pwmchip0/npwm", "2"),
            ("sys/class/leds/ACT/trigger", "none"),
        ]);
        tree.link("sys/class/pwm/pwmchip0/device", "sys/devices/platform/soc/fe20c000.pwm");
        let iio = |device: &str, value| FoundDevice::Iio {
            device: device.into(),
            channel: "temp".into(),
            quantity: quantity("temp", IIO),
            value,
        };
        assert_eq!(
            devices(tree.root()),
            [
                iio("bme280", Some(25.08)),
                iio("dht11", None),
                FoundDevice::Hwmon {
                    name: "power".into(),
                    channel: "in1".into(),
                    label: Some("sup?ply".into()),
                    quantity: quantity("in", HWMON),
                    value: Some(5.023),
                },
                FoundDevice::Thermal { zone: "cpu-thermal".into(), value: Some(48.3) },
                FoundDevice::OneWire { id: "28-0316a2795bff".into() },
                FoundDevice::Pwm { chip: "fe20c000.pwm".into(), channels: 2 },
                FoundDevice::Led { name: "ACT".into() },
            ]
        );
        assert_eq!(devices(Tree::new(&[]).root()), []);
    }

    #[test]
    fn two_of_one_name_are_found_by_their_places() {
        let tree = Tree::new(&[
            ("sys/devices/i2c-1/1-0048/hwmon/hwmon0/name", "lm75"),
            ("sys/devices/i2c-1/1-0048/hwmon/hwmon0/temp1_input", "1000"),
            ("sys/devices/i2c-1/1-0048/subsystem", ""),
            ("sys/devices/i2c-1/1-0049/hwmon/hwmon1/name", "lm75"),
            ("sys/devices/i2c-1/1-0049/hwmon/hwmon1/temp1_input", "2000"),
            ("sys/devices/i2c-1/1-0049/subsystem", ""),
        ]);
        tree.link("sys/class/hwmon/hwmon0", "sys/devices/i2c-1/1-0048/hwmon/hwmon0");
        tree.link("sys/class/hwmon/hwmon1", "sys/devices/i2c-1/1-0049/hwmon/hwmon1");
        let names = devices(tree.root()).into_iter().map(|device| match device {
            FoundDevice::Hwmon { name, .. } => name,
            other => panic!("{other:?}"),
        });
        assert_eq!(names.collect::<Vec<_>>(), ["1-0048", "1-0049"]);
    }

    #[test]
    fn a_sensor_that_hangs_shows_no_value_and_holds_nobody_up() {
        let channels = vec![("temp".to_owned(), 0), ("humidity".to_owned(), 0)];
        let values = at_once(channels, |_, _| {
            loop {
                thread::park()
            }
        });
        assert_eq!(values, [None, None]);
    }

    #[test]
    fn what_is_configured_and_not_there_says_what_brings_it() {
        let tree = Tree::new(&[("boot/firmware/config.txt", "")]);
        let chip = |label: &str| FoundChip { label: label.into(), address: Some("1-0021".into()), lines: Vec::new() };
        let missed =
            |source, chips: Option<&[FoundChip]>| missed_by_sensor(&source, chips, tree.root()).map(|fault| fault.0);
        let gpio = |chip: &str| {
            let line = Line { chip: chip.into(), names: Vec::new(), offset: Some(3), pin: "pin 3".into() };
            Source::Gpio(GpioInput { line, bias: Bias::AsIs, active_low: false, debounce: Duration::ZERO })
        };
        let add =
            |line: &str| format!("add the line “dtoverlay={line}” to /boot/firmware/config.txt and restart the board");
        let soc = [chip("pinctrl-bcm2711")];
        let cure = add("mcp23017,addr=0x20,noints");
        let fault = format!("no GPIO chip labelled “mcp23017” (there is: pinctrl-bcm2711); {cure}");
        assert_eq!(missed(gpio("mcp23017"), Some(&soc)), Some(fault));
        assert_eq!(missed(gpio("mcp23017"), Some(&[chip("mcp23017")])), None);
        assert_eq!(missed(gpio("1-0021"), Some(&[chip("mcp23017")])), None, "by its address");
        assert_eq!(missed(gpio("mcp23017"), None), None, "nobody knows");
        let quantity = quantity("temp", IIO);
        let iio = Source::Iio(IioInput { device: "bme280".into(), channel: "temp".into(), quantity });
        assert_eq!(missed(iio, None), Some(format!("no IIO device “bme280”; {}", add("i2c-sensor,bme280"))));
        let id = || Source::OneWire(OneWireInput { id: Some("28-0316a2795bff".into()) });
        assert_eq!(missed(id(), None), Some(format!("no 1-Wire bus; {}", add("w1-gpio"))));
        tree.write("sys/bus/w1/devices/w1_bus_master1/uevent", "");
        let silent = "28-0316a2795bff does not answer rightly: unplugged, or a bad connection";
        assert_eq!(missed(id(), None), Some(silent.into()));
        tree.write("sys/bus/w1/devices/28-0316a2795bff/uevent", "");
        assert_eq!(missed(id(), None), None);
        assert!(missed(Source::Thermal("cpu-thermal".into()), None).unwrap().starts_with("no thermal zone"));
        assert_eq!(missed(Source::System(crate::model::SystemFigure::Load), None), None);
    }
}
