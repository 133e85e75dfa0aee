//! SASL (RFC 6120 section 6, RFC 5802, RFC 9266, XEP-0440): which mechanism, and one run of it.
//!
//! Invariant: nothing is believed before the server has proved that it knows the password, and the password
//! itself is sent only where the account allows PLAIN and the server offers nothing better.

use std::collections::BTreeSet;

use sasl::client::Mechanism;
use sasl::client::mechanisms::{Plain, Scram};
use sasl::common::scram::{Sha1, Sha256};
use sasl::common::{ChannelBinding, Credentials};
use xmpp_parsers::sasl::{Auth, Mechanism as Name};
use xmpp_parsers::sasl_cb::Type;

use super::trouble::Trouble;
use crate::model::Account;

/// A server that asks for more wants to keep the processor busy.
const MOST_ITERATIONS: u32 = 1_000_000;

/// What the server offers and what TLS can do.
pub struct Offer<'a> {
    /// The names of the mechanisms.
    pub mechanisms: &'a BTreeSet<String>,
    /// The channel bindings by XEP-0440, if the server tells.
    pub bindings: Option<&'a [Type]>,
    /// Our channel binding data (TLS 1.3 only).
    pub exporter: Option<Vec<u8>>,
}

/// One run of the chosen mechanism.
pub struct Exchange {
    mechanism: Box<dyn Mechanism + Send>,
    name: Name,
    nonce: Option<String>,
    proved: bool,
}

impl Exchange {
    /// Chooses the best of what is offered.
    ///
    /// # Errors
    /// [`Trouble::OnlyPlain`], [`Trouble::NoMechanism`].
    pub fn new(account: &Account, offer: Offer<'_>) -> Result<Exchange, Trouble> {
        let offered = |name: &str| offer.mechanisms.contains(name);
        let plus = offered("SCRAM-SHA-256-PLUS") || offered("SCRAM-SHA-1-PLUS");
        // A server that does not say how it binds means `tls-unique`, which TLS 1.3 no longer has: ejabberd before
        // 23.10 offers -PLUS and then refuses every binding of ours as a wrong password.
        let can_bind = offer.bindings.is_some_and(|types| types.contains(&Type::TlsExporter));
        let binding = match offer.exporter {
            Some(data) if plus && can_bind => ChannelBinding::TlsExporter(data),
            // "I could, but you seem not to": a server that does can tell that its list was cut.
            Some(_) if !plus => ChannelBinding::Unsupported,
            _ => ChannelBinding::None,
        };
        let bound = matches!(binding, ChannelBinding::TlsExporter(_));
        let user = account.jid.node().map(|node| node.as_str()).unwrap_or_default();
        let credentials = |user: String, binding| {
            let password = account.password.reveal();
            let password = stringprep::saslprep(password).map_or_else(|_| password.to_owned(), Into::into);
            Credentials::default().with_username(user).with_password(password).with_channel_binding(binding)
        };
        let scram = |binding| credentials(escape(user), binding);
        let broken = |error: sasl::client::MechanismError| Trouble::Protocol(error.to_string());
        let (name, mechanism): (Name, Box<dyn Mechanism + Send>) = if bound && offered("SCRAM-SHA-256-PLUS") {
            (Name::ScramSha256Plus, Box::new(Scram::<Sha256>::from_credentials(scram(binding)).map_err(broken)?))
        } else if bound {
            (Name::ScramSha1Plus, Box::new(Scram::<Sha1>::from_credentials(scram(binding)).map_err(broken)?))
        } else if offered("SCRAM-SHA-256") {
            (Name::ScramSha256, Box::new(Scram::<Sha256>::from_credentials(scram(binding)).map_err(broken)?))
        } else if offered("SCRAM-SHA-1") {
            (Name::ScramSha1, Box::new(Scram::<Sha1>::from_credentials(scram(binding)).map_err(broken)?))
        } else if offered("PLAIN") && account.allow_plain {
            let plain = credentials(user.to_owned(), ChannelBinding::None);
            (Name::Plain, Box::new(Plain::from_credentials(plain).map_err(broken)?))
        } else if offered("PLAIN") {
            return Err(Trouble::OnlyPlain);
        } else {
            return Err(Trouble::NoMechanism(list(offer.mechanisms)));
        };
        let proved = name == Name::Plain;
        Ok(Exchange { mechanism, name, nonce: None, proved })
    }

    /// The first message.
    pub fn auth(&mut self) -> Auth {
        let data = self.mechanism.initial();
        if self.name != Name::Plain {
            let nonce = String::from_utf8_lossy(&data).rsplit_once(",r=").map(|(_, nonce)| nonce.to_owned());
            self.nonce = nonce;
        }
        Auth { mechanism: self.name.clone(), data }
    }

    /// The name of the mechanism, for the log.
    pub fn name(&self) -> &str {
        self.mechanism.name()
    }

    /// The answer to a challenge. It may take a second of computing: not for the loop's own thread.
    ///
    /// # Errors
    /// [`Trouble::Liar`] if the server's nonce, its effort or its proof is wrong, [`Trouble::Protocol`].
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Trouble> {
        let text = String::from_utf8_lossy(challenge);
        // Some servers send their proof as a last challenge and an empty success after it.
        if self.nonce.is_none() && text.starts_with("v=") {
            self.prove(challenge)?;
            return Ok(Vec::new());
        }
        let Some(nonce) = self.nonce.take() else {
            return Err(Trouble::Protocol("one SASL challenge too many".to_owned()));
        };
        let field = |key: &str| text.split(',').find_map(|part| part.strip_prefix(key));
        if text.starts_with("m=") {
            return Err(Trouble::Protocol("it demands a SCRAM extension".to_owned()));
        }
        if !field("r=").is_some_and(|theirs| theirs.starts_with(&nonce) && theirs.len() > nonce.len()) {
            return Err(Trouble::Liar("its nonce is not made from ours"));
        }
        match field("i=").and_then(|count| count.parse::<u32>().ok()) {
            Some(1..=MOST_ITERATIONS) => {}
            _ => return Err(Trouble::Liar("its iteration count is absurd")),
        }
        self.mechanism.response(challenge).map_err(|error| Trouble::Protocol(error.to_string()))
    }

    /// Whether `<success/>` with this data may be believed.
    ///
    /// # Errors
    /// [`Trouble::Liar`].
    pub fn succeed(&mut self, data: &[u8]) -> Result<(), Trouble> {
        if self.proved { Ok(()) } else { self.prove(data) }
    }

    fn prove(&mut self, data: &[u8]) -> Result<(), Trouble> {
        self.mechanism.success(data).map_err(|_| Trouble::Liar("its SCRAM signature is wrong or missing"))?;
        self.proved = true;
        Ok(())
    }
}

/// RFC 5802 section 5.1, `saslname`.
fn escape(user: &str) -> String {
    user.replace('=', "=3D").replace(',', "=2C")
}

/// The names as one line.
pub fn list(mechanisms: &BTreeSet<String>) -> String {
    match mechanisms.iter().map(String::as_str).collect::<Vec<_>>() {
        names if names.is_empty() => "nothing".to_owned(),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sasl::common::scram::ScramProvider;
    use sasl::common::{Password, xor};

    use super::*;
    use crate::model::{Secret, Security};

    fn account(user: &str, allow_plain: bool) -> Account {
        Account {
            jid: format!("{user}@home.example/katydid").parse().unwrap(),
            password: Secret::new("pencil"),
            server: None,
            security: Security::Auto,
            authorities: None,
            allow_plain,
            component: None,
        }
    }

    const ALL: &[&str] =
        &["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "ANONYMOUS"];

    fn begin(names: &[&str], bindings: Option<&[Type]>, tls13: bool, plain: bool) -> Result<(Name, String), Trouble> {
        let mechanisms = names.iter().map(|name| (*name).to_owned()).collect();
        let exporter = tls13.then(|| b"exported".to_vec());
        let mut exchange =
            Exchange::new(&account("greenhouse", plain), Offer { mechanisms: &mechanisms, bindings, exporter })?;
        let auth = exchange.auth();
        let header = String::from_utf8(auth.data).unwrap();
        Ok((auth.mechanism, header.split("n=").next().unwrap().to_owned()))
    }

    #[test]
    fn the_strongest_mechanism_wins_and_is_bound_to_the_channel() {
        let bound = "p=tls-exporter,,".to_owned();
        let exporter: Option<&[Type]> = Some(&[Type::TlsExporter]);
        assert_eq!(begin(ALL, exporter, true, true), Ok((Name::ScramSha256Plus, bound.clone())));
        assert_eq!(begin(&ALL[..4], exporter, true, true), Ok((Name::ScramSha1Plus, bound)));
    }

    #[test]
    fn a_list_without_plus_is_answered_so_that_a_cut_list_is_noticed() {
        assert_eq!(
            begin(&["SCRAM-SHA-1", "SCRAM-SHA-256"], None, true, false),
            Ok((Name::ScramSha256, "y,,".to_owned()))
        );
        assert_eq!(begin(&["SCRAM-SHA-1"], None, false, false), Ok((Name::ScramSha1, "n,,".to_owned())));
    }

    #[test]
    fn a_binding_that_we_lack_is_not_claimed() {
        let others = [Type::TlsServerEndPoint, Type::TlsUnique];
        assert_eq!(begin(ALL, Some(&others), true, false), Ok((Name::ScramSha256, "n,,".to_owned())));
        assert_eq!(begin(ALL, None, false, false), Ok((Name::ScramSha256, "n,,".to_owned())));
    }

    #[test]
    fn a_binding_that_the_server_does_not_name_is_not_guessed() {
        assert_eq!(begin(ALL, None, true, false), Ok((Name::ScramSha256, "n,,".to_owned())));
    }

    #[test]
    fn plain_needs_leave_and_anonymous_gets_none() {
        assert_eq!(begin(&["PLAIN"], None, true, false), Err(Trouble::OnlyPlain));
        assert_eq!(begin(&["PLAIN"], None, true, true).unwrap().0, Name::Plain);
        assert_eq!(begin(&["PLAIN", "SCRAM-SHA-1"], None, true, true).unwrap().0, Name::ScramSha1);
        assert_eq!(begin(&["ANONYMOUS"], None, true, true), Err(Trouble::NoMechanism("ANONYMOUS".to_owned())));
    }

    #[test]
    fn the_signs_with_a_meaning_are_escaped_in_the_name() {
        assert_eq!(escape("a=b,c"), "a=3Db=2Cc");
    }

    /// The server's half of SCRAM-SHA-256 with channel binding.
    struct Server {
        first: String,
        challenge: String,
    }

    impl Server {
        fn meet(exchange: &mut Exchange, iterations: u32) -> Server {
            let first = String::from_utf8(exchange.auth().data).unwrap();
            let nonce = first.rsplit_once("r=").unwrap().1.to_owned();
            Server { first, challenge: format!("r={nonce}theirs,s=c2FsdA==,i={iterations}") }
        }

        fn judge(&self, response: &[u8]) -> String {
            let response = String::from_utf8(response.to_vec()).unwrap();
            let (bare, proof) = response.rsplit_once(",p=").unwrap();
            let bound = STANDARD.encode(b"p=tls-exporter,,exported");
            assert!(bare.starts_with(&format!("c={bound},")), "{bare}");
            let said = format!("{},{},{bare}", self.first.strip_prefix("p=tls-exporter,,").unwrap(), self.challenge);
            let salted = Sha256::derive(&Password::Plain("pencil".to_owned()), b"salt", 4096).unwrap();
            let client_key = Sha256::hmac(b"Client Key", &salted).unwrap();
            let signature = Sha256::hmac(said.as_bytes(), &Sha256::hash(&client_key)).unwrap();
            assert_eq!(STANDARD.decode(proof).unwrap(), xor(&client_key, &signature));
            let server_key = Sha256::hmac(b"Server Key", &salted).unwrap();
            format!("v={}", STANDARD.encode(Sha256::hmac(said.as_bytes(), &server_key).unwrap()))
        }
    }

    fn bound() -> Exchange {
        let mechanisms = ALL.iter().map(|name| (*name).to_owned()).collect();
        let bindings = Some([Type::TlsExporter].as_slice());
        let offer = Offer { mechanisms: &mechanisms, bindings, exporter: Some(b"exported".to_vec()) };
        Exchange::new(&account("greenhouse", false), offer).unwrap()
    }

    #[test]
    fn both_sides_prove_the_password_over_the_bound_channel() {
        let mut exchange = bound();
        let server = Server::meet(&mut exchange, 4096);
        let proof = server.judge(&exchange.respond(server.challenge.as_bytes()).unwrap());
        assert_eq!(exchange.succeed(proof.as_bytes()), Ok(()));
    }

    #[test]
    fn the_proof_may_come_as_a_last_challenge() {
        let mut exchange = bound();
        let server = Server::meet(&mut exchange, 4096);
        let proof = server.judge(&exchange.respond(server.challenge.as_bytes()).unwrap());
        assert_eq!(exchange.respond(proof.as_bytes()), Ok(Vec::new()));
        assert_eq!(exchange.succeed(b""), Ok(()));
    }

    #[test]
    fn a_success_without_a_proof_is_a_lie() {
        let lie = Err(Trouble::Liar("its SCRAM signature is wrong or missing"));
        for data in ["", "v=AAAA", "v=", "e=other-error"] {
            let mut exchange = bound();
            let server = Server::meet(&mut exchange, 4096);
            exchange.respond(server.challenge.as_bytes()).unwrap();
            assert_eq!(exchange.succeed(data.as_bytes()), lie, "{data:?}");
        }
        let mut at_once = bound();
        at_once.auth();
        assert_eq!(at_once.succeed(b""), lie);
    }

    #[test]
    fn a_foreign_nonce_or_an_absurd_effort_ends_it() {
        let mut exchange = bound();
        exchange.auth();
        assert!(matches!(exchange.respond(b"r=theirs,s=c2FsdA==,i=4096"), Err(Trouble::Liar(_))));
        for iterations in [0, MOST_ITERATIONS + 1] {
            let mut exchange = bound();
            let server = Server::meet(&mut exchange, iterations);
            assert!(matches!(exchange.respond(server.challenge.as_bytes()), Err(Trouble::Liar(_))));
        }
    }
}
