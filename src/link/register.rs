//! A new account, made by the server itself (XEP-0077), with the token of an invitation where there is one (XEP-0445).
//!
//! Invariant: nothing is said before the certificate was verified, as for a login.

use futures::SinkExt;
use tokio::io::{AsyncBufRead, AsyncWrite};
use tokio_xmpp::xmlstream::{FallibleStreamElement, XmlStream, XmppStreamElement, initiate_stream};
use xmpp_parsers::iq::{Iq, IqHeader, IqPayload};
use xmpp_parsers::jid::{BareJid, Jid};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};
use xmpp_parsers::stream_features::StreamFeatures;
use xso::{AsXml, FromXml};

use super::enrol;
use super::login::{LOGIN_LIMIT, TIMEOUTS, Target, Way, unexpected, within};
use super::tap::Tap;
use super::trouble::{Stage, Trouble};
use crate::model::Account;

const PREAUTH: &str = "urn:xmpp:pars:0";
const TOKENS: &str = "urn:xmpp:ibr-token:0";

/// XEP-0379 section 4, as XEP-0445 uses it.
#[derive(AsXml, FromXml)]
#[xml(namespace = PREAUTH, name = "preauth")]
struct Preauth {
    #[xml(attribute)]
    token: String,
}

/// Why there is no new account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Enrolment {
    /// The server was not reached, or ended it.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// A component has none.
    #[error("a component of a server has no account to be made; its secret is in the server's configuration")]
    NoAccount,
    /// It does not make accounts for programs that ask.
    #[error("{0} lets nobody register an account by program; have one made there, or ask for an invitation")]
    Closed(String),
    /// It makes accounts, but knows no invitations.
    #[error("{0} knows no invitations; try without")]
    NoTokens(String),
    /// The token is none, or none any more.
    #[error("the invitation is not valid: it was used before, has expired, or is not from {0}")]
    BadToken(String),
    /// There is an account of this name.
    #[error("the account {0} exists already; choose another name")]
    Taken(String),
    /// The server makes accounts, but not this one or not for us (it may want an invitation).
    #[error("the server makes no account {account}: {reason}")]
    Refused {
        /// The bare JID.
        account: String,
        /// The server's words, or the condition by its name.
        reason: String,
    },
    /// Not now.
    #[error("the server makes no account at the moment, try again later: {0}")]
    Later(String),
    /// It wants more than a name and a password.
    #[error(
        "the server wants to know what only a person can tell ({fields}); register with another program{}",
        .page.as_ref().map(|page| format!(" or at {page}")).unwrap_or_default()
    )]
    Wants {
        /// What it asks for.
        fields: String,
        /// A page in the web that it names.
        page: Option<String>,
    },
    /// Accounts are made on a page in the web.
    #[error("the server makes accounts on a page in the web: {0}")]
    OnTheWeb(String),
}

/// Makes `account` on its server, with its password. `token` is an invitation's.
///
/// # Errors
/// Every [`Enrolment`].
pub async fn register(account: &Account, token: Option<&str>) -> Result<(), Enrolment> {
    let target = Target::new(account)?;
    let Way::Account(tls) = &target.way else { return Err(Enrolment::NoAccount) };
    let tls = target.secure(tls).await?;
    let (tap, _) = Tap::new(tls);
    let said = async {
        let stream = initiate_stream(tap, ns::JABBER_CLIENT, target.header(), TIMEOUTS).await.map_err(Trouble::from)?;
        let (features, stream) =
            stream.recv_features::<FallibleStreamElement>().await.map_err(|error| target.no_features(error))?;
        let mut office = Office { target: &target, stream, count: 0 };
        let outcome = office.enrol(&features, token).await;
        // The answer is known; how the stream ends does not matter any more.
        let _ = SinkExt::<&XmppStreamElement>::close(&mut office.stream).await;
        Ok::<_, Trouble>(outcome)
    };
    within(LOGIN_LIMIT, Stage::Login, said).await?
}

/// The server as long as it does not know who we are.
struct Office<'a, S: AsyncBufRead + AsyncWrite + Unpin> {
    target: &'a Target,
    stream: XmlStream<S, FallibleStreamElement>,
    count: u8,
}

impl<S: AsyncBufRead + AsyncWrite + Unpin> Office<'_, S> {
    async fn enrol(&mut self, features: &StreamFeatures, token: Option<&str>) -> Result<(), Enrolment> {
        let account = &self.target.account;
        let domain = account.jid.domain().as_str().to_owned();
        let knows_tokens = features.others.iter().any(|feature| feature.is("register", TOKENS));
        if !features.in_band_registration && !knows_tokens {
            return Err(Enrolment::Closed(domain));
        }
        if let Some(token) = token {
            if !knows_tokens {
                return Err(Enrolment::NoTokens(domain));
            }
            let preauth = Preauth { token: token.to_owned() };
            self.ask(IqPayload::Set(preauth.into())).await?.map_err(|_| Enrolment::BadToken(domain.clone()))?;
        }
        let blank = Element::builder("query", ns::REGISTER).build();
        let question = self.ask(IqPayload::Get(blank)).await?.map_err(|error| match error.defined_condition {
            DefinedCondition::ServiceUnavailable | DefinedCondition::FeatureNotImplemented => {
                Enrolment::Closed(domain.clone())
            }
            _ => refused(account, &error),
        })?;
        let Some(question) = question else {
            return Err(Trouble::Protocol("its registration asks for nothing at all".to_owned()).into());
        };
        let user = account.jid.node().map(|node| node.as_str()).unwrap_or_default();
        let answer = enrol::answer(&question, user, account.password.reveal())?;
        self.ask(IqPayload::Set(answer)).await?.map_err(|error| refused(account, &error))?;
        Ok(())
    }

    /// One request and its answer.
    async fn ask(&mut self, payload: IqPayload) -> Result<Result<Option<Element>, StanzaError>, Trouble> {
        self.count += 1;
        let id = format!("register-{}", self.count);
        let to = Jid::from(BareJid::from_parts(None, self.target.account.jid.domain()));
        let request = Iq::assemble(IqHeader { from: None, to: Some(to), id: id.clone() }, payload);
        self.stream.send(&XmppStreamElement::Stanza(Stanza::Iq(request))).await?;
        loop {
            let heard = self.target.hear(&mut self.stream).await?;
            let XmppStreamElement::Stanza(Stanza::Iq(iq)) = heard else { return Err(unexpected(&heard)) };
            if iq.id() != id {
                continue;
            }
            return match iq.into_payload() {
                IqPayload::Result(payload) => Ok(Ok(payload)),
                IqPayload::Error(error) => Ok(Err(error)),
                IqPayload::Get(_) | IqPayload::Set(_) => {
                    Err(Trouble::Protocol("it answers a question with a question".to_owned()))
                }
            };
        }
    }
}

/// What an error in answer to our registration means (XEP-0077 sections 3.1 and 7).
fn refused(account: &Account, error: &StanzaError) -> Enrolment {
    let account = account.jid.to_bare().to_string();
    let said = error.texts.values().next().filter(|text| !text.trim().is_empty());
    let words = match &error.defined_condition {
        DefinedCondition::NotAllowed | DefinedCondition::Forbidden | DefinedCondition::NotAuthorized => {
            "it does not allow that (perhaps without an invitation)"
        }
        DefinedCondition::NotAcceptable => "it does not accept the name or the password",
        DefinedCondition::JidMalformed => "the name has signs in it that an address must not have",
        DefinedCondition::PolicyViolation => "its rules do not allow that",
        DefinedCondition::ResourceConstraint => "too many accounts from here, or too soon after the last",
        _ => "for a reason that it does not tell",
    };
    let reason = said.cloned().unwrap_or_else(|| words.to_owned());
    match (&error.defined_condition, &error.type_) {
        (DefinedCondition::Conflict, _) => Enrolment::Taken(account),
        (DefinedCondition::ResourceConstraint, _) | (_, ErrorType::Wait) => Enrolment::Later(reason),
        _ => Enrolment::Refused { account, reason },
    }
}
