//! What rules look at, besides the readings: the link, who is online, and whether the time is known.

use jiff::{SignedDuration, Timestamp};

use crate::control::alarms::Alarms;
use crate::control::{Asker, Controller};
use crate::model::{ContactId, Device, Moment, Now, Role};

/// After a login, contacts that have not been heard of by then are gone.
const HEARD_WITHIN: std::time::Duration = std::time::Duration::from_secs(30);
/// A clock that moved by more than this against the monotonic one was set.
const SET: SignedDuration = SignedDuration::from_millis(300);

/// The world outside the points.
#[derive(Debug)]
pub(in crate::control) struct World {
    started: Moment,
    up: Option<bool>,
    online: Vec<Option<bool>>,
    heard_by: Option<Moment>,
    clock: Option<bool>,
    /// The wall clock when the monotonic one was at its start.
    skew: Option<SignedDuration>,
}

/// Everything a rule may look at.
#[derive(Clone, Copy)]
pub(in crate::control) struct Facts<'a> {
    pub device: &'a Device,
    pub control: &'a Controller,
    pub alarms: &'a Alarms,
    pub world: &'a World,
    pub now: Now,
}

impl World {
    pub fn new(device: &Device, now: Moment) -> World {
        let online = device.contacts().map(|_| None).collect();
        World { started: now, up: None, online, heard_by: None, clock: None, skew: None }
    }

    /// The same world for another config: who is online is known by address.
    pub fn reloaded(&self, old: &Device, new: &Device) -> World {
        let known = |id: ContactId| old.contact_of(&new.contact(id).jid).and_then(|was| self.online[was.index()]);
        World { online: new.contacts().map(|(id, _)| known(id)).collect(), ..*self }
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.heard_by
    }

    /// True if anything is known now that was not.
    pub fn wake(&mut self, now: Moment) -> bool {
        if self.heard_by.is_none_or(|at| at > now) {
            return false;
        }
        self.heard_by = None;
        self.online.iter_mut().for_each(|online| *online = online.or(Some(false)));
        true
    }

    pub fn link(&mut self, up: bool, now: Moment) {
        if self.up == Some(up) {
            return;
        }
        self.up = Some(up);
        // Without a server nobody knows who is there.
        self.online.iter_mut().for_each(|online| *online = None);
        self.heard_by = up.then(|| now + HEARD_WITHIN);
    }

    /// True if that is news.
    pub fn contact(&mut self, id: ContactId, online: bool) -> bool {
        self.online[id.index()].replace(online) != Some(online)
    }

    /// True if that is news.
    pub fn clock(&mut self, known: bool) -> bool {
        self.clock.replace(known) != Some(known)
    }

    pub fn lost(&self) -> Option<bool> {
        self.up.map(|up| !up)
    }

    pub fn online(&self, id: ContactId) -> Option<bool> {
        self.online[id.index()]
    }

    pub fn knows_time(&self) -> bool {
        self.clock == Some(true)
    }

    /// Has the wall clock been set since the last look?
    pub fn was_set(&mut self, now: Now) -> bool {
        let skew = skew(now);
        let before = *self.skew.get_or_insert(skew);
        let set = (skew - before).abs() > SET;
        if set {
            self.skew = Some(skew);
        }
        set
    }

    /// Where the wall clock would have been at the start of the program.
    pub fn began(&self, now: Now) -> Timestamp {
        let running = SignedDuration::try_from(now.mono.since(self.started)).unwrap_or(SignedDuration::MAX);
        now.wall.saturating_sub(running).unwrap_or(now.wall)
    }
}

fn skew(now: Now) -> SignedDuration {
    let mono = SignedDuration::try_from(now.mono.0).unwrap_or(SignedDuration::MAX);
    now.wall.as_duration().saturating_sub(mono)
}

/// May this contact read why a rule acted? Who is online is for owners.
pub fn may_know_why(asker: Asker<'_>, rule: &str) -> bool {
    let device = asker.device();
    let Some((_, rule)) = device.rules().find(|(_, known)| known.name == rule) else { return false };
    let private = rule.conditions.iter().any(|c| matches!(c.test, crate::model::Test::Contact { .. }));
    (asker.role() == Role::Owner || !private) && device.points_of(rule).iter().all(|point| asker.may_read(*point))
}
