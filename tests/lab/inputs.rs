//! Input lines.

use std::time::Duration;

use gpiocdev::Chip;
use gpiocdev::line::Bias as LineBias;
use katydid::drivers::gpio::Help;
use katydid::model::{Bias, Fault, GpioInput, Line, Value};
use libtest_mimic::Trial;
use tokio::time::sleep;

use crate::chip::SimChip;
use crate::rig::{OFF, ON, Point, input, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("the_level_at_start_is_reported_at_once", the_level_at_start_is_reported_at_once),
        trial("an_edge_is_reported", an_edge_is_reported),
        trial("short_pulses_are_reported_in_their_order", short_pulses_are_reported_in_their_order),
        trial("the_pull_up_is_kept_over_edges", the_pull_up_is_kept_over_edges),
        trial("low_is_active_if_the_config_says_so", low_is_active_if_the_config_says_so),
        trial("a_bounce_is_not_a_change", a_bounce_is_not_a_change),
        trial("after_bouncing_the_final_level_is_right", after_bouncing_the_final_level_is_right),
        trial("a_kernel_that_cannot_debounce_is_helped", a_kernel_that_cannot_debounce_is_helped),
        trial("a_line_without_interrupts_is_read", a_line_without_interrupts_is_read),
        trial("after_a_burst_the_final_state_is_right", after_a_burst_the_final_state_is_right),
        trial("edges_beyond_the_kernels_buffer_do_not_hide_the_final_state", edges_beyond_the_buffer),
        trial("the_second_name_of_a_line_will_do", the_second_name_of_a_line_will_do),
        trial("a_wrong_label_or_name_is_said_in_words", a_wrong_label_or_name_is_said_in_words),
    ]
}

async fn the_level_at_start_is_reported_at_once() {
    let chip = SimChip::new("start", &["DOOR", "GATE"]);
    chip.pull(0, true);
    assert_eq!(Point::listening(input("start", "DOOR")).next().await, Ok(ON));
    assert_eq!(Point::listening(input("start", "GATE")).next().await, Ok(OFF));
}

async fn an_edge_is_reported() {
    let chip = SimChip::new("edge", &["DOOR"]);
    let mut door = Point::listening(input("edge", "DOOR"));
    assert_eq!(door.next().await, Ok(OFF));
    for value in [ON, OFF, ON] {
        chip.pull(0, value == ON);
        assert_eq!(door.next().await, Ok(value));
    }
    door.is_quiet(Duration::from_millis(200)).await;
}

async fn short_pulses_are_reported_in_their_order() {
    let chip = SimChip::new("pulses", &["DOOR"]);
    let mut door = Point::listening(input("pulses", "DOOR"));
    assert_eq!(door.next().await, Ok(OFF));
    // The driver cannot run in between: all edges wait in the kernel.
    for up in [true, false, true, false] {
        chip.pull(0, up);
    }
    assert_eq!(door.rest().await, [Ok(ON), Ok(OFF), Ok(ON), Ok(OFF)]);
}

async fn the_pull_up_is_kept_over_edges() {
    let chip = SimChip::new("bias", &["DOOR"]);
    let mut door = Point::listening(GpioInput { bias: Bias::PullUp, ..input("bias", "DOOR") });
    assert_eq!(door.next().await, Ok(ON));
    assert!(chip.level(0), "the resistor is not there");
    chip.pull(0, false);
    assert_eq!(door.next().await, Ok(OFF));
    let info = Chip::from_path(chip.path()).unwrap().line_info(0).unwrap();
    assert_eq!((info.bias, info.consumer.as_str()), (Some(LineBias::PullUp), "katydid"));
}

async fn low_is_active_if_the_config_says_so() {
    let chip = SimChip::new("low", &["DOOR"]);
    let mut door = Point::listening(GpioInput { active_low: true, ..input("low", "DOOR") });
    assert_eq!(door.next().await, Ok(ON));
    chip.pull(0, true);
    assert_eq!(door.next().await, Ok(OFF));
}

fn slow(chip: &str) -> GpioInput<Line> {
    GpioInput { debounce: Duration::from_millis(100), ..input(chip, "DOOR") }
}

async fn a_bounce_is_not_a_change() {
    let chip = SimChip::new("bounce", &["DOOR"]);
    let mut door = Point::listening(slow("bounce"));
    assert_eq!(door.next().await, Ok(OFF));
    chip.pull(0, true);
    sleep(Duration::from_millis(10)).await;
    chip.pull(0, false);
    door.is_quiet(Duration::from_millis(400)).await;
}

async fn after_bouncing_the_final_level_is_right() {
    let chip = SimChip::new("bouncing", &["DOOR"]);
    let mut door = Point::listening(slow("bouncing"));
    assert_eq!(door.next().await, Ok(OFF));
    for up in [true, false, true, false, true] {
        chip.pull(0, up);
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(door.rest().await, [Ok(ON)]);
}

async fn a_kernel_that_cannot_debounce_is_helped() {
    for help in [Help::TellsEdges, Help::Reads] {
        let chip = SimChip::new("helped", &["DOOR"]);
        let mut door = Point::listening_with(help, slow("helped"));
        assert_eq!(door.next().await, Ok(OFF));
        chip.pull(0, true);
        sleep(Duration::from_millis(10)).await;
        chip.pull(0, false);
        door.is_quiet(Duration::from_millis(400)).await;
        for up in [true, false, true, false, true] {
            chip.pull(0, up);
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(door.rest().await, [Ok(ON)], "{help:?}");
    }
}

async fn a_line_without_interrupts_is_read() {
    let chip = SimChip::new("read", &["DOOR"]);
    let mut door = Point::listening_with(Help::Reads, input("read", "DOOR"));
    assert_eq!(door.next().await, Ok(OFF));
    for value in [ON, OFF] {
        chip.pull(0, value == ON);
        assert_eq!(door.next().await, Ok(value));
    }
    chip.unplug();
    assert_eq!(door.next().await, Err(Fault::new("the GPIO chip of line DOOR is gone")));
}

async fn after_a_burst_the_final_state_is_right() {
    let chip = SimChip::new("burst", &["DOOR"]);
    let mut door = Point::listening(input("burst", "DOOR"));
    assert_eq!(door.next().await, Ok(OFF));
    let (chip, said) = tokio::join!(
        async {
            tokio::task::spawn_blocking(move || {
                (1..=2001).for_each(|edge| chip.pull(0, edge % 2 == 1));
                chip
            })
            .await
            .unwrap()
        },
        door.rest()
    );
    assert!(chip.level(0));
    assert_eq!(said.last(), Some(&Ok(ON)));
    alternates(&said);
}

async fn edges_beyond_the_buffer() {
    let chip = SimChip::new("overflow", &["DOOR"]);
    // A loop that takes nothing: the driver stands still as well.
    let mut door = Point::listening_into(input("overflow", "DOOR"), 1);
    assert_eq!(door.next().await, Ok(OFF));
    for edge in 1..=2001 {
        chip.pull(0, edge % 2 == 1);
        if edge == 1000 {
            sleep(Duration::from_millis(20)).await;
        }
    }
    let said = door.rest().await;
    assert!(said.len() < 200, "the kernel kept {} edges", said.len());
    assert_eq!(said.last(), Some(&Ok(ON)));
    alternates(&said);
}

fn alternates(said: &[Result<Value, Fault>]) {
    // The report that edges were lost, as on a slow machine, says the level again, once.
    let again = said.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(again <= 1, "values were said twice: {again}");
}

async fn the_second_name_of_a_line_will_do() {
    let chip = SimChip::new("names", &["GPIO2"]);
    chip.pull(0, true);
    let mut input = input("names", "SDA1");
    input.line.names.push("GPIO2".into());
    assert_eq!(Point::listening(input).next().await, Ok(ON));
}

async fn a_wrong_label_or_name_is_said_in_words() {
    let _chips = [SimChip::new("right", &["DOOR"]), SimChip::new("left", &[])];
    let fault = Point::listening(input("wrong", "DOOR")).next().await.unwrap_err();
    assert_eq!(fault.0, "no GPIO chip labelled “wrong” (there are: right, left)");
    let fault = Point::listening(input("right", "DOR")).next().await.unwrap_err();
    assert_eq!(fault.0, "chip “right” has no line named “DOR”");
}
