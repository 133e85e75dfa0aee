//! Channels of the kernel's hardware monitoring chips.

use std::path::{Path, PathBuf};

use super::sysfs::{self, Search};
use crate::model::{Fault, HWMON, HwmonChannel, HwmonInput, Quantity, Value};

/// How to read one channel; `root` is where the file system starts ("/", or elsewhere in tests).
pub(super) fn reader(
    input: HwmonInput,
    root: impl Into<PathBuf>,
) -> impl FnMut() -> Result<Value, Fault> + Send + 'static {
    let mut search = Search::hwmon(root.into(), &input.name);
    move || read(&input, &search.find()?)
}

fn read(input: &HwmonInput, chip: &Path) -> Result<Value, Fault> {
    let name = &input.name;
    let channel = match &input.channel {
        HwmonChannel::Named(channel) => channel.clone(),
        HwmonChannel::Labelled(label) => labelled(chip, label, input)?,
    };
    let file = |what: &str| chip.join(format!("{channel}_{what}"));
    // Only chips that notice a broken sensor have it.
    if sysfs::number(&file("fault")).is_ok_and(|fault| fault != 0.0) {
        return Err(Fault::new(format!("{name} says that the sensor of {channel} is broken")));
    }
    let value = match file("input").exists() {
        false if file("average").exists() => file("average"),
        false => return Err(Fault::new(format!("{name} has no channel {channel}{}", others(chip, input)))),
        true => file("input"),
    };
    let number = sysfs::number(&value).map_err(|why| Fault::new(format!("{name} {channel}: {why}")))?;
    Value::number(input.quantity.convert(number)).ok_or_else(|| Fault::new("not a number"))
}

fn labelled(chip: &Path, label: &str, input: &HwmonInput) -> Result<String, Fault> {
    let channels = channels(chip, "label", input.quantity.sysfs);
    let carries =
        |channel: &String| sysfs::text(&chip.join(format!("{channel}_label"))).is_ok_and(|text| text == label);
    channels
        .into_iter()
        .find(carries)
        .ok_or_else(|| Fault::new(format!("{} has no {} channel labelled “{label}”", input.name, input.quantity.sysfs)))
}

/// The chip's channels that a config can name, and what each measures.
pub(super) fn sorts(chip: &Path) -> Vec<(String, &'static Quantity)> {
    let of = |quantity: &'static Quantity| {
        let mut found = channels(chip, "input", quantity.sysfs);
        found.extend(channels(chip, "average", quantity.sysfs));
        found.sort();
        found.dedup();
        found.into_iter().map(move |channel| (channel, quantity))
    };
    HWMON.iter().flat_map(of).collect()
}

/// What the driver calls a channel.
pub(super) fn label(chip: &Path, channel: &str) -> Option<String> {
    sysfs::text(&chip.join(format!("{channel}_label"))).ok().filter(|label| !label.is_empty())
}

/// What a channel reads now.
pub(super) fn glance(chip: &Path, channel: &str, quantity: &'static Quantity) -> Option<f64> {
    let input = HwmonInput { name: String::new(), channel: HwmonChannel::Named(channel.to_owned()), quantity };
    match read(&input, chip) {
        Ok(Value::Number(number)) => Some(number),
        _ => None,
    }
}

fn others(chip: &Path, input: &HwmonInput) -> String {
    match channels(chip, "input", input.quantity.sysfs) {
        channels if channels.is_empty() => String::new(),
        channels => format!(" (there are: {})", channels.join(", ")),
    }
}

/// The channels of one sort that have this file.
fn channels(chip: &Path, file: &str, sort: &str) -> Vec<String> {
    let names = sysfs::folders(chip).into_iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let channel = |name: String| {
        let channel = name.strip_suffix(file)?.strip_suffix('_')?;
        let number = channel.strip_prefix(sort)?;
        (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| channel.to_owned())
    };
    names.filter_map(channel).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tests::Tree;
    use super::*;

    fn named(name: &str, channel: &str) -> HwmonInput {
        let quantity = Quantity::of(channel, HWMON).unwrap();
        HwmonInput { name: name.into(), channel: HwmonChannel::Named(channel.into()), quantity }
    }

    fn ask(input: &HwmonInput, tree: &Tree) -> Result<f64, String> {
        match reader(input.clone(), tree.root())() {
            Ok(Value::Number(number)) => Ok(number),
            Ok(other) => panic!("{other:?}"),
            Err(fault) => Err(fault.0),
        }
    }

    fn board() -> Tree {
        Tree::new(&[
            ("sys/class/hwmon/hwmon0/name", "cpu_thermal"),
            ("sys/class/hwmon/hwmon0/temp1_input", "48312"),
            ("sys/class/hwmon/hwmon1/name", "power"),
            ("sys/class/hwmon/hwmon1/in1_input", "5023"),
            ("sys/class/hwmon/hwmon1/in1_label", "supply"),
            ("sys/class/hwmon/hwmon1/in2_input", "3312"),
            ("sys/class/hwmon/hwmon1/in2_label", "logic"),
            ("sys/class/hwmon/hwmon1/curr1_input", "250"),
            ("sys/class/hwmon/hwmon1/power1_average", "1250000"),
            ("sys/class/hwmon/hwmon1/fan1_input", "1200"),
            ("sys/class/hwmon/hwmon1/humidity1_input", "45500"),
        ])
    }

    #[test]
    fn each_sort_of_channel_is_told_in_its_unit() {
        let board = board();
        for (name, channel, value) in [
            ("cpu_thermal", "temp1", 48.312),
            ("power", "in1", 5.023),
            ("power", "curr1", 0.25),
            ("power", "power1", 1.25),
            ("power", "fan1", 1200.0),
            ("power", "humidity1", 45.5),
        ] {
            assert_eq!(ask(&named(name, channel), &board), Ok(value), "{channel}");
        }
    }

    #[test]
    fn a_channel_is_found_by_its_label() {
        let labelled =
            |label: &str| HwmonInput { channel: HwmonChannel::Labelled(label.into()), ..named("power", "in") };
        assert_eq!(ask(&labelled("logic"), &board()), Ok(3.312));
        let fault = ask(&labelled("motor"), &board()).unwrap_err();
        assert_eq!(fault, "power has no in channel labelled “motor”");
    }

    #[test]
    fn a_missing_chip_or_channel_is_a_fault_that_says_what_there_is() {
        let fault = ask(&named("lm75", "temp1"), &board()).unwrap_err();
        let cure = "the kernel's module lm75 and an entry in the device tree enable it";
        assert_eq!(fault, format!("no hwmon chip “lm75” (there are: cpu_thermal, power); {cure}"));
        let fault = ask(&named("power", "in7"), &board()).unwrap_err();
        assert_eq!(fault, "power has no channel in7 (there are: in1, in2)");
    }

    #[test]
    fn a_chip_that_stays_away_is_one_fault_whatever_else_comes_and_goes() {
        let board = board();
        let mut read = reader(named("cpu_thermal", "temp1"), board.root());
        assert_eq!(read(), Ok(Value::Number(48.312)));
        board.remove("sys/class/hwmon/hwmon0");
        let gone = read().unwrap_err();
        assert!(gone.0.starts_with("no hwmon chip “cpu_thermal” (there are: power); "), "{gone}");
        board.remove("sys/class/hwmon/hwmon1");
        assert_eq!(read(), Err(gone));
        board.write("sys/class/hwmon/hwmon7/name", "cpu_thermal");
        board.write("sys/class/hwmon/hwmon7/temp1_input", "40000");
        assert_eq!(read(), Ok(Value::Number(40.0)));
    }

    #[test]
    fn on_a_raspberry_pi_the_overlay_is_named() {
        let tree = Tree::new(&[("boot/firmware/config.txt", "")]);
        let fault = ask(&named("lm75", "temp1"), &tree).unwrap_err();
        let line = "add the line “dtoverlay=i2c-sensor,lm75” to /boot/firmware/config.txt and restart the board";
        assert_eq!(fault, format!("no hwmon chip “lm75”; {line}"));
    }

    #[test]
    fn a_sensor_that_the_chip_calls_broken_is_a_fault_and_no_number() {
        let board = board();
        board.write("sys/class/hwmon/hwmon0/temp1_fault", "0");
        assert_eq!(ask(&named("cpu_thermal", "temp1"), &board), Ok(48.312));
        board.write("sys/class/hwmon/hwmon0/temp1_fault", "1");
        let fault = ask(&named("cpu_thermal", "temp1"), &board).unwrap_err();
        assert_eq!(fault, "cpu_thermal says that the sensor of temp1 is broken");
    }

    #[test]
    fn two_chips_of_one_name_are_told_apart_by_their_address() {
        let tree = Tree::new(&[]);
        for (number, address, value) in [(3, "1-0048", "21000"), (4, "1-0049", "22000")] {
            let device = format!("sys/devices/i2c-1/{address}");
            let chip = format!("{device}/hwmon/hwmon{number}");
            tree.write(&format!("{device}/subsystem"), "");
            tree.write(&format!("{chip}/name"), "lm75");
            tree.write(&format!("{chip}/temp1_input"), value);
            tree.link(&format!("sys/class/hwmon/hwmon{number}"), &chip);
        }
        let fault = ask(&named("lm75", "temp1"), &tree).unwrap_err();
        assert_eq!(fault, "more than one hwmon chip “lm75”; name one by its address: 1-0048, 1-0049");
        assert_eq!(ask(&named("1-0049", "temp1"), &tree), Ok(22.0));
    }
}
