//! `[[rooms]]`: the rooms the device sits in.

use jid::{BareJid, ResourcePart};

use super::contact::{self, Entry, Wish};
use super::node::{Item, Table, clip, optional};
use super::points::Points;

pub(super) const KEYS: &[&str] = &["jid", "nick", "points", "guests", "notify", "alarms"];

/// Rooms are for people; a device in so many would be a bot of another kind.
const MOST: usize = 32;

/// A room whose points are still names; `None` is all.
pub(super) struct Entered {
    pub jid: BareJid,
    pub nick: String,
    pub points: Option<Vec<String>>,
    pub guests: Wish,
    pub notify: Wish,
    pub alarms: bool,
}

pub(super) fn read(
    table: &Table<'_>,
    name: Option<&str>,
    contacts: &[Entry],
    own: Option<&BareJid>,
    points: &Points<'_>,
) -> Vec<Entered> {
    let Some(items) = table.get("rooms").and_then(|list| {
        let items = list.list()?;
        if items.len() > MOST {
            list.wrong(format!("must be at most {MOST} rooms"));
            return None;
        }
        Some(items)
    }) else {
        return Vec::new();
    };
    let mut rooms: Vec<Entered> = Vec::new();
    for item in &items {
        let Some(room) = read_one(item, name, points) else { continue };
        if rooms.iter().any(|other| other.jid == room.jid) {
            item.wrong(format!("{} is there twice; one entry per room", room.jid));
        }
        if own == Some(&room.jid) || contacts.iter().any(|contact| contact.jid == room.jid) {
            item.wrong(format!("{} is a person's or the device's own address, not a room's", room.jid));
        }
        rooms.push(room);
    }
    rooms
}

fn read_one(item: &Item<'_>, name: Option<&str>, points: &Points<'_>) -> Option<Entered> {
    let table = item.table(KEYS)?;
    let jid = table.need("jid", "the room's address, like “household@rooms.home.example”");
    let jid = jid.and_then(|item| contact::bare(&item));
    let nick = optional(table.get("nick"), name.unwrap_or_default().to_owned(), |item| nick(&item));
    let spoken = optional(table.get("points"), None, |item| contact::named(&item, points).map(Some));
    let scope = spoken.as_ref().and_then(Option::as_deref);
    let wish = |key| optional(table.get(key), Wish::Nothing, |item| contact::wish(&item, scope, points));
    let (guests, notify) = (wish("guests"), wish("notify"));
    let alarms = optional(table.get("alarms"), true, |item| item.flag());
    Some(Entered { jid: jid?, nick: nick?, points: spoken?, guests: guests?, notify: notify?, alarms: alarms? })
}

/// A nick as the room will tell it.
fn nick(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let wrong = |why: &str| item.wrong(format!("“{}” {why}", clip(text)));
    let Ok(nick) = ResourcePart::new(text) else {
        wrong("cannot be a nick: it is empty, or has a sign that addresses do not know, like an emoji");
        return None;
    };
    // It stands before the words that are for the device: “greenhouse: status”.
    if nick.chars().count() > 32 || nick.contains(|c: char| c.is_control() || "@:,".contains(c)) {
        wrong("must be 1 to 32 characters without @, : and ,");
        return None;
    }
    Some(nick.to_string())
}
