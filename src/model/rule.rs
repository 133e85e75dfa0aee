//! Rules: when … for … then … otherwise. A rule reads sensors and writes actuators, so it cannot set itself off.

use std::time::Duration;

use super::{ActuatorId, AlarmId, ContactId, DayTime, Days, Gesture, PointId, SensorId, Trigger, Value, Window};

/// Index of a rule. Only a [`Device`](super::Device) hands these out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(super) u16);

impl RuleId {
    /// For tables with one entry per rule.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What the device does by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The key in the config.
    pub name: String,
    /// Must all conditions hold, or any?
    pub mode: Mode,
    /// At least one.
    pub conditions: Vec<Condition>,
    /// What is done when they begin to hold.
    pub then: Vec<Action>,
    /// What is done when they cease to.
    pub otherwise: Vec<Action>,
}

/// How conditions make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All of them.
    All,
    /// Any of them.
    Any,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What is looked at.
    pub test: Test,
    /// For how long it must hold without a break. Zero is at once.
    pub lasts: Duration,
}

/// What a condition looks at. States hold for some time; moments just happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// State: a sensor's reading.
    Sensor(SensorId, Trigger),
    /// State: any of these alarms is up, acknowledged or not.
    Alarm(Vec<AlarmId>),
    /// State: a contact is online, or not.
    Contact {
        /// Who.
        contact: ContactId,
        /// Online, or gone.
        online: bool,
    },
    /// State: the server is out of reach, or within it.
    Link {
        /// Out of reach.
        lost: bool,
    },
    /// State: it is this time of day, or this day.
    Within(Window),
    /// Moment: somebody does this with a button.
    Gesture(SensorId, Gesture),
    /// Moment: the clock or the sun says so.
    At(Vec<DayTime>, Days),
    /// Moment: again and again, counted from the start of the program.
    Every(Duration),
}

impl Test {
    /// Does it happen, rather than hold?
    pub fn is_moment(&self) -> bool {
        matches!(self, Test::At(..) | Test::Every(_) | Test::Gesture(..))
    }

    /// Does it need to know what time it is?
    pub fn needs_clock(&self) -> bool {
        matches!(self, Test::At(..) | Test::Within(_))
    }
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sets an actuator, perhaps only for a time.
    Set(ActuatorId, Value, Option<Duration>),
    /// Takes a switch away from its safe state for a time.
    Pulse(ActuatorId, Duration),
    /// Takes a switch to its other state.
    Toggle(ActuatorId),
    /// Tells people; `None` is everybody who is told of alarms and may read all the rule is about.
    Say(String, Option<Vec<ContactId>>),
}

impl Action {
    /// What it moves.
    pub fn actuator(&self) -> Option<ActuatorId> {
        match self {
            Action::Set(id, ..) | Action::Pulse(id, _) | Action::Toggle(id) => Some(*id),
            Action::Say(..) => None,
        }
    }
}

impl Rule {
    /// The sensors it looks at. `alarm` tells whose an alarm is.
    pub fn looks_at(&self, alarm: impl Fn(AlarmId) -> PointId) -> Vec<PointId> {
        let mut points = Vec::new();
        for condition in &self.conditions {
            match &condition.test {
                Test::Sensor(id, _) | Test::Gesture(id, _) => points.push(PointId::Sensor(*id)),
                Test::Alarm(alarms) => points.extend(alarms.iter().map(|id| alarm(*id))),
                _ => {}
            }
        }
        points
    }
}
