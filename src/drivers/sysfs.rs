//! What all sources under /sys share: small files, and devices that are found by name.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::enable;
use super::inventory::printable;
use crate::model::{Fault, QUOTED, clip};

/// What the kernel says in a file is shorter; other files may have no end.
const LONGEST: u64 = 64 * 1024;

/// A file's text without the white space around it, or why it cannot be read, in words that are the same each time.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    read.map_err(|error| reason(&error))?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// The number that a file begins with.
pub(super) fn number(path: &Path) -> Result<f64, String> {
    let text = text(path)?;
    let word = text.split_whitespace().next().unwrap_or_default();
    word.parse().map_err(|_| format!("“{}” is not a number", clip(word, QUOTED)))
}

/// Writes a file that is there, in one piece, as the kernel wants it.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    File::options().write(true).truncate(true).open(path)?.write_all(text.as_bytes())
}

/// What an error means, without its number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Looks for one device, each time anew, since it may have come back elsewhere.
pub(super) struct Search {
    /// Where the file system starts.
    root: PathBuf,
    /// What sort of device it is, for people.
    sort: &'static str,
    class: PathBuf,
    prefix: &'static str,
    wanted: String,
    /// What was said when it was first missed. As long as it is missing that stays, whatever else comes and goes: the
    /// same fault is told once.
    missed: Option<Fault>,
}

impl Search {
    pub fn hwmon(root: PathBuf, wanted: &str) -> Search {
        let class = root.join("sys/class/hwmon");
        Search { root, sort: "hwmon chip", class, prefix: "hwmon", wanted: wanted.to_owned(), missed: None }
    }

    pub fn iio(root: PathBuf, wanted: &str) -> Search {
        let class = root.join("sys/bus/iio/devices");
        Search { root, sort: "IIO device", class, prefix: "iio:device", wanted: wanted.to_owned(), missed: None }
    }

    /// Its folder, or what is wrong and what would bring it.
    pub fn find(&mut self) -> Result<PathBuf, Fault> {
        let (sort, wanted) = (self.sort, &self.wanted);
        match find(&self.class, self.prefix, wanted) {
            Ok(device) => {
                self.missed = None;
                Ok(device)
            }
            Err(Missing::Several(addresses)) => {
                let list = addresses.join(", ");
                Err(Fault::new(format!("more than one {sort} “{wanted}”; name one by its address: {list}")))
            }
            Err(Missing::Absent(names)) => {
                let there =
                    if names.is_empty() { String::new() } else { format!(" (there are: {})", names.join(", ")) };
                let cure = enable::device(&self.root, wanted);
                let fault = || Fault::new(format!("no {sort} “{wanted}”{there}; {cure}"));
                Err(self.missed.get_or_insert_with(fault).clone())
            }
        }
    }
}

/// Why a device was not found.
#[derive(Debug, PartialEq)]
enum Missing {
    /// None goes by that name; the names there are.
    Absent(Vec<String>),
    /// More than one does; their bus addresses.
    Several(Vec<String>),
}

/// The device among the folders of `class` that goes by `wanted`: its label, else its name, else its bus address. What
/// is a device there begins with `prefix`.
fn find(class: &Path, prefix: &str, wanted: &str) -> Result<PathBuf, Missing> {
    let mut devices = folders(class);
    devices.retain(|device| device.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
    let called = |file: &'static str| move |device: &PathBuf| text(&device.join(file)).is_ok_and(|text| text == wanted);
    // A platform device's name may carry its address: dht11@4.
    let bare = |device: &PathBuf| name(device).split('@').next() == Some(wanted);
    let at = |device: &PathBuf| address(device).as_deref() == Some(wanted);
    let by: [&dyn Fn(&PathBuf) -> bool; 4] = [&called("label"), &called("name"), &bare, &at];
    let mut found = by.iter().map(|is| devices.iter().filter(|device| is(device)).collect::<Vec<_>>());
    match found.find(|found| !found.is_empty()).unwrap_or_default()[..] {
        [] => {
            let mut names: Vec<String> = devices.iter().map(|device| name(device)).collect();
            names.retain(|name| !name.is_empty());
            names.sort();
            names.dedup();
            Err(Missing::Absent(names))
        }
        [device] => Ok(device.clone()),
        ref several => Err(Missing::Several(several.iter().filter_map(|device| address(device)).collect())),
    }
}

/// All devices among the folders of `class`, each with the name by which [`find`] finds it.
pub(super) fn named(class: &Path, prefix: &str) -> Vec<(PathBuf, String)> {
    let own = |device: &PathBuf| {
        let label = text(&device.join("label")).ok().filter(|label| !label.is_empty());
        label.or_else(|| Some(name(device).split('@').next()?.to_owned())).unwrap_or_default()
    };
    let mut devices: Vec<_> = folders(class).into_iter().map(|device| (own(&device), device)).collect();
    devices.retain(|(_, device)| device.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
    let is_one = |wanted: &str| find(class, prefix, wanted).is_ok();
    let called = devices.into_iter().filter_map(|(name, device)| {
        let name = if is_one(&name) { name } else { address(&device)? };
        Some((device, printable(&name)))
    });
    called.collect()
}

/// What is in a folder, in order.
pub(super) fn folders(class: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(class) else { return Vec::new() };
    let mut folders: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders
}

fn name(device: &Path) -> String {
    text(&device.join("name")).unwrap_or_default()
}

/// The name of the device on its bus (`1-0048`): the nearest folder above that belongs to one.
pub(super) fn address(device: &Path) -> Option<String> {
    let real = fs::canonicalize(device).ok()?;
    let parent = real.ancestors().skip(1).find(|folder| folder.join("subsystem").exists())?;
    Some(parent.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file system of a test's own.
    pub(crate) struct Tree(tempfile::TempDir);

    impl Tree {
        pub fn new(files: &[(&str, &str)]) -> Tree {
            let tree = Tree(tempfile::tempdir().unwrap());
            files.iter().for_each(|(path, text)| tree.write(path, text));
            tree
        }

        pub fn root(&self) -> &Path {
            self.0.path()
        }

        /// As the kernel writes: with a newline.
        pub fn write(&self, path: &str, text: &str) {
            let path = self.root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }

        pub fn link(&self, path: &str, to: &str) {
            let path = self.root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(self.root().join(to), path).unwrap();
        }

        pub fn remove(&self, path: &str) {
            let path = self.root().join(path);
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
    }

    #[test]
    fn a_label_goes_before_a_name_and_a_name_before_an_address() {
        let tree = Tree::new(&[
            ("class/device0/name", "bme280"),
            ("class/device0/label", "attic"),
            ("class/device1/name", "attic"),
            ("class/device2/name", "dht11@4"),
            ("class/trigger0/name", "bme280"),
        ]);
        let class = tree.root().join("class");
        assert_eq!(find(&class, "device", "attic"), Ok(class.join("device0")));
        assert_eq!(find(&class, "device", "bme280"), Ok(class.join("device0")));
        assert_eq!(find(&class, "device", "dht11"), Ok(class.join("device2")));
        let names = ["attic", "bme280", "dht11@4"].map(str::to_owned).to_vec();
        assert_eq!(find(&class, "device", "sht3x"), Err(Missing::Absent(names)));
    }

    #[test]
    fn what_cannot_be_read_is_said_without_a_number_that_means_nothing_to_people() {
        assert_eq!(text(Path::new("/sys/none")), Err("No such file or directory".into()));
        let tree = Tree::new(&[("rubbish", "hot"), ("empty", "")]);
        assert_eq!(number(&tree.root().join("rubbish")), Err("“hot” is not a number".into()));
        assert_eq!(number(&tree.root().join("empty")), Err("“” is not a number".into()));
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        assert_eq!(text(Path::new("/dev/zero")).map(|text| text.len() as u64), Ok(LONGEST));
    }
}
