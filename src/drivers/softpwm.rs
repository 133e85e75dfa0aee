//! Slow pulses by the program itself on a GPIO line, for loads that do not care about a millisecond: a heater at 1 Hz.
//!
//! Two wake-ups a period, none at 0 % and 100 %. The periods follow from the moment of the claim, so late wake-ups do
//! not add up, and a new value takes effect within the period that runs.

use std::future::ready;
use std::time::Duration;

use gpiocdev::line::Value as Level;
use tokio::time::{Instant, sleep_until};

use super::gpio::{Away, OutputLine};
use super::held::{self, ClaimValue, Held, SetError};
use super::{Feed, FirstTry, Orders};
use crate::model::{Exit, Fault, Line, Pulse, SoftPwmOutput, Value};

/// Pulses one line for ever. When the task ends the line is at the level of `exit`, on only for a full pulse.
pub(super) async fn hold(
    output: SoftPwmOutput<Line>,
    value: ClaimValue,
    exit: Exit,
    orders: Orders,
    feed: Feed,
    first: FirstTry,
) {
    let mut away = Away::default();
    held::hold(|| ready(Pulsed::claim(&output, value.next(), exit, &mut away)), orders, feed, first).await;
}

/// A line that is ours and pulses.
struct Pulsed {
    line: OutputLine,
    rhythm: Rhythm,
    /// The value it was set to last.
    told: Value,
    /// What the line was driven to last.
    level: bool,
}

impl Pulsed {
    fn claim(output: &SoftPwmOutput<Line>, safe: Value, exit: Exit, away: &mut Away) -> Result<Pulsed, Fault> {
        let pulse = output.pulse;
        let width = |value| pulse.width(value).ok_or_else(|| no_such(value));
        let exit = match exit {
            Exit::To(value) => width(value)? == pulse.period,
            // Nobody would end the pulse that happens to be on.
            Exit::Keep => false,
        };
        let rhythm = Rhythm { pulse, width: width(safe)?, since: Instant::now() };
        let level = rhythm.level(rhythm.since);
        let line = OutputLine::claim(&output.output, Level::from(level), Some(Level::from(exit)), away)?;
        Ok(Pulsed { line, rhythm, told: safe, level })
    }

    /// Puts the line where it should be now.
    fn keep_up(&mut self) -> Result<(), Fault> {
        let level = self.rhythm.level(Instant::now());
        if level != self.level {
            self.level = level;
            self.line.drive(Level::from(level))?;
        }
        Ok(())
    }
}

impl Held for Pulsed {
    const LOOK: Duration = Duration::from_secs(30);

    fn set(&mut self, value: Value) -> Result<Value, SetError> {
        self.rhythm.width = self.rhythm.pulse.width(value).ok_or_else(|| SetError::Refused(no_such(value)))?;
        self.told = value;
        self.keep_up().and_then(|()| self.read()).map_err(SetError::Lost)
    }

    fn read(&mut self) -> Result<Value, Fault> {
        let reads = bool::from(self.line.level()?);
        // A line that does not follow is short-circuited, or floats.
        let stuck = if reads { self.rhythm.pulse.period } else { 0 };
        let value = || self.rhythm.pulse.value(stuck, self.rhythm.pulse.period);
        Ok(if reads == self.level { self.told } else { value() })
    }

    async fn stirred(&mut self) -> Result<(), Fault> {
        loop {
            let next = self.rhythm.next(Instant::now());
            tokio::select! {
                gone = self.line.gone() => return Ok(gone?),
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => self.keep_up()?,
            }
        }
    }
}

fn no_such(value: Value) -> Fault {
    Fault::new(format!("software PWM cannot be set to {value}"))
}

/// When the line is on.
#[derive(Debug, Clone, Copy)]
struct Rhythm {
    pulse: Pulse,
    /// In ns.
    width: u64,
    /// When the first period began.
    since: Instant,
}

impl Rhythm {
    /// Should it be on?
    fn level(&self, now: Instant) -> bool {
        self.phase(now) < self.width
    }

    /// The next moment at which it changes; `None` if it never does.
    fn next(&self, now: Instant) -> Option<Instant> {
        if self.width == 0 || self.width >= self.pulse.period {
            return None;
        }
        let phase = self.phase(now);
        let end = if phase < self.width { self.width } else { self.pulse.period };
        Some(now + Duration::from_nanos(end - phase))
    }

    /// How far the period that runs has come, in ns.
    fn phase(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.since).as_nanos() % u128::from(self.pulse.period);
        // Less than the period, which fits.
        passed as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scale;

    const MS: Duration = Duration::from_millis(1);

    fn heater(percent: f64) -> Rhythm {
        let pulse = Pulse { period: 1_000_000_000, active_low: false, scale: Scale::Percent };
        Rhythm { pulse, width: pulse.width(Value::Number(percent)).unwrap(), since: Instant::now() }
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_two_changes_a_period_and_late_ones_do_not_add_up() {
        let heater = heater(30.0);
        let (mut now, mut changes) = (heater.since, Vec::new());
        for _ in 0..6 {
            let next = heater.next(now).unwrap();
            // Each wake-up is 7 ms late.
            now = next + 7 * MS;
            changes.push(((next - heater.since).as_millis(), heater.level(now)));
        }
        let on_and_off = [(300, false), (1000, true), (1300, false), (2000, true), (2300, false), (3000, true)];
        assert_eq!(changes, on_and_off);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_and_all_need_no_wake_ups() {
        for (percent, level) in [(0.0, false), (100.0, true)] {
            let heater = heater(percent);
            for at in [0, 1, 999, 1000, 5500] {
                assert_eq!((heater.next(heater.since + at * MS), heater.level(heater.since + at * MS)), (None, level));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_up_that_missed_whole_periods_goes_on_in_step() {
        let heater = heater(50.0);
        let late = heater.since + 7200 * MS;
        assert!(heater.level(late));
        assert_eq!(heater.next(late), Some(heater.since + 7500 * MS));
    }

    #[tokio::test(start_paused = true)]
    async fn setting_it_again_and_again_does_not_make_it_hotter() {
        let mut heater = heater(30.0);
        let on = (0..10_000u32).filter(|ms| {
            heater.width = if ms % 2 == 0 { 300_000_000 } else { 310_000_000 };
            heater.level(heater.since + *ms * MS)
        });
        assert!((3000..=3100).contains(&on.count()));
    }
}
