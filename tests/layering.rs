//! Which part of the program may know which, and what the pure parts may not touch.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Each part (a folder or a file of `src/`) and the parts it may use. `run`, `main` and `lib` may use all.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &["model"]),
    ("control", &["model"]),
    ("xmpp", &["model", "control"]),
    ("agent", &["model", "control", "xmpp"]),
    ("drivers", &["model", "control"]),
    ("link", &["model"]),
    ("logging", &[]),
    ("systemd", &[]),
    ("clock", &["model"]),
    ("store", &[]),
    ("logging", &[]),
    ("first", &["model", "config", "xmpp", "link", "args"]),
    ("args", &["model", "config", "control", "xmpp", "agent"]),
];
const TOP: &[&str] = &["run", "main", "lib"];

/// Parts that decide and never act: no runtime, no files, no sockets, no threads, no clock, no environment.
const PURE: &[&str] = &["model", "config", "control", "xmpp", "agent"];
/// The one file of a pure part that reads files for it.
const READS_FILES: &str = "config/load.rs";
const FORBIDDEN: &[&str] = &[
    "tokio",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "gpiocdev",
    "sd_notify",
];

/// What is wrong with the imports of a file; `path` is relative to `src/`.
fn violations(path: &str, text: &str) -> Vec<String> {
    let part = path.split(['/', '.']).next().unwrap_or_default();
    // Sub-modules of the agent may be files beside it (`agent_chat.rs`).
    let part = if part.starts_with("agent") { "agent" } else { part };
    let mut wrong = Vec::new();
    let arrows = ARROWS.iter().find(|(name, _)| *name == part).map(|(_, allowed)| *allowed);
    if arrows.is_none() && !TOP.contains(&part) {
        wrong.push(format!("{path}: “{part}” is not in the list of parts"));
    }
    let production = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code: String = production
        .lines()
        .map(|line| line.find("//").map_or(line, |comment| &line[..comment]))
        .collect::<Vec<_>>()
        .join("\n");
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let used = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        if arrows.is_some_and(|allowed| used != part && !allowed.contains(&used)) {
            wrong.push(format!("{path}: {part} must not use crate::{used}"));
        }
    }
    if PURE.contains(&part) && path != READS_FILES {
        // `use std::{fs, …}` says the same in other words.
        let groups = code.split("use std::{").skip(1).filter_map(|rest| rest.split(';').next());
        let members: String = groups.map(|group| group.replace(['{', ',', ' ', '\n'], " std::")).collect();
        let named =
            FORBIDDEN.iter().filter(|word| mentions(&code, word) || mentions(&format!(" std::{members}"), word));
        wrong.extend(named.map(|word| format!("{path}: {part} is pure and must not use {word}")));
    }
    wrong
}

/// As a whole path: `tokio` but not `tokio_xmpp::parsers`.
fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !code[..at].ends_with(part_of_name) && !code[at + word.len()..].starts_with(part_of_name)
    })
}

#[test]
fn no_arrow_points_upwards_and_the_pure_parts_are_pure() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative: PathBuf = path.strip_prefix(&source).unwrap().into();
            wrong.extend(violations(&relative.to_string_lossy(), &fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_bad_line_is_seen() {
    for (path, line) in [
        ("model/value.rs", "use crate::control::Drive;"),
        ("control/filter.rs", "let now = std::time::Instant::now();"),
        ("xmpp/chat.rs", "use std::fs::File;"),
        ("xmpp/chat.rs", "use std::{fs, io};"),
        ("agent.rs", "use tokio::time::sleep;"),
        ("agent/session.rs", "use crate::drivers::Feed;"),
        ("config/resolve.rs", "let home = std::env::var(\"HOME\");"),
        ("config/load.rs", "use crate::link::Link;"),
        ("link/login.rs", "use crate::agent::Agent;"),
        ("other/thing.rs", ""),
    ] {
        assert_eq!(violations(path, line).len(), 1, "{path}: {line}");
    }
}

#[test]
fn a_good_line_is_let_through() {
    for (path, line) in [
        ("config/load.rs", "use std::fs;"),
        ("config/kind.rs", "use crate::model::Kind;"),
        ("config/kind.rs", "use std::{fmt, mem};"),
        ("xmpp/chat.rs", "use tokio_xmpp::parsers; // not tokio"),
        ("run.rs", "use crate::link::Link; use std::fs; let now = std::time::Instant::now();"),
        ("agent.rs", "use crate::agent::Session; use crate::xmpp::Chat;"),
        ("drivers/gpio.rs", "use tokio::sync::mpsc; use crate::control::Drive;"),
    ] {
        assert_eq!(violations(path, line), Vec::<String>::new(), "{path}: {line}");
    }
}
