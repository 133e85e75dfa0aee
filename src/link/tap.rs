//! What comes from the server passes here first: sifted for the stanza stream, and its last element remembered,
//! because that stream does not say why it ended.
//!
//! Invariant: bounded; the memory is only read after the stream has ended.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::stream_error::StreamError;

use super::sieve::Sieve;
use super::trouble::Loss;

/// Long enough for a `<stream:error/>` with its text.
const KEPT: usize = 1024;
/// Read at once.
const CHUNK: usize = 8 * 1024;

/// A buffered transport that is sifted and listened to.
pub struct Tap<S> {
    inner: S,
    tail: Tail,
    sieve: Sieve,
    raw: Box<[u8]>,
    sifted: Vec<u8>,
    /// So many bytes of `sifted` are consumed.
    consumed: usize,
}

/// What was last heard; shared with the [`Tap`], which is out of reach once the stanza stream owns it.
#[derive(Clone, Default)]
pub struct Tail(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    /// The beginning of the stream's last child.
    child: Vec<u8>,
    end: Option<Loss>,
}

impl<S> Tap<S> {
    /// Listens to `inner`.
    pub fn new(inner: S) -> (Tap<S>, Tail) {
        let tail = Tail::default();
        let raw = vec![0; CHUNK].into_boxed_slice();
        let tap = Tap { inner, tail: tail.clone(), sieve: Sieve::default(), raw, sifted: Vec::new(), consumed: 0 };
        (tap, tail)
    }

    /// The bare transport again; nothing if more was read of it than was consumed.
    pub fn into_inner(self) -> Option<S> {
        let is_drained = self.consumed == self.sifted.len() && !self.sieve.is_waiting();
        is_drained.then_some(self.inner)
    }
}

impl Tail {
    /// The stream error with which the stream ended, if there was a whole one.
    pub fn stream_error(&self) -> Option<StreamError> {
        self.with(|heard| stream_error(&String::from_utf8_lossy(&heard.child)))
    }

    /// Whether the server's answer to a resumption was no (XEP-0198 section 5).
    pub fn has_refused_resumption(&self) -> bool {
        self.with(|heard| {
            let child = String::from_utf8_lossy(&heard.child);
            child.starts_with("<failed ") && child.contains("urn:xmpp:sm:")
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

    /// A child of the stream begins at `child`.
    fn hear(&self, new: &[u8], child: Option<usize>) {
        self.with(|heard| {
            if child.is_some() {
                heard.child.clear();
            }
            let new = new.get(child.unwrap_or(0)..).unwrap_or_default();
            let room = KEPT.saturating_sub(heard.child.len());
            heard.child.extend_from_slice(&new[..new.len().min(room)]);
        });
    }
}

fn stream_error(child: &str) -> Option<StreamError> {
    const CLOSING: &str = "</stream:error>";
    if !child.starts_with("<stream:error") {
        return None;
    }
    let end = child.find(CLOSING)? + CLOSING.len();
    let whole = format!(
        "<stream:stream xmlns='{}' xmlns:stream='{}'>{}</stream:stream>",
        ns::JABBER_CLIENT,
        ns::STREAM,
        &child[..end]
    );
    let stream: Element = whole.parse().ok()?;
    StreamError::try_from(stream.children().next()?.clone()).ok()
}

impl<S: AsyncRead + Unpin> AsyncBufRead for Tap<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.consumed == this.sifted.len() {
            let mut raw = ReadBuf::new(&mut this.raw);
            match ready!(Pin::new(&mut this.inner).poll_read(cx, &mut raw)) {
                Err(error) => {
                    this.tail.ended(match error.kind() {
                        io::ErrorKind::UnexpectedEof => Loss::Closed,
                        kind => Loss::Network(kind),
                    });
                    return Poll::Ready(Err(error));
                }
                Ok(()) if raw.filled().is_empty() => {
                    this.tail.ended(Loss::Closed);
                    return Poll::Ready(Ok(&[]));
                }
                Ok(()) => {}
            }
            this.sifted.clear();
            this.consumed = 0;
            let child = this.sieve.pass(raw.filled(), &mut this.sifted);
            this.tail.hear(&this.sifted, child);
        }
        Poll::Ready(Ok(&this.sifted[this.consumed..]))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.get_mut();
        this.consumed = (this.consumed + amount).min(this.sifted.len());
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let ready = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = ready.len().min(buf.remaining());
        buf.put_slice(&ready[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(()))
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

    const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams'>";

    async fn hear(pieces: &[&str]) -> Tail {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(HEADER.as_bytes()).await.unwrap();
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
        assert!(tail.with(|heard| heard.child.len()) <= KEPT);
        assert_eq!(tail.loss(), Loss::Closed);
    }

    #[tokio::test]
    async fn words_of_people_are_not_a_stream_error() {
        let said = "<message><body>&lt;stream:error&gt;&lt;conflict/&gt;&lt;/stream:error&gt;</body></message>";
        assert_eq!(hear(&[said]).await.stream_error(), None);
        let inside = CONFLICT.replace("</stream:stream>", "");
        for after in ["</message>", "</message></stream:stream>", "<a/></message>", ""] {
            let sent = format!("<message><a xmlns='b'/>{inside}{after}");
            assert_eq!(hear(&[&sent]).await.stream_error(), None, "{after:?}");
        }
        let stale = format!("{inside}<message><body>hello</body></message>");
        assert_eq!(hear(&[&stale]).await.stream_error(), None);
    }

    #[tokio::test]
    async fn a_stream_error_may_end_in_any_way() {
        let error = CONFLICT.replace("</stream:stream>", "");
        for end in ["", "\n", "</stream:stream>", " </stream:stream>\n", "</stream:str"] {
            let tail = hear(&["<message/>", &error[..30], &error[30..], end]).await;
            assert_eq!(tail.stream_error().unwrap().condition, DefinedCondition::Conflict, "{end:?}");
        }
    }

    #[tokio::test]
    async fn what_passes_is_sifted_whatever_the_reader_takes() {
        let deep = format!("<message>{}{}</message>", "<a>".repeat(20_000), "</a>".repeat(20_000));
        let (near, mut far) = tokio::io::duplex(1024 * 1024);
        far.write_all(format!("{HEADER}{deep}<iq/></stream:stream>").as_bytes()).await.unwrap();
        drop(far);
        let (mut tap, _tail) = Tap::new(near);
        let mut read = Vec::new();
        while let Ok(byte) = tap.read_u8().await {
            read.push(byte);
        }
        let within = format!("<message>{}{}</message>", "<a>".repeat(63), "</a>".repeat(63));
        assert_eq!(String::from_utf8(read).unwrap(), format!("{HEADER}{within}<iq/></stream:stream>"));
    }

    #[tokio::test]
    async fn a_refused_resumption_is_recognized() {
        let failed =
            "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
        assert!(hear(&[failed]).await.has_refused_resumption());
        assert!(!hear(&["<resumed xmlns='urn:xmpp:sm:3' h='1' previd='x'/>"]).await.has_refused_resumption());
        assert!(!hear(&["<message>", failed, "</message>"]).await.has_refused_resumption());
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
