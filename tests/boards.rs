//! The files in `boards/`: facts that fit together, and no code that knows them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use katydid::config::{self, BoardChoice, BoardFile, Loaded, Purpose};
use katydid::model::{FoundChip, FoundLine, Secret};

fn boards() -> Vec<BoardFile> {
    config::embedded().unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_file_is_a_board_that_comes_with_the_program() {
    let names: BTreeSet<_> = boards().into_iter().map(|file| file.board.name).collect();
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    assert_eq!(names, files("boards", "toml").iter().map(stem).collect());
    assert!(names.len() >= 7);
}

#[test]
fn a_forty_pin_header_is_complete_and_on_one_chip() {
    let numbers: BTreeSet<u16> =
        [3, 5, 7, 8, 10, 11, 12, 13, 15, 16, 18, 19, 21, 22, 23, 24, 26, 27, 28, 29, 31, 32, 33, 35, 36, 37, 38, 40]
            .into();
    let forty: Vec<_> =
        boards().into_iter().filter(|file| file.board.pins.iter().any(|pin| pin.number.is_some())).collect();
    assert_eq!(forty.len(), 5);
    for BoardFile { board, .. } in forty {
        assert_eq!(board.pins.iter().filter_map(|pin| pin.number).collect::<BTreeSet<_>>(), numbers, "{}", board.name);
        let names: BTreeSet<_> = board.pins.iter().map(|pin| pin.name.clone()).collect();
        assert_eq!(names, (0..28).map(|n| format!("GPIO{n}")).collect(), "{}", board.name);
        let chips: BTreeSet<_> = board.pins.iter().map(|pin| &pin.line.chip).collect();
        assert_eq!(chips.len(), 1, "{}", board.name);
        assert!(chips.iter().all(|chip| chip.starts_with("pinctrl-")), "{chips:?}");
        // The header's own name first: the other names also occur on lines that are not on the header.
        assert!(board.pins.iter().all(|pin| pin.line.names[0] == pin.name), "{}", board.name);
        assert!(board.pins.is_sorted_by_key(|pin| pin.number), "{}", board.name);
        let eeprom = board.pins.iter().filter(|pin| pin.reserved.as_ref().is_some_and(|r| r.starts_with("HAT EEPROM")));
        assert_eq!(eeprom.map(|pin| pin.number.unwrap()).collect::<Vec<_>>(), [27, 28], "{}", board.name);
    }
}

#[test]
fn chips_have_the_labels_of_their_drivers() {
    let label = |compatible: &str| {
        let file = boards().into_iter().find(|file| file.compatible.iter().any(|word| word == compatible)).unwrap();
        file.board.pins[0].line.chip.clone()
    };
    for word in ["model-zero", "model-zero-w", "model-zero-2-w", "3-model-b", "3-model-b-plus"] {
        assert_eq!(label(&format!("raspberrypi,{word}")), "pinctrl-bcm2835");
    }
    assert_eq!(label("raspberrypi,4-model-b"), "pinctrl-bcm2711");
    assert_eq!(label("raspberrypi,5-model-b"), "pinctrl-rp1");
}

#[test]
fn there_is_one_fallback_and_one_simulator() {
    let boards = boards();
    let fallback: Vec<_> = boards.iter().filter(|file| file.fallback).collect();
    assert!(fallback.len() == 1 && fallback[0].board.open && fallback[0].board.pins.is_empty());
    let simulated: Vec<_> = boards.iter().filter(|file| file.simulated).collect();
    assert!(simulated.len() == 1 && simulated[0].board.pins.len() == 20);
    assert!(simulated[0].board.pins.iter().all(|pin| pin.line.chip == "sim"));
}

#[test]
fn every_board_is_found_by_its_own_words_and_by_no_other() {
    let config = "device.name = 'd'\nxmpp = { jid = 'd@home.example', password = { env = 'P' } }\n\
                  contacts = [{ jid = 'anna@home.example', role = 'owner' }]\nsensors.s.system = 'load'\n";
    let choose = |compatible: &[&str]| {
        let words = compatible.iter().map(|word| (*word).to_owned()).collect();
        let loaded = Loaded::of_texts(&[("d.toml".into(), config.into())], &[], words).unwrap();
        let resolved = config::resolve(&loaded.with_password(Ok(Secret::new("p"))), Purpose::Run).unwrap();
        (resolved.device.board().name.clone(), resolved.choice)
    };
    let mut seen = BTreeSet::new();
    for file in boards() {
        for word in &file.compatible {
            assert!(seen.insert(word.clone()), "{word} is said by two boards");
            let chosen = choose(&[word, "maker,chip"]);
            assert_eq!(chosen, (file.board.name.clone(), BoardChoice::Compatible(word.clone())));
        }
    }
    let fallback = boards().into_iter().find(|file| file.fallback).unwrap().board.name;
    assert_eq!(choose(&["maker,board"]), (fallback.clone(), BoardChoice::Fallback));
    assert_eq!(choose(&[]), (fallback, BoardChoice::Fallback));
}

#[test]
fn a_board_file_with_mistakes_names_them_all() {
    let text = "title = 'T'\ncompatible = []\nopne = true\n[[pins]]\nname = 'A'\nchip = 'c'\nlines = ['x']\n\
                [[pins]]\nname = 'B'\nchip = 'c'\nlines = ['y', 'x']\nvolts = 5\n[[pins]]\nname = 'C'\n";
    let wrong = BoardFile::parse("t", "t.toml", text).unwrap_err().to_string();
    let expected = "t.toml:3: opne: unknown; did you mean “open”?
t.toml:8: pins[1]: has a name, line or number that pin A has too
t.toml:12: pins[1].volts: unknown
t.toml:13: pins[2].chip: missing; the label of the line's chip
t.toml:13: pins[2].lines: missing; the names kernels give the line";
    assert_eq!(wrong, expected);
}

#[test]
fn no_code_knows_a_board_by_name() {
    for path in files("src", "rs") {
        let text = fs::read_to_string(&path).unwrap();
        // Without the tests of a file, and without the simulator, whose name is also a config key.
        let code = text.split("#[cfg(test)]").next().unwrap();
        for BoardFile { board, simulated, .. } in boards() {
            let quoted = format!("\"{}\"", board.name);
            assert!(simulated || !code.contains(&quoted), "{} contains {quoted}", path.display());
        }
    }
}

#[test]
fn the_board_text_says_why_and_what_is_where() {
    let words = vec!["raspberrypi,4-model-b".to_owned(), "brcm,bcm2711".to_owned()];
    let config = "device.name = 'd'\nxmpp = { jid = 'd@home.example', password = { env = 'P' } }\n\
                  contacts = [{ jid = 'anna@home.example', role = 'owner' }]\nsensors.door.gpio.line = 'GPIO17'\n";
    let loaded = Loaded::of_texts(&[("d.toml".into(), config.into())], &[], words).unwrap();
    let loaded = loaded.with_password(Ok(Secret::new("p")));
    let resolved = config::resolve(&loaded, Purpose::Check).unwrap();
    let text = config::board_text(&loaded, Some(&resolved), &[]);
    assert!(text.starts_with(
        "Raspberry Pi 4 Model B (raspberry-pi-4b), because the device tree says “raspberrypi,4-model-b”\n"
    ));
    let row = |position: &str| {
        text.lines()
            .find(|line| line.starts_with(position))
            .unwrap()
            .split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(row("11 "), ["11", "GPIO17", "pinctrl-bcm2711", "GPIO17", "-", "door"]);
    assert_eq!(row("3 "), ["3", "GPIO2", "pinctrl-bcm2711", "GPIO2 or SDA1", "I2C1 SDA, if enabled", "-"]);
    assert!(!config::board_text(&loaded, None, &[]).contains("door"));
}

fn chip(label: &str, lines: &[(&str, Option<&str>)]) -> FoundChip {
    let line = |(name, holder): &(&str, Option<&str>)| FoundLine {
        name: (*name).to_owned(),
        holder: holder.map(str::to_owned),
    };
    FoundChip { label: label.to_owned(), lines: lines.iter().map(line).collect() }
}

#[test]
fn the_board_text_says_who_holds_a_pin_now_and_which_other_chips_there_are() {
    let loaded = Loaded::of_texts(&[], &[], vec!["raspberrypi,4-model-b".to_owned()]).unwrap();
    let soc = chip("pinctrl-bcm2711", &[("", None), ("SDA1", None), ("GPIO17", Some("gpioset")), ("PWR", None)]);
    let others = [chip("expander", &[("A", Some("x")), ("", None), ("B", None)]), chip("bare", &[("", None)])];
    let text = config::board_text(&loaded, None, &[vec![soc.clone()], others.to_vec()].concat());
    let ends = |start: &str, end: &str| {
        let row = text.lines().find(|line| line.starts_with(start)).unwrap();
        assert!(row.ends_with(end), "{row}");
    };
    ends("pin ", "  now");
    ends("3 ", "  free");
    ends("11 ", "  held by “gpioset”");
    ends("13 ", "  not there");
    assert!(text.ends_with("\n\nother chips\n  expander  2 named lines\n  bare      no named lines\n"), "{text}");

    let elsewhere = config::board_text(&loaded, None, &others);
    assert!(!elsewhere.contains("  now") && elsewhere.contains("\nother chips\n"), "{elsewhere}");
    let unknown = Loaded::of_texts(&[], &[], Vec::new()).unwrap();
    let unknown = config::board_text(&unknown, None, &[soc]);
    assert!(unknown.ends_with("\n\nother chips\n  pinctrl-bcm2711  3 named lines\n"), "{unknown}");
}
