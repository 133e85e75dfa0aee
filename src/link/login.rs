//! One attempt to log in: TCP, TLS, SASL, up to the stream that the stanza stream binds and manages. Components have
//! their own way ([`super::component`]).
//!
//! Invariant: every stage has its time limit, and no credential is sent before the certificate was verified.

use std::borrow::Cow;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_xmpp::stanzastream::Connection;
use tokio_xmpp::xmlstream::{
    FallibleStreamElement, ReadError, RecvFeaturesError, StreamHeader, Timeouts, XmlStream, XmppStreamElement,
    initiate_stream,
};
use tracing::debug;
use xmpp_parsers::ns;
use xmpp_parsers::sasl::{Nonza, Response};
use xmpp_parsers::starttls;

use super::address;
use super::quick::Quick;
use super::sasl::{self, Exchange, Offer};
use super::tap::{Tail, Tap};
use super::tls::{self, Tls};
use super::trouble::{Loss, Stage, Trouble};
use crate::model::{Account, Server};

const TLS_LIMIT: Duration = Duration::from_secs(10);
pub(super) const LOGIN_LIMIT: Duration = Duration::from_secs(15);

/// A silent peer is asked after 35 s and given up after 50 s.
pub(super) const TIMEOUTS: Timeouts =
    Timeouts { read_timeout: Duration::from_secs(35), response_timeout: Duration::from_secs(15) };

/// All that an attempt needs.
pub struct Target {
    /// Who, and where.
    pub account: Account,
    /// How.
    pub way: Way,
}

/// The two ways in.
pub enum Way {
    /// That of an account, with whom to trust.
    Account(Tls),
    /// That of a component, to a server on this machine.
    Component(Server),
}

/// An authenticated stream, not yet bound.
pub struct Session {
    /// For the stanza stream.
    pub connection: Connection,
    /// Tells later why it ended.
    pub tail: Tail,
}

impl Target {
    /// A way that suits the account.
    ///
    /// # Errors
    /// Those of [`Tls::new`].
    pub fn new(account: &Account) -> Result<Target, Trouble> {
        let way = match &account.component {
            Some(server) => Way::Component(server.clone()),
            None => Way::Account(Tls::new(account)?),
        };
        Ok(Target { account: account.clone(), way })
    }

    /// Tries once.
    ///
    /// # Errors
    /// Every [`Trouble`] but those of an established stream.
    pub async fn log_in(&self) -> Result<Session, Trouble> {
        match &self.way {
            Way::Account(tls) => self.log_in_to_account(tls).await,
            Way::Component(server) => self.log_in_as_component(server).await,
        }
    }

    async fn log_in_to_account(&self, tls: &Tls) -> Result<Session, Trouble> {
        let tls = self.secure(tls).await?;
        let exporter = tls::exporter(&tls);
        let (tap, tail) = Tap::new(tls);
        let connection = within(LOGIN_LIMIT, Stage::Login, self.authenticate(tap, exporter)).await?;
        Ok(Session { connection, tail })
    }

    /// A connection to the server, its certificate verified, on which nothing has been said yet.
    pub(super) async fn secure(&self, tls: &Tls) -> Result<TlsStream<Quick>, Trouble> {
        let (tcp, direct) = address::connect(&self.account).await?;
        let tcp = Quick(tcp);
        within(TLS_LIMIT, Stage::Tls, async {
            let tcp = if direct { tcp } else { self.start_tls(tcp).await? };
            tls.handshake(tcp, direct).await
        })
        .await
    }

    /// RFC 6120 section 5.
    async fn start_tls<S>(&self, transport: S) -> Result<S, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (tap, _) = Tap::new(transport);
        let stream = initiate_stream(tap, ns::JABBER_CLIENT, self.header(), TIMEOUTS).await?;
        let (features, mut stream) =
            stream.recv_features::<FallibleStreamElement>().await.map_err(|error| self.no_features(error))?;
        if !features.can_starttls() {
            return Err(Trouble::NoTls);
        }
        stream.send(&XmppStreamElement::Starttls(starttls::Nonza::Request(starttls::Request))).await?;
        match self.hear(&mut stream).await? {
            XmppStreamElement::Starttls(starttls::Nonza::Proceed(_)) => {}
            XmppStreamElement::Starttls(starttls::Nonza::Failure(_)) => return Err(Trouble::NoTls),
            other => return Err(unexpected(&other)),
        }
        // What was read ahead was not protected; inside TLS it would pass for the server's word.
        stream.into_inner().into_inner().ok_or(Trouble::Injected)
    }

    async fn authenticate<S>(&self, tap: Tap<S>, exporter: Option<Vec<u8>>) -> Result<Connection, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = initiate_stream(tap, ns::JABBER_CLIENT, self.header(), TIMEOUTS).await?;
        let (features, mut stream) =
            stream.recv_features::<FallibleStreamElement>().await.map_err(|error| self.no_features(error))?;
        let bindings = features.sasl_cb.as_ref().map(|bindings| bindings.types.as_slice());
        let offer = Offer { mechanisms: &features.sasl_mechanisms, bindings, exporter };
        let mut exchange = Exchange::new(&self.account, offer)?;
        debug!(mechanism = exchange.name(), offered = sasl::list(&features.sasl_mechanisms), "authenticating");
        stream.send(&XmppStreamElement::Sasl(Nonza::Auth(exchange.auth()))).await?;
        loop {
            match self.hear(&mut stream).await? {
                XmppStreamElement::Sasl(Nonza::Challenge(challenge)) => {
                    let answer = tokio::task::spawn_blocking(move || {
                        let data = exchange.respond(&challenge.data);
                        (exchange, data)
                    });
                    let data;
                    (exchange, data) = answer.await.map_err(|_| Trouble::Broken)?;
                    stream.send(&XmppStreamElement::Sasl(Nonza::Response(Response { data: data? }))).await?;
                }
                XmppStreamElement::Sasl(Nonza::Success(success)) => {
                    exchange.succeed(&success.data)?;
                    break;
                }
                XmppStreamElement::Sasl(Nonza::Failure(failure)) => {
                    let account = self.account.jid.to_bare().to_string();
                    let offered = sasl::list(&features.sasl_mechanisms);
                    return Err(Trouble::from_refusal(&failure.defined_condition, &account, &offered));
                }
                other => return Err(unexpected(&other)),
            }
        }
        let stream = stream.initiate_reset().send_header(self.header()).await?;
        let (features, stream) = stream.recv_features().await.map_err(|error| self.no_features(error))?;
        if !features.can_bind() {
            return Err(Trouble::Protocol("it offers no resource binding".to_owned()));
        }
        Ok(Connection { stream: stream.box_stream(), features, identity: self.account.jid.clone().into() })
    }

    pub(super) fn header(&self) -> StreamHeader<'_> {
        StreamHeader { to: Some(Cow::Borrowed(self.account.jid.domain().as_str())), from: None, id: None }
    }

    pub(super) fn no_features(&self, error: RecvFeaturesError) -> Trouble {
        match error {
            RecvFeaturesError::Io(error) => error.into(),
            RecvFeaturesError::StreamError(error) => {
                Trouble::from_stream_error(&error.0, self.account.jid.domain().as_str())
            }
        }
    }

    pub(super) async fn hear<S>(
        &self,
        stream: &mut XmlStream<S, FallibleStreamElement>,
    ) -> Result<XmppStreamElement, Trouble>
    where
        S: AsyncBufRead + Unpin,
    {
        loop {
            let heard = match stream.next().await {
                None | Some(Err(ReadError::StreamFooterReceived)) => return Err(Trouble::Lost(Loss::Closed)),
                Some(Err(error)) => Err(error),
                Some(Ok(element)) => element.into_read_error(),
            };
            match heard {
                Ok(XmppStreamElement::StreamError(error)) => {
                    return Err(Trouble::from_stream_error(&error.0, self.account.jid.domain().as_str()));
                }
                Ok(element) => return Ok(element),
                Err(ReadError::SoftTimeout) => {}
                Err(ReadError::HardError(error)) => return Err(error.into()),
                Err(ReadError::ParseError(error)) => return Err(Trouble::Protocol(error.to_string())),
                Err(ReadError::StreamFooterReceived) => return Err(Trouble::Lost(Loss::Closed)),
            }
        }
    }
}

pub(super) async fn within<T>(
    limit: Duration,
    stage: Stage,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout(limit, work).await.unwrap_or(Err(Trouble::TimedOut(stage)))
}

pub(super) fn unexpected(element: &XmppStreamElement) -> Trouble {
    let kind = match element {
        XmppStreamElement::Stanza(_) => "a stanza",
        XmppStreamElement::Sasl(_) => "a SASL element",
        XmppStreamElement::Starttls(_) => "a STARTTLS element",
        XmppStreamElement::SM(_) => "a stream management element",
        XmppStreamElement::ComponentHandshake(_) => "a component handshake",
        XmppStreamElement::StreamError(_) => "a stream error",
    };
    Trouble::Protocol(format!("{kind} came where it does not belong"))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::model::{Secret, Security};

    const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='1' from='home.example'>";
    const OFFER: &str =
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
    const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

    fn target() -> Target {
        let account = Account {
            jid: "greenhouse@home.example/katydid".parse().unwrap(),
            password: Secret::new("pencil"),
            server: None,
            security: Security::Auto,
            authorities: None,
            allow_plain: false,
            component: None,
        };
        Target::new(&account).unwrap()
    }

    async fn upgrade(after_header: &str, after_request: &str) -> Result<DuplexStream, Trouble> {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let server = async {
            assert_ne!(far.read(&mut [0; 4096]).await.unwrap(), 0);
            far.write_all(format!("{HEADER}{after_header}").as_bytes()).await.unwrap();
            assert_ne!(far.read(&mut [0; 4096]).await.unwrap(), 0);
            let _ = far.write_all(after_request.as_bytes()).await;
            far
        };
        let target = target();
        let (upgraded, _far) = tokio::join!(target.start_tls(near), server);
        upgraded
    }

    #[tokio::test]
    async fn a_clean_agreement_hands_over_the_bare_transport() {
        assert!(upgrade(OFFER, PROCEED).await.is_ok());
    }

    #[tokio::test]
    async fn what_was_said_in_the_clear_is_not_carried_into_tls() {
        let injected = format!("{PROCEED}<iq type='set' id='x' xmlns='jabber:client'/>");
        let half = format!("{PROCEED}<");
        for late in [injected.as_str(), &half, &format!("{PROCEED} "), &format!("{PROCEED}\u{16}\u{3}")] {
            let outcome = upgrade(OFFER, late).await;
            assert_eq!(outcome.err(), Some(Trouble::Injected), "{late:?}");
        }
    }

    #[tokio::test]
    async fn without_an_offer_of_tls_it_ends() {
        let plain = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>\
            </mechanisms></stream:features>";
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(format!("{HEADER}{plain}").as_bytes()).await.unwrap();
        assert_eq!(target().start_tls(near).await.err(), Some(Trouble::NoTls));
        let refused = upgrade(OFFER, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
        assert_eq!(refused.err(), Some(Trouble::NoTls));
    }
}
