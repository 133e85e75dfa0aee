//! What a reading must be, as alarms and rules write it: `above`, `below`, `outside`, `equals`, `stale` or `fault`, and
//! `clear`.

use super::kind;
use super::node::{Item, Table};
use crate::model::{Kind, Trigger};

pub(super) const KEYS: &[&str] = &["above", "below", "outside", "equals", "stale", "fault"];

/// The trigger in a table about a point of this kind. `silent` is whether the point can be silent for too long.
pub(super) fn read(table: &Table<'_>, kind: &Kind, silent: bool) -> Option<Trigger> {
    let trigger = table.one_of(KEYS, "test");
    let clear = table.get("clear");
    let (key, item) = trigger?;
    if let (Some(clear), "equals" | "stale" | "fault") = (&clear, key) {
        clear.wrong(format!("does nothing with `{key}`; remove it"));
    }
    let number = matches!(kind, Kind::Number { .. });
    if ["above", "below", "outside"].contains(&key) && !number {
        item.wrong(format!(
            "is for numbers, and this point has words; write equals = “{}”",
            kind.words().join("” or “")
        ));
        return None;
    }
    match key {
        "above" => {
            let (limit, clear) = limits(&item, clear)?;
            check_clear(&item, clear <= limit, "at or below `above`")?;
            Some(Trigger::Above { limit, clear })
        }
        "below" => {
            let (limit, clear) = limits(&item, clear)?;
            check_clear(&item, clear >= limit, "at or above `below`")?;
            Some(Trigger::Below { limit, clear })
        }
        "outside" => {
            let limits = kind::interval(&item);
            let clear = clear.map(|clear| kind::interval(&clear));
            let limits = limits?;
            let clear = match clear {
                Some(clear) => clear?,
                None => limits,
            };
            check_clear(&item, clear.0 >= limits.0 && clear.1 <= limits.1, "within `outside`")?;
            Some(Trigger::Outside { limits, clear })
        }
        "equals" => kind::value(&item, kind).map(Trigger::Equals),
        "stale" => {
            only_true(&item)?;
            if !silent {
                item.wrong("never happens: this point speaks only when it changes, so nobody expects a word from it");
                return None;
            }
            Some(Trigger::Stale)
        }
        _ => only_true(&item).map(|()| Trigger::Fault),
    }
}

fn limits(item: &Item<'_>, clear: Option<Item<'_>>) -> Option<(f64, f64)> {
    let limit = item.number();
    let clear = clear.map(|clear| clear.number());
    let limit = limit?;
    Some((limit, clear.unwrap_or(Some(limit))?))
}

/// Catches an end on the wrong side of the beginning: it would hold for ever, or never.
fn check_clear(item: &Item<'_>, right: bool, place: &str) -> Option<()> {
    if !right {
        item.wrong(format!("`clear` must be {place}: it is where this ends"));
    }
    right.then_some(())
}

fn only_true(item: &Item<'_>) -> Option<()> {
    let flag = item.flag()?;
    if !flag {
        item.wrong("must be true; leave it out otherwise");
    }
    flag.then_some(())
}
