//! The guard against boot loops: a start is noted when it begins and crossed out by a clean exit; too many notes in a
//! short time, and the device starts in safe mode.

use std::time::Duration;

use jiff::Timestamp;

/// So many crashes
pub const CRASHES: usize = 3;
/// within this time, counted back from the start.
pub const CRASHED_WITHIN: Duration = Duration::from_secs(600);
/// What is noted when a run has lasted for [`CRASHED_WITHIN`]: whatever ends it now is no boot loop. Without it, a
/// board whose clock begins anew at each start would count every power cut of its life.
pub const HAS_LASTED: &str = "lasts";
/// What is noted at a clean exit.
pub const CLEAN_EXIT: &str = "clean";

/// What the notes say at a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boots {
    /// The last run ended as it should.
    pub clean: bool,
    /// Start in safe mode.
    pub safe_mode: bool,
    /// To be noted now, before anything else.
    pub note: String,
}

impl Boots {
    /// Reads the notes. Times ahead of the clock count as recent: the clock has gone backwards, as it does at each
    /// start of a board without a battery.
    pub fn read(note: Option<&str>, now: Timestamp) -> Boots {
        let clean = note == Some(CLEAN_EXIT);
        let second = now.as_second();
        let within = CRASHED_WITHIN.as_secs() as i64;
        let starts = note.unwrap_or_default().split(' ').filter_map(|text| text.parse::<i64>().ok());
        let mut recent: Vec<i64> = starts.filter(|at| second.saturating_sub(*at) <= within).collect();
        let safe_mode = recent.len() >= CRASHES;
        if recent.len() > CRASHES {
            recent.drain(..recent.len() - CRASHES);
        }
        recent.push(second);
        let note = recent.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
        Boots { clean, safe_mode, note }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// Starts that were never followed by a clean exit.
    fn crashing(seconds: &[i64]) -> Vec<bool> {
        let mut note = None;
        let read = |second: &i64| {
            let boots = Boots::read(note.as_deref(), at(*second));
            note = Some(boots.note);
            boots.safe_mode
        };
        seconds.iter().map(read).collect()
    }

    #[test]
    fn the_start_after_three_crashes_in_ten_minutes_is_in_safe_mode() {
        assert_eq!(crashing(&[0, 10, 20, 30, 40]), [false, false, false, true, true]);
        assert_eq!(crashing(&[0, 400, 800, 1200, 1600]), [false; 5]);
    }

    #[test]
    fn a_clock_that_begins_anew_each_time_hides_no_crash() {
        assert_eq!(crashing(&[900, 5, 5, 5]), [false, false, false, true]);
    }

    #[test]
    fn what_has_lasted_is_no_crash_whatever_the_clock_says() {
        let boots = Boots::read(Some(HAS_LASTED), at(5));
        assert_eq!((boots.clean, boots.safe_mode), (false, false));
        assert_eq!(boots.note, at(5).as_second().to_string());
    }

    #[test]
    fn a_clean_exit_crosses_all_of_it_out() {
        let boots = Boots::read(Some(CLEAN_EXIT), at(40));
        assert_eq!((boots.clean, boots.safe_mode), (true, false));
        assert!(!Boots::read(Some(&boots.note), at(50)).clean);
        assert!(!Boots::read(None, at(0)).clean, "nobody knows");
    }
}
