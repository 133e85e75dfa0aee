//! LEDs of the kernel's LED core, with its triggers.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use katydid::model::{Actuator, Exit, Fault, Kind, Label, LedOutput, Sink, Value};
use libtest_mimic::Trial;

use crate::rig::{OFF, ON, Point, trial};

const DRIVER: &str = "/sys/bus/platform/drivers/hwlab-led";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("an_led_is_taken_from_its_trigger_and_set_in_per_cent", an_led_is_taken_from_its_trigger),
        trial("an_led_of_two_states_is_on_and_off", an_led_of_two_states_is_on_and_off),
        trial("an_led_that_is_kept_stays_as_it_is", an_led_that_is_kept_stays_as_it_is),
        trial("an_led_that_blinks_for_somebody_else_is_noticed", an_led_that_blinks_for_somebody_else),
        trial("an_led_that_is_pulled_is_one_fault_and_comes_back_safe", an_led_that_is_pulled),
    ]
}

fn load() {
    for module in ["hwlab_led", "ledtrig-timer"] {
        assert!(Command::new("modprobe").arg(module).status().unwrap().success());
    }
    if !Path::new(DRIVER).join("hwlab-led").exists() {
        fs::write(format!("{DRIVER}/bind"), "hwlab-led").unwrap();
    }
}

fn led(name: &str, kind: Kind, safe: Value, exit: Exit) -> Actuator {
    let dimmed = matches!(kind, Kind::Number { .. });
    Actuator {
        label: Label { name: "led".into(), text: "led".into() },
        kind,
        sink: Sink::Led(LedOutput { name: name.into(), dimmed }),
        safe,
        exit,
        on_link_loss: None,
        max_on: None,
        guard: katydid::model::Guard::default(),
    }
}

fn lamp(safe: f64, exit: Exit) -> Actuator {
    let kind = Kind::Number { unit: "%".into(), decimals: 0, range: Some((0.0, 100.0)) };
    led("hwlab:lamp", kind, Value::Number(safe), exit)
}

fn shows(name: &str, file: &str) -> String {
    fs::read_to_string(format!("/sys/class/leds/{name}/{file}")).unwrap().trim().to_owned()
}

fn write(name: &str, file: &str, text: &str) {
    fs::write(format!("/sys/class/leds/{name}/{file}"), text).unwrap();
}

const DARK: Exit = Exit::To(Value::Number(0.0));

async fn an_led_is_taken_from_its_trigger() {
    load();
    write("hwlab:lamp", "trigger", "timer");
    let mut lamp = Point::holding(&lamp(20.0, DARK));
    assert_eq!(lamp.next().await, Ok(Value::Number(20.0)));
    assert!(shows("hwlab:lamp", "trigger").contains("[none]"));
    assert_eq!(shows("hwlab:lamp", "brightness"), "51");
    assert_eq!(lamp.drive(1, Value::Number(37.0)).await, Ok(Value::Number(37.0)));
    assert_eq!(shows("hwlab:lamp", "brightness"), "94");
    lamp.leave().await;
    assert_eq!(shows("hwlab:lamp", "brightness"), "0");
}

async fn an_led_of_two_states_is_on_and_off() {
    load();
    let mut relay = Point::holding(&led("hwlab:relay", Kind::on_off(), OFF, Exit::To(OFF)));
    for (number, value, brightness) in [(1, ON, "1"), (2, OFF, "0"), (3, ON, "1")] {
        assert_eq!(relay.drive(number, value).await, Ok(value));
        assert_eq!(shows("hwlab:relay", "brightness"), brightness);
    }
    relay.leave().await;
    assert_eq!(shows("hwlab:relay", "brightness"), "0");
}

async fn an_led_that_is_kept_stays_as_it_is() {
    load();
    let mut lamp = Point::holding(&lamp(0.0, Exit::Keep));
    lamp.drive(1, Value::Number(100.0)).await.unwrap();
    lamp.leave().await;
    assert_eq!(shows("hwlab:lamp", "brightness"), "255");
}

async fn an_led_that_blinks_for_somebody_else() {
    load();
    let mut lamp = Point::holding(&lamp(0.0, DARK));
    assert_eq!(lamp.next().await, Ok(Value::Number(0.0)));
    write("hwlab:lamp", "brightness", "51");
    lamp.until(Ok(Value::Number(20.0))).await;
    write("hwlab:lamp", "brightness", "128");
    lamp.until(Ok(Value::Number(50.2))).await;
    lamp.leave().await;
}

async fn an_led_that_is_pulled() {
    load();
    let mut lamp = Point::holding(&lamp(20.0, DARK));
    lamp.drive(1, Value::Number(80.0)).await.unwrap();
    fs::write(format!("{DRIVER}/unbind"), "hwlab-led").unwrap();
    let Err(Fault(text)) = lamp.next().await else { panic!("no fault") };
    assert!(text.starts_with("no LED “hwlab:lamp”"), "{text}");
    assert_eq!(lamp.drive(2, Value::Number(50.0)).await, Err(Fault::new(text.clone())));
    fs::write(format!("{DRIVER}/bind"), "hwlab-led").unwrap();
    loop {
        match lamp.next().await {
            Err(Fault(again)) => assert_eq!(again, text),
            good => break assert_eq!(good, Ok(Value::Number(20.0))),
        }
    }
    assert_eq!(shows("hwlab:lamp", "brightness"), "51");
    lamp.is_quiet(Duration::from_millis(300)).await;
    lamp.leave().await;
}
