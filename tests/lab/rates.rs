//! Many edges and many lines: what is read and counted is right at the end, and memory stays where it is. The figures are
//! printed, not judged: `KATYDID_LAB=rate_ cargo test --test lab`.

use std::fs;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use katydid::drivers::Tallies;
use katydid::drivers::gpio::Help;
use katydid::model::{CounterInput, Gives, PulseValue, Pulses, Value};
use libtest_mimic::Trial;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use crate::chip::SimChip;
use crate::rig::{OFF, ON, Point, input, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("rate_on_one_line_leaves_the_right_state", one_fast_line),
        trial("rate_on_two_hundred_lines_leaves_each_in_the_right_state", two_hundred_lines),
        trial("rate_on_two_hundred_counters_loses_no_pulse", two_hundred_counters),
    ]
}

const LINES: u32 = 200;
const EDGES: u32 = 10_001;

/// Moves lines of a chip one after the other, up and down, as fast as it goes. -> edges a second
async fn hammer(chip: &SimChip, lines: u32, edges: u32) -> f64 {
    let pulls: Vec<_> =
        (0..lines).map(|line| fs::File::options().write(true).open(chip.pull_file(line)).unwrap()).collect();
    let work = move || {
        for edge in 1..=edges {
            for pull in &pulls {
                let word: &[u8] = if edge % 2 == 1 { b"pull-up" } else { b"pull-down" };
                pull.write_at(word, 0).unwrap();
            }
        }
    };
    let begun = Instant::now();
    spawn_blocking(work).await.unwrap();
    f64::from(edges * lines) / begun.elapsed().as_secs_f64()
}

/// Resident memory in kB.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn one_fast_line() {
    let chip = SimChip::new("hammer", &["BELL"]);
    let mut bell = Point::listening(input("hammer", "BELL"));
    assert_eq!(bell.next().await, Ok(OFF));
    let before = resident();
    let ((rate, chip), said) = tokio::join!(async { (hammer(&chip, 1, EDGES).await, &chip) }, bell.rest());
    println!(
        "      {EDGES} edges at {rate:.0}/s, {} told, memory +{} kB",
        said.len(),
        resident() - before.min(resident())
    );
    assert!(chip.level(0));
    assert_eq!(said.last(), Some(&Ok(ON)));
    // The report that edges were lost says the level again, once.
    let again = said.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(said.len() <= EDGES as usize && again <= 1, "{} said, {again} again", said.len());
}

fn names() -> Vec<String> {
    (0..LINES).map(|line| format!("L{line}")).collect()
}

async fn two_hundred_lines() {
    let names = names();
    let chip = SimChip::new("wide", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut points: Vec<Point> = names.iter().map(|name| Point::listening(input("wide", name))).collect();
    for point in &mut points {
        assert_eq!(point.next().await, Ok(OFF));
    }
    let before = resident();
    let take = async {
        let mut told = 0;
        for point in &mut points {
            let mut last = Ok(OFF);
            // While one is waited for, the others stand still, and the kernel's buffers run over.
            while let Ok(said) = timeout(Duration::from_millis(50), point.next()).await {
                told += 1;
                last = said;
            }
            assert_eq!(last, Ok(ON));
        }
        told
    };
    let rate = hammer(&chip, LINES, 101).await;
    let told = take.await;
    println!(
        "      {LINES} lines, {} edges at {rate:.0}/s, {told} told, memory +{} kB",
        LINES * 101,
        resident() - before.min(resident())
    );
}

async fn two_hundred_counters() {
    let names = names();
    let chip = SimChip::new("meters", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut tallies = Tallies::default();
    let meter = |name: &String| CounterInput {
        pulses: Pulses::Line(input("meters", name)),
        scale: PulseValue::Each(1.0),
        gives: Gives::Total,
    };
    let mut points: Vec<Point> =
        names.iter().map(|name| Point::counting(Help::Debounces, meter(name), &mut tallies)).collect();
    for point in &mut points {
        point.until(Ok(Value::Number(0.0))).await;
    }
    let before = resident();
    let rate = hammer(&chip, LINES, 101).await;
    println!(
        "      {LINES} counters, {} edges at {rate:.0}/s, memory +{} kB",
        LINES * 101,
        resident() - before.min(resident())
    );
    for point in &mut points {
        point.until(Ok(Value::Number(51.0))).await;
    }
}
