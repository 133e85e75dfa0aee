//! From a board without a config to a device that its owner has as a contact: `katydid init` at a keyboard, `katydid
//! adopt` with a config from the boot partition.
//!
//! Invariant: nothing is replaced without leave, no secret lies open at any moment, and whatever ends a first start,
//! another one can take it up.

mod adopt;
mod card;
mod desk;
mod failure;
mod greet;
mod inline;
mod invitation;
mod password;
mod terminal;
mod text;
mod wanted;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use self::card::Colours;
use self::desk::Desk;
use self::failure::Failure;
use self::terminal::{Person, Terminal};
use self::text::Facts;
use self::wanted::{Standing, Wanted};
use crate::args::Init;
use crate::config::{self, Layers, Resolved};
use crate::link::{Enrolment, Trouble, register};
use crate::model::{Board, Device, Secret};

pub use self::adopt::adopt;

/// `katydid init`. The exit status is 0, or what the man page says.
pub fn init(args: &Init) -> ExitCode {
    match with_runtime(first_start(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn with_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::at(Path::new("the system does not let the program run")))?.block_on(work)
}

async fn first_start(args: &Init) -> Result<(), Failure> {
    let desk = Desk::new(args.config.as_deref());
    if let Some(file) = desk.occupied().filter(|_| !args.force) {
        return Err(Failure::Exists(file));
    }
    let given = args.password_file.as_deref();
    let given = given.map(|file| password::read(file).map_err(Failure::at(file))).transpose()?;
    let here = board_here(args.config.as_deref());
    let title = here.as_ref().map_or("not known here", |board| board.title.as_str());
    let mut terminal = Terminal::open();
    let person = terminal.as_mut().map(|terminal| terminal as &mut dyn Person);
    let wanted = wanted::settle(args, given, title, person)?;

    let ready = prepare(&desk, args, &wanted, here.as_ref())?;
    for note in &ready.resolved.notes {
        eprintln!("note: {note}");
    }
    let device = &ready.resolved.device;
    let mut is_in_place = false;
    if let Some(token) = &ready.enrols {
        say(&format!("making the account {} …", wanted.jid));
        enrol(&desk, device, token.as_deref(), ready.was_left).await?;
        // From here on the password is an account's: it must not be lost, whatever the first login does.
        desk.commit()?;
        is_in_place = true;
    }
    if !args.offline {
        say("logging in …");
        match greet::greet(device).await {
            Ok(()) => {}
            Err(trouble) if is_in_place => {
                let file = desk.config().display();
                say(&format!("The account is made and {file} is written, but the first login failed."));
                return Err(Failure::Login(trouble));
            }
            Err(trouble) => {
                desk.clear()?;
                say("Nothing was written (--offline writes the files without logging in).");
                return Err(Failure::Login(trouble));
            }
        }
    }
    if !is_in_place {
        desk.commit()?;
    }
    show(&desk, device, &wanted, args.offline);
    Ok(())
}

/// What is staged and checked.
struct Ready {
    resolved: Resolved,
    /// An account is to be made, with this token if any.
    enrols: Option<Option<String>>,
    /// The password is from a start that did not end: the account may be there already.
    was_left: bool,
}

fn prepare(desk: &Desk, args: &Init, wanted: &Wanted, here: Option<&Board>) -> Result<Ready, Failure> {
    let left = || desk.left(wanted.jid.as_str()).filter(|_| args.password_file.is_none());
    let (enrols, was_left, password) = match &wanted.standing {
        Standing::Has(password) => (None, false, password.clone()),
        Standing::New { token, password: Some(password) } => (Some(token.clone()), false, password.clone()),
        Standing::New { token, password: None } => match left() {
            Some(password) => (Some(token.clone()), true, password),
            None => (Some(token.clone()), false, password::make()),
        },
    };
    let named = |board: &Board| board.name == wanted.board;
    let header = match wanted.board.as_str() {
        "auto" => here.cloned(),
        _ => config::embedded().unwrap_or_default().into_iter().map(|file| file.board).find(named),
    };
    let ca_file = args.ca_file.as_deref().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
    let ca_file = ca_file.map(|file| file.to_string_lossy().into_owned());
    let text = text::text(&Facts {
        name: &wanted.name,
        board: &wanted.board,
        header: header.as_ref(),
        jid: &wanted.jid,
        place: desk.place(),
        server: args.server.as_deref(),
        ca_file: ca_file.as_deref(),
        owner: &wanted.owner,
        has_thermometer: Path::new("/sys/class/thermal/thermal_zone0/temp").exists(),
    });
    stage(desk, &text, Some(&password), desk.config(), was_left).map(|resolved| Ready { resolved, enrols, was_left })
}

/// Stages and checks. What is wrong does not stay there.
fn stage(
    desk: &Desk,
    text: &str,
    password: Option<&Secret>,
    shown: &Path,
    was_left: bool,
) -> Result<Resolved, Failure> {
    desk.stage(text, password)?;
    let resolved = desk.check(shown);
    if resolved.is_err() && !was_left {
        desk.clear()?;
    }
    resolved
}

/// Makes the account, or finds that an earlier start has made it.
async fn enrol(desk: &Desk, device: &Device, token: Option<&str>, was_left: bool) -> Result<(), Failure> {
    match register(device.account(), token).await {
        Ok(()) => Ok(()),
        // It may have been made before the connection was lost: what is staged stays for the next try.
        Err(error @ Enrolment::Trouble(_)) => Err(Failure::Enrolment(error)),
        Err(error) => {
            if was_left {
                match greet::greet(device).await {
                    Ok(()) => return Ok(()),
                    // The account is somebody else's, or there is none: nobody needs this password.
                    Err(Trouble::WrongPassword { .. }) => {}
                    // Not known yet, and until it is the password stays.
                    Err(trouble) => return Err(Failure::Login(trouble)),
                }
            }
            desk.clear()?;
            Err(Failure::Enrolment(error))
        }
    }
}

/// The board by the device tree.
fn board_here(config: Option<&Path>) -> Option<Board> {
    config::guess(&config::load_boards(&Layers::of_system(config)).ok()?).cloned()
}

fn say(words: &str) {
    eprintln!("{words}");
}

/// What there is now, and what comes next.
fn show(desk: &Desk, device: &Device, wanted: &Wanted, offline: bool) {
    let link = card::link(&wanted.jid, &wanted.name);
    let (config, secret) = (desk.config().display(), desk.secret());
    let secret = secret.display();
    let mut text = format!("{config} is written, for {}; the password is in {secret}.\n", device.board().title);
    if !offline {
        text.push_str(&format!("{} has been asked to take {} for a contact.\n", wanted.owner, wanted.jid));
    }
    text.push_str(&format!("\n{link}\n"));
    if io::stdout().is_terminal() {
        let own = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colours = if own { Colours::Own } else { Colours::Set };
        text.extend(card::code(&link, colours).map(|code| format!("\n{code}\n")));
    }
    let start = match desk.is_system() {
        true if desk::runs_systemd() => Some("systemctl enable --now katydid"),
        true if Path::new("/sbin/openrc-run").exists() => {
            Some("rc-update add katydid && sudo rc-service katydid start")
        }
        _ => None,
    };
    text.push_str(&match start {
        Some(start) => format!(
            "Next: describe your sensors and actuators in the config (`katydid board` shows the pins), then\n  \
             sudo katydid check\n  sudo {start}\n"
        ),
        None => format!("Next: katydid run --config {config}\n"),
    });
    // Whoever closes the pipe early has seen enough.
    let _ = io::stdout().write_all(text.as_bytes());
}
