//! A loose contact comes and goes each second, which is one piece of news and not one each second. A few returns are
//! believed at once; after that a point has to stay well for a while before it counts as well. A fault always counts at
//! once.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{Fault, Moment, Quality, Value};

/// Returns that are believed at once,
const RETURNS: usize = 3;
/// within so long.
const WITHIN: Duration = Duration::from_secs(600);
/// What one more must last.
const LASTS: Duration = Duration::from_secs(60);

/// The comings and goings of one point.
#[derive(Debug, Default)]
pub(super) struct Steady {
    /// The last returns, also those that were not believed.
    returns: VecDeque<Moment>,
    /// What the point says since it last came back, and since when; not believed yet.
    waiting: Option<(Value, Moment)>,
}

impl Steady {
    /// What to believe now that `heard` came and `known` was believed; `None` leaves that as it is.
    pub fn pass(&mut self, known: &Quality, heard: Quality, now: Moment) -> Option<Quality> {
        match (known, heard) {
            (Quality::Fault(_), Quality::Good(value)) if self.is_restless(now) => {
                let since = self.waiting.map_or(now, |(_, since)| since);
                self.waiting = Some((value, since));
                self.due(now).map(Quality::Good)
            }
            (Quality::Fault(_), Quality::Good(value)) => {
                self.returned(now);
                Some(Quality::Good(value))
            }
            (Quality::Fault(_), Quality::Fault(fault)) => {
                if self.waiting.take().is_some() {
                    self.returned(now);
                }
                // Another reason each time would be news each time.
                (!self.is_restless(now)).then_some(Quality::Fault(fault))
            }
            (_, Quality::Fault(fault)) if self.is_restless(now) => {
                Some(Quality::Fault(Fault::new(format!("comes and goes: {fault}"))))
            }
            (_, heard) => Some(heard),
        }
    }

    /// When [`Steady::due`] has something to say.
    pub fn deadline(&self) -> Option<Moment> {
        self.waiting.map(|(_, since)| since + LASTS)
    }

    /// What may be believed now because it has lasted.
    pub fn due(&mut self, now: Moment) -> Option<Value> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        self.returned(now);
        self.waiting.take().map(|(value, _)| value)
    }

    /// It has fallen silent: what it said last has not lasted.
    pub fn silent(&mut self) {
        self.waiting = None;
    }

    fn returned(&mut self, now: Moment) {
        if self.returns.len() >= RETURNS {
            self.returns.pop_front();
        }
        self.returns.push_back(now);
    }

    fn is_restless(&self, now: Moment) -> bool {
        self.returns.len() >= RETURNS && self.returns.iter().all(|at| now.since(*at) < WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Quality = Quality::Good(Value::Switch(true));

    fn fault(reason: &str) -> Quality {
        Quality::Fault(Fault::new(reason))
    }

    fn at(seconds: u64) -> Moment {
        Moment::START + Duration::from_secs(seconds)
    }

    /// A point that is broken at each even second and well at each odd one.
    fn loose(seconds: u64) -> (Steady, Quality, usize) {
        let (mut steady, mut known, mut news) = (Steady::default(), GOOD, 0);
        for second in 0..seconds {
            let heard = if second % 2 == 0 { fault("loose") } else { GOOD };
            if let Some(next) = steady.pass(&known, heard, at(second)).filter(|next| *next != known) {
                known = next;
                news += 1;
            }
        }
        (steady, known, news)
    }

    #[test]
    fn a_point_that_comes_and_goes_for_an_hour_is_a_fault_that_was_told_a_few_times() {
        let (_, known, news) = loose(3600);
        assert_eq!((known, news), (fault("comes and goes: loose"), 7));
    }

    #[test]
    fn it_is_well_again_when_it_has_been_well_for_a_minute() {
        let (mut steady, known, _) = loose(100);
        assert_eq!(steady.deadline(), Some(at(159)));
        assert_eq!(steady.pass(&known, Quality::Good(Value::Switch(false)), at(150)), None);
        assert_eq!(steady.due(at(158)), None);
        assert_eq!(steady.due(at(159)), Some(Value::Switch(false)));
        assert_eq!(steady.deadline(), None);
    }

    #[test]
    fn a_fault_is_believed_at_once_however_often_it_comes() {
        let (mut steady, known, _) = loose(100);
        assert_eq!(steady.pass(&known, GOOD, at(159)), Some(GOOD));
        assert_eq!(steady.pass(&GOOD, fault("cut"), at(160)), Some(fault("comes and goes: cut")));
    }

    #[test]
    fn seldom_faults_are_told_each_time_as_they_are() {
        let mut steady = Steady::default();
        for round in 0..10 {
            let start = round * 400;
            assert_eq!(steady.pass(&GOOD, fault("cut"), at(start)), Some(fault("cut")));
            assert_eq!(steady.pass(&fault("cut"), fault("gone"), at(start + 1)), Some(fault("gone")));
            assert_eq!(steady.pass(&fault("gone"), GOOD, at(start + 2)), Some(GOOD));
        }
    }

    #[test]
    fn reasons_that_take_turns_are_not_news_each_time() {
        let (mut steady, known, _) = loose(100);
        assert_eq!(steady.pass(&known, fault("other"), at(101)), None);
        assert_eq!(steady.pass(&known, fault("other"), at(800)), Some(fault("other")), "it has not come back since");
    }
}
