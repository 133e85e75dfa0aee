//! Time as an argument: the pure half never asks a clock.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use jiff::{Timestamp, tz::Offset};

/// A point on the monotonic clock: time since the program started. Deadlines live here, because the wall
/// clock of a board without a battery jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Duration);

impl Moment {
    /// When the program started.
    pub const START: Moment = Moment(Duration::ZERO);

    /// The time from `earlier` to here; zero if that lies ahead.
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(time))
    }
}

/// Both clocks, read once per turn of the loop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Now {
    /// For deadlines.
    pub mono: Moment,
    /// For people.
    pub wall: Timestamp,
    /// The local time zone's offset from UTC at `wall`.
    pub offset: Offset,
}

/// Parses a duration as people write it: `500ms`, `20s`, `10m`, `2h`, `1d`, `1h30m`. Whole numbers or
/// decimals, units mandatory (a bare number has no obvious unit). Zero is allowed; the longest is 365 days.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        seconds += number
            * match rest[..unit].to_ascii_lowercase().as_str() {
                "ms" => 0.001,
                "s" | "sec" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = rest[unit..].trim_start();
    }
    (seconds <= 365.0 * 86400.0).then(|| Duration::from_micros((seconds * 1e6).round() as u64))
}

/// Writes a duration the way [`parse_duration`] reads it, in at most two units: `1h30m`, `9m59s`, `500ms`.
pub fn show_duration(time: Duration) -> String {
    ShownDuration(time).to_string()
}

struct ShownDuration(Duration);

impl fmt::Display for ShownDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        if millis < 1000 {
            return write!(f, "{millis}ms");
        }
        if millis < 10_000 && !millis.is_multiple_of(1000) {
            return write!(f, "{}s", (millis as f64 / 100.0).round() / 10.0);
        }
        let seconds = (millis + 500) / 1000;
        let parts = [("d", seconds / 86400), ("h", seconds / 3600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60)];
        let first = parts.iter().position(|(_, n)| *n > 0).unwrap_or(3);
        for (unit, n) in parts.iter().skip(first).take(2).filter(|(_, n)| *n > 0) {
            write!(f, "{n}{unit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_written() {
        for text in ["500ms", "20s", "10m", "1h30m", "2d", "1.5s"] {
            assert_eq!(show_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("90 s"), None);
        assert_eq!(parse_duration("1h 30m"), Some(Duration::from_secs(5400)));
    }

    #[test]
    fn a_number_without_a_unit_is_not_a_duration() {
        for text in ["", "10", "m", "10 fortnights", "-5s", "1e9d", "500d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
