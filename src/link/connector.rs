//! Fills the stanza stream's slot again and again, with the waits that each trouble asks for.
//!
//! Invariant: the slot is kept through every failure; giving up is not this program's decision.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tokio_xmpp::stanzastream::{Connection, StanzaStream};
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
    asked: mpsc::UnboundedReceiver<oneshot::Sender<Connection>>,
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
        let (stream, asked) = open(depth);
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
        let (stream, asked) = open(depth);
        self.asked = asked;
        self.slot = None;
        self.last = None;
        self.retry(&Trouble::Broken, Duration::ZERO);
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
                self.slot = Some(Slot::new(slot, Jid::from(self.target.account.jid.clone())));
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

fn open(depth: usize) -> (StanzaStream, mpsc::UnboundedReceiver<oneshot::Sender<Connection>>) {
    let (ask, asked) = mpsc::unbounded_channel();
    // Nobody listens any more only after the stream itself was dropped; then its worker does not ask.
    let connector = move |_, slot| drop(ask.send(slot));
    (StanzaStream::new(Box::new(connector), depth), asked)
}
