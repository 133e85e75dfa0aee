//! Software PWM on a simulated line. Pulses are counted; how long each is depends on the machine.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use katydid::model::{Actuator, DriveMode, Exit, Fault, GpioOutput, Kind, Pulse, Scale, Sink, SoftPwmOutput, Value};
use libtest_mimic::Trial;
use tokio::time::sleep;

use crate::chip::SimChip;
use crate::rig::{Point, line, lines_held, output, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_heater_is_on_for_its_share_of_each_period", a_heater_is_on_for_its_share),
        trial("a_heater_is_off_when_its_task_ends_in_the_middle_of_a_pulse", a_heater_is_off_at_the_end),
        trial("a_heater_whose_chip_goes_is_one_fault_and_comes_back_safe", a_heater_whose_chip_goes),
    ]
}

fn heater(chip: &str, period: Duration) -> Actuator {
    let wire = GpioOutput { line: line(chip, "HEATER"), active_low: false, drive: DriveMode::PushPull };
    let pulse = Pulse { period: period.as_nanos() as u64, active_low: false, scale: Scale::Percent };
    Actuator {
        kind: Kind::Number { unit: "%".into(), decimals: 0, range: Some((0.0, 100.0)) },
        sink: Sink::SoftPwm(SoftPwmOutput { output: wire, pulse }),
        safe: Value::Number(0.0),
        exit: Exit::To(Value::Number(0.0)),
        ..output(chip, "HEATER")
    }
}

/// Looks at a line until it is asked: (looks, those that found it on, changes).
struct Watch {
    done: Arc<AtomicBool>,
    thread: JoinHandle<(u32, u32, u32)>,
}

impl Watch {
    fn of(chip: &SimChip) -> Watch {
        let (done, file) = (Arc::new(AtomicBool::new(false)), chip.level_file(0));
        let over = done.clone();
        let thread = thread::spawn(move || {
            let (mut looks, mut on, mut changes, mut last) = (0, 0, 0, None);
            while !over.load(Ordering::Relaxed) {
                let level = fs::read_to_string(&file).unwrap().trim() == "1";
                changes += u32::from(last.is_some_and(|last| last != level));
                (looks, on, last) = (looks + 1, on + u32::from(level), Some(level));
                thread::sleep(Duration::from_millis(2));
            }
            (looks, on, changes)
        });
        Watch { done, thread }
    }

    fn end(self) -> (u32, u32, u32) {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

async fn a_heater_is_on_for_its_share() {
    let chip = SimChip::new("heat", &["HEATER"]);
    let mut heater = Point::holding(&heater("heat", Duration::from_millis(200)));
    assert_eq!(heater.next().await, Ok(Value::Number(0.0)));
    let forty = Value::Number(40.0);
    assert_eq!(heater.drive(1, forty).await, Ok(forty));
    let watch = Watch::of(&chip);
    sleep(Duration::from_secs(4)).await;
    let (looks, on, changes) = watch.end();
    let share = 100 * on / looks;
    println!("      {changes} changes in twenty periods, on {share} % of the time");
    assert!((38..=42).contains(&changes), "{changes} changes");
    assert!((30..=50).contains(&share), "on {share} % of the time");
    for (number, value, level) in [(2, 100.0, true), (3, 0.0, false)] {
        assert_eq!(heater.drive(number, Value::Number(value)).await, Ok(Value::Number(value)));
        let watch = Watch::of(&chip);
        sleep(Duration::from_millis(600)).await;
        let (looks, on, changes) = watch.end();
        assert_eq!((on == looks, on == 0, changes), (level, !level, 0));
    }
    assert_eq!(heater.rest_now(), [], "a pulse is not a change");
}

async fn a_heater_is_off_at_the_end() {
    let chip = SimChip::new("cold", &["HEATER"]);
    let mut heater = Point::holding(&heater("cold", Duration::from_secs(60)));
    heater.next().await.unwrap();
    heater.drive(1, Value::Number(90.0)).await.unwrap();
    assert!(chip.level(0));
    let _released_later = lines_held();
    heater.leave().await;
    assert!(!chip.level(0), "the heater is on for ever");
}

async fn a_heater_whose_chip_goes() {
    let chip = SimChip::new("gone", &["HEATER"]);
    let mut heater = Point::holding(&heater("gone", Duration::from_millis(200)));
    heater.next().await.unwrap();
    heater.drive(1, Value::Number(50.0)).await.unwrap();
    chip.unplug();
    let Err(Fault(first)) = heater.next().await else { panic!("no fault") };
    assert_eq!(first, "the GPIO chip of line HEATER is gone");
    heater.next_fault().await;
    chip.plug();
    assert_eq!(heater.next_good().await, Value::Number(0.0));
    assert!(!chip.level(0));
}
