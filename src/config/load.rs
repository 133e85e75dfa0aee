//! The one place where a config's files are read: the layers, board files, the device tree, the password and the
//! authorities.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::board::BoardFile;
use super::loaded::Loaded;
use super::mistake::{Mistake, Mistakes, Origin, Report};
use super::node::Item;
use super::secret::{self, SecretError, SecretSource};
use crate::model::Secret;

/// A config is text; more than this is some other file.
const MOST: u64 = 4 << 20;

/// Where the layers are. Later ones win: the file, `conf.d` in alphabetical order, the environment.
/// Not `Debug`, because the environment may hold secrets.
#[derive(Clone, PartialEq)]
pub struct Layers {
    /// The config file.
    pub file: PathBuf,
    /// A folder with further `*.toml` files; it may be missing.
    pub folder: Option<PathBuf>,
    /// A folder with further board files; it may be missing.
    pub boards: PathBuf,
    /// The device tree's `compatible`; it may be missing.
    pub compatible: PathBuf,
    /// Variables: those with `KATYDID_` in front are config, `CREDENTIALS_DIRECTORY` is systemd's, and passwords
    /// may be in others.
    pub environment: Vec<(String, String)>,
}

impl Layers {
    /// The machine's. A file given by hand stands alone: `/etc/katydid/conf.d` belongs to
    /// `/etc/katydid/katydid.toml` and is not laid over another file. The environment counts in both cases.
    pub fn of_system(file: Option<&Path>) -> Layers {
        let home = Path::new("/etc/katydid");
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Layers {
            file: file.map_or_else(|| home.join("katydid.toml"), Path::to_owned),
            folder: file.is_none().then(|| home.join("conf.d")),
            boards: home.join("boards"),
            compatible: PathBuf::from("/proc/device-tree/compatible"),
            environment,
        }
    }

    /// The same without what the environment says of the config: it is another program's that will run with it.
    pub fn without_environment(mut self) -> Layers {
        self.environment.retain(|(name, _)| !name.starts_with("KATYDID_"));
        self
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads everything a config says and refers to. What it refers to and cannot be read is judged by
/// [`resolve`](super::resolve), not here.
///
/// # Errors
/// Files that cannot be read, are not TOML, or are board files with mistakes.
pub fn load(layers: &Layers) -> Result<Loaded, Mistakes> {
    let mut mistakes = Vec::new();
    let mut files = vec![layers.file.clone()];
    files.extend(layers.folder.iter().flat_map(|folder| toml_files(folder, &mut mistakes)));
    let mut texts = Vec::new();
    for file in files {
        match text_of(&file) {
            Ok(text) => texts.push((file.display().to_string(), text)),
            Err(why) => mistakes.push(unreadable(&file, &why)),
        }
    }
    let compatible = read_compatible(&layers.compatible);
    let mut loaded = match Loaded::of_texts(&texts, &layers.environment, compatible) {
        Ok(loaded) if mistakes.is_empty() => loaded,
        Ok(_) => return Err(Mistakes(mistakes)),
        Err(wrong) => {
            mistakes.extend(wrong.0);
            return Err(Mistakes(mistakes));
        }
    };
    for board in read_boards(&layers.boards)? {
        loaded.add_board(board);
    }
    read_references(&mut loaded, layers);
    Ok(loaded)
}

/// The boards there are, without a config: those that come with the program and those of the machine.
///
/// # Errors
/// Mistakes in board files.
pub fn load_boards(layers: &Layers) -> Result<Loaded, Mistakes> {
    let mut loaded = Loaded::of_texts(&[], &[], read_compatible(&layers.compatible))?;
    for board in read_boards(&layers.boards)? {
        loaded.add_board(board);
    }
    Ok(loaded)
}

fn read_boards(folder: &Path) -> Result<Vec<BoardFile>, Mistakes> {
    let mut mistakes = Vec::new();
    let mut boards = Vec::new();
    for file in toml_files(folder, &mut mistakes) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match text_of(&file) {
            Ok(text) => match BoardFile::parse(&name, &file.display().to_string(), &text) {
                Ok(board) => boards.push(board),
                Err(wrong) => mistakes.extend(wrong.0),
            },
            Err(why) => mistakes.push(unreadable(&file, &why)),
        }
    }
    if mistakes.is_empty() { Ok(boards) } else { Err(Mistakes(mistakes)) }
}

fn read_compatible(file: &Path) -> Vec<String> {
    let words = fs::read(file).unwrap_or_default();
    words
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .filter(|w| !w.is_empty())
        .collect()
}

/// The password and the authorities, if the config says where they are; its mistakes are found later.
fn read_references(loaded: &mut Loaded, layers: &Layers) {
    let nobody = Report::default();
    let find = |key: &str| Item::root(&loaded.tree, &nobody).find("xmpp")?.find(key);
    let password = find("password").and_then(|item| secret::source(&item)).map(|source| read_secret(&source, layers));
    let authorities = find("ca_file")
        .and_then(|item| secret::path(&item))
        .map(|path| text_of(path).map_err(|error| format!("{} cannot be read: {error}", path.display())));
    let zone = Item::root(&loaded.tree, &nobody).find("device").and_then(|item| item.find("timezone"));
    let zone = zone.and_then(|item| item.text().map(str::to_owned));
    loaded.zone = zone.map(|name| TimeZone::get(&name).map_err(|error| error.to_string()));
    loaded.system_zone = TimeZone::system();
    loaded.password = password;
    loaded.authorities = authorities;
}

fn read_secret(source: &SecretSource, layers: &Layers) -> Result<Secret, SecretError> {
    let text = match source {
        SecretSource::Env(name) => layers
            .variable(name)
            .map(str::to_owned)
            .ok_or_else(|| SecretError::Absent(format!("the environment variable {name} is not set")))?,
        SecretSource::File(path) => read_private(path, 0o077)?,
        SecretSource::Credential(name) => {
            let folder = layers.variable("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                SecretError::Absent(format!(
                    "the credential “{name}” is only there when systemd starts the service (LoadCredential={name}:…)"
                ))
            })?;
            // systemd lets the service's user read it by an access list, which shows as a group that may read.
            read_private(&Path::new(folder).join(name), 0o007)?
        }
    };
    let text = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text)).unwrap_or(&text);
    if text.is_empty() {
        let place = match source {
            SecretSource::Credential(name) => format!(
                "; write it into the file that LoadCredential={name}: in the unit says, usually /etc/katydid/{name}"
            ),
            _ => String::new(),
        };
        return Err(SecretError::Unfit(format!("the password is empty{place}")));
    }
    Ok(Secret::new(text))
}

/// Reads a file unless its mode lets `others` in.
fn read_private(path: &Path, others: u32) -> Result<String, SecretError> {
    let show = path.display();
    let absent = |error: io::Error| SecretError::Absent(format!("{show} cannot be read: {error}"));
    let file = fs::File::open(path).map_err(absent)?;
    let mode = file.metadata().map_err(absent)?.permissions().mode();
    if mode & others != 0 {
        return Err(SecretError::Unfit(format!("{show} can be read by others; run: chmod go= {show}")));
    }
    text_in(file).map_err(absent)
}

fn text_of(path: &Path) -> io::Result<String> {
    text_in(fs::File::open(path)?)
}

fn text_in(file: fs::File) -> io::Result<String> {
    let mut text = String::new();
    file.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("the file is too large"));
    }
    Ok(text)
}

fn toml_files(folder: &Path, mistakes: &mut Vec<Mistake>) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            mistakes.push(unreadable(folder, &error));
            return Vec::new();
        }
    };
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    files
}

fn unreadable(file: &Path, error: &io::Error) -> Mistake {
    let origin = Origin { file: file.display().to_string().into(), line: None };
    Mistake { origin: Some(origin), path: String::new(), text: format!("cannot be read: {error}") }
}
