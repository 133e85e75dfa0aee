//! An output line: claimed together with its safe value, set by orders, answered with what it reads afterwards.
//!
//! Whoever holds the line drives its exit value when letting go, be it at the end, on a reload or in a panic.

use std::future::ready;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{Drive as LineDrive, Value as Level};
use tokio::io::unix::AsyncFd;

use super::error::Away;
use super::{GpioError, chip};
use crate::drivers::held::{self, ClaimValue, Held, SetError};
use crate::drivers::{Feed, FirstTry, Orders};
use crate::model::{DriveMode, Exit, Fault, GpioOutput, Line, Value};

/// Holds one output line for ever, and claims it again, at its safe value, when it is lost.
pub(in crate::drivers) async fn hold(
    output: GpioOutput<Line>,
    value: ClaimValue,
    exit: Exit,
    orders: Orders,
    feed: Feed,
    first: FirstTry,
) {
    let mut away = Away::default();
    let mut claim = || {
        let exit = match exit {
            Exit::To(value) => Some(level(value)?),
            Exit::Keep => None,
        };
        OutputLine::claim(&output, level(value.next())?, exit, &mut away)
    };
    held::hold(|| ready(claim()), orders, feed, first).await;
}

/// A line that is ours, until it is dropped; then it is at its exit level.
pub(in crate::drivers) struct OutputLine {
    name: String,
    request: AsyncFd<Request>,
    exit: Option<Level>,
}

impl OutputLine {
    /// Gets the line at level `safe`, in one request; `exit` is driven at the end, `None` leaves it as it then is.
    /// `away` is for all claims of one point.
    pub fn claim(
        output: &GpioOutput<Line>,
        safe: Level,
        exit: Option<Level>,
        away: &mut Away,
    ) -> Result<OutputLine, Fault> {
        let line = OutputLine::request(output, safe, exit).map_err(|error| away.tell(error))?;
        away.ours(&line.name);
        Ok(line)
    }

    fn request(output: &GpioOutput<Line>, safe: Level, exit: Option<Level>) -> Result<OutputLine, GpioError> {
        let place = chip::find(&output.line)?;
        let mut settings = Request::builder();
        settings.as_output(safe).with_drive(drive_mode(output.drive));
        if output.active_low {
            settings.as_active_low();
        }
        let request = place.request(&mut settings).map_err(|error| place.refusal(&error))?;
        let request = chip::watched(request, &place.name)?;
        Ok(OutputLine { name: place.name, request, exit })
    }

    /// Sets the level and says what the line then reads.
    pub fn drive(&self, level: Level) -> Result<Level, GpioError> {
        self.request.get_ref().set_lone_value(level).map_err(|error| self.trouble(error))?;
        self.level()
    }

    /// What the line reads.
    pub fn level(&self) -> Result<Level, GpioError> {
        self.request.get_ref().lone_value().map_err(|error| self.trouble(error))
    }

    /// Resolves when the chip goes away, on kernels that tell; outputs have no edges.
    pub async fn gone(&self) -> Result<(), GpioError> {
        self.request.readable().await.map_err(|error| self.trouble(error.into()))?.clear_ready();
        Ok(())
    }

    fn trouble(&self, error: gpiocdev::Error) -> GpioError {
        GpioError::of_line(&self.name, &error)
    }
}

impl Held for OutputLine {
    /// For kernels that do not tell when a chip goes.
    const LOOK: Duration = Duration::from_secs(30);

    fn set(&mut self, value: Value) -> Result<Value, SetError> {
        let level = level(value).map_err(|error| SetError::Refused(error.into()))?;
        let reads = self.drive(level).map_err(|error| SetError::Lost(error.into()))?;
        Ok(Value::Switch(reads.into()))
    }

    fn read(&mut self) -> Result<Value, Fault> {
        Ok(Value::Switch(self.level()?.into()))
    }

    async fn stirred(&mut self) -> Result<(), Fault> {
        Ok(self.gone().await?)
    }
}

impl Drop for OutputLine {
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
