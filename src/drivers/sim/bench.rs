//! The lines of the simulated board: who sits on which, what it reads, and how to reach it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::model::{Fault, Kind, Value};

/// The simulated board. Clones are the same board.
#[derive(Debug, Clone, Default)]
pub struct Bench {
    lines: Arc<watch::Sender<BTreeMap<String, Seat>>>,
}

/// What the outside world does to a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    /// Moves it there.
    Set(String),
    /// Breaks it, with this reason.
    Fail(String),
    /// Repairs whatever the other acts broke.
    Heal,
    /// An output ignores its orders from here on.
    Stick,
    /// An output answers no orders from here on.
    Hush,
}

/// An act and where to say whether it worked.
#[derive(Debug)]
pub(super) struct Poke {
    pub act: Act,
    pub done: oneshot::Sender<Result<(), String>>,
}

/// What a line shows to the outside world.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub value: Value,
    pub fault: Option<Fault>,
}

impl Shown {
    /// What the driver reports.
    pub fn result(&self) -> Result<Value, Fault> {
        self.fault.clone().map_or(Ok(self.value), Err)
    }
}

/// The driver's end of a line.
#[derive(Debug)]
pub(super) struct Line {
    pub pokes: mpsc::Receiver<Poke>,
    pub shown: watch::Sender<Shown>,
}

#[derive(Debug, Clone)]
struct Seat {
    kind: Kind,
    pokes: mpsc::Sender<Poke>,
    shown: watch::Receiver<Shown>,
}

impl Bench {
    /// Takes a line. Whoever had it before is not reached any more.
    pub(super) fn take(&self, pin: &str, kind: &Kind, value: Value) -> Line {
        let (poke, pokes) = mpsc::channel(4);
        let (shown, seen) = watch::channel(Shown { value, fault: None });
        let seat = Seat { kind: kind.clone(), pokes: poke, shown: seen };
        self.lines.send_modify(|lines| {
            lines.insert(pin.to_owned(), seat);
        });
        Line { pokes, shown }
    }

    /// What a line shows, in its point's words: the last value even after the point has let it go.
    pub fn show(&self, pin: &str) -> Option<String> {
        self.seat(pin).map(|seat| seat.show())
    }

    /// Every line with what it shows.
    pub(super) fn list(&self) -> Vec<(String, String)> {
        self.lines.borrow().iter().map(|(pin, seat)| (pin.clone(), seat.show())).collect()
    }

    /// Does something to a line. When this returns the driver has reported what follows from it.
    pub(super) async fn poke(&self, pin: &str, act: Act) -> Result<(), String> {
        let seat = self.seat(pin).ok_or_else(|| format!("there is no line “{pin}”"))?;
        let (done, answer) = oneshot::channel();
        let gone = || format!("nobody uses line “{pin}” any more");
        seat.pokes.send(Poke { act, done }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    fn seat(&self, pin: &str) -> Option<Seat> {
        let lines = self.lines.borrow();
        lines.iter().find(|(name, _)| name.eq_ignore_ascii_case(pin)).map(|(_, seat)| seat.clone())
    }
}

impl Seat {
    fn show(&self) -> String {
        let shown = self.shown.borrow();
        match &shown.fault {
            None => self.kind.bare(shown.value),
            Some(fault) => format!("fault: {fault}"),
        }
    }
}
