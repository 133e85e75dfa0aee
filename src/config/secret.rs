//! Where a password comes from. It is never written in the config itself.

use std::path::{Path, PathBuf};

use super::node::Item;
use super::tree::Raw;

pub(super) const KEYS: &[&str] = &["credential", "file", "env"];

/// Where the password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A systemd credential: a file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// A file that nobody else may read.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

/// Why there is no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The place exists only where the service runs.
    #[error("{0}")]
    Absent(String),
    /// The place is there and is wrong.
    #[error("{0}")]
    Unfit(String),
}

/// Reads `password = { … }`.
pub(super) fn source(item: &Item<'_>) -> Option<SecretSource> {
    if matches!(item.raw(), Raw::Text(_) | Raw::Bare(_)) {
        item.wrong(
            "a password is not written into the config; put it into a file that only root can read, and \
             write password = { credential = “xmpp-password” } (with LoadCredential= in the unit) or { file = “/path” }",
        );
        return None;
    }
    let (key, item) = item.table(KEYS)?.one_of(KEYS, "place of the password")?;
    let name = item.text()?;
    match key {
        "credential" if name.contains('/') || name.starts_with('.') => {
            item.wrong("must be the credential's name as in LoadCredential=, not a path");
            None
        }
        "credential" => Some(SecretSource::Credential(name.to_owned())),
        "file" => path(&item).map(|path| SecretSource::File(path.to_owned())),
        _ => Some(SecretSource::Env(name.to_owned())),
    }
}

/// A path that means the same wherever the program was started.
pub(super) fn path<'a>(item: &Item<'a>) -> Option<&'a Path> {
    let path = Path::new(item.text()?);
    if !path.is_absolute() {
        item.wrong("must be a path that begins with /");
        return None;
    }
    Some(path)
}
