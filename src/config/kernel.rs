//! `hwmon`, `iio`, `onewire`, `thermal` and `file` of `[sensors.NAME]`: sensors the kernel has a driver for.

use super::kind::NumberDefaults;
use super::nearest::hint;
use super::node::{Item, clip, optional};
use crate::model::{FileInput, HWMON, HwmonChannel, HwmonInput, IIO, IioInput, Line, OneWireInput, Quantity, Source};

pub(super) const HWMON_KEYS: &[&str] = &["name", "channel", "label"];
pub(super) const IIO_KEYS: &[&str] = &["device", "channel"];
pub(super) const ONEWIRE_KEYS: &[&str] = &["id"];
pub(super) const FILE_KEYS: &[&str] = &["path", "pattern", "factor", "offset"];

const DEGREES: NumberDefaults = NumberDefaults { unit: "°C", decimals: 1 };
const ANYTHING: NumberDefaults = NumberDefaults { unit: "", decimals: 1 };

/// Families of 1-Wire thermometers that the kernel's w1_therm reads.
const THERMOMETERS: &[&str] = &["10", "22", "28", "3b", "42"];

/// The source under one of these keys, and what its numbers are. The second is right even if the first is not, so that
/// the rest of the sensor can be judged.
pub(super) fn read(key: &str, item: &Item<'_>) -> (Option<Source<Line>>, NumberDefaults) {
    match key {
        "hwmon" => {
            let input = hwmon(item);
            let defaults = input.as_ref().map_or(ANYTHING, |input| of(input.quantity));
            (input.map(Source::Hwmon), defaults)
        }
        "iio" => {
            let input = iio(item);
            let defaults = input.as_ref().map_or(ANYTHING, |input| of(input.quantity));
            (input.map(Source::Iio), defaults)
        }
        "onewire" => (onewire(item).map(Source::OneWire), DEGREES),
        "thermal" => (item.text().map(|zone| Source::Thermal(zone.to_owned())), DEGREES),
        _ => (file(item).map(Source::File), ANYTHING),
    }
}

fn of(quantity: &Quantity) -> NumberDefaults {
    NumberDefaults { unit: quantity.unit, decimals: quantity.decimals }
}

fn hwmon(item: &Item<'_>) -> Option<HwmonInput> {
    let table = item.table(HWMON_KEYS)?;
    let name = table.need("name", "the chip's name, as /sys/class/hwmon/*/name has it, like “lm75”");
    let name = name.and_then(|name| name.text());
    let (channel, label) = (table.get("channel"), table.get("label"));
    let (channel, quantity) = match (channel, label) {
        (None, None) => {
            table.missing("channel", "which of the chip's channels, like “temp1”; or give its label");
            return None;
        }
        (Some(channel), None) => {
            let text = channel.text()?;
            let quantity = sort(&channel, text, HWMON)?;
            let number = &text[quantity.sysfs.len()..];
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                channel.wrong(format!("must be a channel with its number, like “{}1”", quantity.sysfs));
                return None;
            }
            (HwmonChannel::Named(text.to_owned()), quantity)
        }
        (channel, Some(label)) => {
            let text = label.text();
            let quantity = match &channel {
                Some(item) => sort(item, item.text()?, HWMON)?,
                None => Quantity::of("temp", HWMON)?,
            };
            if let Some(item) = channel.filter(|item| item.text() != Some(quantity.sysfs)) {
                item.wrong(format!("beside a label it is the sort of channel alone: “{}”", quantity.sysfs));
                return None;
            }
            (HwmonChannel::Labelled(text?.to_owned()), quantity)
        }
    };
    Some(HwmonInput { name: name?.to_owned(), channel, quantity })
}

fn iio(item: &Item<'_>) -> Option<IioInput> {
    let table = item.table(IIO_KEYS)?;
    let device =
        table.need("device", "the device's name or label, as /sys/bus/iio/devices/*/name has it, like “bme280”");
    let channel = table.need("channel", "what of the device, like “temp”, “pressure” or “voltage0”");
    let device = device.and_then(|device| device.text());
    let channel = channel?;
    let text = channel.text()?;
    let quantity = sort(&channel, text, IIO)?;
    Some(IioInput { device: device?.to_owned(), channel: text.to_owned(), quantity })
}

/// The sort of a channel; catches names that no kernel gives one.
fn sort(item: &Item<'_>, channel: &str, sorts: &'static [Quantity]) -> Option<&'static Quantity> {
    let found = Quantity::of(channel, sorts);
    if found.is_none() {
        let names = || sorts.iter().map(|quantity| quantity.sysfs);
        let word = channel.trim_start_matches("in_").trim_end_matches(|c: char| c.is_ascii_digit());
        let word = word.trim_end_matches("_input").trim_end_matches("_raw");
        let hint = hint(word, names());
        let list = names().collect::<Vec<_>>().join(", ");
        item.wrong(format!("“{}” is no channel; a channel's name begins with one of {list}{hint}", clip(channel)));
    }
    found
}

fn onewire(item: &Item<'_>) -> Option<OneWireInput> {
    let table = item.table(ONEWIRE_KEYS)?;
    let id = optional(table.get("id"), None, |item| {
        let id = item.text()?.to_lowercase();
        let hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
        let Some((family, _)) = id.split_once('-').filter(|(family, number)| hex(family, 2) && hex(number, 12)) else {
            item.wrong("must be an id as /sys/bus/w1/devices has it, like “28-0316a2795bff”");
            return None;
        };
        if !THERMOMETERS.contains(&family) {
            let list = THERMOMETERS.join(", ");
            item.wrong(format!("family {family} is no thermometer that the kernel reads; those are {list}"));
            return None;
        }
        Some(Some(id))
    });
    Some(OneWireInput { id: id? })
}

fn file(item: &Item<'_>) -> Option<FileInput> {
    let table = item.table(FILE_KEYS)?;
    let path = table.need("path", "the file that holds the number, like “/sys/class/…”").and_then(|item| {
        let path = item.text()?;
        if !path.starts_with('/') {
            item.wrong("must be a path that begins with /");
            return None;
        }
        Some(path.to_owned())
    });
    let around = optional(table.get("pattern"), None, |item| {
        let text = item.text()?.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some((before, after)) = text.split_once("{}").filter(|(_, after)| !after.contains("{}")) else {
            item.wrong("must have {} once, in the place of the number, like “t={}”");
            return None;
        };
        Some(Some((before.to_owned(), after.to_owned())))
    });
    let factor = optional(table.get("factor"), 1.0, |item| {
        let factor = item.number()?;
        if factor == 0.0 {
            item.wrong("must not be 0, which makes 0 of everything");
            return None;
        }
        Some(factor)
    });
    let offset = optional(table.get("offset"), 0.0, |item| item.number());
    Some(FileInput { path: path?, around: around?, factor: factor?, offset: offset? })
}
