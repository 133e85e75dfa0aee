//! A client that can send any bytes, for what no honest client would.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::home::Home;

const PATIENCE: Duration = Duration::from_secs(90);
const HEADER: &str = "<?xml version='1.0'?><stream:stream to='home.example' version='1.0' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams'>";

pub struct Raw(TlsStream<TcpStream>);

impl Raw {
    /// Logged in and bound.
    pub async fn online(prosody: &Home, user: &str) -> Raw {
        let account = prosody.account(user);
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(account.authorities.unwrap().as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tcp = TcpStream::connect(("127.0.0.1", prosody.tls_port)).await.unwrap();
        let name = "home.example".try_into().unwrap();
        let mut raw = Raw(TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap());
        let proof = BASE64.encode(format!("\0{user}\0pencil"));
        raw.send(HEADER).await;
        raw.hear("</stream:features>").await;
        raw.send(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>")).await;
        raw.hear("<success").await;
        raw.send(HEADER).await;
        raw.hear("</stream:features>").await;
        raw.send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>").await;
        raw.hear("</iq>").await;
        raw
    }

    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Waits for these words.
    pub async fn hear(&mut self, words: &str) {
        let mut heard = String::new();
        let search = async {
            while !heard.contains(words) {
                let mut chunk = [0; 16 * 1024];
                let length = self.0.read(&mut chunk).await.unwrap();
                assert_ne!(length, 0, "the server ended it");
                heard.push_str(&String::from_utf8_lossy(&chunk[..length]));
            }
        };
        let outcome = timeout(PATIENCE, search).await;
        assert!(outcome.is_ok(), "“{words}” never came");
    }
}
