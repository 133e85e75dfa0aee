//! Why a first start ends without a device, in words for whoever sits there, and the exit status for it.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Mistakes;
use crate::link::{Enrolment, Flaw, Trouble};

/// sysexits.h: the command line is wrong, or does not say enough (clap's own status).
const EX_USAGE: u8 = 2;
/// sysexits.h: a service is not available.
const EX_UNAVAILABLE: u8 = 69;
/// sysexits.h: a file cannot be written.
const EX_CANTCREAT: u8 = 73;
/// sysexits.h: try again later.
const EX_TEMPFAIL: u8 = 75;
/// sysexits.h: something in the config is wrong.
const EX_CONFIG: u8 = 78;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What must be known was not said, and nobody can be asked.
    #[error("{0}")]
    Said(String),
    /// There is a device here already.
    #[error("{} exists already; --force replaces it and keeps the old one as .bak", .0.display())]
    Exists(PathBuf),
    /// The config that would be written, or was found, has mistakes.
    #[error("{0}")]
    Mistakes(String),
    /// A file.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// There is no new account.
    #[error("{0}")]
    Enrolment(Enrolment),
    /// The account cannot log in.
    #[error("{0}")]
    Login(Trouble),
}

impl Failure {
    /// The same with the file it is about.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Failure + use<> {
        let path = path.to_owned();
        move |error| Failure::File { path, error }
    }

    /// The mistakes of a config that is still on its way: they name the file it will be, or was.
    pub fn of_mistakes(mistakes: &Mistakes, staged: &Path, shown: &Path) -> Failure {
        let text = mistakes.to_string();
        Failure::Mistakes(text.replace(&staged.display().to_string(), &shown.display().to_string()))
    }

    /// It may be otherwise in a minute, without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        match self {
            // A board without a clock's battery learns the time some seconds after it has the network.
            Failure::Enrolment(Enrolment::Trouble(Trouble::Certificate(Flaw::Expired | Flaw::NotYetValid)))
            | Failure::Login(Trouble::Certificate(Flaw::Expired | Flaw::NotYetValid)) => true,
            Failure::Enrolment(Enrolment::Trouble(trouble)) | Failure::Login(trouble) => !trouble.needs_a_person(),
            Failure::Enrolment(Enrolment::Later(_)) => true,
            _ => false,
        }
    }

    /// For the shell.
    pub fn status(&self) -> u8 {
        match self {
            _ if self.may_pass() => EX_TEMPFAIL,
            Failure::Said(_) | Failure::Exists(_) => EX_USAGE,
            Failure::Mistakes(_) => EX_CONFIG,
            Failure::File { .. } => EX_CANTCREAT,
            Failure::Enrolment(_) | Failure::Login(_) => EX_UNAVAILABLE,
        }
    }
}
