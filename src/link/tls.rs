//! TLS: who is trusted, and that the server is the one of the account's own domain.
//!
//! Invariant: the certificate is verified against the domain of the JID, never against a name from the DNS.

use std::io;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, ProtocolVersion, RootCertStore};

use super::trouble::{Flaw, Loss, Trouble};
use crate::model::Account;

/// XEP-0368 section 4.
const ALPN: &[u8] = b"xmpp-client";
/// RFC 9266.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// The two client configurations and the name to verify.
pub struct Tls {
    upgraded: TlsConnector,
    direct: TlsConnector,
    domain: ServerName<'static>,
}

impl Tls {
    /// Reads the account's authorities, or takes the public ones.
    ///
    /// # Errors
    /// [`Trouble::Authorities`] if the PEM text holds no usable certificate, [`Trouble::UnknownHost`] if the
    /// domain cannot be the name in a certificate.
    pub fn new(account: &Account) -> Result<Tls, Trouble> {
        let roots = match &account.authorities {
            Some(pem) => private(pem)?,
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Trouble::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut direct = config.clone();
        direct.alpn_protocols = vec![ALPN.to_vec()];
        let domain = account.jid.domain().as_str();
        let name = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
        let domain = ServerName::try_from(name).map_err(|_| Trouble::UnknownHost(domain.to_owned()))?;
        Ok(Tls { upgraded: Arc::new(config).into(), direct: Arc::new(direct).into(), domain })
    }

    /// Agrees on TLS over `transport`; `direct` says that TLS starts with the first byte of the connection.
    ///
    /// # Errors
    /// [`Trouble::Certificate`], [`Trouble::Tls`], or [`Trouble::Lost`] if the connection ended meanwhile.
    pub async fn handshake<S>(&self, transport: S, direct: bool) -> Result<TlsStream<S>, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = if direct { &self.direct } else { &self.upgraded };
        connector.connect(self.domain.clone(), transport).await.map_err(|error| refusal(&error))
    }
}

/// The channel binding data of RFC 9266; there is none below TLS 1.3.
pub fn exporter<S>(stream: &TlsStream<S>) -> Option<Vec<u8>> {
    let (_, connection) = stream.get_ref();
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection.export_keying_material(vec![0; 32], EXPORTER_LABEL, None).ok()
}

fn private(pem: &str) -> Result<RootCertStore, Trouble> {
    let unusable = |error: &dyn std::fmt::Display| Trouble::Authorities(error.to_string());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unusable(&error))?;
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"it holds no certificate"));
    }
    Ok(roots)
}

fn refusal(error: &io::Error) -> Trouble {
    let Some(reason) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::Lost(Loss::Closed),
            kind => Trouble::Lost(Loss::Network(kind)),
        };
    };
    match reason {
        rustls::Error::InvalidCertificate(flaw) => Trouble::Certificate(name(flaw)),
        other => Trouble::Tls(other.to_string()),
    }
}

fn name(flaw: &CertificateError) -> Flaw {
    match flaw {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Flaw::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Flaw::NotYetValid,
        CertificateError::UnknownIssuer => Flaw::UnknownIssuer,
        CertificateError::NotValidForNameContext { expected, presented } => {
            Flaw::WrongName { expected: expected.to_str().into_owned(), presented: names(presented) }
        }
        other => Flaw::Other(other.to_string()),
    }
}

/// The library shows each name as `DnsName("chat.example")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    match presented {
        [] => "no name at all".to_owned(),
        some => some.iter().map(bare).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_no_authority() {
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(private(pem), Err(Trouble::Authorities(_))), "{pem:?}");
        }
    }

    #[test]
    fn a_certificate_for_another_host_is_told_with_both_names() {
        let flaw = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("home.example").unwrap(),
            presented: vec!["DnsName(\"chat.example\")".to_owned(), "DnsName(\"www.example\")".to_owned()],
        };
        assert_eq!(name(&flaw).to_string(), "it is for chat.example, www.example, not for home.example");
    }
}
