//! The XMPP connection: one stanza stream that comes back by itself, and the outbox in front of it.
//!
//! Invariant: [`Link::post`] never waits and [`Link::next`] may be dropped at any await; nothing runs detached
//! but the stanza stream's own worker, whose end is noticed.

mod address;
mod backoff;
mod component;
mod connector;
mod enrol;
mod legal;
mod login;
mod outbox;
mod quick;
mod register;
mod sasl;
mod sieve;
mod slot;
mod tap;
mod tls;
mod trouble;

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use jid::FullJid;
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_xmpp::stanzastream::{Event, StanzaStage, StanzaState, StanzaStream, StanzaToken, StreamEvent};
use xmpp_parsers::stanza::Stanza;

use self::component::Pulse;
use self::connector::Connector;
use self::login::Target;
use self::outbox::{Bottleneck, Fate, Outbox, Receipt, UNWRITTEN};
pub use self::register::{Enrolment, register};
pub use self::trouble::{Flaw, Loss, Stage, Trouble};
use crate::model::Account;

/// Room for what the outbox hands over at once and for what the server sends at once.
const DEPTH: usize = 2 * UNWRITTEN;
/// Writing that makes no progress for so long does not hold up reading any longer.
const STALL: Duration = Duration::from_secs(2);
/// For the goodbye.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);

/// What the connection has to tell.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "events live for one turn of the loop, and most are stanzas")]
pub enum LinkEvent {
    /// Stanzas flow.
    Online {
        /// The address that the server bound.
        jid: FullJid,
        /// XEP-0198 resumption: nothing was lost and the server still has our presence.
        resumed: bool,
    },
    /// The stream is down and being re-established.
    Offline,
    /// A login failed, or the server threw us out.
    Trouble(Trouble),
    /// A stanza came.
    Stanza(Stanza),
    /// So many posts were dropped from the full outbox since the last such event.
    Dropped(u64),
}

/// The account's connection. Dropping it cuts it; [`Link::close`] ends it properly.
pub struct Link {
    // Before the connector: the worker must see its stream gone before its slot is filled for the last time.
    stream: StanzaStream,
    connector: Connector,
    outbox: Outbox<StanzaToken>,
    jid: FullJid,
    stalled: bool,
    /// There is a session that the stream will want to resume.
    resumable: bool,
    /// A component's sign of life.
    pulse: Option<Pulse>,
    /// Came before the stream was ready: the server delivers from the moment on at which it has bound the address,
    /// and the answer to what it delivers could not be sent yet.
    early: VecDeque<Stanza>,
    /// What came early is told now, all of it before the stream is asked again.
    is_due: bool,
}

impl Link {
    /// Begins to connect; `outbox` is the number of messages kept while offline. Must be called in a Tokio
    /// runtime.
    ///
    /// # Errors
    /// Only what no retry can mend: [`Trouble::Authorities`], or a domain that cannot be a server's name.
    pub fn start(account: &Account, outbox: usize) -> Result<Link, Trouble> {
        let (stream, connector) = Connector::new(Target::new(account)?, DEPTH);
        let outbox = Outbox::new(outbox, rand::random());
        let pulse = account.component.is_some().then(|| Pulse::new(&account.jid));
        let jid = account.jid.clone();
        let early = VecDeque::new();
        Ok(Link { stream, connector, outbox, jid, stalled: false, resumable: false, pulse, early, is_due: false })
    }

    /// Sends it now, or when the stream is up again if it is a message with words or the stream is resumed; see
    /// the outbox for what is dropped. `now` becomes the time of a message that arrives late.
    pub fn post(&mut self, stanza: Stanza, now: Timestamp) {
        self.outbox.post(stanza, now);
        self.pump();
    }

    /// Waits for the next event, and keeps the connection going meanwhile: it must be polled all the time.
    /// Cancel-safe.
    pub async fn next(&mut self) -> LinkEvent {
        loop {
            self.pump();
            let dropped = self.outbox.take_dropped();
            if dropped > 0 {
                return LinkEvent::Dropped(dropped);
            }
            if self.is_due
                && let Some(stanza) = self.early.pop_front()
            {
                return LinkEvent::Stanza(stanza);
            }
            let held_up = self.outbox.is_overfull() && !self.stalled;
            let progress = progress(&self.outbox);
            tokio::select! {
                biased;
                event = self.stream.next(), if !held_up => {
                    let Some(event) = event else {
                        return LinkEvent::Trouble(self.rebuild());
                    };
                    if let Some(event) = self.translate(event) {
                        return event;
                    }
                }
                trouble = self.connector.trouble() => return LinkEvent::Trouble(trouble),
                () = progress => self.stalled = false,
                beat = Pulse::next(&mut self.pulse), if self.outbox.is_online() => {
                    self.outbox.post(beat, Timestamp::UNIX_EPOCH);
                }
                () = sleep(STALL), if held_up => self.stalled = true,
            }
        }
    }

    /// Says goodbye with `last` (unavailable presence) if online, after all that waits, and ends the stream. Takes
    /// three seconds at most. Returns the messages that are not known to have arrived, in order and with the times
    /// at which they were posted, for the link that comes after this one.
    pub async fn close(mut self, last: impl IntoIterator<Item = Stanza>) -> Vec<(Stanza, Timestamp)> {
        let deadline = Instant::now() + CLOSE_LIMIT;
        if !self.outbox.is_online() {
            return self.outbox.into_unsent(false);
        }
        last.into_iter().for_each(|last| self.outbox.post(last, Timestamp::UNIX_EPOCH));
        let flush = async {
            self.pump();
            while self.outbox.is_online() && self.outbox.is_waiting() {
                self.next().await;
            }
        };
        let is_flushed = timeout_at(deadline, flush).await.is_ok() && self.outbox.is_online();
        let Link { stream, connector, outbox, .. } = self;
        let was_closed = is_flushed && timeout_at(deadline, stream.close()).await.is_ok();
        drop(connector);
        outbox.into_unsent(was_closed)
    }

    fn translate(&mut self, event: Event) -> Option<LinkEvent> {
        // Also when the stream ends before it was ready: an order is obeyed when it is given or not at all.
        self.is_due = matches!(event, Event::Stream(_));
        match event {
            Event::Stanza(stanza) if self.pulse.as_ref().is_some_and(|pulse| pulse.is_mine(&stanza)) => None,
            Event::Stanza(stanza) if self.outbox.is_online() => Some(LinkEvent::Stanza(stanza)),
            Event::Stanza(stanza) => {
                self.early.push_back(stanza);
                self.is_due = self.early.len() > DEPTH;
                None
            }
            Event::Stream(StreamEvent::Reset { bound_jid, features }) => {
                if let Ok(jid) = bound_jid.try_into_full() {
                    self.jid = jid;
                }
                self.resumable = features.stream_management.is_some();
                self.outbox.reset(self.resumable);
                Some(LinkEvent::Online { jid: self.jid.clone(), resumed: false })
            }
            Event::Stream(StreamEvent::Resumed) => {
                self.outbox.resumed();
                Some(LinkEvent::Online { jid: self.jid.clone(), resumed: true })
            }
            Event::Stream(StreamEvent::Suspended) => {
                if self.outbox.is_online() {
                    self.outbox.suspended();
                    return Some(LinkEvent::Offline);
                }
                // The stream takes a refusal without a count (that of every restarted server) for a broken
                // element and would ask for the same resumption for ever.
                if self.connector.was_resumption_refused() && std::mem::take(&mut self.resumable) {
                    self.outbox.offline();
                    self.stream = self.connector.start_afresh(DEPTH);
                }
                None
            }
        }
    }

    /// The worker ended although nobody closed the stream: it panicked.
    fn rebuild(&mut self) -> Trouble {
        self.is_due = true;
        self.outbox.offline();
        self.stream = self.connector.renew(DEPTH);
        Trouble::Broken
    }

    fn pump(&mut self) {
        self.outbox.settle();
        // `send` panics if the worker is gone; `next` is about to notice.
        while !self.connector.is_deserted()
            && let Some((stanza, departure)) = self.outbox.take()
        {
            // The queue has room for all that the outbox hands over; Tokio's budget must not say otherwise.
            let send = tokio::task::unconstrained(self.stream.send(Box::new(stanza)));
            match send.now_or_never() {
                Some(token) => self.outbox.sent(departure, token),
                None => self.outbox.refused(departure),
            }
        }
    }
}

impl Receipt for StanzaToken {
    fn fate(&mut self) -> Fate {
        match tokio::task::unconstrained(self.wait_for(StanzaStage::Acked)).now_or_never() {
            Some(Some(StanzaState::Acked { .. })) => Fate::Acknowledged,
            Some(Some(_)) => Fate::Failed,
            Some(None) if self.state() == StanzaStage::Queued => Fate::Failed,
            Some(None) => Fate::Forgotten,
            None if self.state() == StanzaStage::Queued => Fate::Queued,
            None => Fate::Written,
        }
    }
}

/// Ready when a waiting stanza may have got its turn; owns all it needs.
fn progress(outbox: &Outbox<StanzaToken>) -> impl Future<Output = ()> + use<> {
    let watched = match outbox.bottleneck() {
        Some(Bottleneck::Writing(token)) => Some((token.clone(), StanzaStage::Sent)),
        Some(Bottleneck::Acknowledging(token)) => Some((token.clone(), StanzaStage::Acked)),
        None => None,
    };
    async move {
        match watched {
            Some((mut token, stage)) => drop(token.wait_for(stage).await),
            None => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use xmpp_parsers::message::Message;

    use super::*;
    use crate::model::{Secret, Security, Server};

    /// A link to where nobody listens.
    fn link() -> Link {
        let account = Account {
            jid: "greenhouse@home.example/katydid".parse().unwrap(),
            password: Secret::new("pencil"),
            server: Some(Server { host: "127.0.0.1".to_owned(), port: 1 }),
            security: Security::Auto,
            authorities: None,
            allow_plain: false,
            component: None,
        };
        Link::start(&account, 8).unwrap()
    }

    #[tokio::test]
    async fn what_waits_in_a_link_that_ends_is_handed_back() {
        let mut link = link();
        let posted = [1, 2].map(|second| Timestamp::from_second(second).unwrap());
        for (words, at) in ["one", "two"].into_iter().zip(posted) {
            link.post(Message::chat(None).with_body(Default::default(), words.to_owned()).into(), at);
        }
        let unsent = link.close(None).await;
        assert_eq!(unsent.iter().map(|(_, at)| *at).collect::<Vec<_>>(), posted);
    }

    #[tokio::test]
    async fn a_stream_that_broke_inside_is_told_and_built_anew() {
        let mut link = link();
        link.connector.spoil().await;
        assert!(matches!(link.next().await, LinkEvent::Trouble(Trouble::Broken)));
        assert!(!link.connector.is_deserted());
        link.post(Message::chat(None).into(), Timestamp::UNIX_EPOCH);
        assert!(matches!(link.next().await, LinkEvent::Trouble(Trouble::Unreachable(_))));
    }
}
