//! Pin names to lines, and the registry of which key has claimed which line.

use std::cell::{Cell, RefCell};

use super::board::BoardFile;
use super::nearest::hint;
use super::node::{Item, Table};
use crate::model::{Board, Line, Pin, PwmChannel};

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

    /// The line of a `gpio = { line, chip }`: a header pin, or any line of a chip given by its label.
    pub fn gpio(&self, table: &Table<'_>) -> Option<Line> {
        let item = table.need("line", "the header pin or line, like “GPIO17”");
        let chip = table.get("chip");
        let item = item?;
        let name = item.text()?;
        let Some(file) = self.board else {
            let chip = chip.and_then(|chip| chip.text()).unwrap_or_default().to_owned();
            return self.claim(&item, Line { chip, names: vec![name.to_owned()], pin: name.to_owned() });
        };
        let board = &file.board;
        if file.simulated {
            item.wrong(format!("{} has no GPIO lines; write sim = {{ line = … }}", board.title));
            return None;
        }
        let Some(chip) = chip else { return self.header_pin(board, &item, name) };
        let label = chip.text()?;
        let on_header = board.pins.iter().find(|pin| pin.line.chip == label && carries(pin, name));
        if let Some(pin) = on_header {
            return self.claim_pin(&item, pin);
        }
        if !board.open && !board.pins.iter().any(|pin| pin.line.chip == label) {
            chip.wrong(format!("{} has no chip of this label", board.title));
            return None;
        }
        self.claim(&item, Line { chip: label.to_owned(), names: vec![name.to_owned()], pin: name.to_owned() })
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
        self.claim(item, Line { chip: "/leds".into(), names: vec![name.to_owned()], pin: format!("LED “{name}”") })?;
        Some(())
    }

    /// Two pins may carry the same channel, and would show the same signal.
    fn claim_channel(&self, item: &Item<'_>, channel: &PwmChannel) -> Option<()> {
        let PwmChannel { chip, channel } = channel;
        let pin = format!("PWM channel {channel} of “{chip}”");
        self.claim(item, Line { chip: format!("/pwm/{chip}"), names: vec![channel.to_string()], pin })?;
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
        let same = |other: &Line| other.chip == line.chip && other.names.iter().any(|name| line.names.contains(name));
        if let Some((_, path)) = claims.iter().find(|(other, _)| same(other)) {
            item.wrong(format!("{} is already used by {path}", line.pin));
            return None;
        }
        claims.push((line.clone(), item.path.clone()));
        Some(line)
    }
}

fn carries(pin: &Pin, name: &str) -> bool {
    pin.line.names.iter().any(|line| line.eq_ignore_ascii_case(name))
}
