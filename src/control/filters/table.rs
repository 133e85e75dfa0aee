//! Filters against tables of times, inputs and outputs. A row is `time input -> output`:
//!
//! - input: a number, `on`, `off`, `fault` (the driver could not read), or `.` (nothing came, time passed)
//! - output: a value, `-` (nothing is told), `x` (rejected), `again` with a value (a repetition), `stale`
//!
//! What a filter tells at a deadline of its own must be there as a row of that time with the input `.`.

use std::time::Duration;

use super::{Chain, Due, Step};
use crate::model::{FilterSpec, Moment, Value, parse_duration};

#[track_caller]
pub fn check(specs: &[FilterSpec], table: &str) {
    let wanted: Vec<String> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let mut chain = Chain::new(specs);
    let mut told = Vec::new();
    for row in &wanted {
        let (time, rest) = row.split_once(' ').expect("a time");
        let (input, _) = rest.split_once(" -> ").expect("an arrow");
        let now = Moment(parse_duration(time).expect("a time like 1.5s"));
        let before = told.len();
        while let Some(deadline) = chain.deadline().filter(|deadline| *deadline <= now) {
            let due = chain.wake(deadline);
            assert!(chain.deadline().is_none_or(|next| next > deadline), "a deadline in the past: {row}");
            let Some(due) = due else { continue };
            let due = match due {
                Due::Tell(value) => show(value),
                Due::Repeat(value) => format!("again {}", show(value)),
                Due::Stale => "stale".into(),
                Due::Nothing => "nothing".into(),
            };
            told.push(format!("{} . -> {due}", seconds(deadline.0)));
        }
        match input {
            "." if told.len() == before => told.push(format!("{time} . -> -")),
            "." => {}
            "fault" => {
                chain.reset();
                told.push(format!("{time} fault -> -"));
            }
            _ => {
                let step = match chain.pass(value(input), now) {
                    Step::Pass(value) => show(value),
                    Step::Keep => "-".into(),
                    Step::Reject => "x".into(),
                };
                told.push(format!("{time} {input} -> {step}"));
            }
        }
    }
    assert_eq!(told.join("\n"), wanted.join("\n"));
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs_f64())
}

fn value(text: &str) -> Value {
    match text {
        "on" => Value::Switch(true),
        "off" => Value::Switch(false),
        number => Value::Number(number.parse().expect("a number")),
    }
}

fn show(value: Value) -> String {
    match value {
        Value::Switch(on) => if on { "on" } else { "off" }.into(),
        // Without the noise of the last binary digits.
        Value::Number(number) if number.abs() < 1e9 => format!("{}", (number * 1e9).round() / 1e9),
        Value::Number(number) => format!("{number:e}"),
        Value::Choice(option) => format!("#{option}"),
    }
}
