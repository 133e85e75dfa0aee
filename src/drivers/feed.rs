//! A driver's right to report about its own point, and no other.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::model::{Fault, Value};

/// What a driver says about one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The point's name. A name, not an index: indices change when the config is reloaded.
    pub point: Arc<str>,
    /// What the hardware said.
    pub result: Result<Value, Fault>,
    /// For actuators: the drive this reading back belongs to; `None` when the driver read it of its own accord
    /// (after claiming the line, after losing it).
    pub answers: Option<u64>,
    /// Edges of its line that were lost since this was last said; `result` was read after them.
    pub lost: u64,
}

/// The sending end for one point. The channel is bounded: a driver that outruns the loop waits, and what
/// the kernel then drops shows as a gap in its sequence numbers.
#[derive(Debug, Clone)]
pub struct Feed {
    point: Arc<str>,
    reports: mpsc::Sender<Report>,
}

impl Feed {
    /// The right to report about `point`.
    pub fn new(point: &str, reports: mpsc::Sender<Report>) -> Feed {
        Feed { point: point.into(), reports }
    }

    /// The point's name, for logs.
    pub fn point(&self) -> &str {
        &self.point
    }

    /// Reports a sample or a fault. Waits while the channel is full; a loop that is gone is not an error,
    /// since the driver is about to be stopped.
    pub async fn report(&self, result: Result<Value, Fault>) {
        self.send(result, None, 0).await;
    }

    /// Reports what was read back after drive number `drive`.
    pub async fn answer(&self, drive: u64, result: Result<Value, Fault>) {
        self.send(result, Some(drive), 0).await;
    }

    /// Reports a sample, and that so many edges were lost before it.
    pub async fn report_after_loss(&self, lost: u64, result: Result<Value, Fault>) {
        self.send(result, None, lost).await;
    }

    async fn send(&self, result: Result<Value, Fault>, answers: Option<u64>, lost: u64) {
        let _ = self.reports.send(Report { point: self.point.clone(), result, answers, lost }).await;
    }
}
