//! What is to be sent and what is not yet known to have arrived. Pure but for the receipts it is given.
//!
//! Invariants: order is kept; everything is bounded, and dropped messages are counted; a message that was posted
//! while offline, or lost with its stream, goes out later with the time at which it was posted (XEP-0203); all
//! else only if the stream is resumed, because nobody makes it anew then.

use std::collections::VecDeque;

use jiff::Timestamp;
use xmpp_parsers::date::DateTime;
use xmpp_parsers::delay::Delay;
use xmpp_parsers::message::{Id, Message, MessageType};
use xmpp_parsers::ns;
use xmpp_parsers::presence::Type;
use xmpp_parsers::stanza::Stanza;

use super::legal::legal;

/// Stanzas that the stream may hold before it has written them. Its queue must be at least as deep.
pub const UNWRITTEN: usize = 64;
/// Stanzas that the server may leave unacknowledged before we wait for it.
const UNACKNOWLEDGED: usize = 1024;
/// Above so many waiting stanzas nothing more is read from the server, so that it cannot make us overflow.
const HIGH_WATER: usize = 256;
/// The room while online, where waiting is short: the answer to one stanza may be many.
const ONLINE_ROOM: usize = 4096;
/// IQs and presences that wait for a stream to be resumed.
const SUSPENDED_ROOM: usize = 64;
/// A message that failed so often would fail for ever.
const TRIES: u8 = 3;

/// What became of a stanza that was handed to the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Not yet written.
    Queued,
    /// Written, and the stream still expects an acknowledgement.
    Written,
    /// The server has it.
    Acknowledged,
    /// Written, and nobody tracks it any more: all there is to know without XEP-0198, lost with it.
    Forgotten,
    /// Never written, or refused by the stream.
    Failed,
}

/// Follows one stanza through the stream.
pub trait Receipt {
    /// What is known now.
    fn fate(&mut self) -> Fate;
}

/// The thing that the next stanza waits for.
#[derive(Debug, PartialEq, Eq)]
pub enum Bottleneck<'a, R> {
    /// This stanza must be written first.
    Writing(&'a R),
    /// This stanza must be acknowledged first.
    Acknowledging(&'a R),
}

/// A stanza on its way out of the box.
#[derive(Debug)]
pub struct Parcel {
    stanza: Stanza,
    posted: Timestamp,
    late: bool,
    tries: u8,
}

struct Flight<R> {
    receipt: R,
    /// Only what may be sent again.
    copy: Option<Parcel>,
}

/// See the module.
pub struct Outbox<R> {
    waiting: VecDeque<Parcel>,
    flying: VecDeque<Flight<R>>,
    /// So many at the front of `flying` are written.
    written: usize,
    /// Lost with a stream whose end we have not been told yet.
    lost: VecDeque<Parcel>,
    capacity: usize,
    state: State,
    /// The stream acknowledges (XEP-0198).
    managed: bool,
    dropped: u64,
    ids: Ids,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// All that happens until the next stream is news to the server.
    Offline,
    /// Down, but it may be resumed as if nothing had happened.
    Suspended,
    Online,
}

/// Stanza ids: a random beginning and a count.
struct Ids {
    prefix: u64,
    count: u64,
}

impl<R: Receipt> Outbox<R> {
    /// Keeps at most `capacity` messages while offline. `seed` makes the stanza ids unique.
    pub fn new(capacity: usize, seed: u64) -> Outbox<R> {
        Outbox {
            waiting: VecDeque::new(),
            flying: VecDeque::new(),
            written: 0,
            lost: VecDeque::new(),
            capacity,
            state: State::Offline,
            managed: false,
            dropped: 0,
            ids: Ids { prefix: seed, count: 0 },
        }
    }

    /// Takes a stanza that was made at `now`. While offline only messages for people and hubs are kept: the
    /// rest is made anew by whoever made it.
    pub fn post(&mut self, stanza: Stanza, now: Timestamp) {
        if self.state == State::Offline && !is_kept(&stanza) {
            return;
        }
        let mut stanza = legal(stanza);
        if let Stanza::Message(message) = &mut stanza {
            message.id.get_or_insert_with(|| self.ids.next());
        }
        if self.state == State::Suspended {
            self.waiting.retain(|parcel| !is_superseded(&parcel.stanza, &stanza));
        }
        self.waiting.push_back(Parcel { stanza, posted: now, late: !self.is_online(), tries: 0 });
        self.trim();
    }

    /// The next stanza for the stream, if it may have one now. Give its receipt to [`Outbox::sent`].
    pub fn take(&mut self) -> Option<(Stanza, Departure)> {
        if !self.is_online() || self.is_full() {
            return None;
        }
        let Parcel { stanza, posted, late, tries } = self.waiting.pop_front()?;
        let copy = match &stanza {
            Stanza::Message(message) if is_kept(&stanza) => {
                Some(Parcel { stanza: Stanza::Message(message.clone()), posted, late: true, tries: tries + 1 })
            }
            _ => None,
        };
        let stanza = if late { stamped(stanza, posted) } else { stanza };
        Some((stanza, Departure(copy)))
    }

    /// Follows a stanza that the stream took.
    pub fn sent(&mut self, departure: Departure, receipt: R) {
        self.flying.push_back(Flight { receipt, copy: departure.0 });
    }

    /// The stream did not take it: it counts as lost with the stream.
    pub fn refused(&mut self, departure: Departure) {
        self.set_aside(departure.0);
    }

    /// Looks at the receipts: forgets what has arrived, sets aside what is lost.
    pub fn settle(&mut self) {
        while let Some(flight) = self.flying.get_mut(self.written)
            && flight.receipt.fate() != Fate::Queued
        {
            self.written += 1;
        }
        while self.written > 0
            && let Some(first) = self.flying.front_mut()
        {
            let lost = match first.receipt.fate() {
                Fate::Queued | Fate::Written => break,
                Fate::Acknowledged => false,
                Fate::Forgotten => self.managed,
                Fate::Failed => true,
            };
            let copy = self.flying.pop_front().and_then(|flight| flight.copy);
            self.written -= 1;
            if lost {
                self.set_aside(copy);
            }
        }
        while self.lost.len() > self.capacity {
            self.lost.pop_front();
            self.dropped += 1;
        }
    }

    /// The stream is up and nothing was lost.
    pub fn resumed(&mut self) {
        self.state = State::Online;
    }

    /// The stream is up anew; `managed` says that it acknowledges. What went down with the last one waits
    /// again, before all else. What the stream itself still had queued it sends by itself.
    pub fn reset(&mut self, managed: bool) {
        self.offline();
        self.settle();
        for mut flight in std::mem::take(&mut self.flying) {
            match flight.receipt.fate() {
                Fate::Queued | Fate::Written => self.flying.push_back(flight),
                Fate::Acknowledged => {}
                Fate::Forgotten if !self.managed => {}
                Fate::Forgotten | Fate::Failed => self.set_aside(flight.copy),
            }
        }
        self.written = 0;
        while let Some(parcel) = self.lost.pop_back() {
            self.waiting.push_front(parcel);
        }
        self.trim();
        self.managed = managed;
        self.state = State::Online;
    }

    /// The stream is down; if it was managed it may be resumed.
    pub fn suspended(&mut self) {
        if !self.managed {
            return self.offline();
        }
        self.state = State::Suspended;
        self.hold();
    }

    /// The stream is down for good; the next one will be another.
    pub fn offline(&mut self) {
        self.state = State::Offline;
        self.hold();
    }

    /// Whether the stream is up.
    pub fn is_online(&self) -> bool {
        self.state == State::Online
    }

    /// The messages that are not known to have arrived, in order, with the times at which they were posted.
    /// `was_closed` says that the stream ended properly: then what was written did arrive.
    pub fn into_unsent(mut self, was_closed: bool) -> Vec<(Stanza, Timestamp)> {
        self.managed &= !was_closed;
        self.settle();
        let managed = self.managed;
        let flying = self.flying.into_iter().filter_map(|mut flight| match flight.receipt.fate() {
            Fate::Acknowledged => None,
            Fate::Written | Fate::Forgotten if !managed => None,
            Fate::Queued | Fate::Written | Fate::Forgotten | Fate::Failed => flight.copy,
        });
        let unsent = self.lost.into_iter().chain(flying).chain(self.waiting);
        unsent.filter(|parcel| is_kept(&parcel.stanza)).map(|parcel| (parcel.stanza, parcel.posted)).collect()
    }

    /// Whether stanzas wait that the stream should have.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// So many were dropped since the last call.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// What the next stanza waits for, if one waits and the stream is up.
    pub fn bottleneck(&self) -> Option<Bottleneck<'_, R>> {
        if !self.is_online() || self.waiting.is_empty() {
            return None;
        }
        if self.flying.len() - self.written >= UNWRITTEN {
            return self.flying.get(self.written).map(|flight| Bottleneck::Writing(&flight.receipt));
        }
        if self.flying.len() >= UNACKNOWLEDGED {
            return self.flying.front().map(|flight| Bottleneck::Acknowledging(&flight.receipt));
        }
        None
    }

    /// Whether reading should wait for writing. Never while acknowledgements are what is waited for: reading
    /// is what brings them.
    pub fn is_overfull(&self) -> bool {
        self.waiting.len() > HIGH_WATER && matches!(self.bottleneck(), Some(Bottleneck::Writing(_)))
    }

    fn is_full(&self) -> bool {
        self.flying.len() - self.written >= UNWRITTEN || self.flying.len() >= UNACKNOWLEDGED
    }

    fn set_aside(&mut self, copy: Option<Parcel>) {
        match copy {
            Some(parcel) if parcel.tries < TRIES => self.lost.push_back(parcel),
            Some(_) => self.dropped += 1,
            None => {}
        }
    }

    fn hold(&mut self) {
        for parcel in &mut self.waiting {
            parcel.late = true;
        }
        self.trim();
    }

    fn trim(&mut self) {
        let (messages, others) = match self.state {
            State::Offline => (self.capacity, 0),
            State::Suspended => (self.capacity, SUSPENDED_ROOM),
            State::Online => (self.capacity.max(ONLINE_ROOM), ONLINE_ROOM),
        };
        if self.waiting.len() <= messages.min(others) {
            return;
        }
        let kept = self.waiting.iter().filter(|parcel| is_kept(&parcel.stanza)).count();
        let mut excess = kept.saturating_sub(messages);
        let mut others_excess = (self.waiting.len() - kept).saturating_sub(others);
        self.dropped += excess as u64;
        self.waiting.retain(|parcel| {
            let excess = if is_kept(&parcel.stanza) { &mut excess } else { &mut others_excess };
            let stays = *excess == 0;
            *excess = excess.saturating_sub(1);
            stays
        });
    }
}

/// What [`Outbox::sent`] needs to know of the stanza that left.
#[derive(Debug)]
pub struct Departure(Option<Parcel>);

impl Ids {
    fn next(&mut self) -> Id {
        self.count += 1;
        Id(format!("{:016x}-{}", self.prefix, self.count))
    }
}

/// A message with words in it that is worth having late.
fn is_kept(stanza: &Stanza) -> bool {
    let Stanza::Message(message) = stanza else { return false };
    let to_somebody = matches!(message.type_, MessageType::Chat | MessageType::Normal | MessageType::Headline);
    to_somebody && message.bodies.values().any(|body| !body.is_empty())
}

/// A presence that nobody needs to see once the `newer` one is there.
fn is_superseded(stanza: &Stanza, newer: &Stanza) -> bool {
    let (Stanza::Presence(old), Stanza::Presence(new)) = (stanza, newer) else { return false };
    old.to == new.to && old.type_ == Type::None && new.type_ == Type::None
}

fn stamped(stanza: Stanza, posted: Timestamp) -> Stanza {
    let Stanza::Message(mut message) = stanza else { return stanza };
    if !has_stamp(&message)
        && let Ok(stamp) = format!("{posted:.3}").parse::<DateTime>()
    {
        message.payloads.push(Delay { from: None, stamp, data: None }.into());
    }
    Stanza::Message(message)
}

fn has_stamp(message: &Message) -> bool {
    message.payloads.iter().any(|payload| payload.is("delay", ns::DELAY))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use xmpp_parsers::iq::Iq;
    use xmpp_parsers::ping::Ping;
    use xmpp_parsers::presence::Presence;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Note(Rc<Cell<Fate>>);

    impl Receipt for Note {
        fn fate(&mut self) -> Fate {
            self.0.get()
        }
    }

    struct Bench {
        outbox: Outbox<Note>,
        notes: Vec<Note>,
    }

    impl Bench {
        fn new(capacity: usize) -> Bench {
            Bench { outbox: Outbox::new(capacity, 0xabcd), notes: Vec::new() }
        }

        fn online(capacity: usize) -> Bench {
            let mut bench = Bench::new(capacity);
            bench.outbox.reset(true);
            bench
        }

        fn say(&mut self, words: &str) {
            let message = Message::chat(anna()).with_body(Default::default(), words.to_owned());
            self.outbox.post(message.into(), at(self.notes.len() as i64));
        }

        /// Hands over all that may go: the words, `+` if stamped, `iq` or `presence`.
        fn pump(&mut self) -> Vec<String> {
            let mut shown = Vec::new();
            while let Some((stanza, departure)) = self.outbox.take() {
                let note = Note(Rc::new(Cell::new(Fate::Queued)));
                self.outbox.sent(departure, note.clone());
                self.notes.push(note);
                shown.push(show(&stanza));
            }
            shown
        }

        fn all(&mut self, fate: Fate) {
            self.notes.iter().for_each(|note| note.0.set(fate));
            self.outbox.settle();
        }
    }

    fn anna() -> xmpp_parsers::jid::Jid {
        "anna@home.example".parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn show(stanza: &Stanza) -> String {
        match stanza {
            Stanza::Iq(_) => "iq".to_owned(),
            Stanza::Presence(_) => "presence".to_owned(),
            Stanza::Message(message) => {
                let late = if has_stamp(message) { "+" } else { "" };
                format!("{}{late}", message.bodies.values().next().cloned().unwrap_or_default())
            }
        }
    }

    fn ping() -> Stanza {
        Iq::from_get("1", Ping).into()
    }

    #[test]
    fn online_all_goes_out_at_once_in_order_and_unstamped() {
        let mut bench = Bench::online(4);
        bench.say("one");
        bench.outbox.post(ping(), at(0));
        bench.outbox.post(Presence::available().into(), at(0));
        bench.say("two");
        assert_eq!(bench.pump(), ["one", "iq", "presence", "two"]);
        bench.all(Fate::Acknowledged);
        assert!(bench.outbox.flying.is_empty());
    }

    #[test]
    fn signs_that_xml_forbids_are_replaced() {
        let mut bench = Bench::online(4);
        bench.say("a\u{1}b");
        assert_eq!(bench.pump(), ["a\u{fffd}b"]);
    }

    #[test]
    fn offline_only_words_are_kept_and_they_carry_their_time() {
        let mut bench = Bench::new(4);
        bench.say("door open");
        bench.outbox.post(ping(), at(0));
        bench.outbox.post(Presence::available().into(), at(0));
        bench.outbox.post(Message::chat(None).into(), at(0));
        assert!(bench.pump().is_empty());
        bench.outbox.reset(true);
        let (stanza, _) = bench.outbox.take().unwrap();
        let Stanza::Message(message) = stanza else { panic!("not a message") };
        let delay = message.payloads.iter().find_map(|payload| Delay::try_from(payload.clone()).ok()).unwrap();
        assert_eq!(delay.stamp.0.timestamp(), 1_800_000_000);
        assert_eq!(message.id.unwrap().0, "000000000000abcd-1");
        assert!(bench.outbox.take().is_none());
    }

    #[test]
    fn a_full_box_drops_the_oldest_and_says_how_many() {
        let mut bench = Bench::new(2);
        ["one", "two", "three", "four"].iter().for_each(|words| bench.say(words));
        assert_eq!(bench.outbox.take_dropped(), 2);
        assert_eq!(bench.outbox.take_dropped(), 0);
        bench.outbox.reset(true);
        assert_eq!(bench.pump(), ["three+", "four+"]);
    }

    #[test]
    fn at_most_64_are_unwritten() {
        let mut bench = Bench::online(4);
        (0..100).for_each(|n| bench.say(&n.to_string()));
        assert_eq!(bench.pump().len(), UNWRITTEN);
        let first = bench.notes[0].clone();
        assert_eq!(bench.outbox.bottleneck(), Some(Bottleneck::Writing(&first)));
        bench.all(Fate::Written);
        assert_eq!(bench.pump().len(), 36);
        assert_eq!(bench.outbox.take_dropped(), 0);
    }

    #[test]
    fn a_server_that_never_acknowledges_is_waited_for_but_read() {
        let mut bench = Bench::online(4);
        for _ in 0..20 {
            (0..UNWRITTEN).for_each(|n| bench.say(&n.to_string()));
            bench.pump();
            bench.all(Fate::Written);
        }
        (0..2 * HIGH_WATER).for_each(|n| bench.say(&n.to_string()));
        assert!(bench.pump().is_empty());
        assert_eq!(bench.outbox.flying.len(), UNACKNOWLEDGED);
        let first = bench.notes[0].clone();
        assert_eq!(bench.outbox.bottleneck(), Some(Bottleneck::Acknowledging(&first)));
        assert!(!bench.outbox.is_overfull());
        first.0.set(Fate::Acknowledged);
        bench.outbox.settle();
        assert_eq!(bench.pump().len(), 1);
    }

    #[test]
    fn reading_waits_for_writing_above_the_mark() {
        let mut bench = Bench::online(4);
        (0..UNWRITTEN + HIGH_WATER).for_each(|n| bench.say(&n.to_string()));
        bench.pump();
        assert!(!bench.outbox.is_overfull());
        bench.say("one more");
        assert!(bench.outbox.is_overfull());
        bench.all(Fate::Written);
        bench.pump();
        assert!(!bench.outbox.is_overfull());
    }

    #[test]
    fn what_a_lost_stream_took_with_it_is_sent_again_first_and_stamped() {
        let mut bench = Bench::online(8);
        ["one", "two", "three"].iter().for_each(|words| bench.say(words));
        bench.outbox.post(ping(), at(0));
        bench.pump();
        bench.notes[0].0.set(Fate::Acknowledged);
        bench.outbox.offline();
        bench.say("four");
        bench.notes[1..].iter().for_each(|note| note.0.set(Fate::Forgotten));
        bench.outbox.reset(true);
        assert_eq!(bench.pump(), ["two+", "three+", "four+"]);
    }

    #[test]
    fn the_same_message_keeps_its_id_when_sent_again() {
        let mut bench = Bench::online(8);
        bench.say("one");
        let (before, departure) = bench.outbox.take().unwrap();
        bench.outbox.sent(departure, Note(Rc::new(Cell::new(Fate::Failed))));
        bench.outbox.offline();
        bench.outbox.reset(true);
        let (after, _) = bench.outbox.take().unwrap();
        let id = |stanza| Message::try_from(stanza).unwrap().id.unwrap();
        assert_eq!(id(before), id(after));
    }

    #[test]
    fn a_resumed_stream_repeats_by_itself() {
        let mut bench = Bench::online(8);
        bench.say("one");
        bench.pump();
        bench.all(Fate::Written);
        bench.outbox.offline();
        bench.say("two");
        bench.outbox.resumed();
        assert_eq!(bench.pump(), ["two+"]);
    }

    #[test]
    fn what_the_stream_still_has_queued_is_left_to_it() {
        let mut bench = Bench::online(8);
        ["one", "two"].iter().for_each(|words| bench.say(words));
        bench.pump();
        bench.notes[0].0.set(Fate::Forgotten);
        bench.outbox.offline();
        bench.outbox.reset(true);
        assert_eq!(bench.pump(), ["one+"]);
        assert_eq!(bench.outbox.flying.len(), 2);
    }

    #[test]
    fn without_acknowledgements_written_is_all_there_is_to_know() {
        let mut bench = Bench::new(8);
        bench.outbox.reset(false);
        bench.say("one");
        bench.pump();
        bench.all(Fate::Forgotten);
        assert!(bench.outbox.flying.is_empty());
        bench.outbox.offline();
        bench.outbox.reset(false);
        assert!(bench.pump().is_empty());
    }

    #[test]
    fn a_message_that_always_fails_is_given_up() {
        let mut bench = Bench::online(8);
        bench.say("one");
        for _ in 0..TRIES {
            assert_eq!(bench.pump().len(), 1);
            bench.all(Fate::Failed);
            bench.outbox.reset(true);
        }
        assert!(bench.pump().is_empty());
        assert_eq!(bench.outbox.take_dropped(), 1);
    }

    #[test]
    fn going_offline_forgets_what_will_be_made_anew() {
        let mut bench = Bench::online(300);
        (0..UNWRITTEN).for_each(|n| bench.say(&n.to_string()));
        bench.pump();
        bench.outbox.post(ping(), at(0));
        bench.say("kept");
        bench.outbox.offline();
        bench.all(Fate::Acknowledged);
        bench.outbox.reset(true);
        assert_eq!(bench.pump(), ["kept+"]);
    }

    #[test]
    fn a_resumed_stream_gets_what_was_posted_meanwhile() {
        let mut bench = Bench::online(8);
        (0..UNWRITTEN).for_each(|n| bench.say(&n.to_string()));
        bench.pump();
        bench.outbox.post(ping(), at(0));
        bench.outbox.suspended();
        bench.outbox.post(Presence::available().with_to(anna()).into(), at(0));
        bench.outbox.post(ping(), at(0));
        bench.say("two");
        assert!(bench.pump().is_empty());
        bench.all(Fate::Acknowledged);
        bench.outbox.resumed();
        assert_eq!(bench.pump(), ["iq", "presence", "iq", "two+"]);
    }

    #[test]
    fn a_new_stream_gets_only_the_words_of_what_was_posted_meanwhile() {
        let mut bench = Bench::online(8);
        bench.outbox.suspended();
        bench.outbox.post(Presence::available().into(), at(0));
        bench.outbox.post(ping(), at(0));
        bench.say("one");
        bench.outbox.reset(true);
        assert_eq!(bench.pump(), ["one+"]);
        assert_eq!(bench.outbox.take_dropped(), 0);
    }

    #[test]
    fn a_stream_that_cannot_be_resumed_keeps_only_words() {
        let mut bench = Bench::new(8);
        bench.outbox.reset(false);
        bench.outbox.suspended();
        bench.outbox.post(ping(), at(0));
        assert!(!bench.outbox.is_waiting());
    }

    #[test]
    fn what_waits_for_a_resumption_is_bounded_and_takes_no_room_from_words() {
        let mut bench = Bench::online(2);
        bench.outbox.suspended();
        bench.say("one");
        (0..10 * SUSPENDED_ROOM).for_each(|_| bench.outbox.post(ping(), at(0)));
        (0..1000).for_each(|_| bench.outbox.post(Presence::available().into(), at(0)));
        ["two", "three"].iter().for_each(|words| bench.say(words));
        assert_eq!(bench.outbox.take_dropped(), 1);
        bench.outbox.resumed();
        let shown = bench.pump();
        assert_eq!(shown.len(), SUSPENDED_ROOM);
        bench.all(Fate::Acknowledged);
        let shown = [shown, bench.pump()].concat();
        assert_eq!(shown[SUSPENDED_ROOM - 1..], ["presence", "two+", "three+"], "the last presence says it all");
        assert!(shown[..SUSPENDED_ROOM - 1].iter().all(|shown| shown == "iq"));
    }

    #[test]
    fn what_is_not_known_to_have_arrived_is_handed_back() {
        let unsent = |was_closed| {
            let mut bench = Bench::online(8);
            ["arrived", "refused", "written", "forgotten", "queued"].iter().for_each(|words| bench.say(words));
            bench.pump();
            let fates = [Fate::Acknowledged, Fate::Failed, Fate::Written, Fate::Forgotten, Fate::Queued];
            bench.notes.iter().zip(fates).for_each(|(note, fate)| note.0.set(fate));
            bench.outbox.post(ping(), at(0));
            bench.say("waiting");
            let unsent = bench.outbox.into_unsent(was_closed);
            assert_eq!(unsent.last().unwrap().1, at(5));
            unsent.iter().map(|(stanza, _)| show(stanza)).collect::<Vec<_>>()
        };
        assert_eq!(unsent(false), ["refused", "written", "forgotten", "queued", "waiting"]);
        assert_eq!(unsent(true), ["refused", "queued", "waiting"]);
    }
}
