//! Interlock groups: at most one member is on. Whoever is not known to be safe counts as on, and before another goes
//! on all must have been read as safe for the dead time.

use super::acting::Acting;
use super::limits::rounded;
use super::{By, Refusal};
use crate::model::{Actuator, ActuatorId, Device, Now, PointId, Quality};

/// May this actuator go on, for the others' sake?
pub(super) fn check(
    device: &Device,
    actings: &[Acting],
    id: ActuatorId,
    by: Option<By<'_>>,
    now: Now,
) -> Result<(), Refusal> {
    let Some(interlock) = &device.actuator(id).guard.interlock else { return Ok(()) };
    let mut rest = None;
    for (other, actuator) in members(device, &interlock.group).filter(|(other, _)| *other != id) {
        let acting = &actings[other.index()];
        if !acting.is_safe(actuator) {
            return Err(locked(other, actuator, acting, by));
        }
        rest = rest.max(acting.history().safe.left(interlock.dead_time, now));
    }
    rest.map_or(Ok(()), |left| Err(Refusal::DeadTime(rounded(left))))
}

/// Members that are on although another is, and must give way: something else than this program moves them too. The
/// one that has been on for longest stays.
pub(super) fn clashes(device: &Device, actings: &[Acting], now: Now) -> Vec<ActuatorId> {
    let mut clashes = Vec::new();
    for (id, actuator) in device.actuators() {
        let Some(interlock) = &actuator.guard.interlock else { continue };
        let on = |id: ActuatorId, actuator: &Actuator| {
            let acting = &actings[id.index()];
            acting.is_on(actuator).then(|| acting.history().away.map(|since| since.elapsed(now)))
        };
        let Some(mine) = on(id, actuator) else { continue };
        let older = |(other, actuator): (ActuatorId, &Actuator)| {
            other != id && on(other, actuator).is_some_and(|theirs| theirs > mine || theirs == mine && other < id)
        };
        if members(device, &interlock.group).any(older) {
            clashes.push(id);
        }
    }
    clashes
}

pub(super) fn members<'d>(device: &'d Device, group: &'d str) -> impl Iterator<Item = (ActuatorId, &'d Actuator)> + 'd {
    let belongs = move |actuator: &Actuator| actuator.guard.interlock.as_ref().is_some_and(|i| i.group == group);
    device.actuators().filter(move |(_, actuator)| belongs(actuator))
}

/// Names the member in the way, unless whoever asks may not know of it.
fn locked(other: ActuatorId, actuator: &Actuator, acting: &Acting, by: Option<By<'_>>) -> Refusal {
    if let Some(By::Contact(asker)) = by
        && !asker.may_read(PointId::Actuator(other))
    {
        return Refusal::Locked(None);
    }
    let (label, safe) = (&actuator.label.text, actuator.kind.show(actuator.safe));
    Refusal::Locked(Some(match acting.reading().quality {
        Quality::Good(value) if value != actuator.safe => format!("{label} is {}", actuator.kind.show(value)),
        _ => format!("{label} is not known to be {safe}"),
    }))
}
