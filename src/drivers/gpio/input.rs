//! An input line: its level at once, then every change, and whatever happens in between the last word is right.
//!
//! The kernel debounces where it can, else the level must hold here; lines without interrupts are read at an interval.

use std::convert::Infallible;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{Bias as LineBias, EdgeDetection, EdgeKind};
use tokio::io::unix::AsyncFd;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};

use super::GpioError;
use super::chip::{self, Place};
use super::error::{Away, errno};
use super::lost::Lost;
use super::settle::Settle;
use crate::drivers::retry::Backoff;
use crate::drivers::{Feed, FirstTry};
use crate::model::{Bias, GpioInput, Line, Value};

/// How often a line without interrupts is read.
const LOOK: Duration = Duration::from_millis(100);

/// Edges the kernel keeps for us, 48 bytes each; older ones go first, which the sequence numbers tell.
const KEPT_EDGES: u32 = 64;

/// Edges taken from the kernel in one call.
const BATCH: usize = 16;

/// What the kernel does for an input line, most first. How much depends on chip and kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Help {
    /// It tells each edge once the level has held.
    Debounces,
    /// It tells every edge.
    TellsEdges,
    /// It reads the level when asked.
    Reads,
}

/// Follows one input line for ever, and gets it again when it is lost.
pub async fn listen(input: GpioInput<Line>, feed: Feed, first: FirstTry) {
    listen_with(Help::Debounces, input, feed, first).await;
}

/// As [`listen`], with no more than this asked of the kernel.
pub async fn listen_with(most: Help, input: GpioInput<Line>, feed: Feed, mut first: FirstTry) {
    let mut backoff = Backoff::new();
    let mut away = Away::default();
    let mut told = false;
    let mut lost = Lost::default();
    loop {
        let started = Listening::start(most, &input);
        first.made();
        let error = match started {
            Ok(mut listening) => {
                backoff.worked(feed.point());
                away.ours(&listening.name);
                if listening.looks && !told {
                    told = true;
                    let every = LOOK.as_millis();
                    tracing::warn!(
                        point = feed.point(),
                        "line {} has no interrupts: it is read every {every} ms",
                        listening.name
                    );
                }
                let Err(error) = listening.follow(&feed, &mut lost).await;
                error
            }
            Err(error) => error,
        };
        let fault = away.tell(error);
        let wait = backoff.failed(feed.point(), &fault);
        feed.report(Err(fault)).await;
        sleep(wait).await;
    }
}

/// A line that is ours.
struct Listening {
    name: String,
    request: AsyncFd<Request>,
    settle: Settle,
    /// There are no edges to wait for.
    looks: bool,
    /// The number of the line's last edge.
    edge: u32,
    level: bool,
}

impl Listening {
    fn start(most: Help, input: &GpioInput<Line>) -> Result<Listening, GpioError> {
        let place = chip::find(&input.line)?;
        let (request, help) = request(&place, most, input, |_| EdgeDetection::BothEdges, KEPT_EDGES)?;
        let level = request.lone_value().map_err(|error| GpioError::of_line(&place.name, &error))?.into();
        let hold = if help == Help::Debounces { Duration::ZERO } else { input.debounce };
        let request = chip::watched(request, &place.name)?;
        Ok(Listening {
            name: place.name,
            request,
            settle: Settle::new(hold, level),
            looks: help == Help::Reads,
            edge: 0,
            level,
        })
    }

    async fn follow(&mut self, feed: &Feed, lost: &mut Lost) -> Result<Infallible, GpioError> {
        feed.report(Ok(Value::Switch(self.level))).await;
        loop {
            let deadline = self.settle.deadline();
            let counts = tokio::select! {
                ready = self.request.readable() => {
                    // Before draining: an edge that comes from here on wakes us again.
                    ready.map_err(|error| self.trouble(error.into()))?.clear_ready();
                    self.drain(feed, lost).await?;
                    self.settle.read(self.read()?, Instant::now())
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.settle.due(self.read()?, Instant::now())
                }
                () = lost.due() => {
                    let edges = lost.say(feed.point());
                    feed.report_after_loss(edges, Ok(Value::Switch(self.settle.level()))).await;
                    continue;
                }
                () = sleep(LOOK), if self.looks => self.settle.read(self.read()?, Instant::now()),
            };
            if let Some(level) = counts {
                feed.report(Ok(Value::Switch(level))).await;
            }
        }
    }

    /// Reports what the waiting edges say, in their order. While the reports are not taken the kernel's buffer
    /// overflows, which is why the level is read again after this.
    async fn drain(&mut self, feed: &Feed, lost: &mut Lost) -> Result<(), GpioError> {
        let size = self.request.get_ref().edge_event_u64_size();
        let mut words = vec![0; size * BATCH];
        loop {
            let request = self.request.get_ref();
            if !request.has_edge_event().map_err(|error| self.trouble(error))? {
                return Ok(());
            }
            // The chip's going away counts as an edge too; reading it says so.
            let read = request.read_edge_events_into_slice(&mut words).map_err(|error| self.trouble(error))?;
            for words in words[..read].chunks_exact(size) {
                let edge = self.request.get_ref().edge_event_from_slice(words).map_err(|error| self.trouble(error))?;
                lost.note(u64::from(edge.line_seqno.wrapping_sub(self.edge).saturating_sub(1)));
                self.edge = edge.line_seqno;
                if let Some(level) = self.settle.edge(edge.kind == EdgeKind::Rising, Instant::now()) {
                    feed.report(Ok(Value::Switch(level))).await;
                }
            }
            yield_now().await;
        }
    }

    fn read(&self) -> Result<bool, GpioError> {
        self.request.get_ref().lone_value().map(bool::from).map_err(|error| self.trouble(error))
    }

    fn trouble(&self, error: gpiocdev::Error) -> GpioError {
        GpioError::of_line(&self.name, &error)
    }
}

/// The line with as much done by the kernel as it is able to.
pub(super) fn request(
    place: &Place,
    most: Help,
    input: &GpioInput<Line>,
    edges: impl Fn(Help) -> EdgeDetection,
    kept: u32,
) -> Result<(Request, Help), GpioError> {
    let most = if input.debounce.is_zero() { most.max(Help::TellsEdges) } else { most };
    let mut refusal = None;
    for help in [Help::Debounces, Help::TellsEdges, Help::Reads].into_iter().filter(|help| *help >= most) {
        let mut settings = Request::builder();
        settings.as_input().with_bias(bias(input.bias)).with_kernel_event_buffer_size(kept);
        if input.active_low {
            settings.as_active_low();
        }
        if help != Help::Reads {
            settings.with_edge_detection(edges(help));
        }
        if help == Help::Debounces {
            settings.with_debounce_period(input.debounce);
        }
        match place.request(&mut settings) {
            Ok(request) => return Ok((request, help)),
            Err(error) => {
                let hopeless = matches!(errno(&error), Some(libc::EBUSY | libc::EACCES | libc::EPERM | libc::ENODEV));
                refusal = Some(place.refusal(&error));
                if hopeless {
                    break;
                }
            }
        }
    }
    Err(refusal.unwrap_or_else(|| GpioError::Gone { name: place.name.clone() }))
}

fn bias(bias: Bias) -> Option<LineBias> {
    match bias {
        Bias::AsIs => None,
        Bias::Disabled => Some(LineBias::Disabled),
        Bias::PullUp => Some(LineBias::PullUp),
        Bias::PullDown => Some(LineBias::PullDown),
    }
}
