//! Times of day, days of the week, the place and the time zone.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::node::{DAY, Item, SECOND, Table, clip};
use crate::model::{DayTime, Days, Place, Test, WEEKDAYS, Window};

/// From here on towards the poles there are days without a sunrise.
const POLAR: f64 = 65.7;

/// What rules need to know of the device: whether it says where it stands.
pub(super) struct Ground {
    pub place: Option<Place>,
    /// The config gives a place, be it a right one or not.
    pub placed: bool,
}

/// `at` and `sun`: moments.
pub(super) fn moments(key: &str, item: &Item<'_>, table: &Table<'_>, ground: &Ground) -> Option<Test> {
    let by_sun = key == "sun";
    let items = item.one_or_many()?;
    let read = |item: &Item<'_>| {
        let time = time(item, by_sun, ground)?;
        if !by_sun && time.is_by_sun() {
            item.wrong("is by the sun; write sun = “set-30m”");
            return None;
        }
        Some(time)
    };
    let times: Vec<_> = items.iter().map(read).collect();
    let days = days(table);
    let times: Option<Vec<_>> = times.into_iter().collect();
    if times.as_ref().is_some_and(Vec::is_empty) {
        item.wrong("must not be empty");
        return None;
    }
    Some(Test::At(times?, days?))
}

/// `between` with or without `on`, or `on` alone.
pub(super) fn window(between: Option<&Item<'_>>, table: &Table<'_>, ground: &Ground) -> Option<Test> {
    let ends = between.map(|item| {
        let items = item.list()?;
        let [from, to] = &items[..] else {
            item.wrong("must be two times, like [“22:00”, “06:00”]");
            return None;
        };
        let (first, second) = (time(from, false, ground), time(to, false, ground));
        let (first, second) = (first?, second?);
        if first == second {
            item.wrong("both ends are the same; leave it out for the whole day");
            return None;
        }
        Some((first, second))
    });
    let days = days(table);
    let (from, to) = match ends {
        Some(ends) => ends?,
        None => (DayTime::MIDNIGHT, DayTime::MIDNIGHT),
    };
    Some(Test::Within(Window { from, to, days: days? }))
}

/// `every`: again and again.
pub(super) fn every(item: &Item<'_>) -> Option<Duration> {
    item.duration(SECOND..=DAY * 30)
}

fn time(item: &Item<'_>, by_sun: bool, ground: &Ground) -> Option<DayTime> {
    let text = item.text()?;
    let time = if by_sun { DayTime::parse_sun(text) } else { DayTime::parse(text) };
    let Some(time) = time else {
        item.wrong(match by_sun {
            true => {
                format!("“{}” is not “rise” or “set”, with a time of up to 12h like “set-30m” if you like", clip(text))
            }
            false => format!("“{}” is not a time of day like “07:30”", clip(text)),
        });
        return None;
    };
    if time.is_by_sun() && !ground.placed {
        item.wrong("needs to know where the device stands; add location = [latitude, longitude] to [device]");
        return None;
    }
    if time.is_by_sun() && ground.place.is_some_and(|place| place.latitude.abs() > POLAR) {
        item.note(
            "so near to the pole there are days on which the sun does not rise or set; on those this does not happen",
        );
    }
    Some(time)
}

fn days(table: &Table<'_>) -> Option<Days> {
    let Some(item) = table.get("on") else { return Some(Days::ALL) };
    let items = item.one_or_many()?;
    if items.is_empty() {
        item.wrong("must not be empty");
        return None;
    }
    let days: Vec<_> = items.iter().map(|item| item.word(WEEKDAYS)).collect();
    Some(Days::of(days.into_iter().collect::<Option<Vec<_>>>()?))
}

/// `[device] timezone`: a name in the machine's database (`known`, if it was looked up there), or a rule of its own
/// (POSIX TZ).
pub(super) fn zone(item: &Item<'_>, known: Option<&Result<TimeZone, String>>) -> Option<TimeZone> {
    let text = item.text()?;
    let own = || TimeZone::posix(text).ok().filter(|_| text.contains(|c: char| c.is_ascii_digit()));
    match known {
        Some(Ok(zone)) => Some(zone.clone()),
        _ if text == "UTC" => Some(TimeZone::UTC),
        _ => own().or_else(|| {
            item.wrong(format!(
                "this machine knows no time zone “{}”; a name like “Europe/Berlin” needs the system’s tzdata, a rule like \
                 “CET-1CEST,M3.5.0,M10.5.0/3” needs nothing",
                clip(text)
            ));
            None
        }),
    }
}

/// `[device] location`.
pub(super) fn place(item: &Item<'_>) -> Option<Place> {
    let items = item.list()?;
    let [latitude, longitude] = &items[..] else {
        item.wrong("must be two numbers, latitude and longitude in degrees: [52.52, 13.41]");
        return None;
    };
    let (latitude, longitude) = (latitude.number(), longitude.number());
    let (latitude, longitude) = (latitude?, longitude?);
    if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
        item.wrong("must be degrees north (-90 to 90) and degrees east (-180 to 180)");
        return None;
    }
    Some(Place { latitude, longitude })
}
