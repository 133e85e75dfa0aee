//! GPIO expanders on I2C: the kernel's real drivers, on chips of nothing but registers.

use std::time::Duration;

use katydid::drivers::gpio::survey;
use katydid::model::{Actuator, Fault, GpioInput, Line};
use libtest_mimic::Trial;
use tokio::time::Instant;

use crate::chip::SimChip;
use crate::rig::{OFF, ON, Point, input, output, trial, wired};
use crate::stub::Chip;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_pin_of_a_pcf8574_is_read_by_its_number", a_pin_of_a_pcf8574_is_read),
        trial("a_pin_of_a_pcf8574_is_driven_by_its_number", a_pin_of_a_pcf8574_is_driven),
        trial("a_pin_of_an_mcp23017_is_read_and_driven_by_its_number", a_pin_of_an_mcp23017),
        trial("two_expanders_of_one_label_are_told_apart_by_their_place", two_expanders_of_one_label),
        trial("an_expander_that_goes_is_one_fault_and_comes_back_safe", an_expander_goes_and_comes_back),
        trial("an_expanders_pins_end_somewhere", an_expanders_pins_end_somewhere),
        trial("an_expander_is_in_the_survey_with_its_place", an_expander_is_in_the_survey),
    ]
}

fn pin(chip: &str, number: u32) -> Line {
    Line { chip: chip.into(), names: Vec::new(), offset: Some(number), pin: format!("pin {number}") }
}

fn listens(chip: &str, number: u32) -> GpioInput<Line> {
    GpioInput { line: pin(chip, number), ..input(chip, "") }
}

fn drives(chip: &str, number: u32) -> Actuator {
    wired(output(chip, "relay"), |wire| wire.line = pin(chip, number))
}

async fn a_pin_of_a_pcf8574_is_read() {
    let chip = Chip::pcf8574(0x24);
    chip.pcf8574_stands_at(0xff);
    let mut door = Point::listening(GpioInput { debounce: Duration::from_millis(20), ..listens("pcf8574", 5) });
    let mut gate = Point::listening(listens("pcf8574", 6));
    assert_eq!((door.next().await, gate.next().await), (Ok(ON), Ok(ON)));
    let start = Instant::now();
    chip.pcf8574_stands_at(0b1101_1111);
    assert_eq!(door.next().await, Ok(OFF));
    println!("noticed after {:?}", start.elapsed());
    chip.pcf8574_stands_at(0xff);
    assert_eq!(door.next().await, Ok(ON));
    gate.is_quiet(Duration::from_millis(300)).await;
}

async fn a_pin_of_a_pcf8574_is_driven() {
    let chip = Chip::pcf8574(0x24);
    let mut relay = Point::holding(&drives("pcf8574", 3));
    assert_eq!(relay.next().await, Ok(OFF));
    for (number, value) in [(1, ON), (2, OFF), (3, ON)] {
        assert_eq!(relay.drive(number, value).await, Ok(value));
    }
    // What is read back is what the pin does, not what it was told.
    chip.pcf8574_stands_at(0b1111_0111);
    assert_eq!(relay.drive(4, ON).await, Ok(OFF));
}

async fn a_pin_of_an_mcp23017() {
    let chip = Chip::mcp23017(0x20);
    let mut door = Point::listening(listens("mcp23017", 9));
    assert_eq!(door.next().await, Ok(OFF));
    chip.mcp23017_stands_at(1 << 9);
    assert_eq!(door.next().await, Ok(ON));
    let mut relay = Point::holding(&drives("mcp23017", 2));
    assert_eq!(relay.next().await, Ok(OFF));
    // The stub's pins do not follow what is driven: the read-back says so.
    assert_eq!(relay.drive(1, ON).await, Ok(OFF));
    let (latch, direction) = chip.mcp23017_drives();
    assert_eq!((latch & 1 << 2, direction & 1 << 2, direction & 1 << 9), (1 << 2, 0, 1 << 9));
    chip.mcp23017_stands_at(1 << 2);
    assert_eq!(relay.drive(2, ON).await, Ok(ON));
    assert_eq!(relay.drive(3, OFF).await, Ok(ON));
    assert_eq!(chip.mcp23017_drives().0 & 1 << 2, 0);
}

async fn two_expanders_of_one_label() {
    let (left, right) = (Chip::mcp23017(0x20), Chip::mcp23017(0x21));
    right.mcp23017_stands_at(1);
    let mut both = Point::listening(listens("mcp23017", 0));
    let places = format!("name one by its address: {}, {}", left.place(), right.place());
    assert_eq!(both.next().await, Err(Fault::new(format!("more than one GPIO chip “mcp23017”; {places}"))));
    for (chip, level) in [(&left, OFF), (&right, ON)] {
        let mut point = Point::listening(listens(&chip.place(), 0));
        assert_eq!(point.next().await, Ok(level));
        point.leave().await;
    }
    right.unplug();
    assert_eq!(both.next_good().await, OFF);
}

async fn an_expander_goes_and_comes_back() {
    let chip = Chip::mcp23017(0x20);
    let other = SimChip::new("beside", &["PUMP"]);
    let mut relay = Point::holding(&drives("mcp23017", 2));
    let mut door = Point::listening(listens(&chip.place(), 9));
    let mut pump = Point::holding(&output("beside", "PUMP"));
    assert_eq!((relay.next().await, door.next().await, pump.next().await), (Ok(OFF), Ok(OFF), Ok(OFF)));
    assert_eq!(relay.drive(1, ON).await, Ok(OFF));
    chip.unplug();
    let gone = |name: &str| Err(Fault::new(format!("the GPIO chip of line {name} is gone")));
    assert_eq!(relay.next().await, gone("2 of mcp23017"));
    assert_eq!(door.next().await, gone(&format!("9 of {}", chip.place())));
    assert_eq!(relay.drive(2, ON).await, gone("2 of mcp23017"));
    assert_eq!(pump.drive(3, ON).await, Ok(ON), "the others go on");
    assert!(other.level(0));
    chip.plug();
    // As long as it is away it is told in the same words.
    let mut heard = relay.next().await;
    while heard.is_err() {
        assert_eq!(heard, gone("2 of mcp23017"));
        heard = relay.next().await;
    }
    assert_eq!(heard, Ok(OFF));
    assert_eq!(chip.mcp23017_drives().0 & 1 << 2, 0, "it is claimed with the safe value");
    door.next_good().await;
    pump.is_quiet(Duration::from_millis(100)).await;
}

async fn an_expanders_pins_end_somewhere() {
    let _chip = Chip::pcf8574(0x24);
    let mut door = Point::listening(listens("pcf8574", 8));
    assert_eq!(door.next().await, Err(Fault::new("pcf8574 has no pin 8, its last is 7")));
    let mut gate = Point::listening(listens("pcf8575", 0));
    let fault = gate.next().await.unwrap_err().0;
    let cure = "the kernel's module gpio-pcf857x and an entry in the device tree enable it";
    assert!(fault.starts_with("no GPIO chip labelled “pcf8575” (there ") && fault.ends_with(cure), "{fault}");
}

async fn an_expander_is_in_the_survey() {
    let chip = Chip::mcp23017(0x20);
    let _door = Point::listening(listens("mcp23017", 9)).next().await;
    let (chips, closed) = survey();
    assert_eq!(closed, []);
    let found = chips.iter().find(|chip| chip.label == "mcp23017").unwrap();
    assert_eq!((found.address.as_deref(), found.lines.len()), (Some(chip.place().as_str()), 16));
    assert!(found.lines.iter().all(|line| line.name.is_empty()), "{found:?}");
}
