//! How the device reaches its XMPP server.

use std::fmt;

use jid::FullJid;

/// The account and the way to its server.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The device's address with its constant resource.
    pub jid: FullJid,
    /// The password.
    pub password: Secret,
    /// An explicit server instead of the domain's SRV records.
    pub server: Option<Server>,
    /// Which TLS to use when the server is explicit, and which SRV records to ask for otherwise.
    pub security: Security,
    /// PEM text of the authorities to trust instead of the public ones.
    pub authorities: Option<String>,
    /// The password may be sent as such (inside TLS) to a server that offers nothing better.
    pub allow_plain: bool,
    /// The device is a component of this server, on this machine (XEP-0114), and has no account: the password is the
    /// component's secret, and nothing above but the address counts.
    pub component: Option<Server>,
}

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// A name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// How TLS starts. There is no third way: nothing is ever sent in the clear over a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// Direct TLS where the domain's SRV records offer it, else STARTTLS.
    #[default]
    Auto,
    /// STARTTLS (RFC 6120 section 5), port 5222.
    StartTls,
    /// TLS from the first byte (XEP-0368), port 5223.
    Direct,
}

/// A text that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the login only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
