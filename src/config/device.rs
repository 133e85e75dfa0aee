//! `[device]`, `[presence]`, `[pubsub]`, `[limits]`, `[store]` and `[sim]`.

use std::time::Duration;

use jid::BareJid;

use super::contact;
use super::node::{DAY, HOUR, Item, SECOND, optional, seconds};
use super::points::Points;
use super::secret;
use crate::model::{Limits, PubSubRules, StoreRules};

pub(super) const KEYS: &[&str] = &["name", "board", "timezone", "location", "clock"];
pub(super) const PRESENCE_KEYS: &[&str] = &["points", "every"];
pub(super) const PUBSUB_KEYS: &[&str] = &["enabled", "service", "every"];
pub(super) const LIMITS_KEYS: &[&str] = &["commands_per_minute", "outbox"];
pub(super) const STORE_KEYS: &[&str] = &["dir", "every"];
pub(super) const SIM_KEYS: &[&str] = &["socket"];

/// How many points are on the presence line if the config names none.
pub(super) const SHOWN: usize = 8;

/// What the presence line shows, its points still by name; `None` is the first [`SHOWN`].
pub(super) struct Presence {
    pub points: Option<Vec<String>>,
    pub every: Duration,
}

/// What `[device]` says; its mistakes have been reported.
#[derive(Default)]
pub(super) struct Described<'a> {
    pub name: Option<String>,
    pub board: Option<Item<'a>>,
    pub timezone: Option<Item<'a>>,
    pub location: Option<Item<'a>>,
    pub trusts_clock: bool,
}

pub(super) fn read(item: Option<Item<'_>>) -> Described<'_> {
    let Some(table) = item.and_then(|item| item.table(KEYS)) else { return Described::default() };
    let name = table.need("name", "a short name for the device, like “greenhouse”");
    let name = name.and_then(|item| item.text().filter(|name| check_name(&item, name)).map(str::to_owned));
    let clock = table.get("clock").and_then(|item| item.word(&[("auto", false), ("trust", true)]));
    Described {
        name,
        board: table.get("board"),
        timezone: table.get("timezone"),
        location: table.get("location"),
        trusts_clock: clock.unwrap_or_default(),
    }
}

pub(super) fn presence(item: Option<Item<'_>>, points: &Points<'_>) -> Option<Presence> {
    const EVERY: Duration = seconds(30);
    let Some(item) = item else { return Some(Presence { points: None, every: EVERY }) };
    let table = item.table(PRESENCE_KEYS)?;
    let shown = optional(table.get("points"), None, |item| contact::named(&item, points).map(Some));
    let every = optional(table.get("every"), EVERY, |item| item.duration(SECOND..=HOUR));
    Some(Presence { points: shown?, every: every? })
}

/// Off unless switched on: nothing leaves the device that nobody asked for.
pub(super) fn pubsub(item: Option<Item<'_>>, has_account: bool) -> Option<PubSubRules> {
    let standard = PubSubRules { enabled: false, service: None, every: SECOND };
    let Some(item) = item else { return Some(standard) };
    let table = item.table(PUBSUB_KEYS)?;
    let enabled = table.need("enabled", "true publishes the readings, false does not").and_then(|item| item.flag());
    let service = optional(table.get("service"), None, |item| service(&item).map(Some));
    let every = optional(table.get("every"), standard.every, |item| item.duration(SECOND..=HOUR));
    if enabled == Some(true) && service == Some(None) && !has_account {
        item.wrong("a component has no account to publish in; name a publish-subscribe service: service = “…”");
    }
    if enabled == Some(false) {
        let idle = ["service", "every"].into_iter().filter_map(|key| table.get(key));
        idle.for_each(|item| item.note("does nothing while enabled is false"));
    }
    Some(PubSubRules { enabled: enabled?, service: service?, every: every? })
}

/// A service has the address of a server: nobody in front of an @, nothing behind a /.
fn service(item: &Item<'_>) -> Option<BareJid> {
    let jid = item.text()?.parse::<BareJid>().ok().filter(|jid| jid.node().is_none());
    if jid.is_none() {
        item.wrong("must be the address of a publish-subscribe service, like “pubsub.home.example”");
    }
    jid
}

pub(super) fn limits(item: Option<Item<'_>>) -> Option<Limits> {
    let standard = Limits { commands_per_minute: 60, outbox: 500 };
    let Some(item) = item else { return Some(standard) };
    let table = item.table(LIMITS_KEYS)?;
    let commands = optional(table.get("commands_per_minute"), standard.commands_per_minute, |item| {
        u32::try_from(item.whole(1..=100_000)?).ok()
    });
    let outbox = optional(table.get("outbox"), standard.outbox, |item| usize::try_from(item.whole(10..=100_000)?).ok());
    Some(Limits { commands_per_minute: commands?, outbox: outbox? })
}

pub(super) fn store(item: Option<Item<'_>>) -> Option<StoreRules> {
    let standard = StoreRules { dir: "/var/lib/katydid".into(), every: seconds(300) };
    let Some(item) = item else { return Some(standard) };
    let table = item.table(STORE_KEYS)?;
    let dir = optional(table.get("dir"), standard.dir, |item| secret::path(&item).map(Into::into));
    let every = optional(table.get("every"), standard.every, |item| item.duration(SECOND..=DAY));
    Some(StoreRules { dir: dir?, every: every? })
}

/// The simulator's control socket. `used` is whether anything here is simulated.
pub(super) fn sim_socket(item: Option<Item<'_>>, used: bool) -> Option<String> {
    let item = item?;
    let table = item.table(SIM_KEYS)?;
    let socket = table.need("socket", "a path for the simulator's control socket")?;
    let path = secret::path(&socket)?;
    if !used {
        item.wrong("does nothing: neither the board nor any point is simulated");
        return None;
    }
    path.to_str().map(str::to_owned)
}

/// Catches names that would not survive in an address or a file name.
fn check_name(item: &Item<'_>, name: &str) -> bool {
    let fits = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        item.wrong("must be 1 to 32 of a-z, 0-9 and -");
    }
    fits
}
