//! An actuator's state as it is kept for the next run: one line of `key=value`, times in Unix seconds. What cannot be
//! read counts as not known.

use jiff::Timestamp;

use crate::model::{Kind, Value};

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Record {
    /// What it was, if it was known to be where it was told to be.
    pub value: Option<Value>,
    /// Away from the safe value since.
    pub away: Option<Timestamp>,
    /// Safe since.
    pub safe: Option<Timestamp>,
    /// A timed command ends.
    pub until: Option<Timestamp>,
    /// When it went on within the last hour, oldest first.
    pub cycles: Vec<Timestamp>,
}

impl Record {
    pub fn read(kind: &Kind, text: &str) -> Record {
        let mut record = Record::default();
        for (key, value) in text.split(' ').filter_map(|part| part.split_once('=')) {
            match key {
                "value" => record.value = kind.parse(value).ok(),
                "away" => record.away = time(value),
                "safe" => record.safe = time(value),
                "until" => record.until = time(value),
                "cycles" => record.cycles = times(value).unwrap_or_default(),
                _ => {}
            }
        }
        record
    }

    pub fn write(&self, kind: &Kind) -> String {
        let value = self.value.map(|value| match value {
            // In full, not as it is shown.
            Value::Number(number) => format!("value={number}"),
            value => format!("value={}", kind.bare(value)),
        });
        let part = |key: &str, at: Option<Timestamp>| at.map(|at| format!("{key}={}", at.as_second()));
        let mut last = 0;
        let gaps = self.cycles.iter().map(|at| {
            let gap = at.as_second() - std::mem::replace(&mut last, at.as_second());
            gap.to_string()
        });
        let gaps: Vec<String> = gaps.collect();
        let cycles = (!gaps.is_empty()).then(|| format!("cycles={}", gaps.join(",")));
        let parts = [value, part("away", self.away), part("safe", self.safe), part("until", self.until), cycles];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// No time in it lies ahead of the clock, except the end of a command: the clock has not gone backwards.
    pub fn agrees_with(&self, now: Timestamp) -> bool {
        [self.away, self.safe].into_iter().flatten().chain(self.cycles.last().copied()).all(|at| at <= now)
    }
}

fn time(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.parse().ok()?).ok()
}

/// The first one in full, the others as what passed since the one before: many of them must fit the store.
fn times(text: &str) -> Option<Vec<Timestamp>> {
    let mut at = 0i64;
    text.split(',')
        .map(|gap| {
            at = at.checked_add(gap.parse().ok()?)?;
            Timestamp::from_second(at).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let kind = Kind::Switch { inactive: "closed".into(), active: "open".into() };
        let record = Record {
            value: Some(Value::Switch(true)),
            away: Some(at(1_800_000_000)),
            safe: None,
            until: Some(at(1_800_000_600)),
            cycles: vec![at(1_799_999_000), at(1_800_000_000)],
        };
        let text = record.write(&kind);
        assert_eq!(text, "value=open away=1800000000 until=1800000600 cycles=1799999000,1000");
        assert_eq!(Record::read(&kind, &text), record);
    }

    #[test]
    fn a_full_hour_of_cycles_fits_the_store() {
        let record = Record { cycles: (0..128).map(|n| at(1_800_000_000 + n * 28)).collect(), ..Record::default() };
        assert!(record.write(&Kind::on_off()).len() < 900);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a-z0-9=, -]{0,80}") {
            Record::read(&Kind::on_off(), &text);
        }
    }
}
