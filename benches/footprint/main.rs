//! What the daemon costs, measured from outside, against a real Prosody: `cargo bench --bench footprint`.
//!
//! It prints a table and asserts nothing about time. `KATYDID=path` measures that program instead of its own build. Inside
//! an emulated board (`benches/boards`) there is no Prosody: `SERVER=host:port` and `CA=path` name one outside.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot run should say where")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

mod client;
mod daemon;
mod house;

use std::fs;
use std::time::{Duration, Instant};

use client::Client;
use daemon::Daemon;
use house::House;

const IDLE: Duration = Duration::from_secs(60);
/// Until what a start or a storm has set going is over.
const SETTLED: Duration = Duration::from_secs(5);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let house = House::open();
    println!("{}\n", machine());
    println!("| what | figure | budget |\n|---|---|---|");
    row("stripped program", &format!("{:.2} MB", fs::metadata(&house.program).unwrap().len() as f64 / 1e6), "5 MB");
    let (mut ready, mut online): (Vec<_>, Vec<_>) = (0..11).map(|_| Daemon::start(&house, 20).times()).unzip();
    row("start to READY, 20 points, median of 11", &millis(percentile(&mut ready, 50)), "");
    row("start to online, 20 points, median of 11", &millis(percentile(&mut online, 50)), "500 ms");
    let daemon = Daemon::start(&house, 20);
    std::thread::sleep(SETTLED);
    row("memory (PSS), 20 points, online, idle", &daemon.pss(), "6 MB");
    let before = daemon.wakeups();
    std::thread::sleep(IDLE);
    let rate = (daemon.wakeups() - before) as f64 / IDLE.as_secs_f64();
    row("wake-ups per second, 20 points without intervals, idle", &format!("{rate:.2}"), "");
    let mut client = runtime.block_on(Client::connect(&house));
    let mut trips = runtime.block_on(client.round_trips(1000));
    row("chat round trip through Prosody, p50 of 1,000", &millis(percentile(&mut trips, 50)), "");
    row("chat round trip through Prosody, p99", &millis(percentile(&mut trips, 99)), "");
    let mut edges = runtime.block_on(client.edges(&house, 20));
    row("simulated edge to notice in the client, median of 20", &millis(percentile(&mut edges, 50)), "");
    let begin = Instant::now();
    runtime.block_on(client.day(&house));
    row("a day's traffic, given in", &format!("{:.0} s", begin.elapsed().as_secs_f64()), "");
    std::thread::sleep(SETTLED);
    row("memory (PSS) after it", &daemon.pss(), "6 MB");
    drop(daemon);
    let daemon = Daemon::start(&house, 1000);
    std::thread::sleep(SETTLED);
    row("start to online, 1,000 points", &millis(daemon.times().1), "");
    row("memory (PSS), 1,000 points, online, idle", &daemon.pss(), "");
}

fn row(what: &str, figure: &str, budget: &str) {
    println!("| {what} | {figure} | {budget} |");
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() - 1) * percent / 100]
}

/// Processor, cores and kernel, from what Linux says.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{}, {cores} cores, Linux {}", model.trim_start_matches([' ', '\t', ':']), kernel.trim())
}
