//! The person at the keyboard.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Whom questions go to.
pub trait Person {
    /// Asks for a line; an empty answer is `default` if there is one.
    ///
    /// # Errors
    /// The input has ended, or cannot be read.
    fn ask(&mut self, question: &str, default: Option<&str>) -> io::Result<String>;
    /// Asks for a line that the screen does not show.
    ///
    /// # Errors
    /// As for [`Person::ask`].
    fn ask_secret(&mut self, question: &str) -> io::Result<String>;
    /// Says something.
    fn tell(&mut self, words: &str);
}

/// Standard input and, so that a redirected output holds no questions, standard error.
pub struct Terminal(());

impl Terminal {
    /// `None` if nobody sits there.
    pub fn open() -> Option<Terminal> {
        io::stdin().is_terminal().then_some(Terminal(()))
    }
}

impl Person for Terminal {
    fn ask(&mut self, question: &str, default: Option<&str>) -> io::Result<String> {
        match default {
            Some(default) if !default.is_empty() => prompt(&format!("{question} [{default}]: "))?,
            _ => prompt(&format!("{question}: "))?,
        }
        let answer = read()?.trim().to_owned();
        Ok(if answer.is_empty() { default.unwrap_or_default().to_owned() } else { answer })
    }

    fn ask_secret(&mut self, question: &str) -> io::Result<String> {
        // Silent first: whoever answers at once, or pastes, is not shown either.
        let silence = Silence::begin()?;
        prompt(&format!("{question} (it is not shown): "))?;
        let answer = read();
        drop(silence);
        prompt("\n")?;
        Ok(answer?.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn tell(&mut self, words: &str) {
        let _ = prompt(&format!("{words}\n"));
    }
}

fn prompt(words: &str) -> io::Result<()> {
    let mut out = io::stderr().lock();
    out.write_all(words.as_bytes())?;
    out.flush()
}

fn read() -> io::Result<String> {
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line)? {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the input has ended")),
        _ => Ok(line),
    }
}

/// The terminal without echo, until this is dropped.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Silence> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed ahead of the question was not meant for it, and has been shown.
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Silence(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
