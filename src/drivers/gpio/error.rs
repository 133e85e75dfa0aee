//! What can be wrong with a line, for the person who must put it right.

use std::path::{Path, PathBuf};

use gpiocdev_uapi::Error as Uapi;

use crate::model::Fault;

/// Why a line cannot be had, read or set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpioError {
    /// No chip has this label.
    #[error(
        "no GPIO chip labelled “{label}” (there {}: {}){}",
        if there.len() == 1 { "is" } else { "are" },
        list(there),
        cure.as_ref().map(|cure| format!("; {cure}")).unwrap_or_default()
    )]
    NoChip {
        /// The label looked for.
        label: String,
        /// The labels found.
        there: Vec<String>,
        /// What would bring it, if that is known.
        cure: Option<String>,
    },
    /// More than one chip it could be.
    #[error("more than one GPIO chip “{label}”; name one by its address: {}", list(addresses))]
    Several {
        /// What they all are called.
        label: String,
        /// What their buses call them.
        addresses: Vec<String>,
    },
    /// The chip has fewer pins.
    #[error("{label} has no pin {pin}, its last is {last}")]
    NoPin {
        /// The chip's label.
        label: String,
        /// The pin wanted.
        pin: u32,
        /// The highest it has.
        last: u32,
    },
    /// The chip has no line of any of these names.
    #[error("chip “{label}” has no line named “{}”", names.join("” or “"))]
    NoLine {
        /// The chip's label.
        label: String,
        /// The names tried.
        names: Vec<String>,
    },
    /// Somebody else holds it.
    #[error("line {name} is held by “{by}”")]
    Held {
        /// The line's name.
        name: String,
        /// Who says to hold it.
        by: String,
    },
    /// The device file may not be opened.
    #[error("permission denied on {}: is the user in group gpio?", path.display())]
    Denied {
        /// The chip's device file.
        path: PathBuf,
    },
    /// The chip was there and is not any more.
    #[error("the GPIO chip of line {name} is gone")]
    Gone {
        /// The line's name.
        name: String,
    },
    /// It does not tell when its level changes.
    #[error("line {name} has no interrupts, so its pulses cannot be counted; wire them to a line that has")]
    NoEdges {
        /// The line's name.
        name: String,
    },
    /// The line does not take such a value.
    #[error("a GPIO line cannot be set to {0}")]
    NotALevel(String),
    /// Anything else the kernel says.
    #[error("{what}: {why}")]
    Kernel {
        /// What was tried.
        what: String,
        /// In the kernel's words.
        why: String,
    },
}

impl From<GpioError> for Fault {
    fn from(error: GpioError) -> Fault {
        Fault::new(error.to_string())
    }
}

impl GpioError {
    /// About a chip's device file.
    pub(super) fn of_chip(path: &Path, error: &gpiocdev::Error) -> GpioError {
        match errno(error) {
            Some(libc::EACCES | libc::EPERM) => GpioError::Denied { path: path.to_owned() },
            _ => GpioError::Kernel { what: path.display().to_string(), why: error.to_string() },
        }
    }

    /// About a line that was held.
    pub(super) fn of_line(name: &str, error: &gpiocdev::Error) -> GpioError {
        match errno(error) {
            Some(libc::ENODEV) => GpioError::Gone { name: name.to_owned() },
            Some(code) => {
                let why = std::io::Error::from_raw_os_error(code).to_string();
                GpioError::Kernel { what: format!("line {name}"), why }
            }
            None => GpioError::Kernel { what: format!("line {name}"), why: error.to_string() },
        }
    }
}

/// A chip that goes is one failure, told once and in the same words, though it looks different afterwards.
#[derive(Debug, Default)]
pub(in crate::drivers) struct Away(Option<GpioError>);

impl Away {
    /// The fault to tell for an error.
    pub fn tell(&mut self, error: GpioError) -> Fault {
        if !matches!(error, GpioError::Gone { .. } | GpioError::NoChip { .. }) {
            self.0 = None;
            return error.into();
        }
        self.0.get_or_insert(error).clone().into()
    }

    /// The line is ours: if its chip is not there the next time, it has gone.
    pub fn ours(&mut self, name: &str) {
        self.0 = Some(GpioError::Gone { name: name.to_owned() });
    }
}

/// The kernel's error number, if the error came from it.
pub(super) fn errno(error: &gpiocdev::Error) -> Option<i32> {
    match error {
        gpiocdev::Error::Os(errno) | gpiocdev::Error::Uapi(_, Uapi::Os(errno)) => Some(errno.0),
        _ => None,
    }
}

fn list(labels: &[String]) -> String {
    if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_label_is_answered_with_those_that_exist() {
        let error = |there: &[&str]| {
            let there = there.iter().map(|label| (*label).to_owned()).collect();
            GpioError::NoChip { label: "pinctrl-rp1".into(), there, cure: None }.to_string()
        };
        assert_eq!(error(&["a", "b"]), "no GPIO chip labelled “pinctrl-rp1” (there are: a, b)");
        assert_eq!(error(&[]), "no GPIO chip labelled “pinctrl-rp1” (there are: none)");
    }

    #[test]
    fn an_expander_that_is_not_there_is_answered_with_what_brings_it() {
        let cure = Some("add the line “dtoverlay=…”".into());
        let error = GpioError::NoChip { label: "mcp23017".into(), there: vec!["a".into()], cure };
        assert_eq!(error.to_string(), "no GPIO chip labelled “mcp23017” (there is: a); add the line “dtoverlay=…”");
    }

    #[test]
    fn a_chip_that_went_is_told_in_the_same_words_until_the_line_is_ours() {
        let gone = || GpioError::Gone { name: "PUMP".into() };
        let missing = |there: &str| GpioError::NoChip { label: "aux".into(), there: vec![there.into()], cure: None };
        let mut away = Away::default();
        assert_eq!(away.tell(missing("lab")), missing("lab").into());
        assert_eq!(away.tell(missing("usb")), missing("lab").into(), "another chip's coming is no news of this one");
        away.ours("PUMP");
        assert_eq!(away.tell(gone()), gone().into());
        assert_eq!(away.tell(missing("lab")), gone().into());
        let held = GpioError::Held { name: "PUMP".into(), by: "gpioset".into() };
        assert_eq!(away.tell(held.clone()), held.into());
    }

    #[test]
    fn permission_denied_names_the_file_and_the_cure() {
        let denied = gpiocdev::Error::from(std::io::Error::from_raw_os_error(libc::EACCES));
        let error = GpioError::of_chip(Path::new("/dev/gpiochip0"), &denied);
        assert_eq!(error.to_string(), "permission denied on /dev/gpiochip0: is the user in group gpio?");
    }
}
