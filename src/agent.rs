//! The device as one pure machine: everything that can happen to it comes in as an [`Input`] with the time,
//! everything it can do goes out as an [`Effect`]. It has no socket, no file, no clock.

mod automation;
mod component;
mod confirm;
mod decided;
mod doors;
mod hubs;
mod id;
mod incoming;
mod input;
mod machines;
mod puzzled;
mod reload;
mod rooms;
mod seen;
mod sets;
mod spoken;
mod telling;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jid::{BareJid, FullJid};

use crate::control::{Automation, Controller, Past, Questions, Ticket};
use crate::model::{ActuatorId, Device, Fault, Moment, Now, PointId, Value};
use crate::xmpp::adhoc::Sessions;
use crate::xmpp::hub::Hubs;
use crate::xmpp::iot::Queue;
use crate::xmpp::journal::Journal;
pub use crate::xmpp::journal::Level;
use crate::xmpp::muc::Rooms;
use crate::xmpp::notices::{Hall, Notices};
use crate::xmpp::presence::Dashboard;
use crate::xmpp::pubsub::Publisher;
use crate::xmpp::rate::Bucket;
use crate::xmpp::roster::Roster;
use component::Component;
use doors::{Door, Errand};
use id::id;
pub use input::{Effect, Input};
use puzzled::Puzzled;
use reload::buckets;
use seen::Seen;
use sets::Sets;

/// The device as features see it. A macro, because it borrows some fields while others are changed.
macro_rules! scene {
    ($agent:expr, $now:expr) => {
        $crate::xmpp::Scene {
            device: &$agent.device,
            control: &$agent.control,
            automation: &$agent.automation,
            me: $agent.me.as_ref().unwrap_or(&$agent.device.account().jid),
            started: $agent.started,
            now: $now,
            dropped: $agent.dropped,
            safe_mode: $agent.safe_mode,
        }
    };
}
use scene;

/// Requests and presences of all strangers together that are worth an answer.
const STRANGERS_PER_MINUTE: u32 = 120;
/// The same for a line in the log, which is on a card that wears out.
const STRANGER_LINES_PER_MINUTE: u32 = 10;
/// A server that does not tell the roster is not waited for longer.
const ROSTER_WITHIN: Duration = Duration::from_secs(5);

/// The device.
#[derive(Debug)]
pub struct Agent {
    device: Device,
    control: Controller,
    automation: Automation,
    started: Moment,
    /// `Some` while online.
    me: Option<FullJid>,
    /// What stands in front of every id this run makes.
    seed: u64,
    count: u64,
    tickets: u64,
    /// Requests on their way through an actuator, and whom to tell.
    errands: BTreeMap<Ticket, Errand>,
    /// The same for rules.
    rule_tickets: BTreeMap<Ticket, (ActuatorId, String)>,
    questions: Questions,
    sessions: Sessions,
    sets: Sets,
    queue: Queue,
    publisher: Publisher,
    roster: Roster,
    component: Component,
    dashboard: Dashboard,
    notices: Notices,
    hubs: Hubs,
    rooms: Rooms,
    /// Rooms that have not heard of an alarm, because the device was not in them.
    missed: BTreeSet<BareJid>,
    /// When contacts and rooms were last told of an alarm.
    alarmed: BTreeMap<BareJid, Moment>,
    /// Until the roster is here nobody is told anything: whom the config does not name must be turned away first.
    introduce_by: Option<Moment>,
    /// The config has changed since the roster was last gone through.
    roster_due: bool,
    /// Commands and questions, one pair per contact.
    buckets: Vec<(Bucket, Bucket)>,
    /// When each contact was last told that something came late.
    late: Vec<Option<Moment>>,
    /// What each contact has said lately that was not understood.
    puzzled: Vec<Puzzled>,
    /// The same for all guests of rooms together.
    guests: Puzzled,
    seen: Seen,
    strangers: Bucket,
    stranger_lines: Bucket,
    journal: Journal,
    dropped: u64,
    safe_mode: bool,
}

impl Agent {
    /// A device of which nothing is known yet. `seed` makes this run's stanza ids differ from an earlier run's.
    pub fn new(device: Device, seed: u64, now: Now) -> Agent {
        Agent::after(&Past::default(), device, seed, now)
    }

    /// A device of which nothing is known but what an earlier run has left.
    pub fn after(past: &Past, device: Device, seed: u64, now: Now) -> Agent {
        let mut control = Controller::after(past, &device, now);
        // Until the server is reached, it is out of reach.
        control.link(&device, false, now);
        let mut automation = Automation::new(&device, now);
        automation.link(&device, &control, false, now);
        automation.suspend(past.safe_mode);
        Agent {
            buckets: buckets(&device, now),
            hubs: Hubs::new(&device, now.mono),
            rooms: Rooms::new(&device),
            missed: BTreeSet::new(),
            alarmed: BTreeMap::new(),
            introduce_by: None,
            roster_due: false,
            late: device.contacts().map(|_| None).collect(),
            puzzled: device.contacts().map(|_| Puzzled::default()).collect(),
            guests: Puzzled::default(),
            seen: Seen::default(),
            strangers: Bucket::per_minute(STRANGERS_PER_MINUTE, now.mono),
            stranger_lines: Bucket::per_minute(STRANGER_LINES_PER_MINUTE, now.mono),
            journal: Journal::new(now.mono),
            control,
            automation,
            started: now.mono,
            me: None,
            seed,
            count: 0,
            tickets: 0,
            errands: BTreeMap::new(),
            rule_tickets: BTreeMap::new(),
            questions: Questions::default(),
            sessions: Sessions::default(),
            sets: Sets::default(),
            queue: Queue::default(),
            publisher: Publisher::default(),
            roster: Roster::default(),
            component: Component::default(),
            dashboard: Dashboard::default(),
            notices: Notices::default(),
            dropped: 0,
            safe_mode: past.safe_mode,
            device,
        }
    }

    /// The device as configured.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What its lines are to be claimed with, by the actuators' names.
    pub fn starts(&self) -> HashMap<String, Value> {
        let names = self.device.actuators().map(|(_, actuator)| actuator.label.name.clone());
        names.zip(self.control.starts()).collect()
    }

    /// The program has crashed again and again: everything was started safe, and rules are off.
    pub fn is_in_safe_mode(&self) -> bool {
        self.safe_mode
    }

    /// What is known of its points.
    pub fn control(&self) -> &Controller {
        &self.control
    }

    /// When [`Input::Tick`] has something to do; never in the past after a call to [`Agent::handle`].
    pub fn deadline(&self) -> Option<Moment> {
        // Presence waits for the server, so while offline its deadline is none.
        let dashboard = if self.is_talking() { self.dashboard.deadline() } else { None };
        let (hubs, rooms, publisher) = match self.is_talking() {
            true => (self.hubs.deadline(), self.rooms.deadline(), self.publisher.deadline()),
            false => (None, None, None),
        };
        let queue = if self.me.is_some() { self.queue.deadline() } else { None };
        let talk = [dashboard, self.notices.deadline(), self.introduce_by, self.questions.deadline()];
        let deadlines = [self.control.deadline(), self.automation.deadline(), hubs, rooms, publisher, queue];
        deadlines.into_iter().chain(talk).flatten().min()
    }

    /// Something has happened.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Tick => {}
            Input::Report { point, result, answers } => self.report(&point, answers, result, now, &mut out),
            Input::Online { jid, resumed } => self.online(jid, resumed, now, &mut out),
            Input::Offline => self.offline(now, &mut out),
            Input::Clock { known } => self.clock(known, now, &mut out),
            Input::Dropped(count) => self.dropped += count,
            Input::LostEdges { point, count } => {
                if let Some(PointId::Sensor(id)) = self.device.point_named(&point) {
                    self.control.lost_edges(id, count, now);
                }
            }
            Input::Stanza(stanza) => self.stanza(*stanza, now, &mut out),
            Input::Reload(device) => self.reload(*device, now, &mut out),
        }
        self.wake(now, &mut out);
        let kept = self.control.keep(&self.device, now);
        out.extend(kept.into_iter().map(|(key, value, soon)| Effect::Keep { key, value, soon }));
        self.publish(now, &mut out);
        if self.device.is_component() {
            self.sign(&mut out);
        }
        out
    }

    fn report(
        &mut self,
        name: &str,
        answers: Option<u64>,
        result: Result<Value, Fault>,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        // A driver may outlive its point by a moment when the config is read anew.
        match self.device.point_named(name) {
            Some(PointId::Sensor(id)) => {
                let decisions = self.control.sample(&self.device, id, result, now);
                self.decide(decisions, now, out);
            }
            Some(PointId::Actuator(id)) => {
                let decisions = self.control.observed(&self.device, id, answers, result, now);
                self.decide(decisions, now, out);
            }
            None => {}
        }
    }

    fn online(&mut self, jid: FullJid, resumed: bool, now: Now, out: &mut Vec<Effect>) {
        self.control.link(&self.device, true, now);
        self.me = Some(jid);
        let events = self.automation.link(&self.device, &self.control, true, now);
        self.automate(events, now, out);
        if resumed && !self.roster_due {
            self.refresh(now, out);
            self.rooms.online(true, now.mono);
            self.tell_rooms_what_they_missed(now, out);
            return self.tell_hubs(resumed, now, out);
        }
        self.rooms.online(resumed, now.mono);
        if !resumed {
            self.publisher.pause();
            self.dashboard.begin();
        }
        self.fetch_roster(now, out);
    }

    fn fetch_roster(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.device.is_component() {
            self.roster_due = false;
            return self.look_around(now, out);
        }
        let id = self.fresh_id();
        out.push(Effect::Send(self.roster.fetch(id).into()));
        self.introduce_by = Some(now.mono + ROSTER_WITHIN);
        self.roster_due = false;
    }

    fn offline(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.me = None;
        self.rooms.offline();
        // A roster that was asked for and has not come is asked for again.
        self.roster_due |= self.introduce_by.take().is_some();
        self.control.link(&self.device, false, now);
        let events = self.automation.link(&self.device, &self.control, false, now);
        self.automate(events, now, out);
    }

    fn wake(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = self.control.wake(&self.device, now);
        self.decide(due, now, out);
        self.expire(now, out);
        let events = self.automation.wake(&self.device, &self.control, now);
        self.automate(events, now, out);
        // A rule may have overtaken somebody, who is owed an answer at once.
        let owed = self.control.wake(&self.device, now);
        self.decide(owed, now, out);
        if self.notices.deadline().is_some_and(|at| at <= now.mono) {
            let talking = self.is_talking();
            let scene = scene!(self, now);
            let away = |jid: &BareJid| self.rooms.of(jid).is_some_and(|room| !talking || !room.is_in());
            let notices = self.notices.wake(&scene, &Hall { away: &away, answered: &[] });
            self.notify(notices, out);
        }
        self.read_out_due(now, out);
        if self.is_talking() && self.hubs.deadline().is_some_and(|at| at <= now.mono) {
            let lines = self.hubs.wake(&scene!(self, now));
            self.send_lines(lines, out);
        }
        if self.introduce_by.is_some_and(|at| at <= now.mono) {
            self.introduce(now, out);
        }
        self.wake_rooms(now, out);
        if self.dashboard.deadline().is_some_and(|at| at <= now.mono) {
            self.refresh(now, out);
        }
    }

    fn refresh(&mut self, now: Now, out: &mut Vec<Effect>) {
        if !self.is_talking() {
            return;
        }
        let scene = scene!(self, now);
        out.extend(
            self.dashboard.update(&scene, &self.roster).into_iter().map(|presence| Effect::Send(presence.into())),
        );
    }

    fn fresh_id(&mut self) -> String {
        self.count += 1;
        id(self.seed, self.count)
    }
}
