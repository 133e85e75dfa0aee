//! What `katydid board` prints.

use std::fmt::Write;

use super::board::{self, BoardChoice};
use super::inventory::{holder, push_chips, push_devices};
use super::loaded::Loaded;
use super::mistake::Report;
use super::node::Item;
use super::resolve::Resolved;
use super::summary::{push_table, why};
use crate::model::{Board, Device, FoundChip, Inventory, Line, PointId, Pulses, Sink, Source};

/// Which board this is and why, and its header: position, name, lines, what it is reserved for, who uses it and, on the
/// board itself, who holds it now. Then what else there is, as a config writes it: chips that are not on the header,
/// sensors and outputs of the kernel's drivers. Last, configured points whose device is not there, and what brings it.
///
/// Without a resolved config the board is the one the config names all the same, or the one the device tree fits.
pub fn board_text(loaded: &Loaded, resolved: Option<&Resolved>, inventory: &Inventory) -> String {
    let chips = &inventory.chips;
    let found = match resolved {
        Some(resolved) => Some((resolved.device.board(), resolved.choice.clone())),
        None => choose(loaded),
    };
    let Some((board, choice)) = found else { return String::from("no board file fits this machine\n") };
    let mut text = format!("{} ({}), {}\n", board.title, board.name, why(&choice));
    if !loaded.compatible.is_empty() {
        let _ = writeln!(text, "device tree: {}", loaded.compatible.join(", "));
    }
    text.push('\n');
    if board.pins.is_empty() {
        text.push_str("Its header is not known; give lines by chip label and name, as gpioinfo shows them.\n");
        let _ = writeln!(text, "Known boards: {}", loaded.board_names.join(", "));
    } else {
        push_table(&mut text, header(board, resolved.map(|resolved| &resolved.device), chips));
    }
    let others: Vec<_> = chips.iter().filter(|chip| !carries(board, chip)).collect();
    push_chips(&mut text, &others, chips);
    push_devices(&mut text, inventory);
    text
}

fn choose(loaded: &Loaded) -> Option<(&Board, BoardChoice)> {
    let nobody = Report::default();
    let named = Item::root(&loaded.tree, &nobody).find("device").and_then(|device| device.find("board"));
    board::choose(loaded, named).or_else(|| board::choose(loaded, None)).map(|(file, why)| (&file.board, why))
}

fn header(board: &Board, device: Option<&Device>, chips: &[FoundChip]) -> Vec<Vec<String>> {
    // On another machine's desk nothing is known of now.
    let here = chips.iter().any(|chip| carries(board, chip));
    let head = ["pin", "name", "chip", "line", "also", "used by"].into_iter().chain(here.then_some("now"));
    let mut rows = vec![head.map(str::to_owned).collect::<Vec<_>>()];
    for pin in &board.pins {
        let mut row = vec![
            pin.number.map_or_else(|| "-".into(), |number| number.to_string()),
            pin.name.clone(),
            pin.line.chip.clone(),
            pin.line.names.join(" or "),
            pin.reserved.clone().unwrap_or_else(|| "-".into()),
            device.and_then(|device| user(device, &pin.line)).unwrap_or_else(|| "-".into()),
        ];
        row.extend(here.then(|| now(&pin.line, chips)));
        rows.push(row);
    }
    rows
}

/// Is the chip one of the header's?
fn carries(board: &Board, chip: &FoundChip) -> bool {
    board.pins.iter().any(|pin| pin.line.is_on(&chip.label))
}

/// Who holds a line now. It is looked for as the driver does: the first of its names that a chip has.
fn now(line: &Line, chips: &[FoundChip]) -> String {
    let mut named = chips.iter().filter(|chip| line.is_on(&chip.label)).flat_map(|chip| {
        line.names.iter().filter_map(|name| chip.lines.iter().find(|found| found.name == *name)).take(1)
    });
    named.next().map_or_else(|| "not there".into(), holder)
}

/// The point that uses a line.
fn user(device: &Device, line: &Line) -> Option<String> {
    let uses = |point: &PointId| match point {
        PointId::Sensor(id) => match &device.sensor(*id).source {
            Source::Gpio(input) => input.line == *line,
            Source::Sim(input) => input.line == *line,
            Source::Counter(input) => matches!(&input.pulses, Pulses::Line(input) if input.line == *line),
            Source::Hwmon(_)
            | Source::Iio(_)
            | Source::OneWire(_)
            | Source::Thermal(_)
            | Source::File(_)
            | Source::System(_) => false,
        },
        PointId::Actuator(id) => match &device.actuator(*id).sink {
            Sink::Gpio(output) => output.line == *line,
            Sink::Pwm(output) | Sink::PiPwm(output) => output.pin.as_ref() == Some(&line.pin),
            Sink::SoftPwm(output) => output.output.line == *line,
            Sink::Led(_) => false,
            Sink::Sim(output) => output.line == *line,
        },
    };
    device.points().find(uses).map(|point| device.label(point).name.clone())
}
