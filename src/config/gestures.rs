//! `gestures` of `[sensors.NAME]`: what may be done with a button.

use std::time::Duration;

use super::node::{Item, optional, seconds};
use crate::model::Gestures;

pub(super) const KEYS: &[&str] = &["clicks", "gap", "long"];

const GAP: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_millis(800);

pub(super) fn read(item: &Item<'_>) -> Option<Gestures> {
    let table = item.table(KEYS)?;
    let clicks = optional(table.get("clicks"), 2, |item| u8::try_from(item.whole(1..=3)?).ok());
    let clicks_of_one = clicks == Some(1);
    let gap = optional(table.get("gap"), GAP, |item| {
        let gap = item.duration(Duration::from_millis(50)..=seconds(5));
        if clicks_of_one {
            item.wrong("does nothing with clicks = 1, where no click is waited for; remove it");
        }
        gap
    });
    let long = optional(table.get("long"), LONG, |item| item.duration(Duration::from_millis(100)..=seconds(60)));
    Some(Gestures { clicks: clicks?, gap: gap?, long: long? })
}
