//! Fills the stanza stream's slot again and again, with the waits that each trouble asks for.
//!
//! Invariant: the slot is kept through every failure; giving up is not this program's decision.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_xmpp::stanzastream::StanzaStream;
use tracing::debug;
use xmpp_parsers::jid::Jid;

use super::backoff::Backoff;
use super::login::{Session, Target};
use super::slot::Slot;
use super::tap::Tail;
use super::trouble::Trouble;

type Attempt = Pin<Box<dyn Future<Output = Result<Session, Trouble>> + Send>>;

/// See the module.
pub struct Connector {
    target: Arc<Target>,
    /// The stream asks here when it needs a connection.
    asked: mpsc::UnboundedReceiver<Slot>,
    slot: Option<Slot>,
    attempt: Option<Attempt>,
    backoff: Backoff,
    last: Option<Handed>,
}

/// The connection that the stream has now, or had.
struct Handed {
    tail: Tail,
    at: Instant,
}

impl Connector {
    /// A stanza stream with queues of `depth`, and the connector that feeds it. Needs a runtime.
    pub fn new(target: Target, depth: usize) -> (StanzaStream, Connector) {
        let (stream, asked) = open(depth, &target);
        let connector = Connector {
            target: Arc::new(target),
            asked,
            slot: None,
            attempt: None,
            backoff: Backoff::default(),
            last: None,
        };
        (stream, connector)
    }

    /// A new stream in place of one that broke; it counts as a failure.
    pub fn renew(&mut self, depth: usize) -> StanzaStream {
        let stream = self.replace(depth);
        self.retry(&Trouble::Broken, Duration::ZERO);
        stream
    }

    /// A new stream in place of one whose session the server no longer knows; at once, for there is nothing
    /// wrong with the server.
    pub fn start_afresh(&mut self, depth: usize) -> StanzaStream {
        let stream = self.replace(depth);
        self.begin(Duration::ZERO);
        stream
    }

    /// Whether the last connection ended with the server's refusal to resume the session.
    pub fn was_resumption_refused(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.tail.has_refused_resumption())
    }

    #[cfg(test)]
    pub async fn spoil(&mut self) {
        if let Some(slot) = self.asked.recv().await {
            slot.spoil();
        }
    }

    fn replace(&mut self, depth: usize) -> StanzaStream {
        let (stream, asked) = open(depth, &self.target);
        self.asked = asked;
        self.slot = None;
        self.last = None;
        stream
    }

    /// Whether the stream's worker has ended: it owns the other end of this channel.
    pub fn is_deserted(&self) -> bool {
        self.asked.is_closed()
    }

    /// Works on the connection until something is worth telling. Cancel-safe: all its state is in `self`.
    pub async fn trouble(&mut self) -> Trouble {
        loop {
            if self.slot.is_none() {
                let Some(slot) = self.asked.recv().await else {
                    pending::<()>().await;
                    continue;
                };
                self.slot = Some(slot);
                if let Some(trouble) = self.schedule() {
                    return trouble;
                }
            }
            let Some(attempt) = &mut self.attempt else {
                self.begin(Duration::ZERO);
                continue;
            };
            let outcome = attempt.await;
            self.attempt = None;
            match outcome {
                Ok(session) => {
                    self.last = Some(Handed { tail: session.tail, at: Instant::now() });
                    if let Some(slot) = self.slot.take() {
                        slot.fill(session.connection);
                    }
                }
                Err(trouble) => {
                    self.retry(&trouble, Duration::ZERO);
                    return trouble;
                }
            }
        }
    }

    /// The stream asks anew: decides when, and says what ended the last one if that is worth saying.
    fn schedule(&mut self) -> Option<Trouble> {
        let Some(Handed { tail, at }) = self.last.take() else {
            // The first connection, or one already scheduled by `renew`.
            return None;
        };
        let lived = at.elapsed();
        let domain = self.target.account.jid.domain().as_str();
        let named = tail.stream_error().map(|error| Trouble::from_stream_error(&error, domain));
        debug!(?lived, ended = %tail.loss(), "the stream ended");
        let trouble = named.or_else(|| Backoff::is_too_short(lived).then(|| Trouble::Lost(tail.loss())));
        self.retry(trouble.as_ref().unwrap_or(&Trouble::Lost(tail.loss())), lived);
        trouble
    }

    fn retry(&mut self, trouble: &Trouble, lived: Duration) {
        let pause = self.backoff.pause(trouble.patience(), lived, rand::random());
        debug!(?pause, "waiting before the next login");
        self.begin(pause);
    }

    fn begin(&mut self, pause: Duration) {
        let target = self.target.clone();
        self.attempt = Some(Box::pin(async move {
            sleep(pause).await;
            target.log_in().await
        }));
    }
}

fn open(depth: usize, target: &Target) -> (StanzaStream, mpsc::UnboundedReceiver<Slot>) {
    let (ask, asked) = mpsc::unbounded_channel();
    let identity = Jid::from(target.account.jid.clone());
    let connector = move |_, sender| drop(ask.send(Slot::new(sender, identity.clone())));
    (StanzaStream::new(Box::new(connector), depth), asked)
}
