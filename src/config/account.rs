//! `[xmpp]`: the device's account and the way to its server.

// Addresses without sockets.
use core::net::IpAddr;

use jid::{BareJid, FullJid};

use super::contact;
use super::loaded::Loaded;
use super::node::{Item, optional};
use super::resolve::Purpose;
use super::secret::{self, SecretError};
use crate::model::{Account, Secret, Security, Server};

pub(super) const KEYS: &[&str] = &["jid", "resource", "password", "server", "tls", "ca_file", "plain", "component"];
pub(super) const COMPONENT_KEYS: &[&str] = &["server"];

/// Where servers listen for components, by custom.
const COMPONENT_PORT: u16 = 5347;

const RESOURCE: &str = "katydid";

/// The account, and its bare address even if the rest has mistakes.
pub(super) fn read(item: Option<Item<'_>>, loaded: &Loaded, purpose: Purpose) -> (Option<Account>, Option<BareJid>) {
    let Some(table) = item.and_then(|item| item.table(KEYS)) else { return (None, None) };
    let jid = table.need("jid", "the device's own address, like “greenhouse@home.example”");
    let jid = jid.and_then(|item| contact::bare(&item));
    let full = with_resource(jid.as_ref(), table.get("resource"));
    let password =
        table.need("password", "say where it is: { credential = “xmpp-password” }, { file = … } or { env = … }");
    let password = password.and_then(|item| {
        secret::source(&item)?;
        password_of(&item, loaded, purpose)
    });
    let tls = [("auto", Security::Auto), ("starttls", Security::StartTls), ("direct", Security::Direct)];
    let security = optional(table.get("tls"), Security::Auto, |item| item.word(&tls));
    let port = if security == Some(Security::Direct) { 5223 } else { 5222 };
    let server = optional(table.get("server"), None, |item| server_at(&item, port).map(Some));
    let authorities = optional(table.get("ca_file"), None, |item| {
        secret::path(&item)?;
        authorities(&item, loaded).map(Some)
    });
    let allow_plain = optional(table.get("plain"), false, |item| item.flag());
    let component = optional(table.get("component"), None, |item| component(&item).map(Some));
    if table.get("component").is_some() {
        let idle = ["server", "tls", "ca_file", "plain"].into_iter().filter_map(|key| table.get(key));
        idle.for_each(|item| item.wrong("is for accounts; with `component` leave it out"));
    }
    let account = || {
        Some(Account {
            jid: full?,
            password: password?,
            server: server?,
            security: security?,
            authorities: authorities?,
            allow_plain: allow_plain?,
            component: component?,
        })
    };
    (account(), jid)
}

fn with_resource(jid: Option<&BareJid>, item: Option<Item<'_>>) -> Option<FullJid> {
    let resource = match &item {
        Some(item) => item.text()?,
        None => RESOURCE,
    };
    match (jid?.with_resource_str(resource), item) {
        (Ok(full), _) => Some(full),
        (Err(error), Some(item)) => {
            item.wrong(format!("is not a resource: {error}"));
            None
        }
        (Err(_), None) => None,
    }
}

fn password_of(item: &Item<'_>, loaded: &Loaded, purpose: Purpose) -> Option<Secret> {
    let Some(password) = &loaded.password else {
        item.wrong("has not been read");
        return None;
    };
    match (password, purpose) {
        (Ok(secret), _) => Some(secret.clone()),
        // A check runs on a desk, where the service's secrets are not and should not be.
        (Err(SecretError::Absent(why)), Purpose::Check) => {
            item.note(format!("{why}; the service will need it"));
            Some(Secret::new(""))
        }
        (Err(error), _) => {
            item.wrong(error.to_string());
            None
        }
    }
}

fn authorities(item: &Item<'_>, loaded: &Loaded) -> Option<String> {
    let Some(authorities) = &loaded.authorities else {
        item.wrong("has not been read");
        return None;
    };
    match authorities {
        Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => Some(text.clone()),
        Ok(_) => {
            item.wrong("holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
            None
        }
        Err(why) => {
            item.wrong(why.clone());
            None
        }
    }
}

/// `{ server = "127.0.0.1:5347" }`. Catches the secret and the readings on their way through a network in the clear.
fn component(item: &Item<'_>) -> Option<Server> {
    let table = item.table(COMPONENT_KEYS)?;
    let item = table.need("server", "where the server listens for components, like “127.0.0.1:5347”")?;
    let server = server_at(&item, COMPONENT_PORT)?;
    let elsewhere = server.host.parse::<IpAddr>().is_ok_and(|ip| !ip.to_canonical().is_loopback());
    if elsewhere {
        item.wrong("must be on this machine (127.0.0.1, [::1] or localhost): a component's stream is not encrypted");
        return None;
    }
    Some(server)
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn server_at(item: &Item<'_>, default: u16) -> Option<Server> {
    let text = item.text()?.trim();
    let parsed = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, rest))) if is_ipv6(host) => port(rest, default).map(|p| (host, p)),
        Some(_) => None,
        None => match text.split_once(':') {
            None => Some((text, default)),
            Some((host, _)) => port(&text[host.len()..], default).map(|p| (host, p)),
        },
    };
    let plausible = |host: &str| !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/@?#".contains(c));
    match parsed.filter(|(host, _)| plausible(host)) {
        Some((host, port)) => Some(Server { host: host.to_owned(), port }),
        None => {
            item.wrong("must be a host, host:port or [IPv6 address]:port");
            None
        }
    }
}

fn is_ipv6(host: &str) -> bool {
    host.contains(':') && host.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.')
}

fn port(text: &str, default: u16) -> Option<u16> {
    if text.is_empty() {
        return Some(default);
    }
    text.strip_prefix(':')?.parse().ok().filter(|port| *port > 0)
}
