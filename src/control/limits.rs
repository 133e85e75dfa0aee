//! Limits in time and steps: whether an actuator may go where somebody wants it now. The way to the safe value is
//! always open for people; only a rule has to wait for `min_on`.

use std::time::Duration;

use super::history::History;
use super::request::Plan;
use super::{By, Refusal};
use crate::model::{Actuator, Kind, Now, Value};

/// Asks everything that concerns this actuator alone. `by` is `None` for the device itself.
pub(super) fn check(
    actuator: &Actuator,
    history: &History,
    plan: &Plan,
    by: Option<By<'_>>,
    now: Now,
) -> Result<(), Refusal> {
    let guard = &actuator.guard;
    if plan.value == actuator.safe {
        let left = history.away.zip(guard.min_on).and_then(|(since, time)| since.left(time, now));
        return match (by, left) {
            (Some(By::Rule { .. }), Some(left)) => Err(Refusal::StaysOn(rounded(left))),
            _ => Ok(()),
        };
    }
    check_step(actuator, plan.value)?;
    match (plan.time, guard.min_on, actuator.max_on) {
        (Some(time), _, Some(max)) if time > max => return Err(Refusal::TooLong(max)),
        (Some(time), Some(min), _) if time < min => return Err(Refusal::TooShort(min)),
        _ => {}
    }
    if let Some(since) = history.away {
        if actuator.max_on.is_some_and(|max| since.left(max, now).is_none()) {
            return Err(Refusal::TimeIsUp(actuator.kind.show(actuator.safe)));
        }
        if !history.returning {
            return Ok(());
        }
        // Its rest begins when it has been read as safe.
        guard.min_off.map_or(Ok(()), |time| Err(Refusal::Rests(rounded(time))))?;
    } else if let Some(left) = guard.min_off.and_then(|time| history.safe.left(time, now)) {
        return Err(Refusal::Rests(rounded(left)));
    }
    if let Some(most) = guard.cycles_per_hour
        && let Some(left) = history.worn(most, now)
    {
        return Err(Refusal::TooOften { most, again: rounded(left) });
    }
    Ok(())
}

fn check_step(actuator: &Actuator, value: Value) -> Result<(), Refusal> {
    let (Some(step), Value::Number(number)) = (actuator.guard.step, value) else { return Ok(()) };
    let Kind::Number { range: Some((low, high)), .. } = actuator.kind else { return Ok(()) };
    let steps = (number - low) / step;
    if (steps - steps.round()).abs() < 1e-6 {
        return Ok(());
    }
    let show = |steps: f64| actuator.kind.show(Value::Number(low + steps * step));
    let above = (low + steps.ceil() * step <= high + 1e-9).then(|| show(steps.ceil()));
    Err(Refusal::NotAStep { below: show(steps.floor()), above })
}

/// A wait as it is told: in whole seconds, and never too short.
pub(super) fn rounded(left: Duration) -> Duration {
    Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0))
}
