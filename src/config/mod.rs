//! Text to [`Device`](crate::model::Device): what may be written, in configs and board files, and every mistake in
//! it at once. [`load()`] reads the files; all else is pure.

mod account;
mod actuator;
mod alarm;
mod board;
mod contact;
mod counter;
mod device;
mod explain;
mod filters;
mod gestures;
mod guard;
mod header;
mod interlock;
mod inventory;
mod kernel;
mod kind;
mod layers;
mod lines;
mod load;
mod loaded;
mod mistake;
mod nearest;
mod node;
mod points;
mod pulse;
mod resolve;
mod room;
mod rule;
mod schedule;
mod secret;
mod sensor;
mod summary;
mod tree;
mod trigger;

pub use board::{BoardChoice, BoardFile, embedded, guess};
pub use explain::explain_text;
pub use header::board_text;
pub use load::{Layers, load, load_boards};
pub use loaded::Loaded;
pub use mistake::{Mistake, Mistakes, Origin};
pub use resolve::{KNOWN_KEYS, Purpose, Resolved, resolve};
pub use secret::{SecretError, SecretSource};
pub use summary::check_text;
