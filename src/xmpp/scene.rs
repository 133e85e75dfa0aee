//! What a feature sees when it answers: the device, what is known of it, and the time. It changes nothing.

use jid::FullJid;

use crate::control::{Alarms, Asker, Automation, Controller};
use crate::model::{Device, Moment, Now, PointId, Reading};

/// The device at one moment.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What the device is.
    pub device: &'a Device,
    /// What is known of its points.
    pub control: &'a Controller,
    /// What its alarms and rules are at.
    pub automation: &'a Automation,
    /// The address it is online as.
    pub me: &'a FullJid,
    /// When the program started.
    pub started: Moment,
    /// Both clocks.
    pub now: Now,
    /// Messages lost so far because the server was out of reach for too long.
    pub dropped: u64,
    /// Everything was started safe, because the program has crashed again and again.
    pub safe_mode: bool,
}

impl<'a> Scene<'a> {
    /// Which alarms are up.
    pub fn alarms(&self) -> &'a Alarms {
        self.automation.alarms()
    }

    /// What is known of a point.
    pub fn reading(&self, point: PointId) -> &Reading {
        self.control.reading(point)
    }

    /// A point's label.
    pub fn label(&self, point: PointId) -> &str {
        &self.device.label(point).text
    }

    /// A point's name.
    pub fn name(&self, point: PointId) -> &str {
        &self.device.label(point).name
    }

    /// The points among those `asker` may read that need somebody to look at them.
    pub fn unwell(&self, asker: Asker<'_>) -> Vec<PointId> {
        self.device.points().filter(|p| asker.may_read(*p) && self.reading(*p).is_unwell()).collect()
    }
}
