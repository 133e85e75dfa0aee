//! Passwords that nobody has to remember, and those that are in a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::model::Secret;

/// Without those that look like others.
const SIGNS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 24 of 56 signs are 139 bits.
const LENGTH: usize = 24;
/// A password is a line; more than this is some other file.
const MOST: u64 = 4096;

/// A new one, by the system's own randomness.
pub fn make() -> Secret {
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        // The lowest six bits, as long as they name a sign: each sign is as likely as any other.
        let draw = usize::from(rand::random::<u8>() & 0x3f);
        text.extend(SIGNS.get(draw).map(|sign| char::from(*sign)));
    }
    Secret::new(text)
}

/// The first line of a file, or of standard input if that is `-`.
///
/// # Errors
/// Those of the file, and if there is no password in it.
pub fn read(path: &Path) -> io::Result<Secret> {
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().lock().take(MOST).read_to_string(&mut text)?;
    } else {
        File::open(path)?.take(MOST).read_to_string(&mut text)?;
    }
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(Secret::new(line)),
        None => Err(io::Error::new(io::ErrorKind::InvalidData, "holds no password")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn passwords_are_long_differ_and_use_all_signs() {
        let made: BTreeSet<String> = (0..200).map(|_| make().reveal().to_owned()).collect();
        assert_eq!(made.len(), 200);
        assert!(made.iter().all(|password| password.len() == LENGTH));
        let signs: BTreeSet<u8> = made.iter().flat_map(|password| password.bytes()).collect();
        assert_eq!(signs.len(), SIGNS.len());
    }

    #[test]
    fn the_first_line_of_a_file_is_the_password() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "pencil \r\nand more\n").unwrap();
        assert_eq!(read(&file).unwrap().reveal(), "pencil ");
        std::fs::write(&file, "\n").unwrap();
        assert_eq!(read(&file).unwrap_err().to_string(), "holds no password");
    }
}
