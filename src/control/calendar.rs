//! Times of day to moments, right across changes of the clocks: a time that does not exist on a day is the first
//! moment after the gap, one that exists twice is the first of the two.

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

use crate::model::{DayTime, Days, Device, Place, Sun, SunEvent, Window, sun};

/// Farther than this nobody looks for the sun: half a year of polar night, and some.
const MOST_DAYS: i32 = 200;

/// A time zone and a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar<'d> {
    zone: &'d TimeZone,
    place: Option<Place>,
}

impl<'d> Calendar<'d> {
    pub fn of(device: &'d Device) -> Calendar<'d> {
        Calendar { zone: device.zone(), place: device.place() }
    }

    #[cfg(test)]
    pub fn plain(zone: &'d TimeZone) -> Calendar<'d> {
        Calendar { zone, place: None }
    }

    /// The first of these times on these days that lies after `after`; `None` if there is none in half a year.
    pub fn next(&self, times: &[DayTime], days: Days, after: Timestamp) -> Option<Timestamp> {
        // Times by the sun may lie half a day beyond their own day.
        let first = |date: Date| {
            let on = days.contains(date.weekday());
            let moments = times.iter().filter(|_| on).filter_map(|time| self.moment(date, *time));
            moments.filter(|moment| *moment > after).min()
        };
        let found = (-1..MOST_DAYS).find_map(|n| Some((n, first(self.day(after, n)?)?)));
        let (n, moment) = found?;
        Some(self.day(after, n + 1).and_then(first).map_or(moment, |next| next.min(moment)))
    }

    /// Is it within the window, and when may that change next?
    pub fn within(&self, window: &Window, at: Timestamp) -> (bool, Option<Timestamp>) {
        let spans = (-2..=8).filter_map(|n| self.span(window, self.day(at, n)?));
        let (mut inside, mut next) = (false, None);
        for (from, to) in spans {
            inside |= from <= at && at < to;
            let edge = [from, to].into_iter().filter(|edge| *edge > at).min();
            next = [next, edge].into_iter().flatten().min();
        }
        (inside, next)
    }

    fn span(&self, window: &Window, date: Date) -> Option<(Timestamp, Timestamp)> {
        if !window.days.contains(date.weekday()) {
            return None;
        }
        let tomorrow = date.tomorrow().ok()?;
        let (from, to) = (self.edge(date, window.from)?, self.edge(date, window.to)?);
        let over_midnight = match (window.from, window.to) {
            (DayTime::Clock(from), DayTime::Clock(to)) => to <= from,
            _ => to <= from,
        };
        let to = if over_midnight { self.edge(tomorrow, window.to)? } else { to };
        (from < to).then_some((from, to))
    }

    /// A moment of a day; where the sun does not rise, it sets at midnight before, and the other way round.
    fn edge(&self, date: Date, time: DayTime) -> Option<Timestamp> {
        let DayTime::Sun { event, .. } = time else { return self.moment(date, time) };
        let begins = |date| self.moment(date, DayTime::MIDNIGHT);
        match (self.sun(date)?, event) {
            (Sun::Both { .. }, _) => self.moment(date, time),
            (Sun::NeverSets, SunEvent::Rise) | (Sun::NeverRises, SunEvent::Set) => begins(date),
            _ => begins(date.tomorrow().ok()?),
        }
    }

    /// The moment of a time on a day; `None` if the sun does not do that then.
    fn moment(&self, date: Date, time: DayTime) -> Option<Timestamp> {
        match time {
            DayTime::Clock(time) => {
                let civil = date.to_datetime(time);
                match self.zone.to_ambiguous_timestamp(civil).offset() {
                    AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok(),
                    AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok(),
                    AmbiguousOffset::Gap { after, .. } => {
                        // Read with the offset of afterwards it lies just before the change.
                        let before = after.to_timestamp(civil).ok()?;
                        self.zone.following(before).next().map(|change| change.timestamp())
                    }
                }
            }
            DayTime::Sun { event, before, offset } => {
                let Sun::Both { rise, set } = self.sun(date)? else { return None };
                let moment = if event == SunEvent::Rise { rise } else { set };
                let offset = jiff::SignedDuration::try_from(offset).ok()?;
                moment.checked_add(if before { -offset } else { offset }).ok()
            }
        }
    }

    fn sun(&self, date: Date) -> Option<Sun> {
        Some(sun(self.place?, self.zone.to_timestamp(date.at(12, 0, 0, 0)).ok()?))
    }

    /// The local day so many days from a moment.
    fn day(&self, at: Timestamp, n: i32) -> Option<Date> {
        self.zone.to_datetime(at).date().checked_add(Span::new().days(n)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn nexts(zone: &TimeZone, place: Option<Place>, times: &[&str], after: &str, count: usize) -> Vec<String> {
        let times: Vec<DayTime> = times.iter().map(|text| DayTime::parse(text).unwrap()).collect();
        let calendar = Calendar { zone, place };
        let mut at: Timestamp = after.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..count {
            let Some(next) = calendar.next(&times, Days::ALL, at) else { break };
            assert!(next > at);
            at = next;
            found.push(at.to_string());
        }
        found
    }

    #[test]
    fn a_time_that_does_not_exist_is_the_first_moment_after_the_gap() {
        let found = nexts(&berlin(), None, &["02:15", "02:30"], "2026-03-28T12:00:00Z", 3);
        assert_eq!(found, ["2026-03-29T01:00:00Z", "2026-03-30T00:15:00Z", "2026-03-30T00:30:00Z"]);
    }

    #[test]
    fn a_time_that_exists_twice_comes_once() {
        let found = nexts(&berlin(), None, &["02:30"], "2026-10-24T12:00:00Z", 2);
        assert_eq!(found, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn a_year_has_365_mornings_however_the_clocks_change() {
        for text in ["07:30", "02:30", "00:00", "03:00", "23:59:59"] {
            let found = nexts(&berlin(), None, &[text], "2026-01-01T00:00:00Z", 364);
            assert_eq!(found.len(), 364);
            let days: std::collections::BTreeSet<String> = found
                .iter()
                .map(|at| berlin().to_datetime(at.parse::<Timestamp>().unwrap()).date().to_string())
                .collect();
            assert_eq!(days.len(), 364, "{text}");
        }
    }

    fn inside(window: &str, to: &str, at: &str) -> bool {
        let window = Window { from: DayTime::parse(window).unwrap(), to: DayTime::parse(to).unwrap(), days: Days::ALL };
        let zone = berlin();
        let place = Some(Place { latitude: 52.52, longitude: 13.405 });
        let (inside, next) = Calendar { zone: &zone, place }.within(&window, at.parse().unwrap());
        assert!(next.unwrap() > at.parse::<Timestamp>().unwrap());
        inside
    }

    #[test]
    fn a_window_may_go_over_midnight() {
        assert!(inside("22:00", "06:00", "2026-01-10T23:00:00Z"));
        assert!(inside("22:00", "06:00", "2026-01-11T04:59:59Z"));
        assert!(!inside("22:00", "06:00", "2026-01-11T05:00:00Z"));
        assert!(inside("sunset", "sunrise", "2026-01-11T00:00:00Z"));
        assert!(!inside("sunset", "sunrise", "2026-01-11T11:00:00Z"));
    }

    #[test]
    fn a_window_in_the_gap_of_spring_is_empty_and_not_a_day_long() {
        assert!(!inside("02:10", "02:50", "2026-03-29T00:59:00Z"));
        assert!(!inside("02:10", "02:50", "2026-03-29T01:00:00Z"));
        assert!(inside("02:10", "03:30", "2026-03-29T01:10:00Z"));
    }

    #[test]
    fn the_day_on_which_a_window_begins_counts() {
        let zone = TimeZone::UTC;
        let calendar = Calendar { zone: &zone, place: None };
        let friday = Days::of([jiff::civil::Weekday::Friday]);
        let window =
            Window { from: DayTime::parse("22:00").unwrap(), to: DayTime::parse("06:00").unwrap(), days: friday };
        let at = |text: &str| calendar.within(&window, text.parse().unwrap()).0;
        assert!(at("2026-01-09T23:00:00Z") && at("2026-01-10T05:00:00Z"));
        assert!(!at("2026-01-09T05:00:00Z") && !at("2026-01-10T23:00:00Z"));
        let whole = Window { from: DayTime::MIDNIGHT, to: DayTime::MIDNIGHT, days: friday };
        let at = |text: &str| calendar.within(&whole, text.parse().unwrap()).0;
        assert!(at("2026-01-09T00:00:00Z") && at("2026-01-09T23:59:59Z") && !at("2026-01-10T00:00:00Z"));
    }

    #[test]
    fn in_the_polar_night_it_is_dark_all_day_and_the_sun_is_waited_for() {
        let zone = TimeZone::UTC;
        let place = Some(Place { latitude: 69.65, longitude: 18.96 });
        let calendar = Calendar { zone: &zone, place };
        let window =
            |from, to| Window { from: DayTime::parse(from).unwrap(), to: DayTime::parse(to).unwrap(), days: Days::ALL };
        let dark = |at: &str| calendar.within(&window("sunset", "sunrise"), at.parse().unwrap()).0;
        let light = |at: &str| calendar.within(&window("sunrise", "sunset"), at.parse().unwrap()).0;
        for hour in 0..24 {
            let (winter, summer) = (format!("2026-12-21T{hour:02}:30:00Z"), format!("2026-06-21T{hour:02}:30:00Z"));
            assert!(dark(&winter) && !light(&winter), "{winter}");
            assert!(!dark(&summer) && light(&summer), "{summer}");
        }
        let found = nexts(&zone, place, &["sunrise"], "2026-12-01T00:00:00Z", 1);
        assert!(found[0].starts_with("2027-01-1"), "{found:?}");
    }
}
