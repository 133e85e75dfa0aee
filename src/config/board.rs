//! Board files: what may be written in them, and which one this is.

use super::loaded::Loaded;
use super::mistake::{Mistakes, Report};
use super::nearest::hint;
use super::node::{Item, optional};
use super::tree::Tree;
use crate::model::{Board, Line, Pin, PwmChannel};

pub(super) const KEYS: &[&str] = &["title", "compatible", "fallback", "simulated", "open", "pins"];
pub(super) const PIN_KEYS: &[&str] = &["name", "number", "chip", "lines", "reserved", "pwm"];
pub(super) const PIN_PWM_KEYS: &[&str] = &["chip", "channel"];

/// The boards that come with the program: name and text.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/boards.rs"));

/// One board file.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardFile {
    /// What it says of the board.
    pub board: Board,
    /// The device tree's words for it.
    pub compatible: Vec<String>,
    /// Chosen when no other board's `compatible` fits.
    pub fallback: bool,
    /// Its lines are the simulator's.
    pub simulated: bool,
}

/// Why a board was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoardChoice {
    /// The config names it.
    Named,
    /// The device tree says this word.
    Compatible(String),
    /// Nothing fitted.
    Fallback,
}

impl BoardFile {
    /// Parses a board file. `name` is the file's name without its ending, `file` what mistakes call it.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<BoardFile, Mistakes> {
        let tree = Tree::parse(file, text).map_err(|mistake| Mistakes(vec![mistake]))?;
        let report = Report::default();
        let board = read(name, &Item::root(&tree, &report));
        report.into_notes(&[file.to_owned()])?;
        board.ok_or_else(|| Mistakes(Vec::new()))
    }
}

/// The boards that come with the program.
///
/// # Errors
/// Mistakes in them, which a test rules out.
pub fn embedded() -> Result<Vec<BoardFile>, Mistakes> {
    EMBEDDED.iter().map(parse_embedded).collect()
}

/// Those of them that may be chosen: the one that is named, those with a word of the device tree in them, and those
/// that stand in for hardware. There are many boards, and parsing them all would double what an idle device keeps of
/// memory.
pub(super) fn embedded_for(named: Option<&str>, compatible: &[String]) -> Result<Vec<BoardFile>, Mistakes> {
    let stands_in = |text: &str| text.contains("fallback = true") || text.contains("simulated = true");
    let fits = |text: &str| compatible.iter().any(|word| text.contains(&format!("\"{word}\"")));
    let wanted = |(name, text): &&(&str, &str)| named == Some(name) || stands_in(text) || fits(text);
    EMBEDDED.iter().filter(wanted).map(parse_embedded).collect()
}

/// The names of all boards that come with the program.
pub(super) fn embedded_names() -> Vec<String> {
    EMBEDDED.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn parse_embedded((name, text): &(&str, &str)) -> Result<BoardFile, Mistakes> {
    BoardFile::parse(name, &format!("boards/{name}.toml"), text)
}

/// The board a config names, or the one the device tree's words fit, the most specific word first.
pub(super) fn choose<'b>(loaded: &'b Loaded, wanted: Option<Item<'_>>) -> Option<(&'b BoardFile, BoardChoice)> {
    let Loaded { boards, board_names, compatible, .. } = loaded;
    let name = match &wanted {
        Some(item) => item.text()?,
        None => "auto",
    };
    if name != "auto" {
        let found = boards.iter().find(|file| file.board.name == name);
        if let (None, Some(item)) = (found, &wanted) {
            let names = board_names.iter().map(String::as_str);
            let list = names.clone().collect::<Vec<_>>().join(", ");
            item.wrong(format!("no board of this name; known are auto, {list}{}", hint(name, names)));
        }
        return found.map(|file| (file, BoardChoice::Named));
    }
    for word in compatible {
        if let Some(file) = boards.iter().find(|file| file.compatible.contains(word)) {
            return Some((file, BoardChoice::Compatible(word.clone())));
        }
    }
    boards.iter().find(|file| file.fallback).map(|file| (file, BoardChoice::Fallback))
}

/// The board that this is by the device tree's words, if one of those there are fits.
pub fn guess(loaded: &Loaded) -> Option<&Board> {
    choose(loaded, None).map(|(file, _)| &file.board)
}

fn read(name: &str, item: &Item<'_>) -> Option<BoardFile> {
    let table = item.table(KEYS)?;
    let title = table.need("title", "the board's name for people").and_then(|item| item.text());
    let compatible = match table.need("compatible", "the device tree's words for this board, possibly none") {
        Some(item) => item.texts()?.iter().map(|(_, text)| (*text).to_owned()).collect(),
        None => Vec::new(),
    };
    let flag = |key| table.get(key).and_then(|item| item.flag()).unwrap_or(false);
    let (fallback, simulated, open) = (flag("fallback"), flag("simulated"), flag("open"));
    let mut pins: Vec<Pin> = Vec::new();
    for item in table.get("pins").and_then(|item| item.list()).unwrap_or_default() {
        let Some(pin) = read_pin(&item) else { continue };
        check_once(&item, &pin, &pins);
        pins.push(pin);
    }
    let board = Board { name: name.to_owned(), title: title?.to_owned(), pins, open };
    Some(BoardFile { board, compatible, fallback, simulated })
}

fn read_pin(item: &Item<'_>) -> Option<Pin> {
    let table = item.table(PIN_KEYS)?;
    let name = table.need("name", "the pin's name on the header").and_then(|item| item.text());
    let number = table.get("number").and_then(|item| item.whole(1..=999)).and_then(|n| u16::try_from(n).ok());
    let chip = table.need("chip", "the label of the line's chip").and_then(|item| item.text());
    let lines = table.need("lines", "the names kernels give the line").and_then(|item| item.texts())?;
    if lines.is_empty() {
        item.wrong("a pin without a line name cannot be found");
    }
    let reserved = table.get("reserved").and_then(|item| item.text()).map(str::to_owned);
    let pwm = optional(table.get("pwm"), None, |item| read_pwm(&item).map(Some))?;
    let names = lines.iter().map(|(_, text)| (*text).to_owned()).collect();
    let line = Line { chip: chip?.to_owned(), names, offset: None, pin: name?.to_owned() };
    Some(Pin { name: name?.to_owned(), number, line, reserved, pwm })
}

fn read_pwm(item: &Item<'_>) -> Option<PwmChannel> {
    let table = item.table(PIN_PWM_KEYS)?;
    let chip = table.need("chip", "the name of the PWM controller's device").and_then(|item| item.text());
    let channel = table.need("channel", "which of its channels, from 0").and_then(|item| item.whole(0..=255));
    Some(PwmChannel { chip: chip?.to_owned(), channel: u32::try_from(channel?).ok()? })
}

/// Catches a line copied from the pin above and only half changed.
fn check_once(item: &Item<'_>, pin: &Pin, pins: &[Pin]) {
    for other in pins {
        let same_line = pin.line.chip == other.line.chip
            && pin.line.names.iter().any(|name| other.line.names.iter().any(|n| n.eq_ignore_ascii_case(name)));
        let same_number = pin.number.is_some() && pin.number == other.number;
        if same_line || same_number || pin.name.eq_ignore_ascii_case(&other.name) {
            item.wrong(format!("has a name, line or number that pin {} has too", other.name));
        }
    }
}
