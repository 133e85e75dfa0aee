//! An output line: claimed together with its safe value, set by orders, answered with what it reads afterwards.
//!
//! Whoever holds the line drives its exit value when letting go, be it at the end, on a reload or in a panic.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{Drive as LineDrive, Value as Level};
use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, timeout};

use super::error::Away;
use super::{GpioError, chip};
use crate::drivers::retry::Backoff;
use crate::drivers::{Feed, FirstTry, Orders};
use crate::model::{DriveMode, Exit, Fault, GpioOutput, Line, Value};

/// How often a line nobody moves is read, for kernels that do not tell when a chip goes.
const LOOK: Duration = Duration::from_secs(30);

/// Holds one output line for ever, and claims it again, at its safe value, when it is lost.
pub async fn hold(
    output: GpioOutput<Line>,
    safe: Value,
    exit: Exit,
    mut orders: Orders,
    feed: Feed,
    mut first: FirstTry,
) {
    let mut backoff = Backoff::new();
    let mut away = Away::default();
    loop {
        let claimed = Held::claim(&output, safe, exit).and_then(|held| held.read().map(|value| (held, value)));
        first.made();
        let error = match claimed {
            Ok((held, value)) => {
                backoff.worked(feed.point());
                away.over();
                let Err(error) = held.serve(value, &mut orders, &feed).await;
                error
            }
            Err(error) => error,
        };
        let fault = away.tell(error);
        let wait = backoff.failed(feed.point(), &fault);
        feed.report(Err(fault.clone())).await;
        let _ = timeout(wait, refuse(&mut orders, &feed, &fault)).await;
    }
}

/// Answers orders for a line we do not have.
async fn refuse(orders: &mut Orders, feed: &Feed, fault: &Fault) -> Infallible {
    while let Some(order) = orders.recv().await {
        feed.answer(order.number, Err(fault.clone())).await;
    }
    pending().await
}

/// A line that is ours.
struct Held {
    name: String,
    request: AsyncFd<Request>,
    exit: Option<Level>,
}

impl Held {
    fn claim(output: &GpioOutput<Line>, safe: Value, exit: Exit) -> Result<Held, GpioError> {
        let safe = level(safe)?;
        let exit = match exit {
            Exit::To(value) => Some(level(value)?),
            Exit::Keep => None,
        };
        let place = chip::find(&output.line)?;
        let mut settings = Request::builder();
        settings.as_output(safe).with_drive(drive_mode(output.drive));
        if output.active_low {
            settings.as_active_low();
        }
        let request = place.request(&mut settings).map_err(|error| place.refusal(&error))?;
        let request = chip::watched(request, &place.name)?;
        Ok(Held { name: place.name, request, exit })
    }

    /// Obeys until the line is lost; `last` is what it read when it was claimed.
    async fn serve(&self, mut last: Value, orders: &mut Orders, feed: &Feed) -> Result<Infallible, GpioError> {
        feed.report(Ok(last)).await;
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some(order) = order else { return pending().await };
                    match self.set(order.value) {
                        Ok(value) => {
                            last = value;
                            feed.answer(order.number, Ok(value)).await;
                        }
                        Err(error) => {
                            feed.answer(order.number, Err(error.clone().into())).await;
                            if !matches!(error, GpioError::NotALevel(_)) {
                                return Err(error);
                            }
                        }
                    }
                    continue;
                }
                // Outputs have no edges: this is the chip going away.
                ready = self.request.readable() => ready.map_err(|error| self.trouble(error.into()))?.clear_ready(),
                () = sleep(LOOK) => {}
            }
            let value = self.read()?;
            if value != last {
                last = value;
                feed.report(Ok(value)).await;
            }
        }
    }

    fn set(&self, value: Value) -> Result<Value, GpioError> {
        self.request.get_ref().set_lone_value(level(value)?).map_err(|error| self.trouble(error))?;
        self.read()
    }

    fn read(&self) -> Result<Value, GpioError> {
        let level = self.request.get_ref().lone_value().map_err(|error| self.trouble(error))?;
        Ok(Value::Switch(level.into()))
    }

    fn trouble(&self, error: gpiocdev::Error) -> GpioError {
        GpioError::of_line(&self.name, &error)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(exit) = self.exit else { return };
        if let Err(error) = self.request.get_ref().set_lone_value(exit) {
            tracing::debug!(line = self.name, %error, "could not be left at its exit value");
        }
    }
}

fn level(value: Value) -> Result<Level, GpioError> {
    match value {
        Value::Switch(active) => Ok(Level::from(active)),
        other => Err(GpioError::NotALevel(other.to_string())),
    }
}

fn drive_mode(mode: DriveMode) -> LineDrive {
    match mode {
        DriveMode::PushPull => LineDrive::PushPull,
        DriveMode::OpenDrain => LineDrive::OpenDrain,
        DriveMode::OpenSource => LineDrive::OpenSource,
    }
}
