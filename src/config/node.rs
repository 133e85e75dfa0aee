//! Reads the merged tree: every reader says what it wanted, reports what it found instead, and goes on.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::mistake::{Origin, Report};
use super::nearest::hint;
use super::tree::{Raw, Tree};
use crate::model::{self, parse_duration, show_duration};

/// One value and its key path. `None` from a reader means that the mistake has been reported.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub path: String,
    tree: &'a Tree,
    report: &'a Report,
}

/// A table of known keys. Unknown ones are reported when it is opened.
pub(super) struct Table<'a> {
    pub item: Item<'a>,
    entries: &'a [(String, Tree)],
    known: &'static [&'static str],
    read: RefCell<Vec<&'static str>>,
}

impl<'a> Item<'a> {
    pub fn root(tree: &'a Tree, report: &'a Report) -> Item<'a> {
        Item { path: String::new(), tree, report }
    }

    pub fn origin(&self) -> &'a Origin {
        &self.tree.origin
    }

    /// Reports a mistake here.
    pub fn wrong(&self, text: impl Into<String>) {
        self.report.mistake(Some(&self.tree.origin), &self.path, text);
    }

    /// Reports something that may surprise.
    pub fn note(&self, text: impl Into<String>) {
        self.report.note(Some(&self.tree.origin), &self.path, text);
    }

    pub fn raw(&self) -> &'a Raw {
        &self.tree.raw
    }

    /// Some text, not empty, on one line.
    pub fn text(&self) -> Option<&'a str> {
        let (Raw::Text(text) | Raw::Bare(text)) = &self.tree.raw else {
            self.wrong("must be text in quotes");
            return None;
        };
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            self.wrong("must not be empty and must be on one line");
            return None;
        }
        Some(text.as_str())
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let list = || words.iter().map(|(word, _)| format!("“{word}”")).collect::<Vec<_>>().join(", ");
        let (Raw::Text(text) | Raw::Bare(text)) = &self.tree.raw else {
            self.wrong(format!("must be one of {}", list()));
            return None;
        };
        let found = words.iter().find(|(word, _)| word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let hint = hint(text, words.iter().map(|(word, _)| *word));
            self.wrong(format!("“{}” is not one of {}{hint}", clip(text), list()));
        }
        found
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match &self.tree.raw {
            Raw::Flag(flag) => Some(*flag),
            Raw::Bare(text) if text == "true" || text == "false" => Some(text == "true"),
            _ => {
                self.wrong("must be true or false, without quotes");
                None
            }
        }
    }

    /// A finite number.
    pub fn number(&self) -> Option<f64> {
        let number = match &self.tree.raw {
            Raw::Integer(number) => *number as f64,
            Raw::Float(number) => *number,
            Raw::Bare(text) => text.parse().unwrap_or(f64::NAN),
            _ => f64::NAN,
        };
        if !number.is_finite() {
            self.wrong("must be a number, without quotes");
            return None;
        }
        Some(number)
    }

    /// A whole number in a range.
    pub fn whole(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let number = match &self.tree.raw {
            Raw::Integer(number) => Some(*number),
            Raw::Bare(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(format!("must be a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A duration in a range, such as `"30s"`.
    pub fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let time = match &self.tree.raw {
            Raw::Text(text) | Raw::Bare(text) => parse_duration(text),
            _ => None,
        };
        let Some(time) = time else {
            self.wrong("must be a duration in quotes: a number and ms, s, m, h or d, like “30s” or “1h30m”");
            return None;
        };
        if !range.contains(&time) {
            let (low, high) = (show_duration(*range.start()), show_duration(*range.end()));
            self.wrong(format!("must be {low} to {high}"));
            return None;
        }
        Some(time)
    }

    /// The items of a list.
    pub fn list(&self) -> Option<Vec<Item<'a>>> {
        let Raw::List(list) = &self.tree.raw else {
            self.wrong("must be a list in [ ]");
            return None;
        };
        let item = |(index, tree)| Item { path: format!("{}[{index}]", self.path), tree, report: self.report };
        Some(list.iter().enumerate().map(item).collect())
    }

    /// The items of a list, or the only one that is written without one.
    pub fn one_or_many(&self) -> Option<Vec<Item<'a>>> {
        match &self.tree.raw {
            Raw::List(_) => self.list(),
            _ => Some(vec![self.clone()]),
        }
    }

    /// As [`Item::entries`], where whoever came first has reported that this is no table.
    pub fn entries_quietly(&self) -> Option<Vec<(&'a str, Item<'a>)>> {
        matches!(self.tree.raw, Raw::Table(_)).then(|| self.entries())?
    }

    /// The texts of a list, those that are texts.
    pub fn texts(&self) -> Option<Vec<(Item<'a>, &'a str)>> {
        let items = self.list()?;
        Some(items.into_iter().filter_map(|item| item.text().map(|text| (item, text))).collect())
    }

    /// A table whose keys are names somebody chose.
    pub fn entries(&self) -> Option<Vec<(&'a str, Item<'a>)>> {
        let Raw::Table(entries) = &self.tree.raw else {
            self.wrong("must be a table");
            return None;
        };
        Some(entries.iter().map(|(key, tree)| (key.as_str(), self.child(key, tree))).collect())
    }

    /// The value of a key if this is a table that has it. Reports nothing.
    pub fn find(&self, key: &str) -> Option<Item<'a>> {
        let Raw::Table(entries) = &self.tree.raw else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(name, tree)| self.child(name, tree))
    }

    /// A table with these keys and no others.
    pub fn table(&self, known: &'static [&'static str]) -> Option<Table<'a>> {
        for (key, item) in self.entries()? {
            if !known.contains(&key) {
                item.wrong(format!("unknown{}", hint(key, known.iter().copied())));
            }
        }
        let Raw::Table(entries) = &self.tree.raw else { return None };
        Some(Table { item: self.clone(), entries, known, read: RefCell::default() })
    }

    fn child(&self, key: &str, tree: &'a Tree) -> Item<'a> {
        let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let key = if bare { key.to_owned() } else { format!("{:?}", clip(key)) };
        let path = if self.path.is_empty() { key } else { format!("{}.{key}", self.path) };
        Item { path, tree, report: self.report }
    }
}

impl<'a> Table<'a> {
    /// The value of a key, if it is there.
    pub fn get(&self, key: &'static str) -> Option<Item<'a>> {
        debug_assert!(self.known.contains(&key), "{key} is read but not known");
        self.read.borrow_mut().push(key);
        let (name, tree) = self.entries.iter().find(|(name, _)| name == key)?;
        Some(self.item.child(name, tree))
    }

    /// The value of a key that must be there; `why` is what would be right.
    pub fn need(&self, key: &'static str, why: &str) -> Option<Item<'a>> {
        let item = self.get(key);
        if item.is_none() {
            self.missing(key, why);
        }
        item
    }

    /// Reports that a key is missing.
    pub fn missing(&self, key: &str, why: &str) {
        let path = if self.item.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.item.path) };
        self.item.report.mistake(Some(self.item.origin()), &path, format!("missing; {why}"));
    }

    pub fn has(&self, key: &str) -> bool {
        self.peek(key).is_some()
    }

    /// What a key holds, without taking it as read.
    pub fn peek(&self, key: &str) -> Option<&'a Raw> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, tree)| &tree.raw)
    }

    /// The only one of these keys that is there; reports none and several.
    pub fn one_of(&self, keys: &[&'static str], what: &str) -> Option<(&'static str, Item<'a>)> {
        let given: Vec<_> = keys.iter().filter_map(|key| self.get(key).map(|item| (*key, item))).collect();
        match <[_; 1]>::try_from(given) {
            Ok([only]) => Some(only),
            Err(given) if given.is_empty() => {
                self.item.wrong(format!("says no {what}; give one of {}", keys.join(", ")));
                None
            }
            Err(given) => {
                let names: Vec<_> = given.iter().map(|(key, _)| *key).collect();
                self.item.wrong(format!("says more than one {what}: {}; keep one", names.join(", ")));
                None
            }
        }
    }

    /// Catches a key that is right elsewhere and does nothing here.
    pub fn finish(self, what: &str) {
        let read = self.read.into_inner();
        for (key, tree) in self.entries {
            if self.known.contains(&key.as_str()) && !read.contains(&key.as_str()) {
                self.item.child(key, tree).wrong(format!("does nothing for {what}; remove it"));
            }
        }
    }
}

/// The key's value, the default if it is not there, `None` if it is wrong.
pub(super) fn optional<'a, T>(
    item: Option<Item<'a>>,
    default: T,
    read: impl FnOnce(Item<'a>) -> Option<T>,
) -> Option<T> {
    match item {
        Some(item) => read(item),
        None => Some(default),
    }
}

/// What somebody typed may be a whole page.
pub(super) fn clip(text: &str) -> String {
    model::clip(text, 60)
}

pub(super) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}
pub(super) const SECOND: Duration = seconds(1);
pub(super) const HOUR: Duration = seconds(3600);
pub(super) const DAY: Duration = seconds(24 * 3600);
