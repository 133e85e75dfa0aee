//! The layers of a configuration, merged by the `config` crate: later ones win, tables merge, everything else
//! replaces. The crate forgets who said a table and reads top-level keys as paths (`"a[9]"`), so each table goes
//! in as two: who said it, by layer, and its keys.

use ::config::{Config, ConfigError, Map, Source, Value, ValueKind};

use super::mistake::{Mistake, Origin};
use super::tree::{Raw, Tree};

const SAID: &str = "said";
const KEYS: &str = "keys";

#[derive(Debug, Clone)]
struct Layer {
    number: usize,
    tree: Tree,
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        self.value(&self.tree).into_table()
    }
}

/// Lays each of the trees over those before it. A table is said by the first that says it, all else by the last;
/// keys come in the order in which they were first said.
pub(super) fn merge(trees: Vec<Tree>) -> Result<Tree, Mistake> {
    let layers = trees.into_iter().enumerate().map(|(number, tree)| Layer { number, tree });
    let builder = layers.fold(Config::builder(), |builder, layer| builder.add_source(layer));
    match builder.build() {
        Ok(merged) => Ok(tree(merged.cache)),
        Err(error) => Err(Mistake { origin: None, path: String::new(), text: error.to_string() }),
    }
}

impl Layer {
    fn value(&self, tree: &Tree) -> Value {
        let kind = match &tree.raw {
            Raw::Text(text) | Raw::Bare(text) => ValueKind::String(text.clone()),
            Raw::Integer(number) => ValueKind::I64(*number),
            Raw::Float(number) => ValueKind::Float(*number),
            Raw::Flag(flag) => ValueKind::Boolean(*flag),
            Raw::Date => ValueKind::Nil,
            Raw::List(list) => ValueKind::Array(list.iter().map(|item| self.value(item)).collect()),
            Raw::Table(entries) => {
                let said = Value::new(Some(&written(&tree.origin)), ValueKind::Nil);
                let said = Map::from_iter([(self.number.to_string(), said)]);
                let keys: Map<_, _> = entries.iter().map(|(key, entry)| (key.clone(), self.value(entry))).collect();
                Map::from_iter([(SAID.to_owned(), Value::from(said)), (KEYS.to_owned(), Value::from(keys))]).into()
            }
        };
        Value::new(Some(&written(&tree.origin)), kind)
    }
}

fn tree(value: Value) -> Tree {
    let origin = read(value.origin().unwrap_or_default());
    let raw = match value.kind {
        ValueKind::Table(mut table) => {
            let mut part = |name| table.shift_remove(name).and_then(|part| part.into_table().ok()).unwrap_or_default();
            let (said, keys) = (part(SAID), part(KEYS));
            let first = said.values().next().and_then(Value::origin).unwrap_or_default();
            let entries = keys.into_iter().map(|(key, value)| (key, tree(value))).collect();
            return Tree { origin: read(first), raw: Raw::Table(entries) };
        }
        ValueKind::Array(list) => Raw::List(list.into_iter().map(tree).collect()),
        // What has no line is from the environment.
        ValueKind::String(text) if origin.line.is_none() => Raw::Bare(text),
        ValueKind::String(text) => Raw::Text(text),
        ValueKind::I64(number) => Raw::Integer(number),
        ValueKind::Float(number) => Raw::Float(number),
        ValueKind::Boolean(flag) => Raw::Flag(flag),
        ValueKind::Nil | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => Raw::Date,
    };
    Tree { origin, raw }
}

/// `file:line`, with 0 for no line.
fn written(origin: &Origin) -> String {
    format!("{}:{}", origin.file, origin.line.unwrap_or(0))
}

fn read(origin: &str) -> Origin {
    let (file, line) = origin.rsplit_once(':').unwrap_or((origin, ""));
    Origin { file: file.into(), line: line.parse().ok().filter(|line| *line > 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(texts: &[&str], variables: &[(&str, &str)]) -> Tree {
        let texts = texts.iter().enumerate().map(|(number, text)| Tree::parse(&format!("{number}:5"), text).unwrap());
        let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        merge(texts.chain(Tree::of_environment(&variables)).collect()).unwrap()
    }

    /// Every key with who said it, in order.
    fn said(tree: &Tree) -> Vec<String> {
        let Raw::Table(entries) = &tree.raw else { return Vec::new() };
        let below = |(key, tree): &(String, Tree)| {
            let inner = said(tree).into_iter().map(|line| format!("{key}.{line}")).collect::<Vec<_>>();
            [format!("{key} {}", tree.origin)].into_iter().chain(inner).collect::<Vec<_>>()
        };
        entries.iter().flat_map(below).collect()
    }

    #[test]
    fn a_table_is_said_by_the_first_a_value_by_the_last_and_keys_keep_their_order() {
        let tree = merged(
            &["z.b = 1\nz.a = 1\n[y]\n", "[y]\nc = 1\n[x]\n[z]\na = 2\n"],
            &[("KATYDID_Z__B", "1"), ("KATYDID_W", "")],
        );
        assert_eq!(tree.origin.to_string(), "0:5");
        let expected = "z 0:5:1, z.b environment KATYDID_Z__B, z.a 1:5:5, y 0:5:3, y.c 1:5:2, x 1:5:3, \
                        w environment KATYDID_W";
        assert_eq!(said(&tree).join(", "), expected);
    }

    #[test]
    fn a_table_that_replaces_a_value_is_its_own() {
        let tree = merged(&["a.b = 1", "\na = 1", "\n\na.c = 1"], &[]);
        assert_eq!(said(&tree), ["a 2:5:3", "a.c 2:5:3"]);
    }

    #[test]
    fn a_key_is_no_path() {
        let keys = ["a[999999999]", "a.b", "", "[", "keys", "said"];
        let text: String = keys.iter().map(|key| format!("{key:?} = 1\n")).collect();
        let tree = merged(&[&text, "keys.said = 2"], &[("KATYDID_C[999999999]", "1")]);
        let said = said(&tree).join(", ");
        let expected = "a[999999999] 0:5:1, a.b 0:5:2,  0:5:3, [ 0:5:4, keys 1:5:1, keys.said 1:5:1, said 0:5:6, \
                        c[999999999] environment KATYDID_C[999999999]";
        assert_eq!(said, expected);
    }

    #[test]
    fn every_sort_of_value_comes_through() {
        let text = "a = ['t', 1, 1.5, true, 2026-01-01, {b = [{}]}, 99999999999999999999]";
        let before = Tree::parse("f", text).unwrap();
        assert_eq!(format!("{:?}", merge(vec![before.clone()]).unwrap()), format!("{before:?}"));
        let Raw::Table(entries) = merged(&[], &[("KATYDID_A", "1")]).raw else { panic!("no table") };
        assert!(matches!(&entries[0].1.raw, Raw::Bare(text) if text == "1"));
    }
}
