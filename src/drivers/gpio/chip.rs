//! Finds a line: the chip by its label or its place on a bus, the line by the first of its names that the chip has, or
//! by its number on an expander.

use std::path::{Path, PathBuf};

use gpiocdev::request::Builder;
use gpiocdev::{Chip, Request};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::error::errno;
use super::{CONSUMER, GpioError};
use crate::drivers::{enable, sysfs};
use crate::model::Line;

/// Where a line is at this moment. Not kept: it moves when chips come and go.
#[derive(Debug)]
pub(super) struct Place {
    /// What the kernel calls the line.
    pub name: String,
    chip: PathBuf,
    offset: u32,
}

/// Looks through all chips that go by the line's label or address.
pub(super) fn find(line: &Line) -> Result<Place, GpioError> {
    let paths = gpiocdev::chip::chips().map_err(|error| GpioError::of_chip(Path::new("/dev"), &error))?;
    let (mut ours, mut there) = (Vec::new(), Vec::new());
    let mut unopened = None;
    for path in paths {
        match Chip::from_path(&path).and_then(|chip| chip.info().map(|info| (chip, info))) {
            Ok((chip, info)) if line.is_on(&info.label) || address(&path).as_ref() == Some(&line.chip) => {
                ours.push((path, chip, info));
            }
            Ok((_, info)) => there.push(info.label),
            Err(error) => {
                unopened.get_or_insert(GpioError::of_chip(&path, &error));
            }
        }
    }
    if ours.is_empty() {
        // A chip that may not be opened may well be the one.
        let cure = enable::expander(Path::new("/"), &line.chip);
        return Err(unopened.unwrap_or(GpioError::NoChip { label: line.chip.clone(), there, cure }));
    }
    let mut places = ours.iter().filter_map(|(path, chip, info)| match line.offset {
        Some(offset) if offset >= info.num_lines => None,
        Some(offset) => Some(Place { name: format!("{offset} of {}", line.chip), chip: path.clone(), offset }),
        None => line.names.iter().find_map(|name| {
            let offset = chip.find_line_info(name)?.offset;
            Some(Place { name: name.clone(), chip: path.clone(), offset })
        }),
    });
    let label = line.chip.clone();
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => {
            let addresses = ours.iter().filter_map(|(path, ..)| address(path)).collect();
            Err(GpioError::Several { label, addresses })
        }
        (None, _) => Err(match line.offset {
            Some(pin) => GpioError::NoPin { label, pin, last: ours[0].2.num_lines.saturating_sub(1) },
            None => GpioError::NoLine { label, names: line.names.clone() },
        }),
    }
}

/// What the chip's bus calls it.
pub(super) fn address(chip: &Path) -> Option<String> {
    sysfs::address(&Path::new("/sys/bus/gpio/devices").join(chip.file_name()?))
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
