//! The files in `boards/`: facts that fit together and fit the kernels' own names (`tests/boards/*.txt`), and no code
//! that knows them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use katydid::config::{self, BoardChoice, BoardFile, Loaded, Purpose};
use katydid::model::{Board, Fault, FoundChip, FoundDevice, FoundLine, HWMON, IIO, Inventory, Pin, Quantity, Secret};

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
    assert!(names.len() >= 34);
}

/// A device tree of `tests/boards/*.txt`, as one kernel shows it.
struct Kernel {
    tree: String,
    compatible: Vec<String>,
    /// Label and lines; "" is a line without a name.
    chips: Vec<(String, Vec<String>)>,
}

/// A tree whose chips have several labels counts once for each.
fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for path in files("tests/boards", "txt") {
        let text = fs::read_to_string(&path).unwrap();
        for section in text.split("\nboard ").skip(1) {
            let (head, chips) = section.split_once("\nchip ").unwrap();
            let (tree, compatible) = head.split_once(": ").unwrap();
            let chips: Vec<(Vec<&str>, Vec<String>)> = chips
                .split("\nchip ")
                .map(|chip| chip.split_once('\n').unwrap())
                .map(|(labels, names)| (labels, names.split('"').skip(1).step_by(2).map(str::to_owned)))
                .map(|(labels, names)| (labels.split(' ').collect(), names.collect()))
                .collect();
            let forms = chips[0].0.len();
            kernels.extend((0..forms).map(|form| Kernel {
                tree: tree.to_owned(),
                compatible: compatible.split(' ').map(str::to_owned).collect(),
                chips: chips.iter().map(|(labels, names)| (labels[form].to_owned(), names.clone())).collect(),
            }));
        }
    }
    kernels
}

impl Kernel {
    fn is_of(&self, file: &BoardFile) -> bool {
        file.compatible.iter().any(|word| self.compatible.contains(word))
    }

    /// Chip, offset and name of a pin's line, looked for as the driver does.
    fn find<'k>(&'k self, pin: &Pin) -> Option<(&'k str, usize, &'k str)> {
        self.chips.iter().filter(|(label, _)| pin.line.is_on(label)).find_map(|(label, lines)| {
            let offset = pin.line.names.iter().find_map(|name| lines.iter().position(|line| line == name))?;
            Some((label.as_str(), offset, lines[offset].as_str()))
        })
    }
}

/// Is the line of this offset and name the one the pin means? A Raspberry Pi's pins are called after the offset; the
/// other kernels have the pin in the name: “P9_22 [spi0_sclk]”, “7J1 Header Pin7”, “pin-07 [GPIO1_D4]”.
fn is_meant(board: &Board, pin: &Pin, offset: usize, name: &str) -> bool {
    if board.name.starts_with("raspberry-pi") {
        return pin.name == format!("GPIO{offset}");
    }
    let name = name.split(" [").next().unwrap();
    let digits = name.rsplit(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    let position: Option<u16> = digits.and_then(|digits| digits.parse().ok());
    let of_header = |(header, at): (&str, &str)| name.starts_with(header) && at.parse().ok() == position;
    match pin.number {
        Some(_) => pin.number == position,
        None => name == pin.name || pin.name.split_once('_').is_some_and(of_header),
    }
}

/// Boards whose kernel does not name every pin: board, tree, pin.
const UNNAMED: [(&str, &str, &str); 4] = [
    ("raspberry-pi-1b", "bcm2835-rpi-a.dtb", "GPIO27"),
    ("raspberry-pi-1b", "bcm2835-rpi-b.dtb", "GPIO21"),
    ("raspberry-pi-1b", "bcm2708-rpi-b.dts", "GPIO21"),
    ("raspberry-pi-1b", "bcm2708-rpi-b-rev1.dts", "GPIO27"),
];

fn with_pins() -> Vec<BoardFile> {
    boards().into_iter().filter(|file| !file.simulated && !file.board.pins.is_empty()).collect()
}

#[test]
fn every_pin_is_the_line_that_the_kernel_calls_so() {
    let (boards, kernels) = (with_pins(), kernels());
    for file in &boards {
        let board = &file.board;
        let mut seen = 0;
        for kernel in kernels.iter().filter(|kernel| kernel.is_of(file)) {
            let what = format!("{} on {}", board.name, kernel.tree);
            let mut lines = BTreeSet::new();
            let mut missing = Vec::new();
            for pin in &board.pins {
                let Some((chip, offset, name)) = kernel.find(pin) else {
                    missing.push(pin.name.as_str());
                    continue;
                };
                assert!(is_meant(board, pin, offset, name), "{what}: {} is line {offset}, {name}", pin.name);
                assert!(lines.insert((chip, offset)), "{what}: {name} is there twice");
            }
            seen += 1;
            let expected: Vec<_> =
                UNNAMED.iter().filter(|(name, tree, _)| *name == board.name && *tree == kernel.tree).collect();
            assert_eq!(missing, expected.iter().map(|(_, _, pin)| *pin).collect::<Vec<_>>(), "{what}");
        }
        assert!(seen > 0, "{}: no kernel in tests/boards has its lines", board.name);
    }
}

#[test]
fn every_name_is_one_that_a_kernel_gives() {
    let (boards, kernels) = (with_pins(), kernels());
    for file in &boards {
        for pin in &file.board.pins {
            // The header's own name may be listed without: it finds nothing wrong.
            for name in pin.line.names.iter().filter(|name| **name != pin.name) {
                let given = kernels.iter().filter(|kernel| kernel.is_of(file)).any(|kernel| {
                    kernel.chips.iter().any(|(label, lines)| pin.line.is_on(label) && lines.contains(name))
                });
                assert!(given, "{}: no kernel calls {} “{name}”", file.board.name, pin.name);
            }
        }
    }
}

#[test]
fn every_tree_has_a_board_and_its_words_choose_one() {
    let (boards, kernels) = (with_pins(), kernels());
    let mut trees = BTreeSet::new();
    for kernel in &kernels {
        let fits = boards.iter().filter(|file| file.compatible.iter().any(|word| kernel.compatible.contains(word)));
        assert_eq!(fits.count(), 1, "{}", kernel.tree);
        trees.insert(&kernel.tree);
    }
    assert!(trees.len() >= 58, "{}", trees.len());
    for file in &boards {
        for word in &file.compatible {
            assert!(kernels.iter().any(|kernel| kernel.compatible.contains(word)), "no kernel says {word}");
        }
    }
}

fn numbers(board: &Board) -> BTreeSet<u16> {
    board.pins.iter().filter_map(|pin| pin.number).collect()
}

#[test]
fn a_forty_pin_header_of_a_raspberry_pi_is_complete_and_on_one_chip() {
    let positions: BTreeSet<u16> =
        [3, 5, 7, 8, 10, 11, 12, 13, 15, 16, 18, 19, 21, 22, 23, 24, 26, 27, 28, 29, 31, 32, 33, 35, 36, 37, 38, 40]
            .into();
    let forty = |board: &Board| board.name.starts_with("raspberry-pi") && numbers(board).contains(&40);
    let forty: Vec<_> = boards().into_iter().map(|file| file.board).filter(forty).collect();
    assert!(forty.len() >= 11);
    for board in &forty {
        assert_eq!(numbers(board), positions, "{}", board.name);
        let names: BTreeSet<_> = board.pins.iter().map(|pin| pin.name.clone()).collect();
        assert_eq!(names, (0..28).map(|n| format!("GPIO{n}")).collect(), "{}", board.name);
        // All have the same header.
        let place = |board: &Board| board.pins.iter().map(|pin| (pin.number, pin.name.clone())).collect::<Vec<_>>();
        assert_eq!(place(board), place(&forty[0]), "{}", board.name);
        let chips: BTreeSet<_> = board.pins.iter().map(|pin| &pin.line.chip).collect();
        assert_eq!(chips.len(), 1, "{}", board.name);
        assert!(board.pins.is_sorted_by_key(|pin| pin.number), "{}", board.name);
        let eeprom = board.pins.iter().filter(|pin| pin.reserved.as_ref().is_some_and(|r| r.starts_with("HAT EEPROM")));
        assert_eq!(eeprom.map(|pin| pin.number.unwrap()).collect::<Vec<_>>(), [27, 28], "{}", board.name);
    }
}

#[test]
fn the_twenty_six_pin_header_is_part_of_the_forty_pin_one() {
    let board = |name: &str| boards().into_iter().find(|file| file.board.name == name).unwrap().board;
    let positions: BTreeSet<u16> = [3, 5, 7, 8, 10, 11, 12, 13, 15, 16, 18, 19, 21, 22, 23, 24, 26].into();
    let (both, second, later) =
        (board("raspberry-pi-1b"), board("raspberry-pi-1b-rev2"), board("raspberry-pi-1b-plus"));
    assert_eq!(numbers(&second), positions);
    // What differs between the revisions has no position where the revision is not known.
    assert_eq!(numbers(&both), &positions - &[3, 5, 13].into());
    for pin in both.pins.iter().chain(&second.pins).filter(|pin| pin.number.is_some()) {
        assert_eq!(later.pin(&pin.name).unwrap().number, pin.number, "{}", pin.name);
    }
}

#[test]
fn the_headers_own_name_is_looked_for_first() {
    // On some kernels the other names also occur on lines that are not on the header.
    for file in with_pins().iter().filter(|file| file.board.name.starts_with("raspberry-pi")) {
        assert!(file.board.pins.iter().all(|pin| pin.line.names[0] == pin.name), "{}", file.board.name);
    }
}

#[test]
fn what_the_board_uses_itself_is_marked() {
    for BoardFile { board, .. } in with_pins() {
        for pin in &board.pins {
            let on_chip = |word: &str| pin.line.names.iter().any(|name| name.contains(word));
            let own = ["[hdmi]", "[lcd ", "[mmc1_", "[emmc]", "CEC", "ID_S", "SDA1", "SCL1", "SPI_", "TXD", "RXD"];
            if own.into_iter().any(on_chip) && !board.name.starts_with("raspberry-pi-cm") {
                assert!(pin.reserved.is_some(), "{}: {}", board.name, pin.name);
            }
        }
    }
}

#[test]
fn chips_have_the_labels_of_their_drivers() {
    let (boards, mut seen) = (boards(), 0);
    for kernel in kernels().iter().filter(|kernel| kernel.compatible[0].starts_with("raspberrypi,")) {
        let label = match kernel.compatible[1].as_str() {
            "brcm,bcm2835" | "brcm,bcm2836" | "brcm,bcm2837" => "pinctrl-bcm2835",
            "brcm,bcm2711" => "pinctrl-bcm2711",
            "brcm,bcm2712" => "pinctrl-rp1",
            chip => panic!("{}: {chip}", kernel.tree),
        };
        for file in boards.iter().filter(|file| file.compatible.contains(&kernel.compatible[0])) {
            assert!(file.board.pins.iter().all(|pin| pin.line.chip == label), "{}", file.board.name);
            seen += 1;
        }
    }
    assert!(seen >= 38);
}

/// What differs between families is where the controller is; which pin carries which channel is the chip's.
#[test]
fn the_pwm_channels_of_a_raspberry_pi_are_those_of_its_chip() {
    let bcm: &[(&str, u32)] = &[("GPIO12", 0), ("GPIO13", 1), ("GPIO18", 0), ("GPIO19", 1)];
    let rp1 = &[bcm[0], bcm[1], ("GPIO14", 2), ("GPIO15", 3), ("GPIO18", 2), ("GPIO19", 3)];
    let mut told = 0;
    for BoardFile { board, compatible, .. } in boards().iter().filter(|file| !file.simulated) {
        let with: Vec<&Pin> = board.pins.iter().filter(|pin| pin.pwm.is_some()).collect();
        let Some(chip) = with.first().and_then(|pin| pin.pwm.as_ref()).map(|channel| channel.chip.as_str()) else {
            continue;
        };
        told += 1;
        assert!(compatible.iter().any(|word| word.starts_with("raspberrypi,")), "{}: not checked yet", board.name);
        let label = &with[0].line.chip;
        let (place, known) = match label.as_str() {
            "pinctrl-rp1" => (vec!["1f00098000.pwm"], &rp1[..]),
            "pinctrl-bcm2711" => (vec!["fe20c000.pwm"], bcm),
            _ => (vec!["2020c000.pwm", "3f20c000.pwm"], bcm),
        };
        assert!(place.contains(&chip), "{}: {chip}", board.name);
        for pin in &board.pins {
            let channel = pin.pwm.as_ref().map(|channel| (channel.chip.as_str(), channel.channel));
            let expected = known.iter().find(|(name, _)| *name == pin.name).map(|(_, channel)| (chip, *channel));
            assert_eq!(channel, expected, "{}: {}", board.name, pin.name);
        }
    }
    assert!(told >= 15, "only {told} boards have PWM channels");
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
    let boards = boards();
    for path in files("src", "rs") {
        let text = fs::read_to_string(&path).unwrap();
        // Without the tests of a file, and without the simulator, whose name is also a config key.
        let code = text.split("#[cfg(test)]").next().unwrap();
        // A component's identity is "component/generic" in XMPP's registry.
        let code = &code.replace("type_: \"generic\"", "");
        for BoardFile { board, simulated, .. } in &boards {
            let quoted = format!("\"{}\"", board.name);
            assert!(*simulated || !code.contains(&quoted), "{} contains {quoted}", path.display());
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
    let text = config::board_text(&loaded, Some(&resolved), &Inventory::default());
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
    assert!(!config::board_text(&loaded, None, &Inventory::default()).contains("door"));
}

fn chip(label: &str, lines: &[(&str, Option<&str>)]) -> FoundChip {
    let line = |(name, holder): &(&str, Option<&str>)| FoundLine {
        name: (*name).to_owned(),
        holder: holder.map(str::to_owned),
    };
    FoundChip { label: label.to_owned(), address: None, lines: lines.iter().map(line).collect() }
}

#[test]
fn the_board_text_says_who_holds_a_pin_now_and_which_other_chips_there_are() {
    let loaded = Loaded::of_texts(&[], &[], vec!["raspberrypi,4-model-b".to_owned()]).unwrap();
    let soc = chip("pinctrl-bcm2711", &[("", None), ("SDA1", None), ("GPIO17", Some("gpioset")), ("PWR", None)]);
    let others = [chip("virt", &[("A \"b\"", Some("x")), ("", None), ("B", None)]), chip("bare", &[("", None)])];
    let there = |chips: &[FoundChip]| Inventory { chips: chips.to_vec(), ..Inventory::default() };
    let text = config::board_text(&loaded, None, &there(&[vec![soc.clone()], others.to_vec()].concat()));
    let ends = |start: &str, end: &str| {
        let row = text.lines().find(|line| line.starts_with(start)).unwrap();
        assert!(row.ends_with(end), "{row}");
    };
    ends("pin ", "  now");
    ends("3 ", "  free");
    ends("11 ", "  held by “gpioset”");
    ends("13 ", "  not there");
    let rest = "
chip virt, 3 lines
  gpio = { chip = \"virt\", line = \"A \\\"b\\\"\" }  held by “x”
  gpio = { chip = \"virt\", line = \"B\" }        free
  1 line without a name

chip bare, 1 line
  1 line without a name
";
    assert!(text.ends_with(rest), "{text}");

    let elsewhere = config::board_text(&loaded, None, &there(&others));
    assert!(!elsewhere.contains("  now") && elsewhere.contains("\nchip virt"), "{elsewhere}");
    let unknown = Loaded::of_texts(&[], &[], Vec::new()).unwrap();
    let unknown = config::board_text(&unknown, None, &there(&[soc]));
    assert!(unknown.contains("\n\nchip pinctrl-bcm2711, 4 lines\n"), "{unknown}");
}

#[test]
fn the_board_text_writes_what_there_is_as_a_config_does() {
    let expander = |address: &str| FoundChip {
        address: Some(address.to_owned()),
        ..chip("mcp23017", &[("", Some("katydid")), ("", None)])
    };
    let of = |channel: &str, sorts| Quantity::of(channel, sorts).unwrap();
    let devices = vec![
        FoundDevice::Iio {
            device: "bme280".into(),
            channel: "temp".into(),
            quantity: of("temp", IIO),
            value: Some(25.08),
        },
        FoundDevice::Hwmon {
            name: "1-0048".into(),
            channel: "in1".into(),
            label: Some("supply".into()),
            quantity: of("in", HWMON),
            value: None,
        },
        FoundDevice::Thermal { zone: "cpu-thermal".into(), value: Some(48.3) },
        FoundDevice::OneWire { id: "28-0316a2795bff".into() },
        FoundDevice::Pwm { chip: "fe20c000.pwm".into(), channels: 2 },
        FoundDevice::Led { name: "ACT".into() },
    ];
    let absent = vec![("air".to_owned(), Fault::new("no IIO device “sht4x”; add the line “dtoverlay=…”"))];
    let chips = vec![expander("1-0020"), expander("1-0021")];
    let loaded = Loaded::of_texts(&[], &[], Vec::new()).unwrap();
    let text = config::board_text(&loaded, None, &Inventory { chips, devices, absent });
    let rest = "
chip mcp23017 (1-0020), 2 lines
  gpio = { chip = \"1-0020\", pin = 0 }  held by “katydid”
  gpio = { chip = \"1-0020\", pin = 1 }  free

chip mcp23017 (1-0021), 2 lines
  gpio = { chip = \"1-0021\", pin = 0 }  held by “katydid”
  gpio = { chip = \"1-0021\", pin = 1 }  free

sensors of the kernel's drivers
  iio = { device = \"bme280\", channel = \"temp\" }  25.1 °C
  hwmon = { name = \"1-0048\", channel = \"in1\" }   not readable now (“supply”)
  thermal = \"cpu-thermal\"                        48.3 °C
  onewire = { id = \"28-0316a2795bff\" }

outputs of the kernel's drivers
  pwm = { chip = \"fe20c000.pwm\", channel = 0 }  channels 0 to 1
  led = \"ACT\"

configured, but not there
  air  no IIO device “sht4x”; add the line “dtoverlay=…”
";
    assert!(text.ends_with(rest), "{text}");
}
