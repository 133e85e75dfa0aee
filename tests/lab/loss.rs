//! Lines that others hold, and chips that come and go.

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use gpiocdev::Chip;
use katydid::model::Fault;
use libtest_mimic::Trial;
use tokio::time::{Instant, sleep};

use crate::chip::SimChip;
use crate::rig::{OFF, ON, Point, input, output, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_busy_line_is_a_fault_that_names_its_holder_and_recovers", a_busy_line_is_a_fault),
        trial("an_idle_output_whose_chip_goes_is_a_fault_at_once_and_comes_back_safe", an_output_loses_its_chip),
        trial("an_input_whose_chip_goes_is_a_fault_and_comes_back", an_input_loses_its_chip),
        trial("one_broken_point_leaves_the_others_alone", one_broken_point_leaves_the_others_alone),
        trial("a_chip_that_comes_late_is_found", a_chip_that_comes_late_is_found),
    ]
}

/// Another program that has a line.
struct Gardener(Child);

impl Gardener {
    async fn takes(chip: &Path, offset: u32) -> Gardener {
        let line = format!("{offset}=1");
        let child = Command::new("gpioset").arg("-c").arg(chip).args(["-C", "gardener", &line]).spawn().unwrap();
        while !Chip::from_path(chip).unwrap().line_info(offset).unwrap().used {
            sleep(Duration::from_millis(10)).await;
        }
        Gardener(child)
    }
}

impl Drop for Gardener {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn a_busy_line_is_a_fault() {
    let chip = SimChip::new("busy", &["PUMP", "DOOR"]);
    let others = [Gardener::takes(&chip.path(), 0).await, Gardener::takes(&chip.path(), 1).await];
    let mut pump = Point::holding(&output("busy", "PUMP"));
    let mut door = Point::listening(input("busy", "DOOR"));
    let held = |name: &str| Err(Fault::new(format!("line {name} is held by “gardener”")));
    assert_eq!((pump.next().await, door.next().await), (held("PUMP"), held("DOOR")));
    // An order meanwhile is answered, and does not wait for better times.
    assert_eq!(pump.drive(1, ON).await, held("PUMP"));
    drop(others);
    assert_eq!(pump.next_good().await, OFF);
    door.next_good().await;
    assert!(!chip.level(0));
    assert_eq!(pump.drive(2, ON).await, Ok(ON));
}

async fn an_output_loses_its_chip() {
    let chip = SimChip::new("lost", &["PUMP"]);
    let mut pump = Point::holding(&output("lost", "PUMP"));
    assert_eq!(pump.drive(1, ON).await, Ok(ON));
    pump.is_quiet(Duration::from_millis(100)).await;
    let begun = Instant::now();
    chip.unplug();
    assert_eq!(pump.next().await, Err(Fault::new("the GPIO chip of line PUMP is gone")));
    let noticed = begun.elapsed();
    println!("      loss noticed after {noticed:?}");
    assert!(noticed < Duration::from_secs(5), "nobody told: it was only seen after {noticed:?}");
    chip.plug();
    assert_eq!(pump.next_good().await, OFF);
    assert!(!chip.level(0));
    assert_eq!(pump.drive(2, ON).await, Ok(ON));
    assert!(chip.level(0));
}

async fn an_input_loses_its_chip() {
    let chip = SimChip::new("vanished", &["DOOR"]);
    let mut door = Point::listening(input("vanished", "DOOR"));
    assert_eq!(door.next().await, Ok(OFF));
    chip.unplug();
    assert_eq!(door.next().await, Err(Fault::new("the GPIO chip of line DOOR is gone")));
    chip.plug();
    chip.pull(0, true);
    assert_eq!(door.next_good().await, ON);
    chip.pull(0, false);
    assert_eq!(door.next().await, Ok(OFF));
}

async fn one_broken_point_leaves_the_others_alone() {
    let (broken, well) = (SimChip::new("broken", &["DOOR"]), SimChip::new("well", &["GATE", "PUMP"]));
    let mut door = Point::listening(input("broken", "DOOR"));
    let mut gate = Point::listening(input("well", "GATE"));
    let mut pump = Point::holding(&output("well", "PUMP"));
    assert_eq!((door.next().await, gate.next().await), (Ok(OFF), Ok(OFF)));
    assert_eq!(pump.drive(1, ON).await, Ok(ON));
    broken.unplug();
    door.next().await.unwrap_err();
    well.pull(0, true);
    assert_eq!(gate.next().await, Ok(ON));
    assert!(well.level(1), "the pump was disturbed");
    assert_eq!(pump.drive(2, OFF).await, Ok(OFF));
    gate.is_quiet(Duration::from_millis(100)).await;
}

async fn a_chip_that_comes_late_is_found() {
    let mut pump = Point::holding(&output("late", "PUMP"));
    pump.next().await.unwrap_err();
    let chip = SimChip::new("late", &["PUMP"]);
    assert_eq!(pump.next_good().await, OFF);
    assert_eq!(pump.drive(1, ON).await, Ok(ON));
    assert!(chip.level(0));
}
