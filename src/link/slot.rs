//! The place in which the stanza stream waits for its next connection.
//!
//! Invariant: a slot is never dropped empty, because the stream's worker panics then. One that is no longer
//! wanted is filled with a connection that has already ended, upon which the worker leaves quietly.

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_xmpp::stanzastream::Connection;
use tokio_xmpp::xmlstream::{StreamHeader, Timeouts, initiate_stream};
use xmpp_parsers::bind::BindFeature;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ns;
use xmpp_parsers::stream_features::StreamFeatures;

const STREAM_HEADER: &[u8] = b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='ended'>";

/// See the module.
pub struct Slot {
    sender: Option<oneshot::Sender<Connection>>,
    identity: Jid,
}

impl Slot {
    /// Takes the sender that the stream handed out; `identity` is only for the quiet ending.
    pub fn new(sender: oneshot::Sender<Connection>, identity: Jid) -> Slot {
        Slot { sender: Some(sender), identity }
    }

    /// Fills it.
    pub fn fill(mut self, connection: Connection) {
        if let Some(sender) = self.sender.take() {
            // An error means that the stream is gone, and with it the wish for a connection.
            let _ = sender.send(connection);
        }
    }

    /// What the invariant forbids, to see the worker fail.
    #[cfg(test)]
    pub fn spoil(mut self) {
        self.sender = None;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Without a runtime there is no worker either that could mind.
        if let (Some(sender), Ok(_)) = (self.sender.take(), Handle::try_current())
            && let Some(connection) = ended(self.identity.clone())
        {
            let _ = sender.send(connection);
        }
    }
}

fn ended(identity: Jid) -> Option<Connection> {
    let transport = tokio::io::join(STREAM_HEADER, tokio::io::sink());
    let header = StreamHeader { to: None, from: None, id: None };
    let stream = initiate_stream(transport, ns::JABBER_CLIENT, header, Timeouts::default());
    let stream = tokio::task::unconstrained(stream).now_or_never()?.ok()?;
    let features = StreamFeatures { bind: Some(BindFeature { required: false }), ..StreamFeatures::default() };
    Some(Connection { stream: stream.skip_features().box_stream(), features, identity })
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use tokio_xmpp::stanzastream::StanzaStream;

    use super::*;

    #[tokio::test]
    async fn an_unwanted_slot_ends_the_worker_without_a_panic() {
        let identity: Jid = "greenhouse@home.example/katydid".parse().unwrap();
        // The worker owns the closure, so the channel ends when the worker has ended.
        let (offers, mut slots) = mpsc::unbounded_channel();
        let stream = StanzaStream::new(Box::new(move |_, slot| offers.send(slot).unwrap()), 4);
        let slot = Slot::new(slots.recv().await.unwrap(), identity);
        tokio::task::yield_now().await;
        let panics = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = panics.clone();
        let before = std::panic::take_hook();
        let here = std::thread::current().id();
        std::panic::set_hook(Box::new(move |_| {
            if std::thread::current().id() == here {
                counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }));
        drop(stream);
        drop(slot);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), slots.recv()).await;
        std::panic::set_hook(before);
        assert!(matches!(ended, Ok(None)), "the worker is still there");
        assert_eq!(panics.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}
