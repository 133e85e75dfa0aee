//! What `katydid board` prints of chips and devices: each as a config writes it, to be copied.

use std::fmt::Write;

use super::lines::is_address;
use super::summary::push_table;
use crate::model::{FoundChip, FoundDevice, FoundLine, Inventory, Kind, Quantity, Value};

/// The chips that are not the header's, line by line.
pub(super) fn push_chips(text: &mut String, chips: &[&FoundChip], all: &[FoundChip]) {
    for chip in chips {
        let alone = all.iter().filter(|other| other.label == chip.label).count() < 2;
        let name = if alone { &chip.label } else { chip.address.as_ref().unwrap_or(&chip.label) };
        let place = chip.address.as_ref().map(|address| format!(" ({address})")).unwrap_or_default();
        let _ = writeln!(text, "\nchip {}{place}, {}", chip.label, count(chip.lines.len(), "line"));
        // Numbers mean something on an expander, and an expander is on a bus.
        let numbered = chip.address.as_deref().is_some_and(is_address);
        let rows = chip.lines.iter().enumerate().filter_map(|(number, line)| {
            let which = match line.name.as_str() {
                "" if numbered => format!("pin = {number}"),
                "" => return None,
                name => format!("line = {}", quoted(name)),
            };
            Some(vec![format!("  gpio = {{ chip = {}, {which} }}", quoted(name)), holder(line)])
        });
        push_table(text, rows.collect());
        let unnamed = chip.lines.iter().filter(|line| line.name.is_empty()).count();
        if !numbered && unnamed > 0 {
            let _ = writeln!(text, "  {} without a name", count(unnamed, "line"));
        }
    }
}

/// Sensors and actuators that the kernel has a driver for, and points whose device is not there.
pub(super) fn push_devices(text: &mut String, inventory: &Inventory) {
    let is_sink = |device: &&FoundDevice| matches!(device, FoundDevice::Pwm { .. } | FoundDevice::Led { .. });
    let (sinks, sources): (Vec<_>, Vec<_>) = inventory.devices.iter().partition(is_sink);
    for (title, devices) in [("sensors of the kernel's drivers", sources), ("outputs of the kernel's drivers", sinks)] {
        if !devices.is_empty() {
            let _ = writeln!(text, "\n{title}");
            push_table(text, devices.into_iter().map(row).collect());
        }
    }
    if !inventory.absent.is_empty() {
        text.push_str("\nconfigured, but not there\n");
        push_table(text, inventory.absent.iter().map(|(name, why)| vec![format!("  {name}"), why.0.clone()]).collect());
    }
}

fn row(device: &FoundDevice) -> Vec<String> {
    let (written, now) = match device {
        FoundDevice::Iio { device, channel, quantity, value } => {
            let written = format!("iio = {{ device = {}, channel = {} }}", quoted(device), quoted(channel));
            (written, reading(quantity, *value))
        }
        FoundDevice::Hwmon { name, channel, label, quantity, value } => {
            let written = format!("hwmon = {{ name = {}, channel = {} }}", quoted(name), quoted(channel));
            let label = label.as_ref().map(|label| format!(" (“{label}”)")).unwrap_or_default();
            (written, reading(quantity, *value) + &label)
        }
        FoundDevice::Thermal { zone, value } => {
            let now = value.map(|degrees| format!("{degrees:.1} °C")).unwrap_or_else(|| "not readable now".into());
            (format!("thermal = {}", quoted(zone)), now)
        }
        FoundDevice::OneWire { id } => (format!("onewire = {{ id = {} }}", quoted(id)), String::new()),
        FoundDevice::Pwm { chip, channels } => {
            let more = if *channels > 1 { format!("channels 0 to {}", channels - 1) } else { String::new() };
            (format!("pwm = {{ chip = {}, channel = 0 }}", quoted(chip)), more)
        }
        FoundDevice::Led { name } => (format!("led = {}", quoted(name)), String::new()),
    };
    vec![format!("  {written}"), now]
}

fn reading(quantity: &Quantity, value: Option<f64>) -> String {
    let kind = Kind::Number { unit: quantity.unit.to_owned(), decimals: quantity.decimals, range: None };
    value.map(|number| kind.show(Value::Number(number))).unwrap_or_else(|| "not readable now".into())
}

/// Who holds a line now.
pub(super) fn holder(line: &FoundLine) -> String {
    match &line.holder {
        None => "free".into(),
        Some(holder) => format!("held by “{holder}”"),
    }
}

/// As TOML writes a text.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
