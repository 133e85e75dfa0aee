//! Pulses on an input line: each change to the active level that holds is counted, once.
//!
//! Where the kernel debounces, or nobody does, it only tells pulses and numbers them, so that even those its buffer had
//! no room for are counted. Where a level must hold here, lost edges cannot be made up for, and are said.

use std::convert::Infallible;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{EdgeDetection, EdgeKind};
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep, sleep_until};

use super::error::Away;
use super::input::{Help, request};
use super::lost::Lost;
use super::settle::Settle;
use super::{GpioError, chip};
use crate::drivers::FirstTry;
use crate::drivers::retry::Backoff;
use crate::drivers::tally::Tally;
use crate::model::{GpioInput, Line};

/// Edges the kernel keeps for us, 48 bytes each: as many as it may, since a pulse is not told twice.
const KEPT_EDGES: u32 = 1024;
/// Edges taken from the kernel in one call.
const BATCH: usize = 32;
/// Between two looks at a busy line: pulses can wait, the processor should not be woken for each.
const REST: Duration = Duration::from_millis(5);

/// Counts the pulses of a line for ever, and gets it again when it is lost.
pub(in crate::drivers) async fn count(
    most: Help,
    input: GpioInput<Line>,
    tally: Tally,
    point: &str,
    mut first: FirstTry,
) -> Infallible {
    let mut backoff = Backoff::new();
    let mut away = Away::default();
    let mut lost = Lost::default();
    loop {
        let started = Counting::start(most, &input);
        first.made();
        let error = match started {
            Ok(mut counting) => {
                backoff.worked(point);
                away.ours(&counting.name);
                tally.line_is(Ok(()));
                let Err(error) = counting.follow(&tally, point, &mut lost).await;
                error
            }
            Err(error) => error,
        };
        let fault = away.tell(error);
        let wait = backoff.failed(point, &fault);
        tally.line_is(Err(fault));
        sleep(wait).await;
    }
}

/// A line that is ours.
struct Counting {
    name: String,
    request: AsyncFd<Request>,
    /// Where a level must hold here.
    settle: Option<Settle>,
    /// The number of the line's last edge.
    edge: u32,
}

impl Counting {
    fn start(most: Help, input: &GpioInput<Line>) -> Result<Counting, GpioError> {
        let place = chip::find(&input.line)?;
        let edges = |help| match help {
            Help::TellsEdges if !input.debounce.is_zero() => EdgeDetection::BothEdges,
            _ => EdgeDetection::RisingEdge,
        };
        let (request, help) = request(&place, most, input, edges, KEPT_EDGES)?;
        let settle = match help {
            Help::Reads => return Err(GpioError::NoEdges { name: place.name }),
            Help::TellsEdges if !input.debounce.is_zero() => {
                let level = request.lone_value().map_err(|error| GpioError::of_line(&place.name, &error))?;
                Some(Settle::new(input.debounce, level.into()))
            }
            _ => None,
        };
        let request = chip::watched(request, &place.name)?;
        Ok(Counting { name: place.name, request, settle, edge: 0 })
    }

    async fn follow(&mut self, tally: &Tally, point: &str, lost: &mut Lost) -> Result<Infallible, GpioError> {
        loop {
            let deadline = self.settle.as_ref().and_then(Settle::deadline);
            let pulses = tokio::select! {
                ready = self.request.readable() => {
                    // Before draining: an edge that comes from here on wakes us again.
                    ready.map_err(|error| self.trouble(error.into()))?.clear_ready();
                    let pulses = self.drain(lost)?;
                    pulses + u64::from(self.look(Settle::read)?)
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    u64::from(self.look(Settle::due)?)
                }
                () = lost.due() => {
                    tally.lose(lost.say(point));
                    continue;
                }
            };
            if pulses > 0 {
                tally.add(pulses, Instant::now());
            }
            if self.settle.is_none() {
                sleep(REST).await;
            }
        }
    }

    /// The pulses among the waiting edges.
    fn drain(&mut self, lost: &mut Lost) -> Result<u64, GpioError> {
        let request = self.request.get_ref();
        let size = request.edge_event_u64_size();
        let mut words = vec![0; size * BATCH];
        let mut pulses = 0;
        while request.has_edge_event().map_err(|error| self.trouble(error))? {
            // The chip's going away counts as an edge too; reading it says so.
            let read = request.read_edge_events_into_slice(&mut words).map_err(|error| self.trouble(error))?;
            for words in words[..read].chunks_exact(size) {
                let edge = request.edge_event_from_slice(words).map_err(|error| self.trouble(error))?;
                let ahead = edge.line_seqno.wrapping_sub(self.edge);
                self.edge = edge.line_seqno;
                match &mut self.settle {
                    // Only pulses are numbered: what is missing was one each.
                    None => pulses += u64::from(ahead.max(1)),
                    Some(settle) => {
                        lost.note(u64::from(ahead.saturating_sub(1)));
                        let level = edge.kind == EdgeKind::Rising;
                        pulses += u64::from(settle.edge(level, Instant::now()) == Some(true));
                    }
                }
            }
        }
        Ok(pulses)
    }

    /// Reads the line, which also tells if its chip is gone. Has an active level held by now?
    fn look(&mut self, take: fn(&mut Settle, bool, Instant) -> Option<bool>) -> Result<bool, GpioError> {
        let level = self.request.get_ref().lone_value().map_err(|error| self.trouble(error))?;
        let settled = self.settle.as_mut().and_then(|settle| take(settle, level.into(), Instant::now()));
        Ok(settled == Some(true))
    }

    fn trouble(&self, error: gpiocdev::Error) -> GpioError {
        GpioError::of_line(&self.name, &error)
    }
}
