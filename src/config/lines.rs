//! Pin names to lines, and the registry of which key has claimed which line.

use std::cell::{Cell, RefCell};

use super::board::BoardFile;
use super::nearest::hint;
use super::node::{Item, Table};
use crate::model::{Board, Line, Pin, PwmChannel};

/// More than any expander has.
const MOST_PINS: i64 = 255;

/// The lines there are, and those that are taken.
pub(super) struct Lines<'b> {
    /// `None` if the config names a board that does not exist: then no line can be judged, but the rest can.
    board: Option<&'b BoardFile>,
    simulator: Option<&'b Board>,
    claims: RefCell<Vec<(Line, String)>>,
    /// Has any point asked for a line of the simulator, be it a right one or not?
    simulated: Cell<bool>,
}

impl<'b> Lines<'b> {
    pub fn new(board: Option<&'b BoardFile>, simulator: Option<&'b Board>) -> Lines<'b> {
        Lines { board, simulator, claims: RefCell::default(), simulated: Cell::new(false) }
    }

    /// The line of a `gpio = { line, chip }`: a header pin, or any line of a chip given by its label; or of a
    /// `gpio = { pin, chip }`: a pin of an expander.
    pub fn gpio(&self, table: &Table<'_>) -> Option<Line> {
        if let Some(pin) = table.get("pin") {
            return self.expander(table, &pin);
        }
        let item = table.need("line", "the header pin or line, like “GPIO17”");
        let chip = table.get("chip");
        let item = item?;
        let name = item.text()?;
        let Some(file) = self.board else {
            let chip = chip.and_then(|chip| chip.text()).unwrap_or_default().to_owned();
            return self.claim(&item, named(chip, name));
        };
        let board = &file.board;
        check_real(file, &item)?;
        let Some(chip) = chip else { return self.header_pin(board, &item, name) };
        let label = label(&chip)?;
        let on_header = board.pins.iter().find(|pin| pin.line.is_on(label) && carries(pin, name));
        if let Some(pin) = on_header {
            return self.claim_pin(&item, pin);
        }
        if !board.open && !board.pins.iter().any(|pin| pin.line.is_on(label)) {
            chip.wrong(format!("{} has no chip of this label", board.title));
            return None;
        }
        self.claim(&item, named(label.to_owned(), name))
    }

    /// A pin by its number, which means something on an expander only.
    fn expander(&self, table: &Table<'_>, item: &Item<'_>) -> Option<Line> {
        let chip = table.need("chip", "a pin by its number is one of an expander: its label, like “mcp23017”");
        let number = item.whole(0..=MOST_PINS).and_then(|number| u32::try_from(number).ok());
        if let Some(line) = table.get("line") {
            line.wrong("a pin has a number already; leave this out");
        }
        let chip = chip?;
        let label = label(&chip)?;
        if let Some(file) = self.board {
            check_real(file, item)?;
            let board = &file.board;
            if board.pins.iter().any(|pin| pin.line.is_on(label)) {
                item.wrong(format!("only an expander's pins go by number, and this is {}'s own chip; write line = “…”, the name that gpioinfo shows", board.title));
                return None;
            }
            if !board.open {
                chip.wrong(format!("{} has no chip of this label", board.title));
                return None;
            }
        }
        let number = number?;
        self.claim(
            item,
            Line { chip: label.to_owned(), names: Vec::new(), offset: Some(number), pin: format!("pin {number}") },
        )
    }

    /// The channel of a `pwm` or `servo`: what a header pin carries, whose name is the second part, or any channel by
    /// the name of its chip's device.
    pub fn pwm(&self, table: &Table<'_>) -> Option<(PwmChannel, Option<String>)> {
        let (line, chip, channel) = (table.get("line"), table.get("chip"), table.get("channel"));
        let Some(line) = line else {
            let Some(chip) = chip else {
                table.missing("line", "the header pin, like “GPIO18”; or chip and channel, as /sys/class/pwm has them");
                return None;
            };
            let name = chip.text()?;
            if name.contains('/') {
                chip.wrong("must be the name of a device, as /sys/class/pwm/pwmchip*/device leads to it");
                return None;
            }
            let channel = match channel {
                Some(item) => u32::try_from(item.whole(0..=255)?).ok()?,
                None => 0,
            };
            let channel = PwmChannel { chip: name.to_owned(), channel };
            self.claim_channel(&chip, &channel)?;
            return Some((channel, None));
        };
        for item in [chip, channel].into_iter().flatten() {
            item.wrong("does nothing beside `line`, whose pin says which channel it is; remove it");
        }
        let name = line.text()?;
        let board = &self.board?.board;
        let Some(pin) = board.pin(name).or_else(|| board.pins.iter().find(|pin| carries(pin, name))) else {
            let hint = hint(name, board.pins.iter().filter(|pin| pin.pwm.is_some()).map(|pin| pin.name.as_str()));
            line.wrong(format!("{} has no pin of this name; give chip and channel instead{hint}", board.title));
            return None;
        };
        let Some(channel) = &pin.pwm else {
            let able: Vec<_> = board.pins.iter().filter(|pin| pin.pwm.is_some()).map(|pin| pin.name.as_str()).collect();
            let able =
                if able.is_empty() { "give chip and channel".into() } else { format!("take {}", able.join(", ")) };
            let slow = "or, for a slow load, add software = true";
            line.wrong(format!("no PWM channel of {} is known to come out here; {able}, {slow}", board.title));
            return None;
        };
        // That the board has PWM there surprises nobody who asks for it.
        match &pin.reserved {
            Some(reserved) if reserved.starts_with("PWM") => self.claim(&line, pin.line.clone())?,
            _ => self.claim_pin(&line, pin)?,
        };
        self.claim_channel(&line, channel)?;
        Some((channel.clone(), Some(pin.name.clone())))
    }

    /// An LED of the kernel's, for one actuator only.
    pub fn led(&self, item: &Item<'_>, name: &str) -> Option<()> {
        self.claim(item, Line { pin: format!("LED “{name}”"), ..named("/leds".into(), name) })?;
        Some(())
    }

    /// Two pins may carry the same channel, and would show the same signal.
    fn claim_channel(&self, item: &Item<'_>, channel: &PwmChannel) -> Option<()> {
        let PwmChannel { chip, channel } = channel;
        let pin = format!("PWM channel {channel} of “{chip}”");
        self.claim(item, Line { pin, ..named(format!("/pwm/{chip}"), &channel.to_string()) })?;
        Some(())
    }

    /// The line of a `sim = { line }`.
    pub fn sim(&self, table: &Table<'_>) -> Option<Line> {
        self.simulated.set(true);
        let item = table.need("line", "a line of the simulator, like “IN1”")?;
        let name = item.text()?;
        let Some(simulator) = self.simulator else {
            item.wrong("there is no simulator among the board files");
            return None;
        };
        let Some(pin) = simulator.pin(name) else {
            let pins = || simulator.pins.iter().map(|pin| pin.name.as_str());
            let list = pins().collect::<Vec<_>>().join(", ");
            item.wrong(format!("the simulator has no such line; it has {list}{}", hint(name, pins())));
            return None;
        };
        self.claim_pin(&item, pin)
    }

    /// Does anything here need the simulator?
    pub fn simulated(&self) -> bool {
        self.simulated.get() || self.board.is_none_or(|file| file.simulated)
    }

    fn header_pin(&self, board: &Board, item: &Item<'_>, name: &str) -> Option<Line> {
        if let Some(pin) = board.pin(name).or_else(|| board.pins.iter().find(|pin| carries(pin, name))) {
            return self.claim_pin(item, pin);
        }
        if board.pins.is_empty() {
            let say = "name the board in [device] (`katydid board` lists them) or add chip = “…”, the label that gpiodetect shows";
            item.wrong(format!("the header of the board “{}” is not known; {say}", board.name));
            return None;
        }
        let hint = hint(name, board.pins.iter().map(|pin| pin.name.as_str()));
        item.wrong(format!("{} has no pin of this name; for a line of another chip add chip = “…”{hint}", board.title));
        None
    }

    fn claim_pin(&self, item: &Item<'_>, pin: &Pin) -> Option<Line> {
        if let Some(reserved) = &pin.reserved {
            item.note(format!("{} is also the board's {reserved}", pin.name));
        }
        self.claim(item, pin.line.clone())
    }

    /// Catches two points on one line: the kernel would give it to the first and refuse the second.
    fn claim(&self, item: &Item<'_>, line: Line) -> Option<Line> {
        let mut claims = self.claims.borrow_mut();
        let shares = |other: &Line| other.names.iter().any(|name| line.names.contains(name));
        let alike = |other: &Line| shares(other) || (other.offset.is_some() && other.offset == line.offset);
        if let Some((_, path)) = claims.iter().find(|(other, _)| other.chip == line.chip && alike(other)) {
            item.wrong(format!("{} is already used by {path}", line.pin));
            return None;
        }
        // Only the machine knows whose address it is.
        let other_form = |other: &Line| is_address(&other.chip) != is_address(&line.chip) && alike(other);
        if let Some((other, path)) = claims.iter().find(|(other, _)| other_form(other)) {
            let (pin, chip) = (&line.pin, &other.chip);
            item.note(format!(
                "is the line of {path} too, if {} and {chip} are one chip: {pin} can be had once",
                line.chip
            ));
        }
        claims.push((line.clone(), item.path.clone()));
        Some(line)
    }
}

fn named(chip: String, name: &str) -> Line {
    Line { chip, names: vec![name.to_owned()], offset: None, pin: name.to_owned() }
}

/// What `chip` says; catches a pattern, which is for board files, where somebody has looked at what it fits.
fn label<'a>(chip: &Item<'a>) -> Option<&'a str> {
    let label = chip.text()?;
    if label.ends_with('*') {
        chip.wrong("must be the label of one chip, as gpiodetect shows it");
        return None;
    }
    Some(label)
}

fn check_real(file: &BoardFile, item: &Item<'_>) -> Option<()> {
    if file.simulated {
        item.wrong(format!("{} has no GPIO lines; write sim = {{ line = … }}", file.board.title));
        return None;
    }
    Some(())
}

/// Does a chip go by what its bus calls it (`1-0020`, `spi0.1`)?
pub(super) fn is_address(chip: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let i2c =
        |(bus, place): (&str, &str)| digits(bus) && place.len() == 4 && place.bytes().all(|b| b.is_ascii_hexdigit());
    let spi = |(bus, place): (&str, &str)| digits(bus) && digits(place);
    chip.split_once('-').is_some_and(i2c)
        || chip.strip_prefix("spi").and_then(|rest| rest.split_once('.')).is_some_and(spi)
}

fn carries(pin: &Pin, name: &str) -> bool {
    pin.line.names.iter().any(|line| line.eq_ignore_ascii_case(name))
}
