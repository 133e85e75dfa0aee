//! Pulses on input lines.

use std::time::Duration;

use katydid::drivers::Tallies;
use katydid::drivers::gpio::Help;
use katydid::model::{CounterInput, Fault, Gives, GpioInput, Line, PulseValue, Pulses, Value};
use libtest_mimic::Trial;
use tokio::time::{Instant, sleep};

use crate::chip::SimChip;
use crate::rig::{Point, input, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("each_pulse_is_counted_once", each_pulse_is_counted_once),
        trial("a_bounce_is_not_a_pulse", a_bounce_is_not_a_pulse),
        trial("pulses_beyond_the_kernels_buffer_are_counted", pulses_beyond_the_buffer_are_counted),
        trial("a_line_without_interrupts_cannot_be_counted_and_says_so", a_line_without_interrupts),
        trial("one_line_gives_a_total_and_a_rate", one_line_gives_a_total_and_a_rate),
        trial("the_total_goes_on_when_the_point_is_started_again", the_total_goes_on),
        trial("a_counter_whose_chip_goes_is_a_fault_and_goes_on_when_it_is_back", a_chip_goes_and_comes_back),
    ]
}

fn meter(line: GpioInput<Line>) -> CounterInput<Line> {
    CounterInput { pulses: Pulses::Line(line), scale: PulseValue::Each(1.0), gives: Gives::Total }
}

fn total(pulses: u32) -> Result<Value, Fault> {
    Ok(Value::Number(f64::from(pulses)))
}

fn pulses(chip: &SimChip, count: u32) {
    for _ in 0..count {
        chip.pull(0, true);
        chip.pull(0, false);
    }
}

async fn each_pulse_is_counted_once() {
    let chip = SimChip::new("meter", &["WATER"]);
    let scale = PulseValue::PerUnit(4.0);
    let mut tallies = Tallies::default();
    let mut water =
        Point::counting(Help::Debounces, CounterInput { scale, ..meter(input("meter", "WATER")) }, &mut tallies);
    water.until(Ok(Value::Number(0.0))).await;
    pulses(&chip, 10);
    water.until(Ok(Value::Number(2.5))).await;
    sleep(Duration::from_millis(200)).await;
    assert!(water.rest_now().iter().all(|said| *said == Ok(Value::Number(2.5))));
}

async fn a_bounce_is_not_a_pulse() {
    for help in [Help::Debounces, Help::TellsEdges] {
        let chip = SimChip::new("reed", &["RAIN"]);
        let line = GpioInput { debounce: Duration::from_millis(100), ..input("reed", "RAIN") };
        let mut rain = Point::counting(help, meter(line), &mut Tallies::default());
        rain.until(total(0)).await;
        for _ in 0..3 {
            // Not held at all,
            chip.pull(0, true);
            sleep(Duration::from_millis(10)).await;
            chip.pull(0, false);
            sleep(Duration::from_millis(300)).await;
        }
        for _ in 0..3 {
            // and held after some bouncing, at both ends.
            for up in [true, false, true, false, true] {
                chip.pull(0, up);
                sleep(Duration::from_millis(5)).await;
            }
            sleep(Duration::from_millis(300)).await;
            for up in [false, true, false] {
                chip.pull(0, up);
                sleep(Duration::from_millis(5)).await;
            }
            sleep(Duration::from_millis(300)).await;
        }
        sleep(Duration::from_millis(200)).await;
        assert_eq!(rain.rest_now().last(), Some(&total(3)), "{help:?}");
    }
}

async fn pulses_beyond_the_buffer_are_counted() {
    let chip = SimChip::new("fast", &["FLOW"]);
    let mut flow = Point::counting(Help::Debounces, meter(input("fast", "FLOW")), &mut Tallies::default());
    flow.until(total(0)).await;
    // The driver cannot run in between, and the kernel keeps 1,024.
    let begun = Instant::now();
    pulses(&chip, 5000);
    println!("      5,000 pulses in {:?}", begun.elapsed());
    flow.until(total(5000)).await;
}

async fn a_line_without_interrupts() {
    let chip = SimChip::new("mute", &["GAS"]);
    let mut gas = Point::counting(Help::Reads, meter(input("mute", "GAS")), &mut Tallies::default());
    let why = "line GAS has no interrupts, so its pulses cannot be counted; wire them to a line that has";
    assert_eq!(gas.next().await, Err(Fault::new(why)));
    drop(chip);
}

async fn one_line_gives_a_total_and_a_rate() {
    let chip = SimChip::new("wind", &["WIND"]);
    let mut tallies = Tallies::default();
    let of = Pulses::Of("WIND".into());
    let rate = CounterInput { pulses: of, scale: PulseValue::Each(1.0), gives: Gives::Rate(Duration::from_secs(1)) };
    let mut speed = Point::counting(Help::Debounces, rate, &mut tallies);
    let mut way = Point::counting(Help::Debounces, meter(input("wind", "WIND")), &mut tallies);
    way.until(total(0)).await;
    for _ in 0..40 {
        pulses(&chip, 1);
        sleep(Duration::from_millis(25)).await;
    }
    let said: Vec<f64> = speed.rest_now().into_iter().filter_map(number).collect();
    way.until(total(40)).await;
    // One in 25 ms and what the emulated machine takes for it.
    assert!(said.last().is_some_and(|hertz| (15.0..=40.0).contains(hertz)), "{said:?}");
    sleep(Duration::from_secs(2)).await;
    let last = speed.rest_now().into_iter().filter_map(number).next_back();
    assert!(last.is_some_and(|hertz| hertz < 1.0), "{last:?} long after the last pulse");
}

fn number(result: Result<Value, Fault>) -> Option<f64> {
    match result {
        Ok(Value::Number(number)) => Some(number),
        _ => None,
    }
}

async fn the_total_goes_on() {
    let chip = SimChip::new("again", &["WATER"]);
    let mut tallies = Tallies::default();
    tallies.begin("WATER", 100);
    let mut water = Point::counting(Help::Debounces, meter(input("again", "WATER")), &mut tallies);
    water.until(total(100)).await;
    pulses(&chip, 3);
    water.until(total(103)).await;
    water.leave().await;
    assert_eq!(tallies.pulses().collect::<Vec<_>>(), [("WATER", 103)]);
    let mut water = Point::counting(Help::Debounces, meter(input("again", "WATER")), &mut tallies);
    assert_eq!(water.next().await, total(103));
    pulses(&chip, 1);
    water.until(total(104)).await;
}

async fn a_chip_goes_and_comes_back() {
    let chip = SimChip::new("loose", &["WATER"]);
    let mut tallies = Tallies::default();
    let mut water = Point::counting(Help::Debounces, meter(input("loose", "WATER")), &mut tallies);
    water.until(total(0)).await;
    pulses(&chip, 5);
    water.until(total(5)).await;
    chip.unplug();
    let gone = Err(Fault::new("the GPIO chip of line WATER is gone"));
    water.until(gone.clone()).await;
    // Tried again, the chip is not there at all, which is the same piece of news.
    sleep(Duration::from_secs(2)).await;
    assert!(water.rest_now().iter().all(|said| *said == gone));
    chip.plug();
    assert_eq!(water.next_good().await, Value::Number(5.0));
    pulses(&chip, 2);
    water.until(total(7)).await;
}
