//! Lamps and servos on the kernel's PWM core, with a controller of nothing but its registers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use katydid::model::{Actuator, Exit, Fault, Kind, Label, Pulse, PwmChannel, PwmOutput, Scale, Sink, Value};
use libtest_mimic::Trial;

use crate::rig::{Point, trial};

const CHIP: &str = "hwlab-pwm";
const DRIVER: &str = "/sys/bus/platform/drivers/hwlab-pwm";
const SEEN: &str = "/sys/kernel/debug/hwlab_pwm";
const HELD: &str = "PWM channel 0 of “hwlab-pwm” is held by another program; if that is gone, write 0 to ";
const GONE: &str = "no PWM controller “hwlab-pwm”; the controller's driver and an entry in the device tree enable it";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_pwm_lamp_is_claimed_safe_set_read_back_and_off_at_the_end", a_lamp_from_claim_to_end),
        trial("a_pwm_channel_whose_pulse_is_low_is_inverted", a_channel_whose_pulse_is_low_is_inverted),
        trial("a_pwm_signal_that_is_to_stay_stays_and_the_next_run_has_it_safe", a_signal_that_is_to_stay_stays),
        trial("a_pwm_channel_of_another_program_is_one_fault_and_had_when_it_is_free", a_channel_of_another_program),
        trial("a_pwm_channel_of_the_kernels_own_is_one_fault_and_had_when_it_is_free", a_channel_of_the_kernels_own),
        trial("a_pwm_change_behind_our_back_is_noticed", a_change_behind_our_back_is_noticed),
        trial("a_pwm_controller_that_is_pulled_is_one_fault_and_comes_back_safe", a_controller_that_is_pulled),
        trial("a_pwm_servo_turns_between_its_ends", a_servo_turns_between_its_ends),
    ]
}

/// The controller as its driver sees it, whoever holds a channel.
struct Controller;

impl Controller {
    fn new() -> Controller {
        assert!(run("modprobe", &["hwlab_pwm", "channels=2"]));
        if !Path::new(SEEN).exists() {
            assert!(run("mount", &["-t", "debugfs", "debugfs", "/sys/kernel/debug"]));
        }
        if !Path::new(DRIVER).join(CHIP).exists() {
            fs::write(format!("{DRIVER}/bind"), CHIP).unwrap();
        }
        Controller
    }

    /// What channel 0 sends: "on normal 250000/1000000".
    fn sends(&self) -> String {
        let text = fs::read_to_string(SEEN).unwrap();
        text.lines().next().unwrap().strip_prefix("0 ").unwrap().to_owned()
    }

    fn folder(&self) -> PathBuf {
        let chips = fs::read_dir("/sys/class/pwm").unwrap().map(|chip| chip.unwrap().path());
        let named = |chip: &PathBuf| fs::canonicalize(chip.join("device")).is_ok_and(|device| device.ends_with(CHIP));
        chips.into_iter().find(named).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.folder().join(file), text).unwrap();
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).status().unwrap().success()
}

fn lamp(channel: u32, safe: f64, exit: Exit) -> Actuator {
    let pulse = Pulse { period: 1_000_000, active_low: false, scale: Scale::Percent };
    let output = PwmOutput { channel: PwmChannel { chip: CHIP.into(), channel }, pin: None, pulse };
    Actuator {
        label: Label { name: "lamp".into(), text: "lamp".into() },
        kind: Kind::Number { unit: "%".into(), decimals: 0, range: Some((0.0, 100.0)) },
        sink: Sink::Pwm(output),
        safe: Value::Number(safe),
        exit,
        on_link_loss: None,
        max_on: None,
        guard: katydid::model::Guard::default(),
    }
}

const OFF: Exit = Exit::To(Value::Number(0.0));

fn percent(percent: f64) -> Result<Value, Fault> {
    Ok(Value::Number(percent))
}

async fn a_lamp_from_claim_to_end() {
    let chip = Controller::new();
    let mut lamp = Point::holding(&lamp(0, 5.0, OFF));
    assert_eq!(lamp.next().await, percent(5.0));
    assert_eq!(chip.sends(), "on normal 50000/1000000");
    for (number, value, sends) in [(1, 40.0, "400000"), (2, 33.3, "333000"), (3, 100.0, "1000000"), (4, 0.0, "0")] {
        assert_eq!(lamp.drive(number, Value::Number(value)).await, percent(value));
        assert_eq!(chip.sends(), format!("on normal {sends}/1000000"));
    }
    lamp.drive(5, Value::Number(70.0)).await.unwrap();
    assert!(chip.folder().join("pwm0").exists());
    lamp.leave().await;
    assert_eq!(chip.sends(), "off normal 0/1000000");
    assert!(!chip.folder().join("pwm0").exists(), "it was not given back");
}

async fn a_channel_whose_pulse_is_low_is_inverted() {
    let chip = Controller::new();
    // Somebody has left it running, longer than our period and the other way round.
    chip.write("export", "0");
    for (file, text) in [("period", "9000000"), ("duty_cycle", "8000000"), ("enable", "1")] {
        chip.write(&format!("pwm0/{file}"), text);
    }
    fs::create_dir_all("/run/katydid").unwrap();
    fs::write("/run/katydid/pwm-hwlab-pwm-0", "").unwrap();
    let mut actuator = lamp(0, 25.0, OFF);
    if let Sink::Pwm(output) = &mut actuator.sink {
        output.pulse.active_low = true;
    }
    let mut lamp = Point::holding(&actuator);
    assert_eq!(lamp.next().await, percent(25.0));
    assert_eq!(chip.sends(), "on inversed 250000/1000000");
    lamp.leave().await;
}

async fn a_signal_that_is_to_stay_stays() {
    let chip = Controller::new();
    for (exit, stays) in [(Exit::Keep, "600000"), (Exit::To(Value::Number(20.0)), "200000")] {
        let mut first = Point::holding(&lamp(0, 0.0, exit));
        assert_eq!(first.drive(1, Value::Number(60.0)).await, percent(60.0));
        first.leave().await;
        assert_eq!(chip.sends(), format!("on normal {stays}/1000000"));
        let mut next = Point::holding(&lamp(0, 5.0, OFF));
        assert_eq!(next.next().await, percent(5.0));
        assert_eq!(chip.sends(), "on normal 50000/1000000");
        next.leave().await;
    }
}

async fn a_channel_of_another_program() {
    let chip = Controller::new();
    chip.write("export", "0");
    chip.write("pwm0/period", "5000000");
    chip.write("pwm0/duty_cycle", "1000000");
    let mut taken = Point::holding(&lamp(0, 5.0, OFF));
    let mut other = Point::holding(&lamp(1, 5.0, OFF));
    let fault = Fault::new(format!("{HELD}{}/unexport", chip.folder().display()));
    assert_eq!(taken.next().await, Err(fault.clone()));
    assert_eq!(taken.drive(1, Value::Number(50.0)).await, Err(fault.clone()));
    assert_eq!(other.drive(2, Value::Number(50.0)).await, percent(50.0));
    assert_eq!(chip.sends(), "off normal 1000000/5000000", "it was touched");
    chip.write("unexport", "0");
    loop {
        match taken.next().await {
            Err(again) => assert_eq!(again, fault),
            good => break assert_eq!(good, percent(5.0)),
        }
    }
    taken.leave().await;
    other.leave().await;
}

async fn a_channel_of_the_kernels_own() {
    let _chip = Controller::new();
    let taken = "/sys/module/hwlab_pwm/parameters/taken";
    fs::write(taken, "1").unwrap();
    let mut lamp = Point::holding(&lamp(0, 5.0, OFF));
    let fault = Err(Fault::new("PWM channel 0 of “hwlab-pwm” is held by a driver of the kernel's"));
    assert_eq!((lamp.next().await, lamp.next().await), (fault.clone(), fault));
    assert!(!Path::new("/run/katydid/pwm-hwlab-pwm-0").exists());
    fs::write(taken, "0").unwrap();
    lamp.until(percent(5.0)).await;
    lamp.leave().await;
}

async fn a_change_behind_our_back_is_noticed() {
    let chip = Controller::new();
    let mut lamp = Point::holding(&lamp(0, 5.0, OFF));
    lamp.drive(1, Value::Number(40.0)).await.unwrap();
    chip.write("pwm0/duty_cycle", "120000");
    lamp.until(percent(12.0)).await;
    chip.write("pwm0/enable", "0");
    lamp.until(percent(0.0)).await;
    // Given back by somebody, it is claimed anew.
    chip.write("unexport", "0");
    lamp.until(Err(Fault::new("PWM channel 0 of “hwlab-pwm” was taken away"))).await;
    lamp.until(percent(5.0)).await;
    assert_eq!(chip.sends(), "on normal 50000/1000000");
    lamp.leave().await;
}

async fn a_controller_that_is_pulled() {
    let chip = Controller::new();
    let mut first = Point::holding(&lamp(0, 5.0, OFF));
    let mut second = Point::holding(&lamp(1, 10.0, OFF));
    first.drive(1, Value::Number(40.0)).await.unwrap();
    second.next().await.unwrap();
    fs::write(format!("{DRIVER}/unbind"), CHIP).unwrap();
    let fault = Err(Fault::new(GONE));
    assert_eq!(first.next().await, fault);
    second.until(fault.clone()).await;
    for number in 2..5 {
        assert_eq!(first.drive(number, Value::Number(50.0)).await, fault);
    }
    fs::write(format!("{DRIVER}/bind"), CHIP).unwrap();
    loop {
        match first.next().await {
            Err(again) => assert_eq!(Err(again), fault),
            good => break assert_eq!(good, percent(5.0)),
        }
    }
    assert_eq!(chip.sends(), "on normal 50000/1000000");
    second.until(percent(10.0)).await;
    first.leave().await;
    second.leave().await;
}

async fn a_servo_turns_between_its_ends() {
    let chip = Controller::new();
    let mut actuator = lamp(0, 0.0, Exit::To(Value::Number(90.0)));
    actuator.kind = Kind::Number { unit: "°".into(), decimals: 0, range: Some((-90.0, 90.0)) };
    if let Sink::Pwm(output) = &mut actuator.sink {
        let scale = Scale::Ends { low: (-90.0, 2_400_000), high: (90.0, 600_000) };
        output.pulse = Pulse { period: 20_000_000, active_low: false, scale };
    }
    let mut servo = Point::holding(&actuator);
    assert_eq!(servo.next().await, percent(0.0));
    assert_eq!(chip.sends(), "on normal 1500000/20000000");
    assert_eq!(servo.drive(1, Value::Number(-45.0)).await, percent(-45.0));
    assert_eq!(chip.sends(), "on normal 1950000/20000000");
    let refused = Fault::new("a PWM channel cannot be set to 91");
    assert_eq!(servo.drive(2, Value::Number(91.0)).await, Err(refused));
    // Without a signal a servo is nowhere.
    chip.write("pwm0/enable", "0");
    servo.until(Err(Fault::new("another program has switched the signal off"))).await;
    servo.until(percent(0.0)).await;
    servo.is_quiet(Duration::from_millis(300)).await;
    servo.leave().await;
    assert_eq!(chip.sends(), "on normal 600000/20000000", "it holds its exit angle");
    chip.write("unexport", "0");
}
