//! What a board is: facts only, from one file in `boards/`.

/// A board's header.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// The file's name without its ending (`raspberry-pi-4b`).
    pub name: String,
    /// For people ("Raspberry Pi 4 Model B").
    pub title: String,
    /// Its header pins that carry a line, in the header's order.
    pub pins: Vec<Pin>,
    /// Lines by chip label and name may be used that the header does not list.
    pub open: bool,
}

/// A header pin that carries a GPIO line.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// Its name on the header, as the config writes it (`GPIO17`).
    pub name: String,
    /// Its position on the header.
    pub number: Option<u16>,
    /// The line behind it.
    pub line: super::Line,
    /// What the board uses it for until told otherwise ("I2C1 SDA").
    pub reserved: Option<String>,
    /// The channel of a PWM controller that can come out here, once that is enabled.
    pub pwm: Option<super::PwmChannel>,
}

/// A GPIO chip that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundChip {
    /// Its label, which tells chips apart on one machine; two of a kind share it.
    pub label: String,
    /// What its bus calls it (`1-0020`), if it is on one.
    pub address: Option<String>,
    /// All its lines, by offset.
    pub lines: Vec<FoundLine>,
}

/// A line of a chip that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLine {
    /// What the kernel calls it; empty for many.
    pub name: String,
    /// Who holds it, in their own words; `None` if it is free.
    pub holder: Option<String>,
}

impl Board {
    /// The pin of this name, in any case.
    pub fn pin(&self, name: &str) -> Option<&Pin> {
        self.pins.iter().find(|pin| pin.name.eq_ignore_ascii_case(name))
    }
}
