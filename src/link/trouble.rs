//! What keeps the device offline, told apart so that the operator reads what to do about it.

use std::fmt;
use std::io;

use xmpp_parsers::sasl::DefinedCondition as Refusal;
use xmpp_parsers::stream_error::{DefinedCondition, StreamError};

use super::backoff::Patience;

/// A login that failed, or a stream that the server ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The PEM text of the configured authorities holds no usable certificate.
    #[error("the certificate authorities in the configuration cannot be used: {0}")]
    Authorities(String),
    /// The server refused the account's name or password (RFC 6120 section 6.5).
    #[error("the server refused the password of {account} ({condition})")]
    WrongPassword {
        /// The bare JID.
        account: String,
        /// The SASL condition by its name.
        condition: &'static str,
    },
    /// The account exists and may not log in.
    #[error("the account {0} is disabled on the server")]
    AccountDisabled(String),
    /// The server offers the password only in the clear (inside TLS).
    #[error("the server accepts the password only as PLAIN; `xmpp.plain = true` would allow that")]
    OnlyPlain,
    /// Nothing that the server offers is acceptable.
    #[error("the server offers no acceptable way to log in (it offers: {0})")]
    NoMechanism(String),
    /// The server cannot check passwords at the moment.
    #[error("the server cannot check passwords at the moment")]
    AuthenticationDown,
    /// The server's certificate was refused.
    #[error("the server's certificate was refused: {0}")]
    Certificate(Flaw),
    /// The server could not prove that it knows the password: it may be somebody else's.
    #[error(
        "the server could not prove that it knows the password: perhaps it is not the server it claims to be ({0})"
    )]
    Liar(&'static str),
    /// The server offers no STARTTLS on this port.
    #[error("the server offers no TLS on this port; nothing is ever sent unencrypted")]
    NoTls,
    /// Something was sent in the clear after the agreement to start TLS.
    #[error("data arrived unencrypted after the agreement to start TLS: somebody tampers with the connection")]
    Injected,
    /// The TLS handshake failed for another reason than the certificate.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The DNS says that there is no such name.
    #[error("there is no host {0}")]
    UnknownHost(String),
    /// The DNS did not say anything useful.
    #[error("the name {host} cannot be resolved: {reason}")]
    Resolver {
        /// The name asked for.
        host: String,
        /// The resolver's own words.
        reason: String,
    },
    /// The SRV records say that the domain has no XMPP service (RFC 2782, target ".").
    #[error("{0} says in its DNS records that it offers no XMPP service")]
    NotOffered(String),
    /// The server does not serve the account's domain.
    #[error("the server does not serve the domain {0}")]
    WrongDomain(String),
    /// A component's server must be on this machine, because its stream is not encrypted.
    #[error("{0} is another machine; a component's stream is not encrypted and goes to this machine only")]
    NotHere(String),
    /// Another program is connected as this component.
    #[error("another program is connected as the component {0}")]
    Taken(String),
    /// No address took the connection.
    #[error("the server is unreachable: {0}")]
    Unreachable(String),
    /// A stage of the login took too long.
    #[error("timed out while {0}")]
    TimedOut(Stage),
    /// Another program logged in to the account with the same resource.
    #[error("another program logged in as this device with the same resource")]
    Conflict,
    /// The server ended the stream with another error (RFC 6120 section 4.9.3).
    #[error("the server ended the stream: {condition}{}", .text.as_ref().map(|t| format!(" ({t})")).unwrap_or_default())]
    Stream {
        /// The condition by its name.
        condition: String,
        /// What the server added for people.
        text: Option<String>,
    },
    /// The connection ended during the login or within seconds of it.
    #[error("the connection ended soon after it was made: {0}")]
    Lost(Loss),
    /// The server did something that the protocol forbids.
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
    /// The stream's own machinery failed; it is built anew.
    #[error("the stream failed inside and is built anew")]
    Broken,
}

/// Why a certificate was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is no longer valid, or this board's clock is wrong.
    #[error("it has expired (or this board's clock is wrong)")]
    Expired,
    /// It is not valid yet, or this board's clock is wrong.
    #[error("it is not valid yet (or this board's clock is wrong)")]
    NotYetValid,
    /// None of the trusted authorities issued it.
    #[error("its issuer is unknown (`xmpp.ca_file` names a private authority)")]
    UnknownIssuer,
    /// It was issued for somebody else.
    #[error("it is for {presented}, not for {expected}")]
    WrongName {
        /// The domain of the account.
        expected: String,
        /// The names in the certificate.
        presented: String,
    },
    /// Anything else, in the words of the TLS library.
    #[error("{0}")]
    Other(String),
}

/// A stage of the login with its own time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Asking the DNS.
    Dns,
    /// Agreeing on TLS.
    Tls,
    /// Stream header, SASL, features.
    Login,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Dns => "asking the DNS",
            Stage::Tls => "agreeing on TLS",
            Stage::Login => "logging in",
        })
    }
}

/// How a connection ended that nobody ended on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The other side closed it.
    #[error("closed by the server")]
    Closed,
    /// The network reported an error.
    #[error("{0}")]
    Network(io::ErrorKind),
    /// Nothing was heard for too long.
    #[error("no answer")]
    Silent,
}

impl Trouble {
    /// Nothing but a person's work will mend it.
    pub fn needs_a_person(&self) -> bool {
        self.patience() == Patience::Minutes
    }

    /// How long to wait before the next attempt.
    pub fn patience(&self) -> Patience {
        match self {
            Trouble::Authorities(_)
            | Trouble::WrongPassword { .. }
            | Trouble::AccountDisabled(_)
            | Trouble::OnlyPlain
            | Trouble::NoMechanism(_)
            | Trouble::Certificate(_)
            | Trouble::Liar(_)
            | Trouble::NoTls
            | Trouble::Injected
            | Trouble::NotOffered(_)
            | Trouble::WrongDomain(_)
            | Trouble::NotHere(_)
            | Trouble::Conflict => Patience::Minutes,
            Trouble::Stream { condition, .. } if condition == "policy-violation" || condition == "not-authorized" => {
                Patience::Minutes
            }
            // A name that is unknown now may be known a minute later: boards boot before their routers.
            _ => Patience::Doubling,
        }
    }

    /// What a stream error means.
    pub fn from_stream_error(error: &StreamError, domain: &str) -> Trouble {
        match &error.condition {
            DefinedCondition::Conflict => Trouble::Conflict,
            DefinedCondition::HostUnknown | DefinedCondition::HostGone => Trouble::WrongDomain(domain.to_owned()),
            condition => Trouble::Stream {
                condition: condition.to_string(),
                text: error.texts.values().next().filter(|text| !text.is_empty()).cloned(),
            },
        }
    }

    /// What a SASL failure means (RFC 6120 section 6.5).
    pub fn from_refusal(refusal: &Refusal, account: &str, offered: &str) -> Trouble {
        let condition = match refusal {
            Refusal::AccountDisabled => return Trouble::AccountDisabled(account.to_owned()),
            Refusal::TemporaryAuthFailure => return Trouble::AuthenticationDown,
            Refusal::EncryptionRequired | Refusal::InvalidMechanism | Refusal::MechanismTooWeak => {
                return Trouble::NoMechanism(offered.to_owned());
            }
            Refusal::IncorrectEncoding => return Trouble::Protocol("it cannot read our SASL messages".to_owned()),
            Refusal::MalformedRequest => return Trouble::Protocol("it cannot parse our SASL messages".to_owned()),
            Refusal::CredentialsExpired => "credentials-expired",
            Refusal::InvalidAuthzid => "invalid-authzid",
            Refusal::Aborted => "aborted",
            Refusal::NotAuthorized => "not-authorized",
        };
        Trouble::WrongPassword { account: account.to_owned(), condition }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::Lost(Loss::Closed),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Trouble::Protocol(error.to_string()),
            kind => Trouble::Lost(Loss::Network(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_password_is_not_a_network_fault() {
        let trouble = Trouble::from_refusal(&Refusal::NotAuthorized, "greenhouse@home.example", "");
        assert_eq!(trouble.patience(), Patience::Minutes);
        assert_eq!(trouble.to_string(), "the server refused the password of greenhouse@home.example (not-authorized)");
        assert_eq!(Trouble::Unreachable(String::new()).patience(), Patience::Doubling);
        let busy = Trouble::from_refusal(&Refusal::TemporaryAuthFailure, "greenhouse@home.example", "");
        assert_eq!(busy.patience(), Patience::Doubling);
    }

    #[test]
    fn a_shutdown_for_restart_is_retried_soon_and_a_rival_is_not() {
        let error = |condition| StreamError::new(condition, "en", "bye");
        let restart = Trouble::from_stream_error(&error(DefinedCondition::SystemShutdown), "home.example");
        assert_eq!(restart.to_string(), "the server ended the stream: system-shutdown (bye)");
        assert_eq!(restart.patience(), Patience::Doubling);
        let rival = Trouble::from_stream_error(&error(DefinedCondition::Conflict), "home.example");
        assert_eq!((rival.patience(), rival), (Patience::Minutes, Trouble::Conflict));
        let limits = Trouble::from_stream_error(&error(DefinedCondition::PolicyViolation), "home.example");
        assert_eq!(limits.patience(), Patience::Minutes);
        let host = Trouble::from_stream_error(&error(DefinedCondition::HostUnknown), "home.example");
        assert_eq!(host, Trouble::WrongDomain("home.example".to_owned()));
    }
}
