//! `[interlocks.NAME]`: the dead time of a group, and whether each group is one.

use std::time::Duration;

use super::nearest::hint;
use super::node::{HOUR, Item, clip, optional};
use super::points::Points;
use super::tree::Raw;

pub(super) const KEYS: &[&str] = &["dead_time"];

/// Gives every member its group's dead time.
pub(super) fn read(groups: Option<Item<'_>>, actuators: Option<Item<'_>>, points: &mut Points<'_>) {
    let named = named(actuators);
    check_company(&named);
    for (group, item) in groups.and_then(|item| item.entries()).unwrap_or_default() {
        if !named.iter().any(|(name, _)| *name == group) {
            let hint = hint(group, named.iter().map(|(name, _)| *name));
            item.wrong(format!("no actuator says interlock = “{}”{hint}", clip(group)));
        }
        let Some(table) = item.table(KEYS) else { continue };
        let dead =
            optional(table.get("dead_time"), Duration::ZERO, |item| item.duration(Duration::from_millis(10)..=HOUR));
        let members = points.actuators.iter_mut().filter_map(|actuator| actuator.guard.interlock.as_mut());
        for member in members.filter(|member| member.group == group) {
            member.dead_time = dead.unwrap_or_default();
        }
    }
}

/// The groups as actuators name them, also those with mistakes.
fn named<'a>(actuators: Option<Item<'a>>) -> Vec<(&'a str, Item<'a>)> {
    let entries = actuators.and_then(|item| item.entries()).unwrap_or_default();
    let items = entries.into_iter().filter_map(|(_, item)| item.find("interlock"));
    items
        .filter_map(|item| match item.raw() {
            Raw::Text(text) | Raw::Bare(text) => Some((text.as_str(), item)),
            _ => None,
        })
        .collect()
}

/// Catches a group of one, which is most likely a typo.
fn check_company(named: &[(&str, Item<'_>)]) {
    for (group, item) in named {
        if named.iter().filter(|(other, _)| other == group).count() < 2 {
            let others = named.iter().map(|(other, _)| *other).filter(|other| other != group);
            item.wrong(format!("no other actuator is in the group “{}”{}", clip(group), hint(group, others)));
        }
    }
}
