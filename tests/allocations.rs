//! A sample that is not news costs no memory, however many there are.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use jiff::tz::Offset;
use katydid::agent::{Agent, Input};
use katydid::config::{Loaded, Purpose, resolve};
use katydid::control::{Automation, Controller};
use katydid::model::{Device, Moment, Now, PointId, Secret, Value};

const CONFIG: &str = r#"
[device]
name = "bench"
board = "sim"
[xmpp]
jid = "bench@home.example"
password = { env = "PASSWORD" }
[[contacts]]
jid = "anna@home.example"
role = "owner"
notify = "all"
[sensors.air]
sim = { line = "AN1", at = 20.0 }
filters = [
    { reject_outside = [-40, 85] }, { reject_jump = 10 }, { calibrate = [[0, 0.5], [100, 99]] }, { offset = -1 },
    { multiply = 2 }, { median = 5 }, { quantile = { of = 9, q = 0.5 } }, { min = 5 }, { max = 5 }, { average = 10 },
    { smooth = 0.2 }, { round = 2 }, { clamp = [0, 100] }, { timeout = "1h" }, { delta = 0.5 }, { throttle = "1s" },
    { heartbeat = "1h" },
]
[sensors.minutes]
sim = { line = "AN2", at = 20.0 }
filters = [{ skip_first = 1000 }, { throttle_average = "1h" }]
[sensors.door]
sim = { line = "IN1" }
filters = ["invert", { delayed_on_off = "1h" }]
gestures = {}
[sensors.gate]
sim = { line = "IN2" }
filters = [{ settle = "1h" }, { throttle = "1h" }]
"#;

/// A sensor that says something else each time, and what looks at it.
const AUTOMATIC: &str = r#"
[sensors.water]
sim = { line = "AN3", at = 20.0 }
alarm = { above = 90, for = "1m" }
[actuators.pump]
sim = { line = "OUT1" }
safe = "off"
"#;
const RULE: &str = r#"
when = { all = [{ sensor = "water", above = 80, for = "1m" }, { sensor = "air", below = 5 }] }
set = { actuator = "pump", to = "on" }
"#;

fn device() -> Device {
    device_of(CONFIG)
}

fn device_of(text: &str) -> Device {
    let loaded = Loaded::of_texts(&[("test.toml".to_owned(), text.to_owned())], &[], Vec::new()).unwrap();
    resolve(&loaded.with_password(Ok(Secret::new("secret"))), Purpose::Run).unwrap().device
}

fn at(millis: u64) -> Now {
    let wall = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    Now { mono: Moment(Duration::from_millis(millis)), wall, offset: Offset::UTC }
}

/// What the sensors say in their turn; nothing of it is news after a while.
fn sample(n: u64) -> (&'static str, Value) {
    let wave = (n % 7) as f64 * 0.01;
    match n % 4 {
        0 => ("air", Value::Number(20.0 + wave)),
        1 => ("minutes", Value::Number(20.0 + wave)),
        2 => ("door", Value::Switch(n % 8 == 2)),
        _ => ("gate", Value::Switch(n % 8 == 3)),
    }
}

#[test]
fn a_sample_that_is_not_news_allocates_nothing() {
    let device = device();
    let mut control = Controller::new(&device, at(0));
    let ids: Vec<_> = device.sensors().map(|(id, sensor)| (sensor.label.name.clone(), id)).collect();
    let feed = |control: &mut Controller, n: u64| {
        let (name, value) = sample(n);
        let (_, id) = ids.iter().find(|(known, _)| known == name).unwrap();
        control.sample(&device, *id, Ok(value), at(n)).len()
    };
    let first: usize = (0..1000).map(|n| feed(&mut control, n)).sum();
    assert!(first > 0, "the first ones are news");
    let mut told = 0;
    let info = allocation_counter::measure(|| told = (1000..3000).map(|n| feed(&mut control, n)).sum());
    assert_eq!((told, info.count_total), (0, 0));
}

#[test]
fn rules_and_alarms_that_look_at_what_has_changed_and_do_nothing_allocate_nothing() {
    let rules: String = (0..20).map(|n| format!("[rules.r{n}]\n{RULE}\n")).collect();
    let device = device_of(&format!("{CONFIG}\n{AUTOMATIC}\n{rules}"));
    let mut control = Controller::new(&device, at(0));
    let mut automation = Automation::new(&device, at(0));
    let Some(point @ PointId::Sensor(id)) = device.point_named("water") else { panic!("no such sensor") };
    let mut feed = |n: u64| {
        let changed = control.sample(&device, id, Ok(Value::Number(n as f64 % 50.0)), at(n)).len();
        assert_eq!(automation.changed(&device, &control, point, at(n)), []);
        assert_eq!(automation.wake(&device, &control, at(n)), []);
        changed
    };
    for n in 0..100 {
        feed(n);
    }
    // The controller's own list of what has changed.
    let news = (100..200).map(|n| allocation_counter::measure(|| assert_eq!(feed(n), 1)).count_total).max();
    assert_eq!(news, Some(1));
}

#[test]
fn a_report_to_the_whole_device_allocates_no_more() {
    let mut agent = Agent::new(device(), 1, at(0));
    let names: Vec<std::sync::Arc<str>> = ["air", "minutes", "door", "gate"].map(Into::into).to_vec();
    let input = |n: u64| {
        let (name, value) = sample(n);
        let point = names.iter().find(|known| ***known == *name).unwrap().clone();
        Input::Report { point, result: Ok(value), answers: None }
    };
    for n in 0..1000 {
        agent.handle(input(n), at(n));
    }
    let air = agent.device().point_named("air").unwrap();
    assert!(matches!(air, PointId::Sensor(_)));
    let mut effects = 0;
    let info = allocation_counter::measure(|| {
        effects = (1000..3000)
            .map(|n| {
                let out = agent.handle(input(n), at(n)).len();
                assert!(agent.deadline().is_some());
                out
            })
            .sum();
    });
    assert_eq!((effects, info.count_total), (0, 0));
}
