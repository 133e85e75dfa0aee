//! `[[contacts]]`: who may talk to the device. Nobody else may.

use jid::{BareJid, Jid};

use super::nearest::hint;
use super::node::{Item, Table, clip, optional};
use super::points::Points;
use super::tree::Raw;
use crate::model::{Role, Speaks};

pub(super) const KEYS: &[&str] = &["jid", "role", "points", "notify", "alarms", "speaks"];

/// As many as fit the ids with room to spare.
const MOST: usize = 4096;

/// A contact whose points are still names.
pub(super) struct Entry {
    pub jid: BareJid,
    pub role: Role,
    /// `None` is all.
    pub points: Option<Vec<String>>,
    pub notify: Wish,
    pub alarms: bool,
    pub speaks: Speaks,
}

/// How `speaks` is written.
pub(super) const SPEAKS: &[(&str, Speaks)] =
    &[("words", Speaks::Words), ("lines", Speaks::Lines), ("json", Speaks::Json)];

/// Of which points a contact wants to hear, still by name.
pub(super) enum Wish {
    Nothing,
    All,
    Only(Vec<String>),
}

pub(super) fn read(table: &Table<'_>, own: Option<&BareJid>, points: &Points<'_>) -> Vec<Entry> {
    let Some(list) = table.need("contacts", "without contacts nobody could talk to the device: add [[contacts]]")
    else {
        return Vec::new();
    };
    let Some(items) = list.list() else { return Vec::new() };
    if items.is_empty() || items.len() > MOST {
        list.wrong(format!("must be 1 to {MOST} contacts"));
        return Vec::new();
    }
    let mut entries: Vec<Entry> = Vec::new();
    for item in &items {
        let Some(entry) = read_one(item, points) else { continue };
        check_own(item, &entry, own);
        check_once(item, &entry, &entries);
        entries.push(entry);
    }
    let operates = |entry: &Entry| entry.role >= Role::Operator;
    if entries.len() == items.len() && !points.actuators.is_empty() && !entries.iter().any(operates) {
        list.note("no contact is operator or owner, so nobody can set the actuators");
    }
    entries
}

fn read_one(item: &Item<'_>, points: &Points<'_>) -> Option<Entry> {
    let table = item.table(KEYS)?;
    let jid = table.need("jid", "the contact's address, like “anna@home.example”").and_then(|item| bare(&item));
    let role = table.need("role", "“viewer” reads, “operator” also sets, “owner” also administers");
    let role = role
        .and_then(|item| item.word(&[("viewer", Role::Viewer), ("operator", Role::Operator), ("owner", Role::Owner)]));
    let scope = table.get("points").map(|item| {
        let names = named(&item, points);
        if names.as_ref().is_some_and(Vec::is_empty) {
            item.wrong("names no points, so the contact could do nothing; leave `points` out for all of them");
        }
        names
    });
    let notify = table.get("notify").map(|item| wish(&item, scope.as_ref().and_then(Option::as_deref), points));
    let speaks = optional(table.get("speaks"), Speaks::Words, |item| item.word(SPEAKS));
    let words = speaks.is_none_or(|speaks| speaks == Speaks::Words);
    // Who can do something about it hears of it.
    let alarms = optional(table.get("alarms"), words && role >= Some(Role::Operator), |item| {
        if !words {
            item.wrong("does nothing for a hub, which is told of readings only; remove it");
        }
        item.flag()
    });
    let points = match scope {
        Some(scope) => Some(scope?),
        None => None,
    };
    let speaks = speaks?;
    // A hub is there to be told.
    let usual = if speaks == Speaks::Words { Wish::Nothing } else { Wish::All };
    Some(Entry { jid: jid?, role: role?, points, notify: notify.unwrap_or(Some(usual))?, speaks, alarms: alarms? })
}

pub(super) fn wish(item: &Item<'_>, scope: Option<&[String]>, points: &Points<'_>) -> Option<Wish> {
    match item.raw() {
        Raw::List(_) => {}
        Raw::Text(word) | Raw::Bare(word) if word == "all" => return Some(Wish::All),
        _ => {
            item.wrong("must be “all” or a list of points");
            return None;
        }
    }
    let names = named(item, points)?;
    for name in &names {
        if scope.is_some_and(|scope| !scope.contains(name)) {
            item.wrong(format!("“{name}” is not among its `points`, so it would never be told"));
        }
    }
    Some(if names.is_empty() { Wish::Nothing } else { Wish::Only(names) })
}

/// The names of a list that are points; reports the others. A point with mistakes of its own still exists.
pub(super) fn named(item: &Item<'_>, points: &Points<'_>) -> Option<Vec<String>> {
    let texts = item.texts()?;
    for (index, (item, name)) in texts.iter().enumerate() {
        if !points.names.contains(name) {
            item.wrong(format!("there is no point “{}”{}", clip(name), hint(name, points.names.iter().copied())));
        }
        if texts[..index].iter().any(|(_, other)| other == name) {
            item.wrong(format!("“{}” is there twice", clip(name)));
        }
    }
    Some(texts.into_iter().map(|(_, name)| name.to_owned()).collect())
}

/// An address without a resource.
pub(super) fn bare(item: &Item<'_>) -> Option<BareJid> {
    let text = item.text()?;
    let jid = match Jid::new(text) {
        Ok(jid) => jid,
        Err(error) => {
            item.wrong(format!("“{}” is not an address like “anna@home.example”: {error}", clip(text)));
            return None;
        }
    };
    if jid.node().is_none() {
        item.wrong(format!("“{}” is a server, not an address like “anna@home.example”", clip(text)));
        return None;
    }
    match jid.try_into_full() {
        Ok(full) => {
            item.wrong(format!("must be without a resource: “{}”", full.to_bare()));
            None
        }
        Err(bare) => Some(bare),
    }
}

/// Catches the device as its own contact: it would take its own words for commands.
fn check_own(item: &Item<'_>, entry: &Entry, own: Option<&BareJid>) {
    if own == Some(&entry.jid) {
        item.wrong("is the device's own address");
    }
}

/// Catches one person with two roles.
fn check_once(item: &Item<'_>, entry: &Entry, entries: &[Entry]) {
    if entries.iter().any(|other| other.jid == entry.jid) {
        item.wrong(format!("{} is there twice; one entry per contact", entry.jid));
    }
}
