//! The drivers of an emulated Raspberry Pi 3B: its own chip, line names and device tree. Its levels are seen from
//! outside by the chip's registers, as a probe on the header would see them.

use std::fs;
use std::process::Command;

use katydid::drivers::gpio::survey;
use katydid::drivers::pi::model;
use katydid::model::{
    Actuator, Exit, Kind, Line, Pulse, PwmChannel, PwmOutput, Scale, Sink, Source, SystemFigure, Value,
};
use libtest_mimic::Trial;

use crate::rig::{OFF, ON, Point, input, lines_held, output, trial, wired};
use crate::sensors::hwmon;

const CHIP: &str = "pinctrl-bcm2835";
const PWM: &str = "/sys/class/pwm/pwmchip0";
/// The first registers that tell the levels of lines 0 to 31, and set them (BCM2835 ARM Peripherals, 6.1).
const LEVELS: &str = "0x3f200034";
const SET: &str = "0x3f20001c";
const CLEAR: &str = "0x3f200028";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("the_chip_has_the_names_the_board_file_gives", the_chip_has_the_names_the_board_file_gives),
        trial("a_line_of_the_header_is_claimed_safe_and_driven", a_line_of_the_header_is_claimed_safe_and_driven),
        trial("an_active_low_relay_is_off_while_the_wire_is_high", an_active_low_relay_is_off_while_the_wire_is_high),
        trial("a_line_is_left_at_its_exit_value", a_line_is_left_at_its_exit_value),
        trial("a_line_another_holds_is_a_fault_that_names_it", a_line_another_holds_is_a_fault_that_names_it),
        trial("an_input_is_read_when_it_is_claimed", an_input_is_read_when_it_is_claimed),
        trial("the_thermal_zone_tells_degrees", the_thermal_zone_tells_degrees),
        trial("the_system_tells_the_processor_s_temperature", the_system_tells_the_processor_s_temperature),
        trial("hwmon_shows_the_same_sensor", hwmon_shows_the_same_sensor),
        trial("a_pwm_channel_is_claimed_safe_and_driven", || pwm_is_claimed_safe_and_driven(Sink::Pwm)),
        trial("rppal_claims_a_pwm_channel_safe_and_drives_it", || pwm_is_claimed_safe_and_driven(Sink::PiPwm)),
        trial("a_pwm_channel_is_left_at_its_exit_value", || pwm_is_left_at_its_exit_value(Sink::Pwm)),
        trial("rppal_leaves_a_pwm_channel_at_its_exit_value", || pwm_is_left_at_its_exit_value(Sink::PiPwm)),
        trial("rppal_takes_no_channel_of_others", rppal_takes_no_channel_of_others),
        trial("rppal_inverts_what_is_active_low", rppal_inverts_what_is_active_low),
        trial("what_others_do_to_rppal_s_channel_is_told", what_others_do_to_rppal_s_channel_is_told),
        trial("the_board_is_known_by_its_device_tree", the_board_is_known_by_its_device_tree),
    ]
}

async fn the_chip_has_the_names_the_board_file_gives() {
    let (chips, closed) = survey();
    assert_eq!(closed, []);
    let chip = chips.iter().find(|chip| chip.label == CHIP).unwrap();
    for number in [5, 6, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27] {
        assert_eq!(chip.lines[number].name, format!("GPIO{number}"));
    }
}

async fn a_line_of_the_header_is_claimed_safe_and_driven() {
    world_sets(17, true);
    let mut pump = Point::holding(&output(CHIP, "GPIO17"));
    assert_eq!(pump.next().await, Ok(OFF));
    assert!(!level(17));
    for (number, value) in [(1, ON), (2, ON), (3, OFF), (4, ON)] {
        assert_eq!(pump.drive(number, value).await, Ok(value));
        assert_eq!(level(17), value == ON);
    }
    pump.leave().await;
}

async fn an_active_low_relay_is_off_while_the_wire_is_high() {
    let mut relay = Point::holding(&wired(output(CHIP, "GPIO22"), |wire| wire.active_low = true));
    assert_eq!(relay.next().await, Ok(OFF));
    assert!(level(22));
    assert_eq!(relay.drive(1, ON).await, Ok(ON));
    assert!(!level(22));
    relay.leave().await;
}

async fn a_line_is_left_at_its_exit_value() {
    let mut fan = output(CHIP, "GPIO23");
    fan.exit = Exit::To(ON);
    let mut fan = Point::holding(&fan);
    assert_eq!(fan.next().await, Ok(OFF));
    assert!(!level(23));
    let held = lines_held();
    fan.leave().await;
    assert!(level(23));
    drop(held);
}

async fn a_line_another_holds_is_a_fault_that_names_it() {
    let mut first = Point::holding(&output(CHIP, "GPIO24"));
    assert_eq!(first.next().await, Ok(OFF));
    let fault = Point::holding(&output(CHIP, "GPIO24")).next_fault().await;
    assert!(fault.to_string().contains("katydid"), "{fault}");
    first.leave().await;
}

/// Edges are not emulated.
async fn an_input_is_read_when_it_is_claimed() {
    for up in [true, false] {
        world_sets(25, up);
        let mut door = Point::listening(input(CHIP, "GPIO25"));
        assert_eq!(door.next().await, Ok(Value::Switch(up)));
        door.leave().await;
    }
}

async fn the_thermal_zone_tells_degrees() {
    let mut warm = Point::asking(Source::Thermal("cpu-thermal".into()));
    plausible(warm.next().await.unwrap());
}

async fn the_system_tells_the_processor_s_temperature() {
    let mut warm = Point::asking(Source::System(SystemFigure::CpuTemperature));
    plausible(warm.next().await.unwrap());
}

async fn hwmon_shows_the_same_sensor() {
    let mut warm = Point::asking(hwmon("cpu_thermal", "temp1"));
    plausible(warm.next().await.unwrap());
}

/// The emulated sensor always has 25.178 °C.
fn plausible(value: Value) {
    let Value::Number(degrees) = value else { panic!("{value:?}") };
    assert!((25.0..26.0).contains(&degrees), "{degrees}");
}

type Wired = fn(PwmOutput) -> Sink<Line>;

/// A lamp on the board's own PWM controller, of which channel 1 is GPIO19 on the header.
fn lamp(wired: Wired, exit: Exit, active_low: bool) -> Actuator {
    let channel = PwmChannel { chip: "3f20c000.pwm".into(), channel: 1 };
    let pulse = Pulse { period: 1_000_000, active_low, scale: Scale::Percent };
    let sink = wired(PwmOutput { channel, pin: Some("GPIO19".into()), pulse });
    let kind = Kind::Number { unit: "%".into(), decimals: 0, range: Some((0.0, 100.0)) };
    Actuator { kind, sink, safe: Value::Number(20.0), exit, ..output(CHIP, "GPIO19") }
}

/// A file of the channel.
fn pwm(file: &str) -> Option<String> {
    fs::read_to_string(format!("{PWM}/pwm1/{file}")).ok().map(|text| text.trim().to_owned())
}

fn signal() -> [String; 4] {
    ["period", "duty_cycle", "polarity", "enable"].map(|file| pwm(file).unwrap())
}

const OUT: Exit = Exit::To(Value::Number(0.0));

async fn pwm_is_claimed_safe_and_driven(wired: Wired) {
    let mut lamp = Point::holding(&lamp(wired, OUT, false));
    assert_eq!(lamp.next().await, Ok(Value::Number(20.0)));
    assert_eq!(signal(), ["1000000", "200000", "normal", "1"]);
    for (number, percent, width) in [(1, 75.0, "750000"), (2, 0.0, "0"), (3, 100.0, "1000000")] {
        assert_eq!(lamp.drive(number, Value::Number(percent)).await, Ok(Value::Number(percent)));
        assert_eq!(signal(), ["1000000", width, "normal", "1"]);
    }
    assert!(lamp.drive(4, Value::Number(101.0)).await.is_err());
    assert_eq!(signal()[1], "1000000");
    lamp.leave().await;
    assert_eq!(pwm("enable"), None, "it is still exported");
}

async fn pwm_is_left_at_its_exit_value(wired: Wired) {
    for (exit, width) in [(Exit::To(Value::Number(40.0)), "400000"), (Exit::Keep, "900000")] {
        let mut first = Point::holding(&lamp(wired, exit, false));
        assert_eq!(first.next().await, Ok(Value::Number(20.0)));
        first.drive(1, Value::Number(90.0)).await.unwrap();
        first.leave().await;
        assert_eq!(signal(), ["1000000", width, "normal", "1"]);
        // The next run takes it over, and gives it back.
        let mut next = Point::holding(&lamp(wired, OUT, false));
        assert_eq!(next.next().await, Ok(Value::Number(20.0)));
        assert_eq!(signal(), ["1000000", "200000", "normal", "1"]);
        next.leave().await;
        assert_eq!(pwm("enable"), None);
    }
}

async fn rppal_takes_no_channel_of_others() {
    fs::write(format!("{PWM}/export"), "1").unwrap();
    for (file, text) in [("period", "5000"), ("duty_cycle", "2500"), ("enable", "1")] {
        fs::write(format!("{PWM}/pwm1/{file}"), text).unwrap();
    }
    let fault = Point::holding(&lamp(Sink::PiPwm, OUT, false)).next_fault().await.to_string();
    assert!(fault.starts_with("PWM channel 1 of “3f20c000.pwm” is held by another program"), "{fault}");
    assert_eq!(signal(), ["5000", "2500", "normal", "1"]);
    fs::write(format!("{PWM}/unexport"), "1").unwrap();
    let mut free = Point::holding(&lamp(Sink::PiPwm, OUT, false));
    assert_eq!(free.next().await, Ok(Value::Number(20.0)));
    free.leave().await;
}

async fn rppal_inverts_what_is_active_low() {
    let mut lamp = Point::holding(&lamp(Sink::PiPwm, OUT, true));
    assert_eq!(lamp.next().await, Ok(Value::Number(20.0)));
    assert_eq!(signal(), ["1000000", "200000", "inversed", "1"]);
    lamp.leave().await;
}

async fn what_others_do_to_rppal_s_channel_is_told() {
    let mut lamp = Point::holding(&lamp(Sink::PiPwm, OUT, false));
    assert_eq!(lamp.next().await, Ok(Value::Number(20.0)));
    fs::write(format!("{PWM}/pwm1/duty_cycle"), "330000").unwrap();
    assert_eq!(lamp.next().await, Ok(Value::Number(33.0)));
    fs::write(format!("{PWM}/unexport"), "1").unwrap();
    let fault = lamp.next_fault().await.to_string();
    assert!(fault.contains("was taken away"), "{fault}");
    assert_eq!(lamp.next_good().await, Value::Number(20.0), "claimed anew");
    lamp.leave().await;
}

async fn the_board_is_known_by_its_device_tree() {
    let told = Command::new("/xfer/katydid").arg("board").env_clear().output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let first = told.lines().next().unwrap();
    assert!(first.starts_with("Raspberry Pi 3 Model A+, B or B+ (raspberry-pi-3b)"), "{first}");
    let pin = told.lines().find(|line| line.contains(" GPIO17 ")).unwrap();
    assert_eq!(told.lines().last(), Some("rppal: Raspberry Pi 3 B, BCM2837A1"));
    assert_eq!(model().as_deref(), Some("Raspberry Pi 3 B, BCM2837A1"));
    assert!(pin.starts_with("11") && pin.contains(CHIP) && pin.ends_with("free"), "{pin}");
}

/// The level of a line, as the chip's registers have it.
fn level(line: u32) -> bool {
    let told = Command::new("devmem").arg(LEVELS).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    u32::from_str_radix(told.trim().trim_start_matches("0x"), 16).unwrap() >> line & 1 == 1
}

/// Gives a line that nobody holds a level.
fn world_sets(line: u32, up: bool) {
    let register = if up { SET } else { CLEAR };
    let mask = format!("{:#x}", 1_u32 << line);
    assert!(Command::new("devmem").args([register, "32", &mask]).status().unwrap().success());
    assert_eq!(level(line), up, "line {line} of {:?}", fs::read_to_string("/proc/device-tree/model"));
}
