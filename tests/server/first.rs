//! The first start against a real server: invitations, registration, refusals, and the device that comes of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use katydid::link::LinkEvent;
use tempfile::TempDir;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;

use crate::home::{Home, Program};
use crate::peer::{Peer, words};

const INVITES: (&str, &str) = ("EXTRA_MODULES", "invites invites_register");

/// A board that has never been started: nothing in its /etc, and perhaps something on its boot partition.
struct Board {
    folder: TempDir,
    server: String,
}

/// How a command ended, and what it said.
struct Said {
    status: i32,
    out: String,
    err: String,
}

impl Board {
    fn at(home: &Home) -> Board {
        let board = Board { folder: TempDir::new().unwrap(), server: format!("127.0.0.1:{}", home.port) };
        fs::create_dir(board.path("boot")).unwrap();
        fs::write(board.path("ca.pem"), home.account("anna").authorities.unwrap()).unwrap();
        board
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn katydid(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_katydid"));
        // KATYDID_… in the environment is config, also that of whoever runs the tests.
        command.env_clear().env("KATYDID_STORE__DIR", self.path("store")).stdin(Stdio::null());
        command
    }

    /// `katydid init` with Anna as the owner of a simulated board.
    fn init(&self, flags: &[&str]) -> Said {
        let mut command = self.katydid();
        command
            .arg("init")
            .arg("--config")
            .arg(self.path("etc/katydid.toml"))
            .arg("--ca-file")
            .arg(self.path("ca.pem"));
        command.args(["--server", &self.server, "--owner", "anna@home.example", "--board", "sim"]).args(flags);
        said(&mut command)
    }

    fn adopt(&self) -> Said {
        let (from, to) = (self.path("boot/katydid.toml"), self.path("etc/katydid.toml"));
        said(self.katydid().arg("adopt").arg(from).arg("--config").arg(to))
    }

    fn run(&self) -> Daemon {
        let mut command = self.katydid();
        command.env("CREDENTIALS_DIRECTORY", self.path("etc")).arg("run").arg("--config");
        Daemon(command.arg(self.path("etc/katydid.toml")).stderr(Stdio::null()).spawn().unwrap())
    }

    fn is_untouched(&self) -> bool {
        !self.path("etc").exists() || fs::read_dir(self.path("etc")).unwrap().next().is_none()
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Fails unless it ended so, with these words.
#[track_caller]
fn refused(said: &Said, status: i32, words: &str) {
    assert!(said.err.contains(words), "{}{}", said.out, said.err);
    assert_eq!(said.status, status, "{}", said.err);
}

#[track_caller]
fn went_well(said: &Said) {
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
}

/// Waits for a presence of this type from the bare address.
async fn sees(peer: &mut Peer, from: &str, wanted: Type) {
    peer.until(|event| match event {
        LinkEvent::Stanza(Stanza::Presence(presence)) => {
            let same = presence.from.as_ref().is_some_and(|jid| jid.to_bare().as_str() == from);
            (same && presence.type_ == wanted).then_some(())
        }
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn an_invited_board_becomes_a_device_that_its_owner_has_as_a_contact() {
    let prosody = Home::prosody_with(&[INVITES]);
    let board = Board::at(&prosody);
    let mut anna = Peer::online(&prosody.account("anna")).await;
    let said = board.init(&["--invite", &prosody.invite(), "--jid", "boiler@home.example"]);
    went_well(&said);
    assert!(said.out.contains("xmpp:boiler@home.example?roster;name=boiler"), "{}", said.out);
    let mode = |name: &str| fs::metadata(board.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("etc/xmpp-password"), 0o600);
    let password = fs::read_to_string(board.path("etc/xmpp-password")).unwrap();
    for told in [&said.out, &said.err, &fs::read_to_string(board.path("etc/katydid.toml")).unwrap()] {
        assert!(!told.contains(password.trim()), "the password is only in its file");
    }
    sees(&mut anna, "boiler@home.example", Type::Subscribe).await;
    for answer in [Type::Subscribed, Type::Subscribe] {
        let to: xmpp_parsers::jid::Jid = "boiler@home.example".parse().unwrap();
        anna.post(Presence::new(answer).with_to(to));
    }
    let _daemon = board.run();
    sees(&mut anna, "boiler@home.example", Type::None).await;
    anna.say("boiler", "who");
    let answer = anna.hear(1).await.remove(0);
    assert!(words(&answer).contains("anna@home.example") && words(&answer).contains("owner"), "{}", words(&answer));
    anna.close().await;
}

#[tokio::test]
async fn an_invitation_counts_once() {
    let prosody = Home::prosody_with(&[INVITES]);
    let link = prosody.invite();
    went_well(&Board::at(&prosody).init(&["--invite", &link, "--jid", "boiler@home.example"]));
    let second = Board::at(&prosody);
    let said = second.init(&["--invite", &link, "--jid", "attic@home.example"]);
    refused(&said, 69, "the invitation is not valid: it was used before, has expired, or is not from home.example");
    assert!(second.is_untouched());
}

#[tokio::test]
async fn an_invitation_that_is_wrong_or_has_expired_makes_nothing() {
    let prosody = Home::prosody_with(&[INVITES, ("EXTRA_CONFIG", "invite_expiry = -60")]);
    let board = Board::at(&prosody);
    for link in ["xmpp:home.example?register;preauth=nonsense", &prosody.invite()] {
        refused(&board.init(&["--invite", link, "--jid", "boiler@home.example"]), 69, "the invitation is not valid");
        assert!(board.is_untouched());
    }
}

#[tokio::test]
async fn a_name_that_is_taken_leaves_the_invitation_for_another() {
    let prosody = Home::prosody_with(&[INVITES]);
    let (board, link) = (Board::at(&prosody), prosody.invite());
    let taken = board.init(&["--invite", &link, "--jid", "ben@home.example"]);
    refused(&taken, 69, "the account ben@home.example exists already; choose another name");
    assert!(board.is_untouched());
    went_well(&board.init(&["--invite", &link, "--jid", "boiler@home.example"]));
}

#[tokio::test]
async fn without_the_invitation_that_the_server_wants_it_says_so() {
    let prosody = Home::prosody_with(&[INVITES]);
    let said = Board::at(&prosody).init(&["--register", "--jid", "boiler@home.example"]);
    refused(
        &said,
        69,
        "the server makes no account boiler@home.example: Registration on this server is through invitation only",
    );
}

#[tokio::test]
async fn a_server_that_registers_nobody_is_told_from_one_that_knows_no_invitations() {
    let closed = Home::prosody();
    let board = Board::at(&closed);
    refused(&board.init(&["--register", "--jid", "boiler@home.example"]), 69, "home.example lets nobody register");
    let open = Home::prosody_with(&[("EXTRA_MODULES", "register_ibr")]);
    let board = Board::at(&open);
    let link = "xmpp:home.example?register;preauth=k7";
    refused(&board.init(&["--invite", link, "--jid", "boiler@home.example"]), 69, "home.example knows no invitations");
    went_well(&board.init(&["--register", "--jid", "boiler@home.example"]));
}

#[tokio::test]
async fn an_account_that_is_there_is_tried_before_anything_is_written() {
    let prosody = Home::prosody();
    let board = Board::at(&prosody);
    let password = board.path("given");
    let try_with = |text: &str| {
        fs::write(&password, text).unwrap();
        board.init(&["--jid", "greenhouse@home.example", "--password-file", password.to_str().unwrap()])
    };
    refused(&try_with("eraser\n"), 69, "the server refused the password of greenhouse@home.example");
    assert!(board.is_untouched());
    went_well(&try_with("pencil\n"));
    refused(&try_with("pencil\n"), 2, "katydid.toml exists already; --force replaces it");
}

#[tokio::test]
async fn a_start_that_was_cut_off_after_the_account_was_made_is_taken_up_again() {
    let prosody = Home::prosody_with(&[INVITES]);
    let board = Board::at(&prosody);
    let staged = board.path("etc/.first-start");
    fs::create_dir_all(&staged).unwrap();
    fs::write(staged.join("xmpp-password"), "pencil\n").unwrap();
    fs::write(staged.join("katydid.toml"), "[xmpp]\njid = \"greenhouse@home.example\"\n").unwrap();
    let said = board.init(&["--invite", "xmpp:home.example?register;preauth=used", "--jid", "greenhouse@home.example"]);
    went_well(&said);
    assert_eq!(fs::read_to_string(board.path("etc/xmpp-password")).unwrap(), "pencil\n");
    assert!(!staged.exists());
}

#[tokio::test]
async fn what_an_earlier_start_made_is_kept_until_it_is_known_to_be_useless() {
    // Whether the account is ours cannot be seen: this server wants the password in the clear.
    let prosody = Home::prosody_with(&[INVITES, ("PLAIN_ONLY", "1")]);
    let board = Board::at(&prosody);
    let staged = board.path("etc/.first-start");
    fs::create_dir_all(&staged).unwrap();
    fs::write(staged.join("katydid.toml"), "[xmpp]\njid = \"greenhouse@home.example\"\n").unwrap();
    fs::write(staged.join("xmpp-password"), "pencil\n").unwrap();
    let used = ["--invite", "xmpp:home.example?register;preauth=used", "--jid", "greenhouse@home.example"];
    refused(&board.init(&used), 69, "only as PLAIN");
    assert_eq!(fs::read_to_string(staged.join("xmpp-password")).unwrap(), "pencil\n");
}

#[tokio::test]
async fn a_clock_that_is_not_set_may_be_right_in_a_minute() {
    let prosody = Home::prosody_with(&[INVITES, ("CERT_DAYS", "-1")]);
    let (board, link) = (Board::at(&prosody), prosody.invite());
    let said = board.init(&["--invite", &link, "--jid", "boiler@home.example"]);
    refused(&said, 75, "it has expired (or this board's clock is wrong)");
    assert!(!board.path("etc/katydid.toml").exists());
}

#[tokio::test]
async fn a_server_out_of_reach_may_be_tried_again_and_keeps_what_was_begun() {
    let prosody = Home::prosody_with(&[INVITES]);
    let (board, link) = (Board::at(&prosody), prosody.invite());
    prosody.kill();
    let said = board.init(&["--invite", &link, "--jid", "boiler@home.example"]);
    refused(&said, 75, "the server is unreachable");
    assert!(!board.path("etc/katydid.toml").exists());
    prosody.restart();
    went_well(&board.init(&["--invite", &link, "--jid", "boiler@home.example"]));
}

#[tokio::test]
async fn a_config_on_the_boot_partition_may_bring_an_invitation() {
    let prosody = Home::prosody_with(&[INVITES]);
    let board = Board::at(&prosody);
    let mut anna = Peer::online(&prosody.account("anna")).await;
    let config = |link: &str| {
        format!(
            "[device]\nname = \"attic\"\nboard = \"sim\"\n[xmpp]\njid = \"attic@home.example\"\n\
             password = {{ invite = \"{link}\" }}\nserver = {:?}\nca_file = {:?}\n\
             [[contacts]]\njid = \"anna@home.example\"\nrole = \"owner\"\n[sensors.load]\nsystem = \"load\"\n",
            board.server,
            board.path("ca.pem")
        )
    };
    fs::write(board.path("boot/katydid.toml"), config("xmpp:home.example?register;preauth=nonsense")).unwrap();
    refused(&board.adopt(), 69, "the invitation is not valid");
    let reason = fs::read_to_string(board.path("boot/katydid-error.txt")).unwrap();
    assert!(reason.contains("the invitation is not valid"), "{reason}");
    let link = prosody.invite();
    fs::write(board.path("boot/katydid.toml"), config(&link)).unwrap();
    went_well(&board.adopt());
    assert_eq!(fs::read_dir(board.path("boot")).unwrap().count(), 0);
    // As if the power had gone before the file was off the card, or between the two files.
    let password = fs::read_to_string(board.path("etc/xmpp-password")).unwrap();
    for is_half_done in [false, true] {
        if is_half_done {
            fs::create_dir(board.path("etc/.first-start")).unwrap();
            fs::rename(board.path("etc/katydid.toml"), board.path("etc/.first-start/katydid.toml")).unwrap();
        }
        fs::write(board.path("boot/katydid.toml"), config(&link)).unwrap();
        went_well(&board.adopt());
        assert_eq!(fs::read_dir(board.path("boot")).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(board.path("etc/xmpp-password")).unwrap(), password);
    }
    let _daemon = board.run();
    sees(&mut anna, "attic@home.example", Type::Subscribe).await;
    anna.close().await;
}

#[tokio::test]
async fn ejabberd_makes_an_account_and_lets_the_next_one_wait() {
    let ejabberd = Home::start(Program::Ejabberd, &[("REGISTER", "1")]);
    let board = Board::at(&ejabberd);
    went_well(&board.init(&["--register", "--jid", "boiler@home.example"]));
    let said = Board::at(&ejabberd).init(&["--register", "--jid", "attic@home.example"]);
    refused(&said, 75, "the server makes no account at the moment, try again later");
}
