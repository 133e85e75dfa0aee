//! Where a new config and its password lie until they are put in place, both whole.
//!
//! Invariant: a power cut at whatever moment leaves the old files or the new ones, each whole, and never a password
//! that others can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::inline;
use super::text::Place;
use crate::config::{self, Layers, Purpose, Resolved};
use crate::model::Secret;

/// The service's user, and the group that may read the config.
const SERVICE: &str = "katydid";
const SYSTEM: &str = "/etc/katydid/katydid.toml";
const SECRET: &str = "xmpp-password";

/// See the module.
pub struct Desk {
    config: PathBuf,
    folder: PathBuf,
    is_system: bool,
}

impl Desk {
    /// For the config at `file`, or the system's.
    pub fn new(file: Option<&Path>) -> Desk {
        let config = file.map_or_else(|| PathBuf::from(SYSTEM), absolute);
        Desk { folder: config.with_file_name(".first-start"), is_system: config == Path::new(SYSTEM), config }
    }

    /// Where the config will be.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Where the password will be.
    pub fn secret(&self) -> PathBuf {
        self.config.with_file_name(SECRET)
    }

    /// The config is the system's own.
    pub fn is_system(&self) -> bool {
        self.is_system
    }

    /// What the config has to say of the password. Only systemd has credentials.
    pub fn place(&self) -> Place {
        match self.is_system && runs_systemd() {
            true => Place::Credential(self.secret()),
            false => Place::File(self.secret()),
        }
    }

    /// A file that putting in place would replace.
    pub fn occupied(&self) -> Option<PathBuf> {
        // A start that was cut off between the two has put the password there, and that is the staged config's.
        let is_half_done = self.staged_config().exists() && !self.staged_secret().exists();
        let secret = Some(self.secret()).filter(|_| !is_half_done);
        [Some(self.config.clone()), secret].into_iter().flatten().find(|file| file.exists())
    }

    /// The password that an earlier start has made for the account of this address, whether that start ended before
    /// the files were in place, between them or after them.
    pub fn left(&self, address: &str) -> Option<Secret> {
        let read =
            |staged: PathBuf, placed: PathBuf| fs::read_to_string(staged).or_else(|_| fs::read_to_string(placed));
        let text = read(self.staged_config(), self.config.clone()).ok()?;
        let password = read(self.staged_secret(), self.secret()).ok()?;
        (inline::address(&text)? == address).then(|| Secret::new(password.trim_end_matches('\n')))
    }

    /// Lays a config and, if there is one, a password there.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub fn stage(&self, text: &str, password: Option<&Secret>) -> Result<(), Failure> {
        let parent = self.folder.parent().unwrap_or(Path::new("/"));
        if !parent.exists() {
            fs::create_dir_all(parent).map_err(Failure::at(parent))?;
            // Whatever the umask: the service reads its config here, and what is secret here is so by its own mode.
            fs::set_permissions(parent, fs::Permissions::from_mode(0o755)).map_err(Failure::at(parent))?;
        }
        if self.is_system {
            let_the_service_in(parent).map_err(Failure::at(parent))?;
        }
        // What an earlier start has left stays until it is replaced: its password may be an account's by now.
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(Failure::at(&self.folder)(error)),
            _ => {}
        }
        match password {
            Some(password) => write(&self.staged_secret(), &format!("{}\n", password.reveal()))?,
            None => remove(&self.staged_secret())?,
        }
        write(&self.staged_config(), text)?;
        sync(&self.folder)?;
        sync(parent)
    }

    /// What `katydid check` says of the staged config, with its password, or the one that is in place.
    ///
    /// # Errors
    /// [`Failure::Mistakes`], with the config's name as `shown`.
    pub fn check(&self, shown: &Path) -> Result<Resolved, Failure> {
        let staged = self.staged_config();
        let layers = Layers::of_system((!self.is_system).then_some(staged.as_path()));
        let mut layers = layers.without_environment();
        layers.file.clone_from(&staged);
        let has_password = self.staged_secret().exists();
        let folder = if has_password { Some(self.folder.as_path()) } else { self.config.parent() };
        let mut say = |name: &str, path: &Path| {
            layers.environment.retain(|(known, _)| known != name);
            layers.environment.push((name.to_owned(), path.to_string_lossy().into_owned()));
        };
        folder.into_iter().for_each(|folder| say("CREDENTIALS_DIRECTORY", folder));
        // A config that names the password's file names one that is not there yet.
        let names_file = fs::read_to_string(&staged).is_ok_and(|text| text.contains(&*self.secret().to_string_lossy()));
        if has_password && names_file && matches!(self.place(), Place::File(_)) {
            say("KATYDID_XMPP__PASSWORD__FILE", &self.staged_secret());
        }
        let resolved = config::load(&layers).and_then(|loaded| config::resolve(&loaded, Purpose::Run));
        resolved.map_err(|mistakes| Failure::of_mistakes(&mistakes, &staged, shown))
    }

    /// Puts in place what is staged; what was there before and is not the same is kept as `.bak`.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub fn commit(&self) -> Result<(), Failure> {
        let staged = self.staged_config();
        open_to_the_service(&staged).map_err(Failure::at(&staged))?;
        let secret = self.staged_secret();
        if self.is_system && !runs_systemd() && secret.exists() {
            give_to_the_service(&secret).map_err(Failure::at(&secret))?;
        }
        // The config last: it is what makes a device of the board.
        for (from, to) in [(secret, self.secret()), (staged, self.config.clone())] {
            if from.exists() {
                keep(&to, &from).map_err(Failure::at(&to))?;
                fs::rename(&from, &to).map_err(Failure::at(&to))?;
            }
        }
        sync(self.config.parent().unwrap_or(Path::new("/")))?;
        self.clear()
    }

    /// Forgets what is staged.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub fn clear(&self) -> Result<(), Failure> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::at(&self.folder)(error)),
            _ => Ok(()),
        }
    }

    fn staged_config(&self) -> PathBuf {
        self.folder.join("katydid.toml")
    }

    fn staged_secret(&self) -> PathBuf {
        self.folder.join(SECRET)
    }
}

/// A relative path means the folder the program was started in; the config it goes into may be read from another.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A file for its owner alone, whole and on the disk when this returns.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let new = path.with_extension("new");
    remove(&new)?;
    let written = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().map_err(Failure::at(path))
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::at(path)(error)),
        _ => Ok(()),
    }
}

/// The name of a file is on the disk when its folder is.
pub(super) fn sync(folder: &Path) -> Result<(), Failure> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Failure::at(folder))
}

/// A second name for what is about to be replaced. Of the same twice the older one stays: it is what was there before.
fn keep(path: &Path, by: &Path) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".bak");
    let backup = path.with_file_name(name);
    if !path.exists() || fs::read(path)? == fs::read(by)? {
        return Ok(());
    }
    if backup.exists() {
        fs::remove_file(&backup)?;
    }
    fs::hard_link(path, backup)
}

/// The config holds no secrets, but who may talk to the device is nobody's business: for the service's group, or for
/// everybody where there is no such group.
fn open_to_the_service(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    let mode = match service("/etc/group") {
        Some(id) => {
            fchown(&file, None, Some(id))?;
            0o640
        }
        _ => 0o644,
    };
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

/// Where nobody but root may enter, the service's group may, too.
fn let_the_service_in(folder: &Path) -> io::Result<()> {
    let open = File::open(folder)?;
    let known = open.metadata()?;
    match service("/etc/group") {
        Some(id) if known.gid() == 0 && known.mode() & 0o001 == 0 => {
            fchown(&open, None, Some(id))?;
            open.set_permissions(fs::Permissions::from_mode(known.mode() & 0o777 | 0o050))
        }
        _ => Ok(()),
    }
}

/// Where nobody hands the password to the service, it reads the file itself.
fn give_to_the_service(path: &Path) -> io::Result<()> {
    match service("/etc/passwd") {
        Some(id) => fchown(&File::open(path)?, Some(id), None),
        None => Ok(()),
    }
}

/// The service's number in that list of users or groups, if there is one and we may give it something.
fn service(list: &str) -> Option<u32> {
    let text = fs::read_to_string(list).unwrap_or_default();
    number(&text, SERVICE).filter(|_| rustix::process::geteuid().is_root())
}

/// The system was started by systemd (sd_booted(3)).
pub(super) fn runs_systemd() -> bool {
    Path::new("/run/systemd/system").exists()
}

/// The number of a user or group, by the text of passwd(5) or group(5).
fn number(text: &str, name: &str) -> Option<u32> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split(':').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(folder: &Path) -> Desk {
        Desk::new(Some(&folder.join("etc/katydid.toml")))
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn text(secret: &Path) -> String {
        format!(
            "[device]\nname = \"g\"\nboard = \"sim\"\n[xmpp]\njid = \"g@home.example\"\npassword = {{ file = {secret:?} }}\n\
             [[contacts]]\njid = \"anna@home.example\"\nrole = \"owner\"\n[sensors.load]\nsystem = \"load\"\n"
        )
    }

    #[test]
    fn a_staged_config_is_checked_with_its_password_and_then_put_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        assert_eq!(desk.occupied(), None);
        desk.stage(&text(&desk.secret()), Some(&Secret::new("pencil"))).unwrap();
        assert_eq!(mode(&desk.folder), 0o700);
        assert_eq!(desk.occupied(), None, "what is staged is not in place");
        let device = desk.check(desk.config()).unwrap().device;
        assert_eq!(device.account().password.reveal(), "pencil");
        desk.commit().unwrap();
        assert_eq!(mode(&desk.secret()), 0o600);
        assert!(matches!(mode(desk.config()), 0o640 | 0o644));
        assert!(!desk.folder.exists());
        assert_eq!(desk.occupied().as_deref(), Some(desk.config()));
    }

    #[test]
    fn what_was_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        for password in ["one", "two", "three"] {
            desk.stage(&format!("# {password}\n"), Some(&Secret::new(password))).unwrap();
            desk.commit().unwrap();
        }
        let read = |name: &str| fs::read_to_string(desk.config().with_file_name(name)).unwrap();
        assert_eq!((read("katydid.toml"), read("katydid.toml.bak")), ("# three\n".to_owned(), "# two\n".to_owned()));
        assert_eq!((read("xmpp-password"), read("xmpp-password.bak")), ("three\n".to_owned(), "two\n".to_owned()));
        assert_eq!(mode(&desk.config().with_file_name("xmpp-password.bak")), 0o600);
    }

    #[test]
    fn mistakes_name_the_file_as_people_know_it() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        desk.stage("[device]\nnam = \"g\"\n", None).unwrap();
        let why = desk.check(Path::new("/boot/firmware/katydid.toml")).unwrap_err();
        assert!(why.to_string().contains("/boot/firmware/katydid.toml:2: device.nam"), "{why}");
        assert!(!why.to_string().contains("first-start"), "{why}");
        assert_eq!(why.status(), 78);
    }

    #[test]
    fn the_password_of_a_start_that_did_not_end_is_found_for_the_same_account_only() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        assert_eq!(desk.left("g@home.example"), None);
        desk.stage(&text(&desk.secret()), Some(&Secret::new("pencil"))).unwrap();
        assert_eq!(desk.left("g@home.example"), Some(Secret::new("pencil")));
        assert_eq!(desk.left("h@home.example"), None);
    }

    #[test]
    fn a_start_that_was_cut_off_between_the_two_files_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        desk.stage(&text(&desk.secret()), Some(&Secret::new("pencil"))).unwrap();
        fs::rename(desk.staged_secret(), desk.secret()).unwrap();
        assert_eq!(desk.occupied(), None);
        assert_eq!(desk.left("g@home.example"), Some(Secret::new("pencil")));
        fs::rename(desk.staged_config(), desk.config()).unwrap();
        assert_eq!(desk.occupied().as_deref(), Some(desk.config()));
        assert_eq!(desk.left("g@home.example"), Some(Secret::new("pencil")));
    }

    #[test]
    fn the_same_again_does_not_push_out_what_was_there_before() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        for text in ["# mine\n", "# new\n", "# new\n"] {
            desk.stage(text, None).unwrap();
            desk.commit().unwrap();
        }
        assert_eq!(fs::read_to_string(desk.config().with_file_name("katydid.toml.bak")).unwrap(), "# mine\n");
    }

    #[test]
    fn whatever_the_umask_the_folder_can_be_entered() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        desk.stage("", None).unwrap();
        assert_eq!(mode(&folder.path().join("etc")), 0o755);
    }

    #[test]
    fn a_group_is_known_by_its_whole_name() {
        let groups = "root:x:0:\nkatydid-x:x:7:\nkatydid:x:993:anna\n";
        assert_eq!(number(groups, "katydid"), Some(993));
        assert_eq!(number(groups, "gpio"), None);
        assert_eq!(number("katydid:x:990:993::/:/bin/false\n", "katydid"), Some(990));
    }
}
