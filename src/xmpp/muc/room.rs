//! One room over time: joining, who is in it, noticing that one is no longer in, and coming back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jid::{BareJid, FullJid, Jid, ResourceRef};
use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::muc::Muc;
use xmpp_parsers::muc::muc::History;
use xmpp_parsers::ns;
use xmpp_parsers::ping::Ping;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;

use crate::model::{self, Moment};

const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";

/// A room that has not answered by now is tried again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries, doubled each time.
const RETRY: Duration = Duration::from_secs(60);
const RETRY_AT_MOST: Duration = Duration::from_secs(3600);
/// XEP-0410 section 3: after so long without a word from the room it is asked whether we are still in.
const QUIET: Duration = Duration::from_secs(15 * 60);
/// Occupants that are remembered; the others are guests.
const OCCUPANTS: usize = 500;
/// Nicks tried when ours is taken: `greenhouse_`, `greenhouse__`.
const NICKS: usize = 3;

/// One room.
#[derive(Debug)]
pub struct Room {
    room: model::Room,
    configured: bool,
    nick: String,
    state: State,
    /// Real addresses by nick.
    occupants: BTreeMap<String, Option<BareJid>>,
    tries: u32,
    /// What was told of since the device was last in: each is said once.
    troubles: BTreeSet<String>,
    /// When to ask whether we are still in.
    ask_at: Moment,
    /// The question under way, and since when.
    asked: Option<(String, Moment)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The device is offline.
    Offline,
    /// To be joined at this moment.
    Waiting(Moment),
    /// Asked to let us in, since this moment.
    Joining(Moment),
    In,
    /// Turned away for good: until the config is read anew, or the program starts again.
    Out,
}

/// What came of something.
#[derive(Debug, Default)]
pub struct Events {
    /// To be sent.
    pub stanzas: Vec<Stanza>,
    /// For the log; `true` is worth a person's while.
    pub lines: Vec<(bool, String)>,
}

impl Events {
    /// Both one after the other.
    pub fn extend(&mut self, other: Events) {
        self.stanzas.extend(other.stanzas);
        self.lines.extend(other.lines);
    }
}

/// Who speaks in a room.
#[derive(Debug, Clone, PartialEq)]
pub enum Sender {
    /// We ourselves, or the room.
    Nobody,
    /// Somebody whose real address the room tells.
    Real(BareJid),
    /// Somebody who hides it.
    Hidden,
}

impl Room {
    pub(super) fn new(room: model::Room, configured: bool) -> Room {
        Room {
            nick: room.nick.clone(),
            room,
            configured,
            state: State::Offline,
            occupants: BTreeMap::new(),
            tries: 0,
            troubles: BTreeSet::new(),
            ask_at: Moment::START,
            asked: None,
        }
    }

    pub(super) fn reconfigured(self, room: model::Room) -> Room {
        let tried = self.state == State::Out;
        let state = if tried { State::Waiting(Moment::START) } else { self.state };
        Room { room, configured: true, state, ..self }
    }

    /// Its address.
    pub fn jid(&self) -> &BareJid {
        &self.room.jid
    }

    /// As the config wants it.
    pub fn wanted(&self) -> &model::Room {
        &self.room
    }

    /// What the device is called in it now.
    pub fn nick(&self) -> &str {
        &self.nick
    }

    /// It is in the config, not an invitation.
    pub fn is_configured(&self) -> bool {
        self.configured
    }

    /// The device is in it.
    pub fn is_in(&self) -> bool {
        self.state == State::In
    }

    /// Who is behind an address of this room.
    pub fn sender(&self, from: &Jid) -> Sender {
        let Some(nick) = from.resource().map(ResourceRef::as_str) else { return Sender::Nobody };
        if nick == self.nick {
            return Sender::Nobody;
        }
        match self.occupants.get(nick) {
            Some(Some(real)) => Sender::Real(real.clone()),
            _ => Sender::Hidden,
        }
    }

    /// The presence that leaves it, if we are in it.
    pub(super) fn leave(self) -> Option<Stanza> {
        let to = self.me().filter(|_| matches!(self.state, State::In | State::Joining(_)))?;
        Some(Presence::unavailable().with_to(to).into())
    }

    pub(super) fn online(&mut self, resumed: bool, now: Moment) {
        if self.state == State::Out {
            return;
        }
        if resumed && self.state == State::In {
            // Asked at once: the room may have lost us while the server could not reach us.
            (self.ask_at, self.asked) = (now, None);
            return;
        }
        self.tries = 0;
        self.occupants.clear();
        self.state = State::Waiting(now);
    }

    pub(super) fn arrive(&mut self, now: Moment) {
        if matches!(self.state, State::Offline | State::Waiting(Moment::START)) {
            self.state = State::Waiting(now);
        }
    }

    pub(super) fn offline(&mut self) {
        if matches!(self.state, State::Waiting(_) | State::Joining(_)) {
            self.state = State::Offline;
        }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Waiting(at) => Some(at),
            State::Joining(since) => Some(since + PATIENCE),
            State::In => Some(self.asked.as_ref().map_or(self.ask_at, |(_, since)| *since + PATIENCE)),
            State::Offline | State::Out => None,
        }
    }

    pub(super) fn wake(
        &mut self,
        now: Moment,
        id: &mut impl FnMut() -> String,
        presence: impl FnOnce() -> Presence,
    ) -> Events {
        let mut events = Events::default();
        if self.deadline().is_none_or(|at| at > now) {
            return events;
        }
        let Some(me) = self.me() else { return events };
        match self.state {
            State::Waiting(_) => {
                let mut presence = presence();
                presence.to = Some(me.into());
                // Section 7.2.14: no history, so that nothing old can look like new words.
                presence.add_payload(Muc::new().with_history(History::new().with_maxstanzas(0)));
                self.state = State::Joining(now);
                self.occupants.clear();
                events.stanzas.push(presence.into());
            }
            State::Joining(_) => self.lost("it does not answer".to_owned(), now, &mut events),
            State::In if self.asked.is_some() => {
                self.asked = None;
                self.lost("it does not answer any more".to_owned(), now, &mut events);
            }
            State::In => {
                let id = id();
                let mut ping = Iq::from_get(id.clone(), Ping);
                *ping.to_mut() = Some(me.into());
                self.asked = Some((id, now));
                events.stanzas.push(ping.into());
            }
            State::Offline | State::Out => {}
        }
        events
    }

    /// The room has answered our ping (XEP-0410 section 3.2). True if it was ours.
    pub(super) fn answered(&mut self, id: &str, error: Option<&str>, now: Moment) -> bool {
        if self.asked.as_ref().is_none_or(|(asked, _)| asked != id) {
            return false;
        }
        (self.ask_at, self.asked) = (now + QUIET, None);
        // An error that says the ping reached somebody, or that nick is another's by now, still means that we are in.
        let is_in = matches!(error, None | Some("service-unavailable" | "feature-not-implemented" | "item-not-found"));
        if !is_in {
            self.state = State::Waiting(now);
        }
        true
    }

    /// Something else was heard from the room, so it still has us.
    pub fn is_alive(&mut self, now: Moment) {
        if self.state == State::In {
            (self.ask_at, self.asked) = (now + QUIET, None);
        }
    }

    /// A presence from the room.
    pub fn presence(&mut self, presence: &Presence, now: Moment, id: impl FnOnce() -> String) -> Events {
        let mut events = Events::default();
        let Some(nick) = presence.from.as_ref().and_then(|from| from.resource().map(ToString::to_string)) else {
            return events;
        };
        let user = presence.payloads.iter().find(|payload| payload.is("x", ns::MUC_USER));
        let has = |code: &str| user.is_some_and(|user| codes(user).any(|found| found == code));
        let ours = nick == self.nick || has("110");
        match presence.type_ {
            Type::Error if ours => self.refused(presence, now, &mut events),
            Type::None if ours => {
                // Section 7.2.2: the room may have given us another nick (status 210).
                self.nick = nick;
                if self.state != State::In {
                    events.lines.push((false, format!("in the room {} as {}", self.room.jid, self.nick)));
                }
                self.state = State::In;
                self.tries = 0;
                self.troubles.clear();
                (self.ask_at, self.asked) = (now + QUIET, None);
                if has("201") {
                    events.stanzas.push(unlock(&self.room.jid, id()));
                }
            }
            Type::None => {
                let item = user.and_then(|user| user.get_child("item", ns::MUC_USER));
                let real = item.and_then(|item| item.attr("jid")).and_then(|jid| Jid::new(jid).ok());
                if self.occupants.len() < OCCUPANTS || self.occupants.contains_key(&nick) {
                    self.occupants.insert(nick, real.map(|jid| jid.to_bare()));
                }
            }
            Type::Unavailable if ours => {
                let item = user.and_then(|user| user.get_child("item", ns::MUC_USER));
                if let (true, Some(new)) = (has("303"), item.and_then(|item| item.attr("nick"))) {
                    self.nick = new.to_owned();
                } else {
                    self.removed(user, &has, now, &mut events);
                }
            }
            Type::Unavailable => {
                self.occupants.remove(&nick);
            }
            _ => {}
        }
        events
    }

    fn refused(&mut self, presence: &Presence, now: Moment, events: &mut Events) {
        let error = presence.payloads.iter().find(|payload| payload.name() == "error");
        let condition = error.and_then(|error| error.children().find(|child| child.has_ns(ns::XMPP_STANZAS)));
        let condition = condition.map_or("error", |condition| condition.name());
        if condition == "conflict" && self.nick.len() < self.room.nick.len() + NICKS {
            self.nick.push('_');
            self.state = State::Waiting(now);
            return;
        }
        self.nick = self.room.nick.clone();
        let why = match condition {
            "conflict" => "its nick is taken",
            "not-authorized" => "it wants a password",
            "forbidden" => "the device is banned from it",
            "registration-required" => "it is for members only, and the device is none",
            "item-not-found" => "there is no such room, and the device may not make one",
            "not-allowed" => "rooms may not be made there",
            "service-unavailable" => "it is full, or there is nothing",
            "remote-server-not-found" | "remote-server-timeout" => "its server cannot be reached",
            other => other,
        };
        self.lost(why.to_owned(), now, events);
    }

    fn removed(&mut self, user: Option<&Element>, has: &impl Fn(&str) -> bool, now: Moment, events: &mut Events) {
        self.occupants.clear();
        let destroyed = user.is_some_and(|user| user.has_child("destroy", ns::MUC_USER));
        let why = match () {
            () if has("301") => Some("the device was banned from it"),
            () if destroyed => Some("it was destroyed"),
            () => None,
        };
        if let Some(why) = why {
            self.state = State::Out;
            self.say(why.to_owned(), events);
            return;
        }
        let why = match () {
            () if has("307") => "the device was kicked",
            () if has("321") || has("322") => "it is for members only now, and the device is none",
            () if has("332") => "its service shuts down",
            () => "the device is no longer in it",
        };
        self.lost(why.to_owned(), now, events);
    }

    /// Not in; another try later.
    fn lost(&mut self, why: String, now: Moment, events: &mut Events) {
        let wait = RETRY.saturating_mul(1 << self.tries.min(6)).min(RETRY_AT_MOST);
        self.tries += 1;
        self.state = State::Waiting(now + wait);
        self.say(why, events);
    }

    fn say(&mut self, why: String, events: &mut Events) {
        let line = format!("not in the room {}: {why}", self.room.jid);
        if self.troubles.insert(why) {
            events.lines.push((true, line));
        }
    }

    fn me(&self) -> Option<FullJid> {
        self.room.jid.with_resource_str(&self.nick).ok()
    }
}

fn codes(user: &Element) -> impl Iterator<Item = &str> {
    user.children().filter(|child| child.is("status", ns::MUC_USER)).filter_map(|status| status.attr("code"))
}

/// Section 10.1.2: a room that was made by joining stays locked until its owner accepts the defaults.
fn unlock(room: &BareJid, id: String) -> Stanza {
    let form = DataForm { type_: DataFormType::Submit, title: None, instructions: None, fields: Vec::new() };
    let query = Element::builder("query", MUC_OWNER).append(Element::from(form)).build();
    Iq::Set { from: None, to: Some(room.clone().into()), id, payload: query }.into()
}
