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

    /// The notes, if there was no mistake.
    pub fn into_notes(self) -> Result<Vec<String>, Mistakes> {
        let mut mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() {
            return Ok(self.notes.into_inner().iter().map(Mistake::to_string).collect());
        }
        // By line within a file; the files stay in the order of their layers, as they were read.
        let mut files: Vec<Option<Arc<str>>> = Vec::new();
        let file = |mistake: &Mistake| mistake.origin.as_ref().map(|origin| origin.file.clone());
        for mistake in &mistakes {
            if !files.contains(&file(mistake)) {
                files.push(file(mistake));
            }
        }
        mistakes.sort_by_key(|mistake| {
            let line = mistake.origin.as_ref().and_then(|origin| origin.line);
            (files.iter().position(|known| *known == file(mistake)), line)
        });
        Err(Mistakes(mistakes))
    }

    pub fn is_clean(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }
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
