//! One thing wrong with a configuration: who said it, where, and what would be right.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// A file's path, or `environment`.
    pub file: Arc<str>,
    /// Counted from 1; `None` outside files.
    pub line: Option<usize>,
}

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Who said it; for what is missing, who should have.
    pub origin: Option<Origin>,
    /// The key (`actuators.pump.safe`); empty for a file as a whole.
    pub path: String,
    /// What is wrong and what would be right.
    pub text: String,
}

/// Everything wrong with a configuration, in the order of its files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

/// Where readers and checks put what they find. A mistake never stops the reading.
#[derive(Debug, Default)]
pub(super) struct Report {
    mistakes: RefCell<Vec<Mistake>>,
    notes: RefCell<Vec<Mistake>>,
}

impl Report {
    pub fn mistake(&self, origin: Option<&Origin>, path: &str, text: impl Into<String>) {
        let mistake = Mistake { origin: origin.cloned(), path: path.to_owned(), text: text.into() };
        self.mistakes.borrow_mut().push(mistake);
    }

    /// Something that works but may surprise.
    pub fn note(&self, origin: Option<&Origin>, path: &str, text: impl Into<String>) {
        let note = Mistake { origin: origin.cloned(), path: path.to_owned(), text: text.into() };
        self.notes.borrow_mut().push(note);
    }

    /// The notes, if there was no mistake. `files` are the layers, in their order.
    pub fn into_notes(self, files: &[String]) -> Result<Vec<String>, Mistakes> {
        let mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() {
            return Ok(in_order(self.notes.into_inner(), files).iter().map(Mistake::to_string).collect());
        }
        Err(Mistakes(in_order(mistakes, files)))
    }

    pub fn is_clean(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }
}

/// By line within a file, the files as they were laid over one another, the environment last.
fn in_order(mut mistakes: Vec<Mistake>, files: &[String]) -> Vec<Mistake> {
    mistakes.sort_by_key(|mistake| {
        let origin = mistake.origin.as_ref();
        let layer = origin.and_then(|origin| files.iter().position(|file| **file == *origin.file));
        (layer.unwrap_or(usize::MAX), origin.and_then(|origin| origin.line))
    });
    mistakes
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.text)
    }
}

/// One mistake a line.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            write!(f, "{}{mistake}", if index > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}
