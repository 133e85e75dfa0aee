//! The file: records are appended, the last one of a key counts, and when most of it is old it is written anew beside
//! and renamed over. Whatever the moment of a power cut, what was written before it is there afterwards.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::StoreError;
use super::record;

const NAME: &str = "store";
const NEW_NAME: &str = "store.new";
const LOCK_NAME: &str = "lock";
/// A file that is larger is not ours.
const MOST: u64 = 64 << 20;
/// Below this size old records are left alone.
const SMALL: u64 = 64 << 10;
/// Above it, the file may be so many times what it holds.
const SLACK: u64 = 4;

/// What is in the store.
pub(super) type Map = BTreeMap<String, String>;

/// The file and the right to write it.
#[derive(Debug)]
pub(super) struct Journal {
    dir: PathBuf,
    /// Held for as long as this lives. `None`: the directory is not there yet.
    lock: Option<File>,
    /// `None`: the file cannot be appended to, since it is not there or its end is not known to be good.
    file: Option<File>,
    size: u64,
}

impl Journal {
    /// Reads what is there, without writing anything; a directory that is missing is made by the first write. The
    /// texts say what was damaged.
    pub fn open(dir: &Path) -> Result<(Journal, Map, Vec<String>), StoreError> {
        let mut journal = Journal { dir: dir.to_owned(), lock: None, file: None, size: 0 };
        let nothing = |journal| Ok((journal, Map::new(), Vec::new()));
        if !dir.exists() {
            return nothing(journal);
        }
        journal.lock()?;
        let path = dir.join(NAME);
        let file = match OpenOptions::new().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return nothing(journal),
            Err(error) => return Err(StoreError::unusable(&path, &error)),
        };
        let mut bytes = Vec::new();
        (&file).take(MOST + 1).read_to_end(&mut bytes).map_err(|error| StoreError::unusable(&path, &error))?;
        journal.size = bytes.len() as u64;
        if journal.size > MOST {
            return Err(StoreError::Strange(path));
        }
        let (map, damage) = replay(&bytes);
        if damage.is_none() {
            journal.file = Some(file);
        }
        let wrong = damage.map(|damage| format!("{}: {damage}", path.display()));
        Ok((journal, map, wrong.into_iter().collect()))
    }

    /// Makes what has changed durable: when this returns it survives a power cut. `all` is everything with the changes
    /// in it; a key of `changed` that it does not have was forgotten.
    pub fn write(&mut self, changed: &[String], all: &Map) -> Result<(), StoreError> {
        self.lock()?;
        let mut text = String::new();
        changed.iter().for_each(|key| record::write(key, all.get(key).map(String::as_str), &mut text));
        let size = self.size + text.len() as u64;
        if let Some(mut file) = self.file.take_if(|_| size <= SMALL.max(SLACK * length(all))) {
            let path = self.dir.join(NAME);
            let done = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
            // On a mistake its end is unknown, and what the kernel still has of it as well: all is written anew.
            done.map_err(|error| StoreError::unusable(&path, &error))?;
            self.file = Some(file);
            self.size = size;
            return Ok(());
        }
        self.file = None;
        self.write_anew(all).map_err(|(path, error)| StoreError::unusable(&path, &error))
    }

    fn write_anew(&mut self, all: &Map) -> Result<(), (PathBuf, std::io::Error)> {
        let mut text = String::new();
        all.iter().for_each(|(key, value)| record::write(key, Some(value), &mut text));
        let (new, path) = (self.dir.join(NEW_NAME), self.dir.join(NAME));
        let write = || {
            // One that is left over from a power cut may belong to somebody else now.
            let _ = fs::remove_file(&new);
            let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(file)
        };
        let file = write().map_err(|error| (new.clone(), error))?;
        fs::rename(&new, &path).map_err(|error| (path, error))?;
        let sync = File::open(&self.dir).and_then(|dir| dir.sync_all());
        sync.map_err(|error| (self.dir.clone(), error))?;
        self.file = Some(file);
        self.size = text.len() as u64;
        Ok(())
    }

    /// Two programs on one store would each write over what the other counts.
    fn lock(&mut self) -> Result<(), StoreError> {
        if self.lock.is_some() {
            return Ok(());
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.dir);
        made.map_err(|error| StoreError::unusable(&self.dir, &error))?;
        let path = self.dir.join(LOCK_NAME);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|error| StoreError::unusable(&path, &error))?;
        match file.try_lock() {
            Ok(()) => self.lock = Some(file),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Taken(self.dir.clone())),
            Err(TryLockError::Error(error)) => return Err(StoreError::unusable(&path, &error)),
        }
        Ok(())
    }
}

/// What the records come to, and in words what could not be read. Each line stands for itself, so one that is damaged
/// costs no other.
fn replay(bytes: &[u8]) -> (Map, Option<String>) {
    let mut map = Map::new();
    let (mut damaged, mut torn) = (0, false);
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        torn |= last && !line.is_empty();
        match record::read(line) {
            Some((key, Some(value))) => {
                map.insert(key, value);
            }
            Some((key, None)) => {
                map.remove(&key);
            }
            None if last => {}
            None => damaged += 1,
        }
    }
    let damage = match (damaged, torn) {
        (0, false) => None,
        (0, true) => Some("the last write was cut off and does not count".to_owned()),
        (1, _) => Some("one record is damaged and does not count".to_owned()),
        (n, _) => Some(format!("{n} records are damaged and do not count")),
    };
    (map, damage)
}

/// About the bytes it takes to write all this.
fn length(all: &Map) -> u64 {
    all.iter().map(|(key, value)| (key.len() + value.len() + 11) as u64).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Writes in which each key counts up, and after each the file's size and what must be in it.
    fn written(dir: &Path, writes: &[Vec<(u8, bool)>]) -> (Vec<u8>, Vec<(usize, Map)>) {
        let (mut journal, mut all, wrong) = Journal::open(dir).unwrap();
        assert_eq!(wrong, Vec::<String>::new());
        let mut states = vec![(0, Map::new())];
        for (count, write) in writes.iter().enumerate() {
            let keys: BTreeSet<String> = write.iter().map(|(key, _)| format!("pulses/{}", key % 5)).collect();
            for (key, (_, forget)) in keys.iter().zip(write) {
                if *forget {
                    all.remove(key)
                } else {
                    all.insert(key.clone(), format!("{}\n", count + 1))
                };
            }
            journal.write(&keys.into_iter().collect::<Vec<_>>(), &all).unwrap();
            states.push((fs::read(dir.join(NAME)).unwrap().len(), all.clone()));
        }
        (fs::read(dir.join(NAME)).unwrap_or_default(), states)
    }

    fn writes() -> impl Strategy<Value = Vec<Vec<(u8, bool)>>> {
        prop::collection::vec(prop::collection::vec((any::<u8>(), prop::bool::weighted(0.2)), 1..4), 1..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_file_cut_off_anywhere_holds_at_least_what_was_written_before(writes in writes()) {
            let dir = tempfile::tempdir().unwrap();
            let (bytes, states) = written(dir.path(), &writes);
            for cut in 0..=bytes.len() {
                let (map, _) = replay(&bytes[..cut]);
                let before = states.iter().rposition(|(size, _)| *size <= cut).unwrap();
                let old = &states[before].1;
                let new = states.get(before + 1).map_or(old, |(_, map)| map);
                let keys: BTreeSet<_> = map.keys().chain(old.keys()).collect();
                for key in keys {
                    let value = map.get(key);
                    prop_assert!(value == old.get(key) || value == new.get(key), "{key} at {cut}: {value:?}");
                }
            }
        }

        #[test]
        fn a_damaged_byte_costs_its_own_record_and_its_neighbour_at_most(
            writes in writes(), at in any::<prop::sample::Index>(), bits in 1u8..
        ) {
            let dir = tempfile::tempdir().unwrap();
            let (bytes, _) = written(dir.path(), &[vec![vec![(0, false)]], writes].concat());
            let mut damaged = bytes.clone();
            let at = at.index(bytes.len());
            damaged[at] ^= bits;
            // The lines that the byte does not touch; where it was a newline, both beside it are touched.
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
            let neighbour = if bytes[at] == b'\n' { line + 1 } else { line };
            let all: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            let good = |without: &[usize]| {
                let lines = all.iter().enumerate().filter(|(n, _)| !without.contains(n));
                replay(&lines.map(|(_, line)| *line).collect::<Vec<_>>().join(&b'\n')).0
            };
            let (map, _) = replay(&damaged);
            // Upper case in the checksum is the same checksum.
            prop_assert!(map == good(&[line, neighbour]) || map == good(&[]));
        }
    }

    #[test]
    fn what_is_damaged_is_said_and_the_next_write_heals_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        written(dir.path(), &[vec![(1, false)], vec![(2, false)]]);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let (mut journal, mut all, wrong) = Journal::open(dir.path()).unwrap();
        assert_eq!(wrong, [format!("{}: the last write was cut off and does not count", path.display())]);
        assert_eq!(all, Map::from([("pulses/1".into(), "1\n".into())]));
        all.insert("pulses/3".into(), "7".into());
        journal.write(&["pulses/3".into()], &all).unwrap();
        drop(journal);
        let (_, map, wrong) = Journal::open(dir.path()).unwrap();
        assert_eq!((map, wrong.len()), (all, 0));
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, mut all, _) = Journal::open(dir.path()).unwrap();
        let mut largest = 0;
        for count in 0..300 {
            all.insert("pulses/water".into(), format!("{count:01000}"));
            journal.write(&["pulses/water".into()], &all).unwrap();
            largest = largest.max(fs::metadata(dir.path().join(NAME)).unwrap().len());
        }
        assert!((SMALL - 1100..=SMALL).contains(&largest), "{largest}");
        drop(journal);
        assert_eq!(Journal::open(dir.path()).unwrap().1, all);
    }

    #[test]
    fn a_second_program_is_refused_and_nothing_is_made_before_the_first_write() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("lib/katydid");
        let (mut journal, all, _) = Journal::open(&dir).unwrap();
        assert!(!parent.path().join("lib").exists());
        journal.write(&[], &all).unwrap();
        assert_eq!(Journal::open(&dir).unwrap_err(), StoreError::Taken(dir.clone()));
        drop(journal);
        Journal::open(&dir).unwrap();
    }

    #[test]
    fn a_write_that_fails_is_made_up_for_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, mut all, _) = Journal::open(dir.path()).unwrap();
        all.insert("a".into(), "1".into());
        // Nothing can be renamed over a folder.
        fs::create_dir(dir.path().join(NAME)).unwrap();
        let error = journal.write(&["a".into()], &all).unwrap_err();
        assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
        fs::remove_dir(dir.path().join(NAME)).unwrap();
        journal.write(&[], &all).unwrap();
        drop(journal);
        assert_eq!(Journal::open(dir.path()).unwrap().1, all);
    }
}
