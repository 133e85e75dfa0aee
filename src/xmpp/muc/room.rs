//! One room over time: joining, noticing that one is no longer in, and coming back.

use std::collections::BTreeSet;
use std::time::Duration;

use jid::{BareJid, FullJid, Jid, ResourceRef};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;

use super::occupants::{self, Occupants, Sender};
use super::{stanzas, trouble};
use crate::model::{self, Moment};

/// A room that has not answered by now is tried again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries, doubled each time.
const RETRY: Duration = Duration::from_secs(60);
const RETRY_AT_MOST: Duration = Duration::from_secs(3600);
/// Who was in for so long is no longer somebody who is put out again and again.
const SETTLED: Duration = Duration::from_secs(3600);
/// XEP-0410 section 3: after so long without a word from the room it is asked whether we are still in.
const QUIET: Duration = Duration::from_secs(15 * 60);
/// Nicks tried when ours is taken: `greenhouse_`, `greenhouse__`.
const NICKS: usize = 3;

/// One room.
#[derive(Debug)]
pub struct Room {
    room: model::Room,
    configured: bool,
    nick: String,
    state: State,
    occupants: Occupants,
    tries: u32,
    /// What was told of since the device was last in for long: each is said once.
    troubles: BTreeSet<String>,
    /// When to ask whether we are still in.
    ask_at: Moment,
    /// The question under way, and since when.
    asked: Option<(String, Moment)>,
    /// We are a moderator, and so are told real addresses.
    moderates: bool,
    /// More of the occupants can be known than was told: to be entered again, from inside.
    again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The device is offline.
    Offline,
    /// To be joined at this moment.
    Waiting(Moment),
    /// Asked to let us in, since this moment.
    Joining(Moment),
    /// Since this moment.
    In(Moment),
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

impl Room {
    pub(super) fn new(room: model::Room, configured: bool) -> Room {
        Room {
            nick: room.nick.clone(),
            room,
            configured,
            state: State::Offline,
            occupants: Occupants::default(),
            tries: 0,
            troubles: BTreeSet::new(),
            ask_at: Moment::START,
            asked: None,
            moderates: false,
            again: false,
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
        matches!(self.state, State::In(_))
    }

    /// It is not to be entered any more.
    pub(super) fn is_out(&self) -> bool {
        self.state == State::Out
    }

    /// Who is behind an address of this room. While the device is not in it, nothing is known of anybody.
    pub fn sender(&self, from: &Jid) -> Sender {
        match from.resource().map(ResourceRef::as_str) {
            Some(nick) if nick != self.nick => self.occupants.sender(nick),
            _ => Sender::Nobody,
        }
    }

    /// What a person with this address is called here, if it is here.
    pub(super) fn nick_of(&self, jid: &BareJid) -> Option<&str> {
        self.occupants.nick_of(jid)
    }

    /// The presence that leaves it, if we are in it.
    pub(super) fn leave(self) -> Option<Stanza> {
        let to = self.me().filter(|_| matches!(self.state, State::In(_) | State::Joining(_)))?;
        Some(Presence::unavailable().with_to(to).into())
    }

    pub(super) fn invited_again(&mut self) {
        if matches!(self.state, State::Out | State::Waiting(_)) {
            (self.tries, self.state) = (0, State::Waiting(Moment::START));
        }
    }

    pub(super) fn online(&mut self, resumed: bool, now: Moment) {
        if self.state == State::Out {
            return;
        }
        match self.state {
            // Asked at once: the room may have lost us while the server could not reach us.
            State::In(_) if resumed => return (self.ask_at, self.asked) = (now, None),
            State::Waiting(_) if resumed => return,
            _ => {}
        }
        self.tries = 0;
        self.nick.clone_from(&self.room.nick);
        self.enter_at(now);
    }

    pub(super) fn arrive(&mut self, now: Moment) {
        if matches!(self.state, State::Offline | State::Waiting(Moment::START)) {
            self.state = State::Waiting(now);
        }
    }

    pub(super) fn offline(&mut self) {
        if matches!(self.state, State::Joining(_)) {
            self.state = State::Offline;
        }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Waiting(at) => Some(at),
            State::Joining(since) => Some(since + PATIENCE),
            State::In(_) => Some(self.asked.as_ref().map_or(self.ask_at, |(_, since)| *since + PATIENCE)),
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
        let Some(me) = self.me() else {
            // The room calls us something that is no address.
            self.nick.clone_from(&self.room.nick);
            self.lost("its nick there is none".to_owned(), now, &mut events);
            return events;
        };
        match self.state {
            State::Waiting(_) => {
                self.state = State::Joining(now);
                events.stanzas.push(stanzas::enter(presence(), me));
            }
            State::Joining(_) => self.lost("it does not answer".to_owned(), now, &mut events),
            State::In(_) if self.again => {
                (self.again, self.ask_at, self.asked) = (false, now + QUIET, None);
                events.stanzas.push(stanzas::enter(presence(), me));
            }
            State::In(_) if self.asked.is_some() => {
                self.lost("it does not answer any more".to_owned(), now, &mut events);
            }
            State::In(_) => {
                let id = id();
                self.asked = Some((id.clone(), now));
                events.stanzas.push(stanzas::ping(id, me));
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
        // An error that says the ping reached us still means that we are in. `item-not-found` is also what Prosody and
        // ejabberd say of a room that is no more; to enter while in does no harm.
        let is_in = matches!(error, None | Some("service-unavailable" | "feature-not-implemented"));
        if !is_in {
            self.enter_at(now);
        }
        true
    }

    /// Something was heard from the room, so it still has us.
    pub fn is_alive(&mut self, now: Moment) {
        if self.is_in() {
            (self.ask_at, self.asked) = (now + QUIET, None);
        }
    }

    /// The room did not take words of ours: asked at once whether we are still in.
    pub fn doubt(&mut self, now: Moment) {
        if self.is_in() && self.asked.is_none() {
            self.ask_at = now;
        }
    }

    /// The room itself says something. Status 172: it tells real addresses from now on, but not whose it hid before.
    pub fn says(&mut self, user: &Element, now: Moment) {
        if trouble::codes(user).any(|code| code == "172") {
            self.enter_again(now);
        }
    }

    /// Who is in and enters again is told of all occupants anew.
    fn enter_again(&mut self, now: Moment) {
        if self.is_in() {
            (self.again, self.ask_at, self.asked) = (true, now, None);
        }
    }

    /// A presence from the room.
    pub fn presence(&mut self, presence: &Presence, now: Moment, id: impl FnOnce() -> String) -> Events {
        let mut events = Events::default();
        let Some(nick) = presence.from.as_ref().and_then(|from| from.resource().map(ToString::to_string)) else {
            return events;
        };
        let user = occupants::about(presence);
        let has = |code: &str| user.is_some_and(|user| trouble::codes(user).any(|found| found == code));
        match presence.type_ {
            Type::Error if nick == self.nick => self.refused(presence, now, &mut events),
            // Of an earlier life of ours under another nick; the room says 210 if it gives us one (section 7.2.2).
            Type::None if has("110") && nick != self.nick && !has("210") => {}
            Type::None if has("110") => {
                self.nick = nick;
                self.is_alive(now);
                let moderates = user.is_some_and(trouble::moderates);
                // Joining or not, the answer says moderator too, and that is no news then.
                if moderates && !self.moderates {
                    self.enter_again(now);
                }
                self.moderates = moderates;
                if matches!(self.state, State::Joining(_)) {
                    events.lines.push((false, format!("in the room {} as {}", self.room.jid, self.nick)));
                    self.state = State::In(now);
                    (self.ask_at, self.asked) = (now + QUIET, None);
                }
                if has("201") {
                    events.stanzas.push(stanzas::unlock(&self.room.jid, id()));
                }
            }
            Type::None if nick != self.nick && matches!(self.state, State::Joining(_) | State::In(_)) => {
                self.occupants.came(nick, presence);
            }
            // By the nick alone: the end of that life says 110 too.
            Type::Unavailable if nick == self.nick => {
                let item = user.and_then(|user| user.get_child("item", ns::MUC_USER));
                match item.and_then(|item| item.attr("nick")).filter(|_| has("303")) {
                    Some(new) => self.nick = new.to_owned(),
                    None if matches!(self.state, State::In(_) | State::Joining(_)) => {
                        self.removed(user, now, &mut events);
                    }
                    None => {}
                }
            }
            Type::Unavailable => self.occupants.left(&nick),
            _ => {}
        }
        events
    }

    fn refused(&mut self, presence: &Presence, now: Moment, events: &mut Events) {
        if !matches!(self.state, State::Joining(_)) {
            return;
        }
        let error = presence.payloads.iter().find(|payload| payload.name() == "error");
        let condition = trouble::condition(error);
        if condition == "conflict" && self.nick.len() < self.room.nick.len() + NICKS {
            self.nick.push('_');
            return self.enter_at(now);
        }
        self.nick.clone_from(&self.room.nick);
        let (for_good, why) = trouble::refused(condition);
        self.turned_away(for_good, why, now, events);
    }

    fn removed(&mut self, user: Option<&Element>, now: Moment, events: &mut Events) {
        let (for_good, why) = trouble::removed(user);
        self.turned_away(for_good, why, now, events);
    }

    fn turned_away(&mut self, for_good: bool, why: &str, now: Moment, events: &mut Events) {
        // Into a room it was invited to, the device does not come back by itself.
        if for_good || !self.configured {
            self.occupants.clear();
            self.state = State::Out;
            return self.say(why.to_owned(), events);
        }
        self.lost(why.to_owned(), now, events);
    }

    /// Not in; another try later.
    fn lost(&mut self, why: String, now: Moment, events: &mut Events) {
        if let State::In(since) = self.state
            && now.since(since) >= SETTLED
        {
            self.tries = 0;
            self.troubles.clear();
        }
        let wait = RETRY.saturating_mul(1 << self.tries.min(6)).min(RETRY_AT_MOST);
        self.tries += 1;
        self.enter_at(now + wait);
        self.say(why, events);
    }

    fn enter_at(&mut self, at: Moment) {
        self.occupants.clear();
        (self.asked, self.again) = (None, false);
        self.state = State::Waiting(at);
    }

    fn say(&mut self, why: String, events: &mut Events) {
        let line = format!("not in the room {}: {why}", self.room.jid);
        if self.troubles.insert(why) {
            events.lines.push((true, line));
        }
    }

    pub(super) fn me(&self) -> Option<FullJid> {
        self.room.jid.with_resource_str(&self.nick).ok()
    }
}
