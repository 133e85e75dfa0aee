//! Sunrise and sunset at a place (the equations of NOAA's solar calculator, after Meeus, Astronomical Algorithms).
//! Within a minute or two between the polar circles; towards the poles the air's refraction decides.

use jiff::{SignedDuration, Timestamp};

use super::Place;

/// What the sun does in one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sun {
    /// It rises and sets.
    Both {
        /// When its upper edge appears.
        rise: Timestamp,
        /// When its upper edge is gone.
        set: Timestamp,
    },
    /// It stays up all day.
    NeverSets,
    /// It stays down all day.
    NeverRises,
}

/// The zenith of the sun's centre at its rise: refraction and half its width lift it by 50 minutes of arc.
const ZENITH: f64 = 90.833;
const DAY: f64 = 86400.0;
/// 2000-01-01 12:00 UTC.
const J2000: f64 = 946_728_000.0;

/// The day whose solar noon is nearest to `noon`.
pub fn sun(place: Place, noon: Timestamp) -> Sun {
    let around = noon.as_second() as f64;
    let noon = transit(place, around);
    let edge = |sign: f64| {
        let mut at = noon;
        // The sun moves on while the day passes, so the answer goes in again.
        for _ in 0..3 {
            let half = half_day(place, position(at).declination)?;
            at = noon + sign * half + position(noon).equation - position(at).equation;
        }
        Ok(at)
    };
    match (edge(-1.0), edge(1.0)) {
        (Ok(rise), Ok(set)) => match (moment(rise), moment(set)) {
            (Some(rise), Some(set)) => Sun::Both { rise, set },
            _ => Sun::NeverRises,
        },
        (Err(polar), _) | (_, Err(polar)) => polar,
    }
}

fn moment(second: f64) -> Option<Timestamp> {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_secs(second.round() as i64)).ok()
}

struct Position {
    /// Radians.
    declination: f64,
    /// How much the sun is ahead of the clock, in seconds.
    equation: f64,
}

/// The passage through the meridian that is nearest to `around`.
fn transit(place: Place, around: f64) -> f64 {
    let solar = around + position(around).equation + place.longitude * 240.0;
    let past_noon = (solar - DAY / 2.0).rem_euclid(DAY);
    around - if past_noon > DAY / 2.0 { past_noon - DAY } else { past_noon }
}

/// Seconds from noon to the edge of the day.
fn half_day(place: Place, declination: f64) -> Result<f64, Sun> {
    let latitude = place.latitude.clamp(-89.99, 89.99).to_radians();
    let cosine = ZENITH.to_radians().cos() / (latitude.cos() * declination.cos()) - latitude.tan() * declination.tan();
    match cosine {
        cosine if cosine > 1.0 => Err(Sun::NeverRises),
        cosine if cosine < -1.0 => Err(Sun::NeverSets),
        cosine => Ok(cosine.acos().to_degrees() * 240.0),
    }
}

fn position(second: f64) -> Position {
    let t = (second - J2000) / (DAY * 36525.0);
    let longitude = (280.46646 + t * (36000.76983 + t * 0.0003032)).to_radians();
    let anomaly = (357.52911 + t * (35999.05029 - t * 0.0001537)).to_radians();
    let eccentricity = 0.016708634 - t * (0.000042037 + t * 0.0000001267);
    let centre = anomaly.sin() * (1.914602 - t * (0.004817 + t * 0.000014))
        + (2.0 * anomaly).sin() * (0.019993 - t * 0.000101)
        + (3.0 * anomaly).sin() * 0.000289;
    let node = (125.04 - 1934.136 * t).to_radians();
    let apparent = (longitude.to_degrees() + centre - 0.00569 - 0.00478 * node.sin()).to_radians();
    let tilt = 23.0 + (26.0 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60.0) / 60.0;
    let tilt = (tilt + 0.00256 * node.cos()).to_radians();
    let y = (tilt / 2.0).tan().powi(2);
    let equation = y * (2.0 * longitude).sin() - 2.0 * eccentricity * anomaly.sin()
        + 4.0 * eccentricity * y * anomaly.sin() * (2.0 * longitude).cos()
        - 0.5 * y * y * (4.0 * longitude).sin()
        - 1.25 * eccentricity * eccentricity * (2.0 * anomaly).sin();
    Position {
        declination: (tilt.sin() * apparent.sin()).clamp(-1.0, 1.0).asin(),
        equation: equation.to_degrees() * 240.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: Place = Place { latitude: 52.52, longitude: 13.405 };

    /// Almanac times in UTC (PyEphem 4.2, upper edge, horizon -0:34).
    const ALMANAC: &[(&str, f64, f64, &str, &str)] = &[
        ("Berlin 2026-03-20", 52.52, 13.405, "2026-03-20T05:09:15Z", "2026-03-20T17:19:26Z"),
        ("Berlin 2026-06-21", 52.52, 13.405, "2026-06-21T02:43:08Z", "2026-06-21T19:33:14Z"),
        ("Berlin 2026-12-21", 52.52, 13.405, "2026-12-21T07:14:52Z", "2026-12-21T14:53:58Z"),
        ("Berlin 2044-10-09", 52.52, 13.405, "2044-10-09T05:22:13Z", "2044-10-09T16:23:47Z"),
        ("London 2026-03-20", 51.5074, -0.1278, "2026-03-20T06:03:23Z", "2026-03-20T18:13:30Z"),
        ("London 2026-06-21", 51.5074, -0.1278, "2026-06-21T03:43:08Z", "2026-06-21T20:21:30Z"),
        ("London 2026-12-21", 51.5074, -0.1278, "2026-12-21T08:03:42Z", "2026-12-21T15:53:25Z"),
        ("London 2044-10-09", 51.5074, -0.1278, "2044-10-09T06:15:18Z", "2044-10-09T17:18:58Z"),
        ("New York 2026-03-20", 40.7128, -74.006, "2026-03-20T10:59:17Z", "2026-03-20T23:08:11Z"),
        ("New York 2026-06-21", 40.7128, -74.006, "2026-06-21T09:25:03Z", "2026-06-22T00:30:42Z"),
        ("New York 2026-12-21", 40.7128, -74.006, "2026-12-21T12:16:33Z", "2026-12-21T21:31:49Z"),
        ("New York 2044-10-09", 40.7128, -74.006, "2044-10-09T11:01:32Z", "2044-10-09T22:23:55Z"),
        ("Sydney 2026-03-20", -33.8688, 151.2093, "2026-03-19T19:57:57Z", "2026-03-20T08:06:56Z"),
        ("Sydney 2026-06-21", -33.8688, 151.2093, "2026-06-20T20:59:58Z", "2026-06-21T06:53:47Z"),
        ("Sydney 2026-12-21", -33.8688, 151.2093, "2026-12-20T18:40:37Z", "2026-12-21T09:05:25Z"),
        ("Sydney 2044-10-09", -33.8688, 151.2093, "2044-10-08T19:21:14Z", "2044-10-09T08:04:01Z"),
        ("Quito 2026-03-20", -0.1807, -78.4678, "2026-03-20T11:17:59Z", "2026-03-20T23:24:29Z"),
        ("Quito 2026-06-21", -0.1807, -78.4678, "2026-06-21T11:12:23Z", "2026-06-21T23:19:04Z"),
        ("Quito 2026-12-21", -0.1807, -78.4678, "2026-12-21T11:07:57Z", "2026-12-21T23:16:07Z"),
        ("Quito 2044-10-09", -0.1807, -78.4678, "2044-10-09T10:57:31Z", "2044-10-09T23:04:15Z"),
        ("Reykjavik 2026-03-20", 64.1466, -21.9426, "2026-03-20T07:28:37Z", "2026-03-20T19:43:25Z"),
        ("Reykjavik 2026-06-21", 64.1466, -21.9426, "2026-06-21T02:55:19Z", "2026-06-22T00:03:50Z"),
        ("Reykjavik 2026-12-21", 64.1466, -21.9426, "2026-12-21T11:22:16Z", "2026-12-21T15:29:26Z"),
        ("Reykjavik 2044-10-09", 64.1466, -21.9426, "2044-10-09T08:01:53Z", "2044-10-09T18:26:22Z"),
        ("Kiritimati 2026-03-20", 1.8721, -157.4278, "2026-03-20T16:33:45Z", "2026-03-21T04:40:18Z"),
        ("Kiritimati 2026-06-21", 1.8721, -157.4278, "2026-06-21T16:24:42Z", "2026-06-22T04:38:31Z"),
        ("Kiritimati 2026-12-21", 1.8721, -157.4278, "2026-12-21T16:27:28Z", "2026-12-22T04:28:30Z"),
        ("Kiritimati 2044-10-09", 1.8721, -157.4278, "2044-10-09T16:14:16Z", "2044-10-10T04:19:03Z"),
    ];

    #[test]
    fn rise_and_set_are_those_of_the_almanac() {
        for (what, latitude, longitude, rise, set) in ALMANAC {
            let (wanted_rise, wanted_set): (Timestamp, Timestamp) = (rise.parse().unwrap(), set.parse().unwrap());
            let middle = wanted_rise + wanted_set.duration_since(wanted_rise) / 2;
            let place = Place { latitude: *latitude, longitude: *longitude };
            let Sun::Both { rise, set } = sun(place, middle) else { panic!("{what}: no sun") };
            let off = rise.duration_since(wanted_rise).abs().max(set.duration_since(wanted_set).abs());
            assert!(off < SignedDuration::from_secs(90), "{what}: {rise} {set}");
        }
    }

    #[test]
    fn beyond_the_polar_circle_the_sun_may_stay_up_or_down() {
        let tromso = Place { latitude: 69.65, longitude: 18.96 };
        assert_eq!(sun(tromso, "2026-06-21T11:00:00Z".parse().unwrap()), Sun::NeverSets);
        assert_eq!(sun(tromso, "2026-12-21T11:00:00Z".parse().unwrap()), Sun::NeverRises);
        for latitude in [90.0, -90.0] {
            assert!(!matches!(sun(Place { latitude, longitude: 0.0 }, Timestamp::UNIX_EPOCH), Sun::Both { .. }));
        }
    }

    #[test]
    fn the_day_is_that_of_the_noon_that_is_asked_for() {
        for hour in 0..24 {
            let noon: Timestamp = format!("2026-05-05T{hour:02}:30:00Z").parse().unwrap();
            let Sun::Both { rise, set } = sun(BERLIN, noon) else { panic!("no sun") };
            assert!(rise < set && set.duration_since(rise) < SignedDuration::from_hours(17));
            let middle = rise + set.duration_since(rise) / 2;
            assert!(middle.duration_since(noon).abs() <= SignedDuration::from_mins(12 * 60 + 5), "{hour}: {middle}");
        }
    }
}
