//! Output lines.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use katydid::drivers::gpio::survey;
use katydid::model::{DriveMode, Exit};
use libtest_mimic::Trial;

use crate::chip::SimChip;
use crate::rig::{OFF, ON, Point, lines_held, output, runtime, trial, wired};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("an_output_is_claimed_with_its_safe_value", an_output_is_claimed_with_its_safe_value),
        trial("claiming_a_relay_does_not_make_it_click", claiming_a_relay_does_not_make_it_click),
        trial("a_drive_sets_the_line_and_answers_with_what_it_reads", a_drive_sets_the_line),
        trial("a_survey_shows_who_holds_a_line_and_disturbs_nobody", a_survey_shows_who_holds_a_line),
        trial("active_low_means_low_on_the_wire", active_low_means_low_on_the_wire),
        trial("an_open_drain_that_nothing_pulls_up_reads_low", an_open_drain_reads_low),
        trial("the_exit_value_is_driven_when_the_line_is_let_go", the_exit_value_is_driven),
        trial("a_line_that_is_kept_is_not_driven_at_the_end", a_line_that_is_kept_is_not_driven),
        Trial::test("a_panic_of_the_program_leaves_the_exit_value", || {
            a_panic_of_the_program_leaves_the_exit_value();
            Ok(())
        }),
    ]
}

async fn an_output_is_claimed_with_its_safe_value() {
    let chip = SimChip::new("safe", &["PUMP", "LOCK"]);
    let mut pump = Point::holding(&output("safe", "PUMP"));
    let mut lock = output("safe", "LOCK");
    lock.safe = ON;
    let mut lock = Point::holding(&lock);
    assert_eq!((pump.next().await, lock.next().await), (Ok(OFF), Ok(ON)));
    assert_eq!((chip.level(0), chip.level(1)), (false, true));
}

async fn a_survey_shows_who_holds_a_line() {
    let chip = SimChip::new("survey", &["PUMP", "LOCK"]);
    let mut lock = output("survey", "LOCK");
    lock.safe = ON;
    let mut lock = Point::holding(&lock);
    assert_eq!(lock.next().await, Ok(ON));
    let (chips, closed) = survey();
    assert_eq!(closed, []);
    let found = chips.into_iter().find(|found| found.label == "survey").unwrap();
    let lines: Vec<_> = found.lines.iter().map(|line| (line.name.as_str(), line.holder.as_deref())).collect();
    // The kernel makes the chip longer than it was asked to.
    assert_eq!(lines[..2], [("PUMP", None), ("LOCK", Some("katydid"))]);
    assert!(chip.level(1));
}

async fn claiming_a_relay_does_not_make_it_click() {
    let chip = SimChip::new("click", &["PUMP"]);
    // The relay is off while the wire is high, as the board's own pull has it.
    chip.pull(0, true);
    let (done, file) = (Arc::new(AtomicBool::new(false)), chip.level_file(0));
    let watch = thread::spawn({
        let done = done.clone();
        move || {
            let mut low = 0;
            while !done.load(Ordering::Relaxed) {
                low += u32::from(fs::read_to_string(&file).unwrap().trim() == "0");
            }
            low
        }
    });
    for _ in 0..50 {
        let mut pump = Point::holding(&wired(output("click", "PUMP"), |wire| wire.active_low = true));
        assert_eq!(pump.next().await, Ok(OFF));
        pump.leave().await;
    }
    done.store(true, Ordering::Relaxed);
    assert_eq!(watch.join().unwrap(), 0);
}

async fn a_drive_sets_the_line() {
    let chip = SimChip::new("drive", &["PUMP"]);
    let mut pump = Point::holding(&output("drive", "PUMP"));
    for (number, value) in [(1, ON), (2, ON), (3, OFF)] {
        assert_eq!(pump.drive(number, value).await, Ok(value));
        assert_eq!(chip.level(0), value == ON);
    }
}

async fn active_low_means_low_on_the_wire() {
    let chip = SimChip::new("inverted", &["PUMP"]);
    let mut pump = Point::holding(&wired(output("inverted", "PUMP"), |wire| wire.active_low = true));
    assert_eq!(pump.next().await, Ok(OFF));
    assert!(chip.level(0));
    assert_eq!(pump.drive(1, ON).await, Ok(ON));
    assert!(!chip.level(0));
}

async fn an_open_drain_reads_low() {
    let chip = SimChip::new("drain", &["BUS"]);
    let mut bus = Point::holding(&wired(output("drain", "BUS"), |wire| wire.drive = DriveMode::OpenDrain));
    assert_eq!(bus.drive(1, ON).await, Ok(OFF));
    assert!(!chip.level(0));
}

async fn the_exit_value_is_driven() {
    let chip = SimChip::new("exit", &["PUMP", "LIGHT"]);
    let mut pump = Point::holding(&output("exit", "PUMP"));
    let mut light = output("exit", "LIGHT");
    light.exit = Exit::To(ON);
    let mut light = Point::holding(&light);
    assert_eq!((pump.drive(1, ON).await, light.drive(2, OFF).await), (Ok(ON), Ok(OFF)));
    let _released_later = lines_held();
    pump.leave().await;
    light.leave().await;
    assert_eq!((chip.level(0), chip.level(1)), (false, true));
}

async fn a_line_that_is_kept_is_not_driven() {
    let chip = SimChip::new("keep", &["PUMP"]);
    let mut pump = output("keep", "PUMP");
    pump.exit = Exit::Keep;
    let mut pump = Point::holding(&pump);
    assert_eq!(pump.drive(1, ON).await, Ok(ON));
    let _released_later = lines_held();
    pump.leave().await;
    assert!(chip.level(0));
}

fn a_panic_of_the_program_leaves_the_exit_value() {
    let chip = SimChip::new("panic", &["PUMP"]);
    let mut released_later = Vec::new();
    let end = catch_unwind(AssertUnwindSafe(|| {
        runtime().block_on(async {
            let mut pump = Point::holding(&output("panic", "PUMP"));
            assert_eq!(pump.drive(1, ON).await, Ok(ON));
            released_later = lines_held();
            assert!(chip.level(0));
            panic!("on purpose");
        })
    }));
    assert!(end.is_err());
    assert_eq!(released_later.len(), 1);
    assert!(!chip.level(0), "the pump still runs");
}
