//! One layer of a configuration as it was written, and what the layers come to ([`layers`](super::layers) merges
//! them). Every value knows who said it, and tables keep the order of their keys.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, Origin};

/// What the environment's variables begin with, and what stands for a dot in them.
pub(super) const PREFIX: &str = "KATYDID_";
const SEPARATOR: &str = "__";

/// The longest path that is looked at, in keys. Trees are walked by recursion.
const DEEPEST: usize = 16;

/// A value as it was written.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub origin: Origin,
    pub raw: Raw,
}

#[derive(Debug, Clone)]
pub(super) enum Raw {
    Text(String),
    /// From the environment, where everything is text.
    Bare(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Date,
    List(Vec<Tree>),
    Table(Vec<(String, Tree)>),
}

impl Tree {
    /// An empty table that nobody said.
    pub fn empty(file: &str) -> Tree {
        Tree { origin: Origin { file: file.into(), line: None }, raw: Raw::Table(Vec::new()) }
    }

    /// One file's text. A text that is not TOML gives the first place where it is not.
    pub fn parse(file: &str, text: &str) -> Result<Tree, Mistake> {
        let lines = Lines { file: file.into(), starts: text.match_indices('\n').map(|(at, _)| at + 1).collect() };
        match DeTable::parse(text) {
            Ok(table) => {
                Ok(Tree { origin: Origin { file: lines.file.clone(), line: None }, raw: lines.table(table.get_ref()) })
            }
            Err(error) => {
                let at = error.span().map(|span| span.start.min(text.len())).unwrap_or(0);
                let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
                let column = text[start..at].chars().count() + 1;
                let message = error.message().trim().replace('\n', ", ");
                let text = format!("not TOML at column {column}: {message}");
                Err(Mistake { origin: Some(lines.origin(at)), path: String::new(), text })
            }
        }
    }

    /// The text at this path, if there is one.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        let tree = path.iter().try_fold(self, |tree, key| match &tree.raw {
            Raw::Table(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        })?;
        match &tree.raw {
            Raw::Text(text) | Raw::Bare(text) => Some(text),
            _ => None,
        }
    }

    /// What the environment says, a layer for each variable: `KATYDID_XMPP__JID=…` is `xmpp.jid`. Other variables
    /// are not looked at.
    pub fn of_environment(variables: &[(String, String)]) -> impl Iterator<Item = Tree> {
        variables.iter().filter_map(|(name, value)| {
            let path = name.strip_prefix(PREFIX)?;
            let origin = Origin { file: format!("environment {name}").into(), line: None };
            let mut layer = Tree { origin: origin.clone(), raw: Raw::Bare(value.clone()) };
            // No key lies deeper; what does is unknown, and says so by its whole rest.
            let keys: Vec<&str> = path.splitn(DEEPEST, SEPARATOR).collect();
            for key in keys.into_iter().rev() {
                let raw = Raw::Table(vec![(key.to_ascii_lowercase(), layer)]);
                layer = Tree { origin: origin.clone(), raw };
            }
            Some(layer)
        })
    }
}

/// Turns positions in a text into lines.
struct Lines {
    file: Arc<str>,
    starts: Vec<usize>,
}

impl Lines {
    fn origin(&self, at: usize) -> Origin {
        let line = self.starts.partition_point(|start| *start <= at) + 1;
        Origin { file: self.file.clone(), line: Some(line) }
    }

    fn table(&self, table: &DeTable<'_>) -> Raw {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            (name.clone().into_owned(), self.tree(key.span().start, value.get_ref()))
        };
        Raw::Table(entries.into_iter().map(entry).collect())
    }

    fn tree(&self, at: usize, value: &DeValue<'_>) -> Tree {
        let raw = match value {
            DeValue::String(text) => Raw::Text(text.clone().into_owned()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Raw::Integer(number),
                Err(_) => Raw::Float(f64::INFINITY),
            },
            DeValue::Float(number) => Raw::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => Raw::Flag(*flag),
            DeValue::Datetime(_) => Raw::Date,
            DeValue::Array(list) => {
                Raw::List(list.iter().map(|item| self.tree(item.span().start, item.get_ref())).collect())
            }
            DeValue::Table(table) => self.table(table),
        };
        Tree { origin: self.origin(at), raw }
    }
}
