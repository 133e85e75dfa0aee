//! A config that came by the boot partition, which any computer can write, becomes the device's.
//!
//! Invariant: the file is never lost. It leaves the boot partition only when its copy is on the disk, and if anything
//! is wrong it stays there, with the reason beside it in a file for people.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::desk::{Desk, sync};
use super::failure::Failure;
use super::inline::{self, Inline};
use super::invitation::{self, Invitation};
use super::{password, stage, with_runtime};
use crate::model::Secret;

/// Where Raspberry Pi OS and others mount what a PC sees of the card.
const PLACES: &[&str] = &["/boot/firmware/katydid.toml", "/boot/katydid.toml"];
const ERROR: &str = "katydid-error.txt";
/// A config is text; more than this is some other file.
const MOST: u64 = 4 << 20;

/// `katydid adopt`. The exit status is 0, also if there is no file, or what the man page says.
pub fn adopt(file: Option<&Path>, config: Option<&Path>) -> ExitCode {
    let places = file.map_or_else(|| PLACES.iter().map(PathBuf::from).collect(), |file| vec![file.to_owned()]);
    let desk = Desk::new(config);
    for place in places {
        if let Err(failure) = forget(&taken(&place)) {
            eprintln!("{failure}");
        }
        if !place.exists() {
            continue;
        }
        let outcome = take(&place, &desk);
        let told = tell(&place, outcome.as_ref().err());
        return match outcome {
            Err(failure) => {
                eprintln!("{} is not taken over: {failure}", place.display());
                ExitCode::from(failure.status())
            }
            Ok(()) => {
                eprintln!("{} is now {}", place.display(), desk.config().display());
                // It works all the same, but what it says is still there for all to read.
                told.and_then(|()| give_up(&place)).map_or_else(
                    |failure| {
                        eprintln!("it could not be removed from there, with its password: {failure}");
                        ExitCode::from(failure.status())
                    },
                    |()| ExitCode::SUCCESS,
                )
            }
        };
    }
    ExitCode::SUCCESS
}

/// Everything but its removal; doing it again changes nothing.
fn take(place: &Path, desk: &Desk) -> Result<(), Failure> {
    if desk.config().exists() {
        // One that cannot be removed would be taken again at each start, over whatever was changed in between.
        OpenOptions::new().write(true).open(place).map_err(Failure::at(place))?;
    }
    let text = read(place).map_err(Failure::at(place))?;
    let (text, secret) = inline::part(&text);
    let (password, token) = match secret {
        None => (None, None),
        Some(Inline::Password(password)) => (Some(Secret::new(password)), None),
        Some(Inline::Invite(link)) => {
            let invitation = invitation::parse(&link).map_err(|why| wrong(place, &why.to_string()))?;
            (None, Some(invitation))
        }
    };
    let Some(invitation) = token else {
        stage(desk, &text, password.as_ref(), place, false)?;
        return desk.commit();
    };
    by_invitation(place, desk, &text, &invitation)
}

fn by_invitation(place: &Path, desk: &Desk, text: &str, invitation: &Invitation) -> Result<(), Failure> {
    // By the address alone: what else was wrong may have been mended since.
    let left = inline::address(text).and_then(|address| desk.left(&address));
    let was_left = left.is_some();
    let password = left.unwrap_or_else(password::make);
    let resolved = stage(desk, text, Some(&password), place, was_left)?;
    let account = &resolved.device.account().jid;
    let other = invitation.account.as_ref().filter(|invited| **invited != account.to_bare());
    if let Some(other) = other {
        desk.clear()?;
        return Err(wrong(place, &format!("the invitation is for {other}, not for {}", account.to_bare())));
    }
    with_runtime(super::enrol(desk, &resolved.device, Some(&invitation.token), was_left))?;
    desk.commit()
}

fn wrong(place: &Path, why: &str) -> Failure {
    Failure::Mistakes(format!("{}: xmpp.password: {why}", place.display()))
}

/// Editors on other systems begin a text with a mark.
fn read(place: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(place)?.take(MOST).read_to_string(&mut text)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Puts the reason beside the file, or takes an earlier one away.
fn tell(place: &Path, failure: Option<&Failure>) -> Result<(), Failure> {
    let beside = place.with_file_name(ERROR);
    let Some(failure) = failure else { return forget(&beside) };
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let then = match failure.may_pass() {
        true => "It is tried again and again while the board runs",
        false => "Mend it here and start the board again",
    };
    // For editors that know only their own ends of lines.
    let text = format!("Katydid did not take over {name}:\n\n{failure}\n\n{then}.\n").replace('\n', "\r\n");
    let written = || {
        // It is tried again every few seconds, and a card is not written each time.
        if fs::read(&beside).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(());
        }
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    written().map_err(|error| {
        let failure = Failure::at(&beside)(error);
        eprintln!("{failure}");
        failure
    })
}

/// Renamed first: half of a config must never be taken for one.
fn give_up(place: &Path) -> Result<(), Failure> {
    let taken = taken(place);
    fs::rename(place, &taken).map_err(Failure::at(place))?;
    sync(place.parent().unwrap_or(Path::new("/")))?;
    forget(&taken)
}

fn taken(place: &Path) -> PathBuf {
    place.with_extension("toml.taken")
}

/// Overwrites and removes a file, if it is there. Cards and FAT may keep the old blocks all the same.
fn forget(file: &Path) -> Result<(), Failure> {
    let overwritten = || {
        let mut open = match OpenOptions::new().write(true).open(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        let length = usize::try_from(open.metadata()?.len().min(MOST)).unwrap_or_default();
        open.write_all(&vec![b'\n'; length])?;
        open.sync_all()?;
        drop(open);
        fs::remove_file(file)
    };
    overwritten().map_err(Failure::at(file))?;
    match file.parent() {
        Some(folder) if folder.exists() => sync(folder),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    const SAID: &str = "[device]\nname = \"g\"\nboard = \"sim\"\n[xmpp]\njid = \"g@home.example\"\npassword = PLACE\n\
        [[contacts]]\njid = \"anna@home.example\"\nrole = \"owner\"\n[sensors.load]\nsystem = \"load\"\n";

    struct Card(TempDir);

    impl Card {
        fn with(text: &str) -> Card {
            let card = Card(tempfile::tempdir().unwrap());
            fs::create_dir(card.boot("")).unwrap();
            fs::write(card.boot("katydid.toml"), text).unwrap();
            card
        }

        fn boot(&self, name: &str) -> PathBuf {
            self.0.path().join("boot").join(name)
        }

        fn etc(&self, name: &str) -> PathBuf {
            self.0.path().join("etc").join(name)
        }

        fn adopt(&self) -> bool {
            let code = adopt(Some(&self.boot("katydid.toml")), Some(&self.etc("katydid.toml")));
            format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
        }

        fn on_boot(&self) -> Vec<String> {
            let names = fs::read_dir(self.boot("")).unwrap();
            let mut names: Vec<_> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.etc(name)).unwrap()
        }
    }

    fn said(password: &str) -> String {
        SAID.replace("PLACE", password)
    }

    #[test]
    fn the_file_and_its_password_move_off_the_boot_partition() {
        let card = Card::with(&said("\"pencil\""));
        fs::write(card.boot(ERROR), "an old one").unwrap();
        assert!(card.adopt());
        assert_eq!(card.on_boot(), Vec::<String>::new());
        assert_eq!(card.read("katydid.toml"), said("{ credential = \"xmpp-password\" }"));
        assert_eq!(card.read("xmpp-password"), "pencil\n");
        assert_eq!(fs::metadata(card.etc("xmpp-password")).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(card.adopt(), "without a file there is nothing to do");
        assert_eq!(card.read("xmpp-password"), "pencil\n");
    }

    #[test]
    fn a_file_with_mistakes_stays_with_the_reason_beside_it() {
        let text = said("\"pencil\"").replace("role = \"owner\"", "role = \"king\"");
        let card = Card::with(&text);
        assert!(!card.adopt());
        assert_eq!(card.on_boot(), [ERROR, "katydid.toml"]);
        assert_eq!(fs::read_to_string(card.boot("katydid.toml")).unwrap(), text);
        let reason = fs::read_to_string(card.boot(ERROR)).unwrap();
        assert!(reason.contains(&format!("{}:9: contacts[0].role", card.boot("katydid.toml").display())), "{reason}");
        assert!(!reason.contains("pencil") && !reason.contains("first-start"), "{reason}");
        assert!(!card.etc("katydid.toml").exists() && !card.etc("xmpp-password").exists());
        fs::write(card.boot("katydid.toml"), said("\"pencil\"")).unwrap();
        assert!(card.adopt());
        assert_eq!(card.on_boot(), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_text_or_no_toml_stays_too() {
        for bytes in [&b"\xff\xfe[\0d\0"[..], b"[device\npassword = \"pencil\"", b""] {
            let card = Card::with("");
            fs::write(card.boot("katydid.toml"), bytes).unwrap();
            assert!(!card.adopt());
            assert_eq!(card.on_boot(), [ERROR, "katydid.toml"]);
            assert!(!fs::read_to_string(card.boot(ERROR)).unwrap().contains("pencil"));
        }
    }

    #[test]
    fn a_mark_at_the_beginning_and_other_ends_of_lines_are_taken() {
        let card = Card::with(&format!("\u{feff}{}", said("\"pencil\"").replace('\n', "\r\n")));
        assert!(card.adopt());
        assert_eq!(card.read("xmpp-password"), "pencil\n");
    }

    #[test]
    fn a_new_file_replaces_the_config_and_keeps_the_password_if_it_brings_none() {
        let card = Card::with(&said("\"pencil\""));
        assert!(card.adopt());
        let new = said("{ credential = \"xmpp-password\" }").replace("\"g\"", "\"h\"");
        fs::write(card.boot("katydid.toml"), &new).unwrap();
        assert!(card.adopt());
        assert_eq!(card.read("katydid.toml"), new);
        assert_eq!(card.read("xmpp-password"), "pencil\n");
        assert!(card.read("katydid.toml.bak").contains("\"g\""));
    }

    #[test]
    fn a_config_without_its_password_is_no_device() {
        let card = Card::with(&said("{ credential = \"xmpp-password\" }"));
        assert!(!card.adopt());
        let reason = fs::read_to_string(card.boot(ERROR)).unwrap();
        assert!(reason.contains("xmpp.password") && reason.contains("xmpp-password cannot be read"), "{reason}");
    }

    #[test]
    fn a_removal_that_was_cut_short_is_finished_and_its_rest_is_no_config() {
        let card = Card::with(&said("\"pencil\""));
        fs::rename(card.boot("katydid.toml"), card.boot("katydid.toml.taken")).unwrap();
        assert!(card.adopt());
        assert_eq!(card.on_boot(), Vec::<String>::new());
        assert!(!card.etc("katydid.toml").exists());
    }

    #[test]
    fn a_reason_that_is_there_already_is_not_written_again() {
        let card = Card::with("");
        assert!(!card.adopt());
        let reason = card.boot(ERROR);
        let first = File::open(&reason).unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        first.set_modified(long_ago).unwrap();
        assert!(!card.adopt());
        assert_eq!(fs::metadata(&reason).unwrap().modified().unwrap(), long_ago);
    }

    #[test]
    fn an_invitation_that_is_none_is_told() {
        let card = Card::with(&said("{ invite = \"xmpp:home.example\" }"));
        assert!(!card.adopt());
        let reason = fs::read_to_string(card.boot(ERROR)).unwrap();
        assert!(reason.contains("xmpp.password: the link holds no invitation"), "{reason}");
        let card = Card::with(&said("{ invite = \"xmpp:h@home.example?register;preauth=k\" }"));
        assert!(!card.adopt());
        assert!(fs::read_to_string(card.boot(ERROR)).unwrap().contains("for h@home.example, not for g@home.example"));
    }
}
