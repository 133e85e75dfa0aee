//! Times of day and of week, as people say them. What moment they are on a given day is `control`'s to find out.

use std::fmt;
use std::time::Duration;

use jiff::civil::{Time, Weekday};

use super::{parse_duration, show_duration};

/// A place on Earth, for the sun.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u8);

/// As the config writes them.
pub const WEEKDAYS: &[(&str, Weekday)] = &[
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// When the sun's upper edge crosses the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SunEvent {
    /// Upwards.
    Rise,
    /// Downwards.
    Set,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DayTime {
    /// By the clock.
    Clock(Time),
    /// By the sun.
    Sun {
        /// Which event.
        event: SunEvent,
        /// So long before it instead of after it.
        before: bool,
        /// How long, at most 12 h.
        offset: Duration,
    },
}

/// A part of the day, on some days. It may end on the day after; the day on which it begins counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// When it begins.
    pub from: DayTime,
    /// When it is over.
    pub to: DayTime,
    /// On which days it begins.
    pub days: Days,
}

impl Days {
    /// Every day.
    pub const ALL: Days = Days(0x7f);

    /// These days.
    pub fn of(days: impl IntoIterator<Item = Weekday>) -> Days {
        Days(days.into_iter().fold(0, |bits, day| bits | bit(day)))
    }

    /// Is this one of them?
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

/// The longest time before or after the sun's event.
pub const MOST_SUN_OFFSET: Duration = Duration::from_secs(12 * 3600);

impl DayTime {
    /// Midnight.
    pub const MIDNIGHT: DayTime = DayTime::Clock(Time::midnight());

    /// Reads `07:30`, `sunset` or `sunrise-30m`.
    pub fn parse(text: &str) -> Option<DayTime> {
        match text.strip_prefix("sun") {
            Some(rest) => DayTime::parse_sun(rest),
            None => parse_clock(text).map(DayTime::Clock),
        }
    }

    /// Reads `rise`, `set+1h` or `set-30m`.
    pub fn parse_sun(text: &str) -> Option<DayTime> {
        let (event, rest) = match (text.strip_prefix("rise"), text.strip_prefix("set")) {
            (Some(rest), _) => (SunEvent::Rise, rest),
            (_, Some(rest)) => (SunEvent::Set, rest),
            _ => return None,
        };
        let (before, time) = match (rest.strip_prefix('-'), rest.strip_prefix('+')) {
            _ if rest.is_empty() => return Some(DayTime::Sun { event, before: false, offset: Duration::ZERO }),
            (Some(time), _) => (true, time),
            (_, Some(time)) => (false, time),
            _ => return None,
        };
        let offset = parse_duration(time).filter(|offset| *offset <= MOST_SUN_OFFSET)?;
        Some(DayTime::Sun { event, before, offset })
    }

    /// Does it need to know the place?
    pub fn is_by_sun(self) -> bool {
        matches!(self, DayTime::Sun { .. })
    }
}

/// `7:30`, `07:30` or `07:30:15`.
fn parse_clock(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let mut part = |lengths: &[usize]| {
        let part = parts.next()?;
        let digits = part.bytes().all(|b| b.is_ascii_digit()) && lengths.contains(&part.len());
        digits.then(|| part.parse::<i8>().ok())?
    };
    let (hour, minute) = (part(&[1, 2])?, part(&[2])?);
    let second = if text.matches(':').count() == 2 { part(&[2])? } else { 0 };
    parts.next().is_none().then(|| Time::new(hour, minute, second, 0).ok())?
}

/// `07:30`, `sunset`, `30m before sunset`.
impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DayTime::Clock(time) if time.second() == 0 => write!(f, "{}", time.strftime("%H:%M")),
            DayTime::Clock(time) => write!(f, "{}", time.strftime("%H:%M:%S")),
            DayTime::Sun { event, before, offset } => {
                if !offset.is_zero() {
                    write!(f, "{} {} ", show_duration(*offset), if *before { "before" } else { "after" })?;
                }
                f.write_str(match event {
                    SunEvent::Rise => "sunrise",
                    SunEvent::Set => "sunset",
                })
            }
        }
    }
}

/// `Monday to Friday`, `Saturday and Sunday`, `Monday, Wednesday`.
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = |days: &[usize]| self.0 == days.iter().fold(0, |bits, day| bits | 1 << day);
        if is(&[0, 1, 2, 3, 4]) {
            return f.write_str("Monday to Friday");
        }
        let names = WEEKDAYS.iter().filter(|(_, day)| self.contains(*day)).map(|(_, day)| format!("{day:?}"));
        f.write_str(&names.collect::<Vec<_>>().join(" and "))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.from == DayTime::MIDNIGHT && self.to == DayTime::MIDNIGHT;
        match (whole, self.days == Days::ALL) {
            (true, _) => write!(f, "on {}", self.days),
            (false, true) => write!(f, "between {} and {}", self.from, self.to),
            (false, false) => write!(f, "between {} and {} (beginning on {})", self.from, self.to, self.days),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_read_as_people_write_them() {
        let show = |text| DayTime::parse(text).map(|time| time.to_string());
        assert_eq!(show("07:30").as_deref(), Some("07:30"));
        assert_eq!(show("7:30:15").as_deref(), Some("07:30:15"));
        assert_eq!(show("sunset-30m").as_deref(), Some("30m before sunset"));
        assert_eq!(show("sunrise").as_deref(), Some("sunrise"));
        for wrong in ["", "24:00", "7", "07:3", "07:30:", "+7:30", "sunup", "sunset-13h", "sunset30m", "07:30:00:00"] {
            assert_eq!(show(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_have_names() {
        assert_eq!(Days::of([Weekday::Sunday, Weekday::Saturday]).to_string(), "Saturday and Sunday");
        assert_eq!(Days::of(WEEKDAYS[..5].iter().map(|(_, day)| *day)).to_string(), "Monday to Friday");
        assert!(Days::ALL.contains(Weekday::Wednesday) && !Days::of([]).contains(Weekday::Wednesday));
    }
}
