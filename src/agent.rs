//! The device as one pure machine: everything that can happen to it comes in as an [`Input`] with the time,
//! everything it can do goes out as an [`Effect`]. It has no socket, no file, no clock.

mod doors;
mod incoming;
mod input;

use std::collections::BTreeMap;

use jid::FullJid;
use xmpp_parsers::message::MessageType;
use xmpp_parsers::stanza::Stanza;

use crate::control::{Asker, Cause, Controller, Decision, Outcome, Refusal, Request, Ticket, Wish};
use crate::model::{ActuatorId, ContactId, Device, Fault, Moment, Now, PointId, Value};
use crate::xmpp::adhoc::Sessions;
use crate::xmpp::journal::Journal;
pub use crate::xmpp::journal::Level;
use crate::xmpp::message;
use crate::xmpp::notices::{Notice, Notices};
use crate::xmpp::presence::Dashboard;
use crate::xmpp::rate::Bucket;
use crate::xmpp::roster::Roster;
use doors::Door;
pub use input::{Effect, Input};

/// The device as features see it. A macro, because it borrows some fields while others are changed.
macro_rules! scene {
    ($agent:expr, $now:expr) => {
        $crate::xmpp::Scene {
            device: &$agent.device,
            control: &$agent.control,
            me: $agent.me.as_ref().unwrap_or(&$agent.device.account().jid),
            started: $agent.started,
            now: $now,
            dropped: $agent.dropped,
        }
    };
}
use scene;

/// Requests and presences of all strangers together that are worth an answer or a line in the log.
const STRANGERS_PER_MINUTE: u32 = 120;

/// The device.
#[derive(Debug)]
pub struct Agent {
    device: Device,
    control: Controller,
    started: Moment,
    /// `Some` while online.
    me: Option<FullJid>,
    /// What stands in front of every id this run makes.
    seed: u64,
    count: u64,
    tickets: u64,
    /// Requests on their way through an actuator, and whom to tell.
    doors: BTreeMap<Ticket, (ActuatorId, Door)>,
    sessions: Sessions,
    roster: Roster,
    dashboard: Dashboard,
    notices: Notices,
    /// One per contact.
    buckets: Vec<Bucket>,
    strangers: Bucket,
    journal: Journal,
    dropped: u64,
}

impl Agent {
    /// A device of which nothing is known yet. `seed` makes this run's stanza ids differ from an earlier run's.
    pub fn new(device: Device, seed: u64, now: Now) -> Agent {
        let mut control = Controller::new(&device);
        // Until the server is reached, it is out of reach.
        control.link(&device, false, now);
        Agent {
            buckets: buckets(&device, now),
            strangers: Bucket::per_minute(STRANGERS_PER_MINUTE, now.mono),
            journal: Journal::new(now.mono),
            control,
            started: now.mono,
            me: None,
            seed,
            count: 0,
            tickets: 0,
            doors: BTreeMap::new(),
            sessions: Sessions::default(),
            roster: Roster::default(),
            dashboard: Dashboard::default(),
            notices: Notices::default(),
            dropped: 0,
            device,
        }
    }

    /// The device as configured.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What is known of its points.
    pub fn control(&self) -> &Controller {
        &self.control
    }

    /// When [`Input::Tick`] has something to do; never in the past after a call to [`Agent::handle`].
    pub fn deadline(&self) -> Option<Moment> {
        // Presence waits for the server, so while offline its deadline is none.
        let dashboard = self.me.as_ref().and_then(|_| self.dashboard.deadline());
        [self.control.deadline(), dashboard, self.notices.deadline()].into_iter().flatten().min()
    }

    /// Something has happened.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Tick => {}
            Input::Report { point, result, answers } => self.report(&point, answers, result, now, &mut out),
            Input::Online { jid, resumed } => self.online(jid, resumed, now, &mut out),
            Input::Offline => self.offline(now),
            Input::Dropped(count) => self.dropped += count,
            Input::Stanza(stanza) => self.stanza(*stanza, now, &mut out),
            Input::Reload(device) => self.reload(*device, now, &mut out),
        }
        self.wake(now, &mut out);
        out
    }

    /// The last presence: gone on purpose, not lost.
    pub fn farewell(&self) -> Stanza {
        xmpp_parsers::presence::Presence::unavailable().into()
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
                let decision = self.control.sample(&self.device, id, result, now);
                self.decide(decision, now, out);
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
        if resumed {
            return self.refresh(now, out);
        }
        let id = self.fresh_id();
        out.push(Effect::Send(self.roster.fetch(id).into()));
        let scene = scene!(self, now);
        out.extend(self.dashboard.online(&scene).into_iter().map(|presence| Effect::Send(presence.into())));
    }

    fn offline(&mut self, now: Now) {
        self.me = None;
        self.control.link(&self.device, false, now);
    }

    fn wake(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = self.control.wake(&self.device, now);
        self.decide(due, now, out);
        if self.notices.deadline().is_some_and(|at| at <= now.mono) {
            let scene = scene!(self, now);
            let notices = self.notices.wake(&scene);
            self.notify(notices, out);
        }
        if self.dashboard.deadline().is_some_and(|at| at <= now.mono) {
            self.refresh(now, out);
        }
    }

    fn decide(&mut self, decisions: impl IntoIterator<Item = Decision>, now: Now, out: &mut Vec<Effect>) {
        for decision in decisions {
            match decision {
                Decision::Drive(drive) => out.push(Effect::Drive(drive)),
                Decision::Settled(ticket, outcome) => self.answer(ticket, Ok(outcome), now, out),
                Decision::Changed(point, cause) => {
                    let scene = scene!(self, now);
                    let line = self.journal.changed(&scene, point, cause.as_ref());
                    out.extend(line.map(|(level, line)| Effect::Log(level, line)));
                    let by = match &cause {
                        Some(Cause::Asked(jid)) => Some(jid),
                        _ => None,
                    };
                    let notices = self.notices.changed(&scene, point, by);
                    self.notify(notices, out);
                    self.refresh(now, out);
                }
            }
        }
    }

    /// Lets a wish through, or not; the answer comes now or with the read-back.
    fn request(
        &mut self,
        contact: ContactId,
        actuator: ActuatorId,
        wish: Wish,
        door: Door,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let asker = Asker::of(&self.device, contact);
        self.doors.insert(ticket, (actuator, door));
        match self.control.request(asker, &Request { ticket, actuator, wish }, now) {
            Ok(drive) => out.push(Effect::Drive(drive)),
            Err(refusal) => {
                let line = self.journal.refused(&self.device, asker, actuator, &refusal, now.wall);
                out.push(Effect::Log(Level::Info, line));
                self.answer(ticket, Err(refusal), now, out);
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, result: Result<Outcome, Refusal>, now: Now, out: &mut Vec<Effect>) {
        let Some((actuator, door)) = self.doors.remove(&ticket) else { return };
        let id = self.fresh_id();
        let scene = scene!(self, now);
        out.push(Effect::Send(door.answer(&scene, actuator, &result, id)));
    }

    fn refresh(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.me.is_none() {
            return;
        }
        let scene = scene!(self, now);
        out.extend(self.dashboard.update(&scene).into_iter().map(|presence| Effect::Send(presence.into())));
    }

    fn notify(&mut self, notices: Vec<Notice>, out: &mut Vec<Effect>) {
        for (jid, text) in notices {
            let id = self.fresh_id();
            out.push(Effect::Send(message::write(jid.into(), MessageType::Chat, id, text).into()));
        }
    }

    /// Another config for the same device: what is known of points that stay is kept, open requests end.
    fn reload(&mut self, device: Device, now: Now, out: &mut Vec<Effect>) {
        let open: Vec<Ticket> = self.doors.keys().copied().collect();
        open.into_iter().for_each(|ticket| self.answer(ticket, Ok(Outcome::NoConfirmation), now, out));
        self.control = self.control.reloaded(&self.device, &device);
        self.control.link(&device, self.me.is_some(), now);
        self.device = device;
        self.buckets = buckets(&self.device, now);
        self.sessions = Sessions::default();
        self.notices.forget();
        self.journal.forget();
        if self.me.is_some() {
            let id = self.fresh_id();
            out.push(Effect::Send(self.roster.fetch(id).into()));
            let scene = scene!(self, now);
            out.extend(self.dashboard.reloaded(&scene).into_iter().map(|presence| Effect::Send(presence.into())));
        }
    }

    fn fresh_id(&mut self) -> String {
        self.count += 1;
        format!("k{:x}-{}", self.seed, self.count)
    }
}

fn buckets(device: &Device, now: Now) -> Vec<Bucket> {
    device.contacts().map(|_| Bucket::per_minute(device.limits().commands_per_minute, now.mono)).collect()
}
