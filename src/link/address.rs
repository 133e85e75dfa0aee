//! Where the server is: SRV records (RFC 6120 section 3.2, XEP-0368), a configured host, or the domain itself.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::debug;

use super::trouble::{Stage, Trouble};
use crate::model::{Account, Security, Server};

/// The whole time for SRV records; some networks swallow questions for them.
const SRV_LIMIT: Duration = Duration::from_secs(5);
/// For the addresses of one name.
const NAME_LIMIT: Duration = Duration::from_secs(10);
/// For one address.
const TCP_LIMIT: Duration = Duration::from_secs(10);

const STARTTLS_PORT: u16 = 5222;
const DIRECT_PORT: u16 = 5223;

/// A host that may be the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// TLS from the first byte instead of STARTTLS.
    pub direct: bool,
}

/// One SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    priority: u16,
    weight: u16,
    port: u16,
    target: String,
}

/// Connects to the first address that takes it. True: TLS is expected at once.
///
/// # Errors
/// [`Trouble::UnknownHost`], [`Trouble::Resolver`], [`Trouble::NotOffered`], [`Trouble::Unreachable`] with every
/// address tried, or [`Trouble::TimedOut`] by the DNS.
pub async fn connect(account: &Account) -> Result<(TcpStream, bool), Trouble> {
    let mut failures = Vec::new();
    let mut trouble = None;
    for endpoint in endpoints(account).await? {
        let addresses = match resolve(&endpoint).await {
            Ok(addresses) => addresses,
            Err(error) => {
                trouble = Some(error);
                continue;
            }
        };
        for address in addresses {
            match timeout(TCP_LIMIT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    debug!(%address, direct = endpoint.direct, "connected");
                    return Ok((stream, endpoint.direct));
                }
                Ok(Err(error)) => failures.push(format!("{address}: {}", error.kind())),
                Err(_) => failures.push(format!("{address}: no answer")),
            }
        }
    }
    match trouble {
        Some(trouble) if failures.is_empty() => Err(trouble),
        _ => Err(Trouble::Unreachable(failures.join(", "))),
    }
}

/// Connects to a server on this machine: what is said to it is not encrypted.
///
/// # Errors
/// [`Trouble::NotHere`] if the host is another machine, and those of [`connect`].
pub async fn connect_here(server: &Server) -> Result<TcpStream, Trouble> {
    let endpoint = Endpoint { host: server.host.clone(), port: server.port, direct: false };
    let mut addresses = resolve(&endpoint).await?;
    addresses.retain(|address| address.ip().to_canonical().is_loopback());
    if addresses.is_empty() {
        return Err(Trouble::NotHere(server.host.clone()));
    }
    let mut failures = Vec::new();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failures.push(format!("{address}: {}", error.kind())),
        }
    }
    Err(Trouble::Unreachable(failures.join(", ")))
}

async fn resolve(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Trouble> {
    let host = endpoint.host.as_str();
    let Ok(answer) = timeout(NAME_LIMIT, tokio::net::lookup_host((host, endpoint.port))).await else {
        return Err(Trouble::TimedOut(Stage::Dns));
    };
    match answer {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => {
            let reason = error.to_string();
            // getaddrinfo's own words (glibc, musl) are all that tells "no such name" from "no answer".
            if ["not known", "does not resolve", "No address"].iter().any(|words| reason.contains(words)) {
                return Err(Trouble::UnknownHost(host.to_owned()));
            }
            let reason = reason.trim_start_matches("failed to lookup address information: ").to_owned();
            Err(Trouble::Resolver { host: host.to_owned(), reason })
        }
    }
}

async fn endpoints(account: &Account) -> Result<Vec<Endpoint>, Trouble> {
    if let Some(server) = &account.server {
        let direct = match account.security {
            Security::Auto => server.port == DIRECT_PORT,
            Security::StartTls => false,
            Security::Direct => true,
        };
        return Ok(vec![Endpoint { host: server.host.clone(), port: server.port, direct }]);
    }
    let domain = account.jid.domain().as_str();
    let (direct, starttls) = timeout(SRV_LIMIT, records(domain, account.security)).await.unwrap_or_default();
    from_records(domain, account.security, direct, starttls, rand::random::<f64>)
}

/// The records for direct TLS and for STARTTLS; no answer is no record.
async fn records(domain: &str, security: Security) -> (Vec<Record>, Vec<Record>) {
    let Ok(resolver) = TokioResolver::builder_tokio().and_then(|builder| builder.build()) else {
        return Default::default();
    };
    let ask = async |wanted: bool, service: &str| {
        if !wanted {
            return Vec::new();
        }
        let name = format!("{service}._tcp.{domain}.");
        let answer = match resolver.lookup(name.as_str(), RecordType::SRV).await {
            Ok(answer) => answer,
            Err(error) => {
                debug!(name, %error, "no SRV records");
                return Vec::new();
            }
        };
        let records = answer.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(Record {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: srv.target.to_ascii(),
            }),
            _ => None,
        });
        records.collect()
    };
    tokio::join!(
        ask(security != Security::StartTls, "_xmpps-client"),
        ask(security != Security::Direct, "_xmpp-client")
    )
}

fn from_records(
    domain: &str,
    security: Security,
    direct: Vec<Record>,
    starttls: Vec<Record>,
    mut dice: impl FnMut() -> f64,
) -> Result<Vec<Endpoint>, Trouble> {
    let asked = direct.len() + starttls.len();
    let mut all = order(direct, true, &mut dice);
    all.extend(order(starttls, false, &mut dice));
    if !all.is_empty() {
        return Ok(all);
    }
    if asked > 0 {
        return Err(Trouble::NotOffered(domain.to_owned()));
    }
    let direct = security == Security::Direct;
    let port = if direct { DIRECT_PORT } else { STARTTLS_PORT };
    Ok(vec![Endpoint { host: domain.to_owned(), port, direct }])
}

/// By priority, and within one by a draw in proportion to the weights (RFC 2782). A target of "." is no server.
fn order(mut records: Vec<Record>, direct: bool, dice: &mut impl FnMut() -> f64) -> Vec<Endpoint> {
    records.retain(|record| record.target != ".");
    // Weight 0 first, so that it has its very small chance.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let peers = records.iter().take_while(|record| record.priority == first.priority).count();
        let total: u32 = records[..peers].iter().map(|record| u32::from(record.weight)).sum();
        let draw = (f64::from(total) * dice()).ceil() as u32;
        let mut sum = 0;
        let chosen = records[..peers].iter().position(|record| {
            sum += u32::from(record.weight);
            sum >= draw
        });
        let record = records.remove(chosen.unwrap_or(0));
        let host = record.target.trim_end_matches('.').to_owned();
        ordered.push(Endpoint { host, port: record.port, direct });
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(priority: u16, weight: u16, target: &str) -> Record {
        Record { priority, weight, port: 5222, target: target.to_owned() }
    }

    fn hosts(records: Vec<Record>, dice: f64) -> Vec<String> {
        order(records, false, &mut || dice).into_iter().map(|endpoint| endpoint.host).collect()
    }

    #[tokio::test]
    async fn what_is_not_encrypted_stays_on_this_machine() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = |host: &str| Server { host: host.to_owned(), port: listener.local_addr().unwrap().port() };
        assert!(connect_here(&server("127.0.0.1")).await.is_ok());
        for elsewhere in ["192.0.2.1", "0.0.0.0", "::", "2001:db8::1", "::ffff:192.0.2.1"] {
            let outcome = connect_here(&server(elsewhere)).await;
            assert_eq!(outcome.err(), Some(Trouble::NotHere(elsewhere.to_owned())));
        }
    }

    #[test]
    fn a_lower_priority_goes_first_whatever_the_dice_say() {
        let records = vec![record(20, 100, "b.example."), record(10, 0, "a.example."), record(30, 9, "c.example.")];
        for dice in [0.0, 0.5, 0.999] {
            assert_eq!(hosts(records.clone(), dice), ["a.example", "b.example", "c.example"]);
        }
    }

    #[test]
    fn within_a_priority_the_weight_is_the_chance_to_be_first() {
        let records =
            vec![record(1, 60, "heavy.example."), record(1, 20, "light.example."), record(1, 20, "other.example.")];
        let mut first_was_heavy = 0;
        for step in 0..100 {
            let order = hosts(records.clone(), f64::from(step) / 100.0);
            assert_eq!(order.len(), 3);
            first_was_heavy += u32::from(order[0] == "heavy.example");
        }
        assert!((58..=62).contains(&first_was_heavy), "{first_was_heavy} of 100");
    }

    #[test]
    fn direct_tls_is_tried_before_starttls() {
        let found = from_records(
            "home.example",
            Security::Auto,
            vec![record(9, 0, "tls.example.")],
            vec![record(1, 0, "plain.example.")],
            || 0.0,
        );
        let found: Vec<(String, bool)> = found.unwrap().into_iter().map(|e| (e.host, e.direct)).collect();
        assert_eq!(found, [("tls.example".to_owned(), true), ("plain.example".to_owned(), false)]);
    }

    #[test]
    fn a_dot_means_that_the_service_is_not_offered() {
        let dot = || vec![record(0, 0, ".")];
        let neither = from_records("home.example", Security::Auto, dot(), dot(), || 0.0);
        assert_eq!(neither, Err(Trouble::NotOffered("home.example".to_owned())));
        let starttls = from_records("home.example", Security::Auto, dot(), vec![record(1, 1, "a.example.")], || 0.0);
        assert_eq!(starttls.unwrap().len(), 1);
    }

    #[test]
    fn without_records_it_is_the_domain_itself() {
        let fallback = |security| from_records("home.example", security, vec![], vec![], || 0.0).unwrap();
        let endpoint = |port, direct| vec![Endpoint { host: "home.example".to_owned(), port, direct }];
        assert_eq!(fallback(Security::Auto), endpoint(5222, false));
        assert_eq!(fallback(Security::StartTls), endpoint(5222, false));
        assert_eq!(fallback(Security::Direct), endpoint(5223, true));
    }
}
