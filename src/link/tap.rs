//! Remembers the last bytes that came out of TLS, because the stanza stream does not say why it ended.
//!
//! Invariant: bounded, and only read after the stream has ended.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::stream_error::StreamError;

use super::trouble::Loss;

/// Long enough for a `<stream:error/>` with its text.
const KEPT: usize = 1024;

/// A transport that is listened to.
pub struct Tap<S> {
    inner: S,
    tail: Tail,
}

/// What was last heard; shared with the [`Tap`], which is out of reach once the stanza stream owns it.
#[derive(Clone, Default)]
pub struct Tail(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    end: Option<Loss>,
}

impl<S> Tap<S> {
    /// Listens to `inner`.
    pub fn new(inner: S) -> (Tap<S>, Tail) {
        let tail = Tail::default();
        (Tap { inner, tail: tail.clone() }, tail)
    }
}

impl Tail {
    /// The stream error at the end of what was heard, if there is a whole one.
    pub fn stream_error(&self) -> Option<StreamError> {
        self.with(|heard| stream_error(&String::from_utf8_lossy(&heard.bytes)))
    }

    /// Whether the server's answer to a resumption was no (XEP-0198 section 5).
    pub fn has_refused_resumption(&self) -> bool {
        self.with(|heard| {
            let heard = String::from_utf8_lossy(&heard.bytes);
            heard.rfind("<failed ").is_some_and(|start| heard[start..].contains("urn:xmpp:sm:"))
        })
    }

    /// How the connection ended; [`Loss::Silent`] if the transport itself never said that it did.
    pub fn loss(&self) -> Loss {
        self.with(|heard| heard.end.unwrap_or(Loss::Silent))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Heard) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ended(&self, loss: Loss) {
        self.with(|heard| heard.end = heard.end.or(Some(loss)));
    }

    fn hear(&self, new: &[u8]) {
        self.with(|heard| {
            let new = &new[new.len().saturating_sub(KEPT)..];
            let excess = (heard.bytes.len() + new.len()).saturating_sub(KEPT);
            heard.bytes.drain(..excess);
            heard.bytes.extend_from_slice(new);
        });
    }
}

fn stream_error(heard: &str) -> Option<StreamError> {
    const CLOSING: &str = "</stream:error>";
    let start = heard.rfind("<stream:error")?;
    let end = start + heard[start..].find(CLOSING)? + CLOSING.len();
    let whole = format!(
        "<stream:stream xmlns='{}' xmlns:stream='{}'>{}</stream:stream>",
        ns::JABBER_CLIENT,
        ns::STREAM,
        &heard[start..end]
    );
    let stream: Element = whole.parse().ok()?;
    StreamError::try_from(stream.children().next()?.clone()).ok()
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        match &result {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.tail.ended(Loss::Closed),
            Err(error) => self.tail.ended(Loss::Network(error.kind())),
            Ok(()) if buf.filled().len() == before && buf.remaining() > 0 => self.tail.ended(Loss::Closed),
            Ok(()) => self.tail.hear(&buf.filled()[before..]),
        }
        Poll::Ready(result)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write(cx, buf));
        if let Err(error) = &result {
            self.tail.ended(Loss::Network(error.kind()));
        }
        Poll::Ready(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use xmpp_parsers::stream_error::DefinedCondition;

    use super::*;

    const CONFLICT: &str = "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
        <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Replaced by new connection</text></stream:error></stream:stream>";

    async fn hear(pieces: &[&str]) -> Tail {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        for piece in pieces {
            far.write_all(piece.as_bytes()).await.unwrap();
        }
        drop(far);
        let (mut tap, tail) = Tap::new(near);
        tap.read_to_end(&mut Vec::new()).await.unwrap();
        tail
    }

    #[tokio::test]
    async fn a_stream_error_is_named_however_much_came_before() {
        let noise = "<message><body>hello</body></message>".repeat(500);
        let tail = hear(&[&noise, CONFLICT]).await;
        let error = tail.stream_error().unwrap();
        assert_eq!(error.condition, DefinedCondition::Conflict);
        assert_eq!(error.texts.values().next().unwrap(), "Replaced by new connection");
        assert!(tail.with(|heard| heard.bytes.len()) <= KEPT);
        assert_eq!(tail.loss(), Loss::Closed);
    }

    #[tokio::test]
    async fn words_of_people_are_not_a_stream_error() {
        let said = "<message><body>&lt;stream:error&gt;&lt;conflict/&gt;&lt;/stream:error&gt;</body></message>";
        assert_eq!(hear(&[said]).await.stream_error(), None);
    }

    #[tokio::test]
    async fn a_refused_resumption_is_recognized() {
        let failed =
            "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
        assert!(hear(&[failed]).await.has_refused_resumption());
        assert!(!hear(&["<resumed xmlns='urn:xmpp:sm:3' h='1' previd='x'/>"]).await.has_refused_resumption());
    }

    #[tokio::test]
    async fn half_a_stream_error_names_nothing() {
        assert_eq!(hear(&[&CONFLICT[..40]]).await.stream_error(), None);
    }

    #[tokio::test]
    async fn a_connection_that_never_ended_was_silent() {
        let (near, _far) = tokio::io::duplex(64);
        let (_tap, tail) = Tap::new(near);
        assert_eq!(tail.loss(), Loss::Silent);
    }
}
