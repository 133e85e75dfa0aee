//! The stream of a component (XEP-0114), made to look like that of an account: the stack's stanzas are compiled for
//! `jabber:client`, and its stanza stream wants to bind a resource.
//!
//! Invariant: only to this machine, for nothing here is encrypted. The secret itself is never sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use jid::{FullJid, Jid};
use rxml::{AsyncReader, Event, Namespace};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_xmpp::stanzastream::Connection;
use tokio_xmpp::xmlstream::initiate_stream;
use xmpp_parsers::bind::{BindFeature, BindResponse};
use xmpp_parsers::component::Handshake;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::ns;
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stream_features::StreamFeatures;

use super::address;
use super::login::{LOGIN_LIMIT, Session, TIMEOUTS, Target, within};
use super::quick::Quick;
use super::tap::Tap;
use super::trouble::{Loss, Stage, Trouble};
use crate::model::Server;

/// Shorter than the silence after which the stanza stream asks in a way that is not for components.
const PULSE: Duration = Duration::from_secs(30);
const PULSE_ID: &str = "alive";

/// The stanza stream's own id for its request.
const BIND_ID: &str = "resource-binding";

impl Target {
    /// One attempt, up to the stream.
    ///
    /// # Errors
    /// [`Trouble::NotHere`], [`Trouble::WrongPassword`], [`Trouble::WrongDomain`], [`Trouble::Taken`], and those of
    /// every connection.
    pub(super) async fn log_in_as_component(&self, server: &Server) -> Result<Session, Trouble> {
        let session = within(LOGIN_LIMIT, Stage::Login, async {
            let (tap, tail) = Tap::new(Quick(address::connect_here(server).await?));
            let tap = self.shake_hands(tap).await?;
            Ok(Session { connection: disguised(tap, &self.account.jid).await?, tail })
        });
        session.await
    }

    /// XEP-0114 section 3. The transport after it is in the middle of a stream. The stack's own stream would not do:
    /// it wants a version in the server's header, which components' streams do not have.
    async fn shake_hands<S>(&self, mut tap: Tap<S>) -> Result<Tap<S>, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let domain = self.account.jid.domain().as_str();
        tap.write_all(header(ns::COMPONENT_ACCEPT, &format!("to='{domain}'")).as_bytes()).await?;
        tap.flush().await?;
        let mut reader = AsyncReader::new(tap);
        let id = loop {
            match reader.read().await? {
                Some(Event::StartElement(_, (ns, name), mut attributes)) if ns == ns::STREAM && name == "stream" => {
                    break attributes.remove(Namespace::none(), "id").unwrap_or_default();
                }
                Some(Event::XmlDeclaration(..) | Event::Text(..)) => {}
                _ => return Err(Trouble::Protocol("it does not open a stream".to_owned())),
            }
        };
        // Without an id it is a refusal, and would be lost if the connection broke under what we say.
        if !id.is_empty() {
            let Handshake { data } = Handshake::from_stream_id_and_password(id, self.account.password.reveal());
            let digest: String = data.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
            let tap = reader.inner_mut();
            tap.write_all(format!("<handshake>{digest}</handshake>").as_bytes()).await?;
            tap.flush().await?;
        }
        let mut in_error = false;
        loop {
            match reader.read().await? {
                Some(Event::StartElement(_, (ns, name), _)) => match name.as_str() {
                    "handshake" if ns == ns::COMPONENT_ACCEPT => {}
                    "error" if ns == ns::STREAM => in_error = true,
                    condition if in_error => return Err(refusal(condition, domain)),
                    other => return Err(Trouble::Protocol(format!("<{other}/> came where it does not belong"))),
                },
                Some(Event::EndElement(_)) if !in_error => return Ok(reader.into_inner().0),
                Some(Event::Text(..)) => {}
                _ => return Err(Trouble::Lost(Loss::Closed)),
            }
        }
    }
}

/// Why a server does not take a component, by the condition of its stream error.
fn refusal(condition: &str, domain: &str) -> Trouble {
    let domain = domain.to_owned();
    match condition {
        "conflict" => Trouble::Taken(domain),
        "not-authorized" => Trouble::WrongPassword { account: domain, condition: "not-authorized" },
        "host-unknown" | "host-gone" => Trouble::WrongDomain(domain),
        other => Trouble::Stream { condition: other.to_owned(), text: None },
    }
}

fn header(ns: &str, attributes: &str) -> String {
    let streams = ns::STREAM;
    format!("<?xml version='1.0'?><stream:stream xmlns='{ns}' xmlns:stream='{streams}' {attributes}>")
}

async fn disguised<S>(tap: Tap<S>, jid: &FullJid) -> Result<Connection, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let bound = Iq::from_result(BIND_ID, Some(BindResponse { jid: jid.clone() }));
    let bound = xso::to_vec(&Stanza::from(bound)).map_err(|_| Trouble::Broken)?;
    let opening = header(ns::JABBER_CLIENT, "version='1.0' id='component'");
    let disguise = Disguise { inner: tap, preface: [opening.as_bytes(), &bound].concat(), told: 0 };
    let stream = initiate_stream(disguise, ns::JABBER_CLIENT, Default::default(), TIMEOUTS).await?;
    let features = StreamFeatures { bind: Some(BindFeature { required: false }), ..StreamFeatures::default() };
    Ok(Connection { stream: stream.skip_features().box_stream(), features, identity: jid.clone().into() })
}

/// A transport that first says what a server would say to an account, and does not pass on what is said meanwhile.
struct Disguise<S> {
    inner: Tap<S>,
    preface: Vec<u8>,
    /// So much of the preface has been read.
    told: usize,
}

impl<S> Disguise<S> {
    fn is_open(&self) -> bool {
        self.told >= self.preface.len()
    }
}

impl<S: AsyncRead + Unpin> AsyncBufRead for Disguise<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        match this.is_open() {
            true => Pin::new(&mut this.inner).poll_fill_buf(cx),
            false => Poll::Ready(Ok(&this.preface[this.told..])),
        }
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        match self.is_open() {
            true => Pin::new(&mut self.inner).consume(amount),
            false => self.told += amount,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Disguise<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let ready = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = ready.len().min(buf.remaining());
        buf.put_slice(&ready[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Disguise<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.is_open() {
            true => Pin::new(&mut self.inner).poll_write(cx, buf),
            false => Poll::Ready(Ok(buf.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// A sign of life that the server sends back to us: without stream management nothing else tells that it still works.
pub struct Pulse {
    domain: Jid,
    beats: Interval,
}

impl Pulse {
    /// For the component that `jid` belongs to.
    pub fn new(jid: &FullJid) -> Pulse {
        let mut beats = interval(PULSE);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Pulse { domain: Jid::from_parts(None, jid.domain(), None), beats }
    }

    /// What to send next, when it is time; without a pulse never. Cancel-safe.
    pub async fn next(pulse: &mut Option<Pulse>) -> Stanza {
        let Some(pulse) = pulse else { return std::future::pending().await };
        pulse.beats.tick().await;
        let domain = Some(pulse.domain.clone());
        // The answer to no question, so nobody has to answer it.
        Iq::Result { from: domain.clone(), to: domain, id: PULSE_ID.to_owned(), payload: None }.into()
    }

    /// Whether this is a sign of ours that has come back.
    pub fn is_mine(&self, stanza: &Stanza) -> bool {
        matches!(stanza, Stanza::Iq(Iq::Result { from: Some(from), id, .. }) if *from == self.domain && id == PULSE_ID)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};
    use xmpp_parsers::message::Message;

    use super::*;
    use crate::link::{Link, LinkEvent};
    use crate::model::{Account, Secret, Security};

    const OPENING: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
        xmlns:stream='http://etherx.jabber.org/streams' from='gpio.home.example' id='3BF96D32'>";

    async fn link() -> (Link, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
        let account = Account {
            jid: "shed@gpio.home.example/katydid".parse().unwrap(),
            password: Secret::new("test"),
            server: None,
            security: Security::Auto,
            authorities: None,
            allow_plain: false,
            component: Some(server),
        };
        (Link::start(&account, 8).unwrap(), listener)
    }

    /// Reads until `end` is there.
    async fn read(stream: &mut TcpStream, end: &str) -> String {
        let mut text = String::new();
        while !text.contains(end) {
            text.push(char::from(stream.read_u8().await.unwrap()));
        }
        text
    }

    async fn say(stream: &mut TcpStream, text: &str) {
        stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// A server that answers the handshake so, or the header if there is no handshake to come.
    async fn trouble(after_header: &str, after_handshake: &str) -> Trouble {
        let (mut link, listener) = link().await;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read(&mut stream, "component:accept").await;
            let opening = if after_handshake.is_empty() { OPENING.replace("3BF96D32", "") } else { OPENING.to_owned() };
            say(&mut stream, &format!("{opening}{after_header}")).await;
            if !after_handshake.is_empty() {
                read(&mut stream, "</handshake>").await;
                say(&mut stream, after_handshake).await;
            }
            stream
        };
        let (event, _stream) = tokio::join!(link.next(), server);
        match event {
            LinkEvent::Trouble(trouble) => trouble,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn stanzas_flow_both_ways_and_nothing_of_the_disguise_is_on_the_wire() {
        let (mut link, listener) = link().await;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut header = read(&mut stream, ">").await;
            if !header.contains("stream:stream") {
                header += &read(&mut stream, ">").await;
            }
            assert!(header.contains("jabber:component:accept") && header.contains("gpio.home.example"), "{header}");
            say(&mut stream, OPENING).await;
            // The SHA-1 of the stream's id and the secret.
            let handshake = read(&mut stream, "</handshake>").await;
            assert!(handshake.ends_with(">aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e</handshake>"), "{handshake}");
            // What follows the answer at once is not lost.
            let early = "<presence from='anna@home.example' to='shed@gpio.home.example' type='probe'/>";
            say(&mut stream, &format!("<handshake/>{early}")).await;
            let sign = read(&mut stream, "</iq>").await;
            assert!(sign.starts_with("<iq ") && sign.contains("alive") && !sign.contains("xmlns"), "{sign}");
            say(&mut stream, &sign).await;
            say(
                &mut stream,
                "<message from='anna@home.example/x' to='shed@gpio.home.example'><body>hi</body></message>",
            )
            .await;
            let said = read(&mut stream, "</message>").await;
            assert!(said.starts_with("<message ") && said.contains("<body>hello</body>"), "{said}");
            read(&mut stream, "</stream:stream>").await
        };
        let client = async {
            let LinkEvent::Online { jid, resumed: false } = link.next().await else { panic!("not online") };
            assert_eq!(jid.to_string(), "shed@gpio.home.example/katydid");
            assert!(matches!(link.next().await, LinkEvent::Stanza(Stanza::Presence(_))));
            let message = match link.next().await {
                LinkEvent::Stanza(Stanza::Message(message)) => message,
                other => panic!("{other:?}"),
            };
            assert_eq!(message.bodies.values().next().unwrap(), "hi");
            link.post(
                Message::chat(None).with_body(Default::default(), "hello".to_owned()).into(),
                Timestamp::UNIX_EPOCH,
            );
            link.close(None).await
        };
        let (rest, unsent) = tokio::join!(server, client);
        assert_eq!(rest, "</stream:stream>");
        assert!(unsent.is_empty());
    }

    #[tokio::test]
    async fn each_refusal_is_told_for_what_it_is() {
        let error = |condition: &str| {
            format!(
                "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
            )
        };
        let domain = || "gpio.home.example".to_owned();
        let wrong = Trouble::WrongPassword { account: domain(), condition: "not-authorized" };
        assert_eq!(trouble("", &error("not-authorized")).await, wrong);
        assert_eq!(trouble("", &error("conflict")).await, Trouble::Taken(domain()));
        assert_eq!(trouble(&error("host-unknown"), "").await, Trouble::WrongDomain(domain()));
        let odd = trouble("", "<message><body>hi</body></message>").await;
        assert!(matches!(odd, Trouble::Protocol(_)), "{odd:?}");
    }
}
