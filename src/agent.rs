//! The device as one pure machine: everything that can happen to it comes in as an [`Input`] with the time,
//! everything it can do goes out as an [`Effect`]. It has no socket, no file, no clock.

mod doors;
mod hubs;
mod incoming;
mod input;
mod puzzled;
mod rooms;
mod seen;
mod spoken;

use std::collections::BTreeMap;
use std::time::Duration;

use jid::FullJid;
use xmpp_parsers::message::MessageType;
use xmpp_parsers::stanza::Stanza;

use crate::control::{Asker, Cause, Controller, Decision, Outcome, Refusal, Request, Ticket, Wish};
use crate::model::{ActuatorId, ContactId, Device, Fault, Moment, Now, PointId, Value};
use crate::xmpp::adhoc::Sessions;
use crate::xmpp::hub::Hubs;
use crate::xmpp::journal::Journal;
pub use crate::xmpp::journal::Level;
use crate::xmpp::message;
use crate::xmpp::muc::Rooms;
use crate::xmpp::notices::{Notice, Notices};
use crate::xmpp::presence::Dashboard;
use crate::xmpp::rate::Bucket;
use crate::xmpp::roster::Roster;
use doors::Door;
pub use input::{Effect, Input};
use puzzled::Puzzled;
use seen::Seen;

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

/// Requests and presences of all strangers together that are worth an answer.
const STRANGERS_PER_MINUTE: u32 = 120;
/// The same for a line in the log, which is on a card that wears out.
const STRANGER_LINES_PER_MINUTE: u32 = 10;
/// Questions of a contact's clients (discovery, pings) for each command it may give.
const QUERIES_PER_COMMAND: u32 = 10;
/// A server that does not tell the roster is not waited for longer.
const ROSTER_WITHIN: Duration = Duration::from_secs(5);

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
    hubs: Hubs,
    rooms: Rooms,
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
}

impl Agent {
    /// A device of which nothing is known yet. `seed` makes this run's stanza ids differ from an earlier run's.
    pub fn new(device: Device, seed: u64, now: Now) -> Agent {
        let mut control = Controller::new(&device);
        // Until the server is reached, it is out of reach.
        control.link(&device, false, now);
        Agent {
            buckets: buckets(&device, now),
            hubs: Hubs::new(&device, now.mono),
            rooms: Rooms::new(&device),
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
        let dashboard = if self.is_talking() { self.dashboard.deadline() } else { None };
        let (hubs, rooms) =
            if self.is_talking() { (self.hubs.deadline(), self.rooms.deadline()) } else { (None, None) };
        let deadlines = [self.control.deadline(), dashboard, hubs, rooms, self.notices.deadline(), self.introduce_by];
        deadlines.into_iter().flatten().min()
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
                if let Some(decision) = self.control.sample(&self.device, id, result, now) {
                    self.decide(vec![decision], now, out);
                }
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
        if resumed && !self.roster_due {
            self.refresh(now, out);
            self.rooms.online(true, now.mono);
            return self.tell_hubs(resumed, now, out);
        }
        self.rooms.online(resumed, now.mono);
        if !resumed {
            self.dashboard.begin();
        }
        self.fetch_roster(now, out);
    }

    fn fetch_roster(&mut self, now: Now, out: &mut Vec<Effect>) {
        let id = self.fresh_id();
        out.push(Effect::Send(self.roster.fetch(id).into()));
        self.introduce_by = Some(now.mono + ROSTER_WITHIN);
        self.roster_due = false;
    }

    fn introduce(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.introduce_by = None;
        let scene = scene!(self, now);
        let presences = self.dashboard.introduce(&scene, &self.roster);
        out.extend(presences.into_iter().map(|presence| Effect::Send(presence.into())));
        self.tell_hubs(false, now, out);
    }

    /// Online, and the roster has been gone through.
    fn is_talking(&self) -> bool {
        self.me.is_some() && self.introduce_by.is_none()
    }

    fn offline(&mut self, now: Now) {
        self.me = None;
        self.rooms.offline();
        // A roster that was asked for and has not come is asked for again.
        self.roster_due |= self.introduce_by.take().is_some();
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

    fn decide(&mut self, decisions: Vec<Decision>, now: Now, out: &mut Vec<Effect>) {
        // What a request changed is logged as the change; one that changed nothing is logged by itself.
        let changed = decisions.iter().any(|d| matches!(d, Decision::Changed(_, Some(Cause::Asked(_)))));
        for decision in decisions {
            match decision {
                Decision::Drive(drive) => out.push(Effect::Drive(drive)),
                Decision::Settled(ticket, outcome) => {
                    if let (Some((actuator, door)), false) = (self.doors.get(&ticket), changed) {
                        let scene = scene!(self, now);
                        let (level, line) = self.journal.settled(&scene, *actuator, &outcome, &door.asker());
                        out.push(Effect::Log(level, line));
                    }
                    self.answer(ticket, Ok(outcome), now, out);
                }
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
                    let talking = self.is_talking();
                    let lines = self.hubs.changed(&scene!(self, now), point, talking);
                    self.send_lines(lines, out);
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
                let line = self.journal.refused(&self.device, asker, actuator, &refusal, now);
                out.extend(line.map(|line| Effect::Log(Level::Info, line)));
                self.answer(ticket, Err(refusal), now, out);
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, result: Result<Outcome, Refusal>, now: Now, out: &mut Vec<Effect>) {
        let Some((actuator, door)) = self.doors.remove(&ticket) else { return };
        if let Door::Hub { place, .. } = &door {
            let lines = self.hubs.settled(&scene!(self, now), *place, actuator, &result);
            return self.send_lines(lines, out);
        }
        let id = self.fresh_id();
        let scene = scene!(self, now);
        out.extend(door.answer(&scene, &self.rooms, actuator, &result, id).map(Effect::Send));
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
        self.control = self.control.reloaded(&self.device, &device, now);
        self.control.link(&device, self.me.is_some(), now);
        self.device = device;
        self.hubs = Hubs::new(&self.device, now.mono);
        self.change_rooms(now, out);
        self.buckets = buckets(&self.device, now);
        self.sessions = Sessions::default();
        let scene = scene!(self, now);
        self.notices.begin_anew(&scene);
        self.journal.forget();
        self.late = self.device.contacts().map(|_| None).collect();
        self.puzzled = self.device.contacts().map(|_| Puzzled::default()).collect();
        self.dashboard.rekey(&self.device);
        self.roster_due = true;
        if self.me.is_some() {
            self.fetch_roster(now, out);
        }
    }

    fn fresh_id(&mut self) -> String {
        self.count += 1;
        id(self.seed, self.count)
    }
}

/// An id that nobody can count by: gaps in a row of numbers would tell a contact that something happened which it
/// may not know of. (The finalizer of SplitMix64.)
fn id(seed: u64, count: u64) -> String {
    let mut x = seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    format!("k{:016x}", x ^ (x >> 31))
}

fn buckets(device: &Device, now: Now) -> Vec<(Bucket, Bucket)> {
    let commands = device.limits().commands_per_minute;
    let queries = commands.saturating_mul(QUERIES_PER_COMMAND);
    let pair = |_| (Bucket::per_minute(commands, now.mono), Bucket::per_minute(queries, now.mono));
    device.contacts().map(pair).collect()
}
