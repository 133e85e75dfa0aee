//! Finds a line: the chip by its label, the line by the first of its names that the chip has.

use std::path::{Path, PathBuf};

use gpiocdev::request::Builder;
use gpiocdev::{Chip, Request};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::error::errno;
use super::{CONSUMER, GpioError};
use crate::model::Line;

/// Where a line is at this moment. Not kept: it moves when chips come and go.
#[derive(Debug)]
pub(super) struct Place {
    /// What the kernel calls the line.
    pub name: String,
    chip: PathBuf,
    offset: u32,
}

/// Looks through all chips of the line's label.
pub(super) fn find(line: &Line) -> Result<Place, GpioError> {
    let paths = gpiocdev::chip::chips().map_err(|error| GpioError::of_chip(Path::new("/dev"), &error))?;
    let mut there = Vec::new();
    let mut unopened = None;
    let mut found = false;
    for path in paths {
        let opened = Chip::from_path(&path).and_then(|chip| chip.info().map(|info| (chip, info)));
        let (chip, info) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                unopened.get_or_insert(GpioError::of_chip(&path, &error));
                continue;
            }
        };
        if !line.is_on(&info.label) {
            there.push(info.label);
            continue;
        }
        found = true;
        for name in &line.names {
            if let Some(info) = chip.find_line_info(name) {
                return Ok(Place { name: name.clone(), chip: path, offset: info.offset });
            }
        }
    }
    if found {
        return Err(GpioError::NoLine { label: line.chip.clone(), names: line.names.clone() });
    }
    // A chip that may not be opened may well be the one.
    Err(unopened.unwrap_or(GpioError::NoChip { label: line.chip.clone(), there }))
}

impl Place {
    /// Requests the line as `settings` say.
    pub fn request(&self, settings: &mut Builder) -> Result<Request, gpiocdev::Error> {
        settings.on_chip(&self.chip).with_consumer(CONSUMER).with_line(self.offset).request()
    }

    /// In words, why a request was refused.
    pub fn refusal(&self, error: &gpiocdev::Error) -> GpioError {
        match errno(error) {
            Some(libc::EBUSY) => GpioError::Held { name: self.name.clone(), by: self.consumer() },
            Some(libc::EACCES | libc::EPERM) => GpioError::Denied { path: self.chip.clone() },
            _ => GpioError::of_line(&self.name, error),
        }
    }

    fn consumer(&self) -> String {
        let info = Chip::from_path(&self.chip).and_then(|chip| chip.line_info(self.offset));
        match info {
            Ok(info) if !info.consumer.is_empty() => info.consumer,
            _ => "somebody unknown".to_owned(),
        }
    }
}

/// The request on the reactor, woken by edges and by the chip's going away.
#[allow(
    deprecated,
    reason = "its successor is unsafe for the sake of types that lie about their file; Request does not"
)]
pub(super) fn watched(request: Request, name: &str) -> Result<AsyncFd<Request>, GpioError> {
    AsyncFd::with_interest(request, Interest::READABLE)
        .map_err(|error| GpioError::Kernel { what: format!("line {name}"), why: error.to_string() })
}
