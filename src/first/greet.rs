//! The first login: it shows that the account works, and makes the owner a contact.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;
use xmpp_parsers::iq::{Iq, IqPayload};
use xmpp_parsers::stanza::Stanza;

use crate::link::{Link, LinkEvent, Stage, Trouble};
use crate::model::Device;
use crate::xmpp::roster::Roster;

/// For all of it; slow servers and slow links are made for people.
const LIMIT: Duration = Duration::from_secs(60);
/// The service may be online with the device's own resource meanwhile.
const RESOURCE: &str = "katydid-init";
/// The id of what is asked last.
const LAST: &str = "last";
/// More than a few contacts are never added here.
const OUTBOX: usize = 64;

/// Logs in once and puts the device's people on its roster, approved and asked, as the service does at each login. It
/// shows no presence.
///
/// # Errors
/// The first [`Trouble`]: whoever waits at a terminal wants to know it at once.
pub async fn greet(device: &Device) -> Result<(), Trouble> {
    let mut account = device.account().clone();
    if let Ok(jid) = account.jid.to_bare().with_resource_str(RESOURCE) {
        account.jid = jid;
    }
    let mut link = Link::start(&account, OUTBOX)?;
    let outcome = timeout(LIMIT, talk(device, &mut link)).await;
    link.close(None).await;
    outcome.unwrap_or(Err(Trouble::TimedOut(Stage::Login)))
}

async fn talk(device: &Device, link: &mut Link) -> Result<(), Trouble> {
    let mut roster = Roster::default();
    let mut count = 0;
    loop {
        match link.next().await {
            LinkEvent::Trouble(trouble) => return Err(trouble),
            LinkEvent::Online { .. } => link.post(roster.fetch("roster".to_owned()).into(), Timestamp::UNIX_EPOCH),
            // The server takes our stanzas in their order (RFC 6120 section 10.1), so when this answer comes it has
            // the others, too. That it may have rules against them is for the service to try again.
            LinkEvent::Stanza(Stanza::Iq(iq)) if iq.id() == LAST => return Ok(()),
            LinkEvent::Stanza(Stanza::Iq(iq)) if roster.awaits(iq.id()) => {
                let id = || {
                    count += 1;
                    format!("contact-{count}")
                };
                let last = Roster::default().fetch(LAST.to_owned()).into();
                for stanza in roster.fetched(device, result(iq), id).into_iter().chain([last]) {
                    link.post(stanza, Timestamp::UNIX_EPOCH);
                }
            }
            LinkEvent::Stanza(_) | LinkEvent::Offline | LinkEvent::Dropped(_) => {}
        }
    }
}

fn result(iq: Iq) -> Option<xmpp_parsers::minidom::Element> {
    match iq.into_payload() {
        IqPayload::Result(payload) => payload,
        _ => None,
    }
}
