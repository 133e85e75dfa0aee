//! A number made of pulses, told at intervals: their total, or how fast they come.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Feed;
use super::retry::jitter;
use super::tally::Tally;
use crate::model::{Fault, Gives, PulseValue, Value};

/// How often a number is told if the config does not say.
pub(super) const USUAL: Duration = Duration::from_secs(10);
/// Without a pulse for so long there is no flow at all.
const STILL: Duration = Duration::from_secs(600);

/// Tells a total at once and then each interval; a rate from the first interval on; a lost line at once.
pub(super) async fn tell(tally: Tally, scale: PulseValue, gives: Gives, every: Duration, feed: Feed) -> Infallible {
    let mut counts = tally.watch();
    let mut lost = counts.borrow().lost;
    let mut pace = Pace::new(counts.borrow().pulses, Instant::now());
    let mut next = Instant::now() + if gives == Gives::Total { Duration::ZERO } else { jitter(every, 0.03) };
    loop {
        let line = counts.borrow_and_update().line.clone();
        if let Some(Err(fault)) = line.clone() {
            feed.report(Err(fault)).await;
        }
        tokio::select! {
            // Never an error: who tells has a tally as well.
            _ = counts.changed() => {
                next = next.min(Instant::now() + jitter(every, 0.03));
                if matches!(gives, Gives::Total) {
                    next = Instant::now();
                }
                continue;
            }
            () = sleep_until(next), if line == Some(Ok(())) => {}
        }
        let (pulses, last, gone) = {
            let count = counts.borrow();
            (count.pulses, count.last, count.lost)
        };
        let number = match gives {
            Gives::Total => scale.of(pulses as f64),
            Gives::Rate(per) => scale.of(pace.hertz(pulses, last, Instant::now()) * per.as_secs_f64()),
        };
        let result = Value::number(number).ok_or_else(|| Fault::new("the number is too large"));
        feed.report_after_loss(gone.saturating_sub(std::mem::replace(&mut lost, gone)), result).await;
        next = Instant::now() + jitter(every, 0.03);
    }
}

/// Pulses a second. Many are counted over the interval; few are measured by the time between them; where the next
/// one is late the rate is no higher than if it came now.
#[derive(Debug)]
struct Pace {
    hertz: f64,
    /// The pulses at the last look, and when that was.
    pulses: u64,
    looked: Instant,
    /// When the last of those pulses was seen.
    last: Option<Instant>,
}

impl Pace {
    fn new(pulses: u64, now: Instant) -> Pace {
        Pace { hertz: 0.0, pulses, looked: now, last: None }
    }

    fn hertz(&mut self, pulses: u64, last: Option<Instant>, now: Instant) -> f64 {
        let count = pulses.wrapping_sub(self.pulses);
        let looked = std::mem::replace(&mut self.looked, now);
        let seconds = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64().max(1e-3);
        self.hertz = match (count, self.last, last) {
            (0, Some(before), _) => {
                let silent = now.duration_since(before);
                if silent >= STILL { 0.0 } else { self.hertz.min(1.0 / silent.as_secs_f64().max(1e-3)) }
            }
            (0, None, _) | (_, _, None) => 0.0,
            // From pulse to pulse, unless there was a pause in which nothing flowed.
            (1, Some(before), Some(last)) => 1.0 / seconds(before, last),
            (_, Some(before), Some(last)) if seconds(before, looked) <= seconds(looked, now) => {
                count as f64 / seconds(before, last)
            }
            (_, _, Some(_)) => count as f64 / seconds(looked, now),
        };
        if count > 0 {
            self.pulses = pulses;
            self.last = last;
        }
        self.hertz
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told each 10 s of pulses that come at these seconds.
    fn paces(pulses: &[f64], looks: u32) -> Vec<f64> {
        let start = Instant::now();
        let mut pace = Pace::new(0, start);
        let look = |n| {
            let now = start + Duration::from_secs(10) * n;
            let seen: Vec<_> =
                pulses.iter().map(|at| start + Duration::from_secs_f64(*at)).filter(|at| *at <= now).collect();
            pace.hertz(seen.len() as u64, seen.last().copied(), now)
        };
        (1..=looks).map(look).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn slow_pulses_are_measured_by_the_time_between_them() {
        let twelve: Vec<f64> = (1..20).map(|n| f64::from(n) * 12.0).collect();
        let paces = paces(&twelve, 20);
        assert_eq!(paces[0], 0.0);
        for pace in &paces[2..] {
            assert!((pace - 1.0 / 12.0).abs() < 1e-9, "{paces:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn fast_pulses_are_counted_from_the_last_to_the_last() {
        let pulses: Vec<f64> = (0..300).map(|n| 3.0 + f64::from(n) * 0.3).collect();
        for pace in &paces(&pulses, 9)[1..] {
            assert!((pace - 1.0 / 0.3).abs() < 1e-9, "{pace}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn when_they_stop_the_rate_falls_and_is_zero_after_ten_minutes() {
        let paces = paces(&[1.0, 2.0, 3.0, 4.0, 5.0], 62);
        assert!((paces[1] - 1.0 / 15.0).abs() < 1e-9 && (paces[2] - 1.0 / 25.0).abs() < 1e-9, "{paces:?}");
        assert!(paces.windows(2).all(|pair| pair[1] <= pair[0]));
        assert!(paces[59] > 0.0);
        assert_eq!(paces[61], 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_does_not_thin_out_what_flows_after_it() {
        let mut pulses: Vec<f64> = (0..10).map(f64::from).collect();
        pulses.extend((0..20).map(|n| 300.0 + f64::from(n)));
        let paces = paces(&pulses, 32);
        assert!(paces[30] > 0.9, "{paces:?}");
        assert!((paces[31] - 0.9).abs() < 0.11, "{paces:?}");
    }
}
