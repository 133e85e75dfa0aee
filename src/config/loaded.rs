//! Everything a config says and refers to, read but not judged: what [`resolve`](super::resolve) works on.

use super::board::{self, BoardFile};
use super::layers;
use super::mistake::{Mistake, Mistakes};
use super::secret::SecretError;
use super::tree::Tree;
use crate::model::Secret;
use jiff::tz::TimeZone;

/// A config and the files it refers to, as far as they could be read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The layers' names, in their order.
    pub(super) files: Vec<String>,
    pub(super) tree: Tree,
    /// The boards that may be chosen.
    pub(super) boards: Vec<BoardFile>,
    /// The names of all boards there are.
    pub(super) board_names: Vec<String>,
    pub(super) compatible: Vec<String>,
    /// `None` if the config does not say where the password is.
    pub(super) password: Option<Result<Secret, SecretError>>,
    /// The text of `ca_file`; `None` if there is none.
    pub(super) authorities: Option<Result<String, String>>,
    /// The machine's time zone.
    pub(super) system_zone: TimeZone,
    /// The zone that the config names, from the machine's database; `None` if it names none.
    pub(super) zone: Option<Result<TimeZone, String>>,
}

impl Loaded {
    /// Merges layers of TOML (name and text, later wins) and, over them, environment variables. The password and
    /// the authorities' file are not read.
    ///
    /// # Errors
    /// Every text that is not TOML, with line and column, and every embedded board file with a mistake.
    pub fn of_texts(
        layers: &[(String, String)],
        environment: &[(String, String)],
        compatible: Vec<String>,
    ) -> Result<Loaded, Mistakes> {
        let mut mistakes: Vec<Mistake> = Vec::new();
        let mut trees = Vec::new();
        for (name, text) in layers {
            match Tree::parse(name, text) {
                Ok(tree) => trees.push(tree),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if trees.is_empty() {
            trees.push(Tree::empty("config"));
        }
        trees.extend(Tree::of_environment(environment));
        let tree = layers::merge(trees).map_err(|mistake| Mistakes(vec![mistake]))?;
        let boards = board::embedded_for(tree.text_at(&["device", "board"]), &compatible).unwrap_or_else(|wrong| {
            mistakes.extend(wrong.0);
            Vec::new()
        });
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        let files = layers.iter().map(|(name, _)| name.clone()).collect();
        let board_names = board::embedded_names();
        Ok(Loaded {
            files,
            tree,
            boards,
            board_names,
            compatible,
            password: None,
            authorities: None,
            system_zone: TimeZone::UTC,
            zone: None,
        })
    }

    /// Says how the password came out.
    #[must_use]
    pub fn with_password(self, password: Result<Secret, SecretError>) -> Loaded {
        Loaded { password: Some(password), ..self }
    }

    /// Adds a board, in the place of one of the same name.
    pub(super) fn add_board(&mut self, board: BoardFile) {
        self.board_names.retain(|known| *known != board.board.name);
        self.board_names.insert(0, board.board.name.clone());
        self.boards.retain(|known| known.board.name != board.board.name);
        // In front: a file somebody put there is meant.
        self.boards.insert(0, board);
    }
}
