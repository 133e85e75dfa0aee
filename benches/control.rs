//! What a sample costs on its way through filters and decisions: `cargo bench --bench control`. Prints; judges nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::Offset;
use katydid::agent::{Agent, Input};
use katydid::config::{Loaded, Purpose, resolve};
use katydid::control::Controller;
use katydid::model::{Device, Moment, Now, Secret, SensorId, Value};

const SENSORS: usize = 1000;
/// On the first sensors, each with a time to last; no rule acts and no alarm comes up.
const RULES: usize = 100;
const SAMPLES: u64 = 1_000_000;
/// The quiet path ends in a delta filter, the loud one tells every sample.
const FILTERS: &str = "{ reject_outside = [-40, 85] }, { median = 5 }, { offset = -0.5 }, { smooth = 0.2 }";

fn main() {
    println!("{}\n", machine());
    println!("{SENSORS} sensors with 5 filters each, 2 contacts, online; mean of {SAMPLES} samples\n");
    println!("| what | a sample |\n|---|---|");
    let (quiet, loud) = ("{ delta = 5 }", "{ round = 3 }");
    row("filters and decision, nothing new", filters(&device(quiet, false)));
    row("filters and decision, every sample new", filters(&device(loud, false)));
    row("whole device, nothing new", whole(device(quiet, false), SAMPLES));
    row("whole device, every sample new", whole(device(loud, false), SAMPLES / 10));
    row(&format!("the same with {RULES} rules and {SENSORS} alarms, nothing new"), whole(device(quiet, true), SAMPLES));
    row("and every sample new", whole(device(loud, true), SAMPLES / 10));
}

fn row(what: &str, time: Duration) {
    println!("| {what} | {:.2} µs |", time.as_secs_f64() * 1e6);
}

/// Processor, cores and kernel, from what Linux says.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{}, {cores} cores, Linux {}", model.trim_start_matches([' ', '\t', ':']), kernel.trim())
}

fn device(last: &str, automatic: bool) -> Device {
    let mut text = String::from(
        "[device]\nname = \"bench\"\nboard = \"sim\"\n[xmpp]\njid = \"bench@home.example\"\npassword = { env = \"P\" }\n\
         [[contacts]]\njid = \"anna@home.example\"\nrole = \"owner\"\nnotify = \"all\"\n\
         [[contacts]]\njid = \"ben@home.example\"\nrole = \"viewer\"\nnotify = [\"s0\"]\n",
    );
    for n in 0..SENSORS {
        writeln!(text, "[sensors.s{n}]\nsystem = \"load\"\nevery = \"1h\"\nfilters = [{FILTERS}, {last}]").unwrap();
        if automatic {
            writeln!(text, "alarm = {{ above = 50, for = \"1m\" }}").unwrap();
        }
    }
    if automatic {
        writeln!(text, "[actuators.fan]\nsim = {{ line = \"OUT1\" }}\nsafe = \"off\"").unwrap();
    }
    for n in 0..if automatic { RULES } else { 0 } {
        // Each looks at two sensors, and has something due.
        let other = format!("{{ sensor = \"s{}\", below = -20 }}", (n + 1) % SENSORS);
        let when =
            format!("{{ all = [{{ sensor = \"s{n}\", above = 40, for = \"1m\" }}, {other}, {{ every = \"1d\" }}] }}");
        writeln!(text, "[rules.r{n}]\nwhen = {when}\nset = {{ actuator = \"fan\", to = \"on\" }}").unwrap();
    }
    let loaded = Loaded::of_texts(&[("bench.toml".to_owned(), text)], &[], Vec::new()).unwrap();
    resolve(&loaded.with_password(Ok(Secret::new("secret"))), Purpose::Run).unwrap().device
}

/// A millisecond a sample.
fn at(n: u64) -> Now {
    let wall = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    Now { mono: Moment(Duration::from_millis(n)), wall, offset: Offset::UTC }
}

fn value(n: u64) -> Value {
    Value::Number(20.0 + (n % 977) as f64 * 0.001)
}

fn filters(device: &Device) -> Duration {
    let mut control = Controller::new(device, at(0));
    let ids: Vec<SensorId> = device.sensors().map(|(id, _)| id).collect();
    let mut turn = |n: u64| {
        let id = ids[n as usize % SENSORS];
        black_box(control.sample(device, id, Ok(value(n)), at(n)));
        black_box(control.deadline());
    };
    (0..SAMPLES / 10).for_each(&mut turn);
    let begin = Instant::now();
    (SAMPLES / 10..SAMPLES / 10 + SAMPLES).for_each(&mut turn);
    begin.elapsed() / SAMPLES as u32
}

fn whole(device: Device, samples: u64) -> Duration {
    let jid = device.account().jid.clone();
    let mut agent = Agent::new(device, 1, at(0));
    agent.handle(Input::Online { jid, resumed: false }, at(0));
    let names: Vec<Arc<str>> = (0..SENSORS).map(|n| format!("s{n}").into()).collect();
    let mut turn = |n: u64| {
        let point = names[n as usize % SENSORS].clone();
        black_box(agent.handle(Input::Report { point, result: Ok(value(n)), answers: None }, at(n)));
        black_box(agent.deadline());
    };
    (1..samples / 10).for_each(&mut turn);
    let begin = Instant::now();
    (samples / 10..samples / 10 + samples).for_each(&mut turn);
    begin.elapsed() / samples as u32
}
