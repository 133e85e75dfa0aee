//! One channel as `/sys/class/pwm` shows it: found, exported, set up in the order the kernel accepts, given back.
//!
//! A channel that is exported belongs to whoever exported it, which the kernel does not write down. A file in
//! `/run/katydid` says that it was us: the channel of a run that was killed can be had again.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use super::Wave;
use crate::drivers::{enable, sysfs};
use crate::model::{Fault, Pulse, PwmChannel, QUOTED, clip};

/// How long udev has to hand over a channel's files after the export.
const HANDED_OVER: (u32, Duration) = (40, Duration::from_millis(50));

/// Looks for the chip, each time anew.
#[derive(Debug, Clone)]
pub(super) struct Finder {
    root: PathBuf,
    wanted: PwmChannel,
    pin: Option<String>,
    /// What was said when it was first missed: as long as it is missing that stays.
    missed: Option<Fault>,
}

impl Finder {
    pub fn new(root: &Path, wanted: &PwmChannel, pin: Option<&str>) -> Finder {
        Finder { root: root.to_owned(), wanted: wanted.clone(), pin: pin.map(str::to_owned), missed: None }
    }

    /// The chip's folder.
    pub fn find(&mut self) -> Result<PathBuf, Fault> {
        let wanted = &self.wanted.chip;
        let chips = sysfs::folders(&self.root.join("sys/class/pwm"));
        let mut named: Vec<_> = chips.into_iter().filter_map(|chip| Some((device(&chip)?, chip))).collect();
        if let Some(at) = named.iter().position(|(name, _)| name == wanted) {
            self.missed = None;
            return Ok(named.swap_remove(at).1);
        }
        let mut names: Vec<_> = named.into_iter().map(|(name, _)| name).collect();
        names.dedup();
        let there = if names.is_empty() { String::new() } else { format!(" (there are: {})", names.join(", ")) };
        let cure = enable::pwm(&self.root, self.pin.as_deref());
        let fault = || Fault::new(format!("no PWM controller “{wanted}”{there}; {cure}"));
        Err(self.missed.get_or_insert_with(fault).clone())
    }

    fn mark(&self) -> PathBuf {
        self.root.join("run/katydid").join(format!("pwm-{}-{}", self.wanted.chip, self.wanted.channel))
    }
}

/// The name of a chip's device.
fn device(chip: &Path) -> Option<String> {
    let real = fs::canonicalize(chip.join("device")).ok()?;
    Some(real.file_name()?.to_string_lossy().into_owned())
}

/// A channel that is exported for us, until it is dropped.
#[derive(Debug)]
pub(in crate::drivers) struct Channel {
    finder: Finder,
    chip: PathBuf,
    folder: PathBuf,
    /// To be given back when it is dropped.
    ours: bool,
}

impl Channel {
    /// Exports a channel of the chip that was found, and waits until its files may be written.
    pub(super) async fn get(finder: Finder, chip: PathBuf) -> Result<Channel, Fault> {
        let number = finder.wanted.channel;
        let folder = chip.join(format!("pwm{number}"));
        let channels = sysfs::number(&chip.join("npwm")).unwrap_or(f64::INFINITY);
        if f64::from(number) >= channels {
            let say = format!("has no channel {number}; they count from 0 to {}", channels - 1.0);
            return Err(Fault::new(format!("PWM controller “{}” {say}", finder.wanted.chip)));
        }
        let mut channel = Channel { finder, chip, folder, ours: false };
        let mark = channel.finder.mark();
        if !channel.folder.exists() {
            channel.export(&mark)?;
        } else if mark.exists() {
            tracing::info!(channel = channel.name(), "taken over from an earlier run");
        } else {
            return Err(channel.held());
        }
        channel.ours = true;
        channel.handed_over().await?;
        Ok(channel)
    }

    fn export(&self, mark: &Path) -> Result<(), Fault> {
        if let Err(error) = mark.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(mark, "")) {
            tracing::debug!(%error, file = %mark.display(), "cannot be written: after a kill the channel stays taken");
        }
        let path = self.chip.join("export");
        let Err(error) = sysfs::write(&path, &self.finder.wanted.channel.to_string()) else { return Ok(()) };
        let _ = fs::remove_file(mark);
        Err(match error.kind() {
            ErrorKind::ResourceBusy if self.folder.exists() => self.held(),
            ErrorKind::ResourceBusy => Fault::new(format!("{} is held by a driver of the kernel's", self.name())),
            _ => self.trouble("export", &error),
        })
    }

    /// udev changes the owner of the files some time after they appear.
    async fn handed_over(&self) -> Result<(), Fault> {
        let (tries, pause) = HANDED_OVER;
        let mut last = Ok(());
        for _ in 0..tries {
            let files = ["duty_cycle", "period", "polarity", "enable"].map(|file| self.folder.join(file));
            last = files.iter().try_for_each(|file| fs::OpenOptions::new().write(true).open(file).map(|_| ()));
            match &last {
                Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound) => {
                    sleep(pause).await;
                }
                _ => break,
            }
        }
        last.map_err(|error| self.trouble("duty_cycle", &error))
    }

    /// The chip's number now, and the channel's.
    pub fn numbers(&self) -> Option<(u8, u8)> {
        let chip = self.chip.file_name()?.to_str()?.strip_prefix("pwmchip")?.parse().ok()?;
        Some((chip, u8::try_from(self.finder.wanted.channel).ok()?))
    }

    fn text(&self, file: &str) -> Result<String, Fault> {
        sysfs::text(&self.folder.join(file)).map_err(|why| self.lost(file, &why))
    }

    fn number(&self, file: &str) -> Result<u64, Fault> {
        let text = self.text(file)?;
        text.parse().map_err(|_| self.lost(file, &format!("“{}” is not a number", clip(&text, QUOTED))))
    }

    fn put(&self, file: &str, text: &str) -> Result<(), Fault> {
        let refused = |error: io::Error| match (error.kind(), file) {
            (ErrorKind::InvalidInput, "period") => Fault::new(format!("{} takes no period of {text} ns", self.name())),
            (ErrorKind::InvalidInput, "polarity") => Fault::new(format!("{} cannot be inverted", self.name())),
            _ => self.trouble(file, &error),
        };
        sysfs::write(&self.folder.join(file), text).map_err(refused)
    }

    /// Why a file of the channel could not be read or written.
    pub fn trouble(&self, file: &str, error: &io::Error) -> Fault {
        match error.kind() {
            ErrorKind::PermissionDenied => {
                let path = if file == "export" { "export".to_owned() } else { self.in_chip(file) };
                let chip = self.shown_chip();
                Fault::new(format!("permission denied on {chip}/{path}: is the user in group gpio?"))
            }
            _ => self.lost(file, &sysfs::reason(error)),
        }
    }

    /// A file that cannot be read or written any more: the chip is gone, or the channel, or something is odd.
    fn lost(&self, file: &str, why: &str) -> Fault {
        if let Err(fault) = self.finder.clone().find() {
            return fault;
        }
        if !self.folder.exists() {
            return Fault::new(format!("{} was taken away", self.name()));
        }
        Fault::new(format!("{}, {file}: {why}", self.name()))
    }

    fn held(&self) -> Fault {
        let (number, chip) = (self.finder.wanted.channel, self.shown_chip());
        let cure = format!("if that is gone, write {number} to {chip}/unexport");
        Fault::new(format!("{} is held by another program; {cure}", self.name()))
    }

    fn name(&self) -> String {
        format!("PWM channel {} of “{}”", self.finder.wanted.channel, self.finder.wanted.chip)
    }

    fn in_chip(&self, file: &str) -> String {
        format!("pwm{}/{file}", self.finder.wanted.channel)
    }

    fn shown_chip(&self) -> String {
        let chip = self.chip.strip_prefix(&self.finder.root).unwrap_or(&self.chip);
        Path::new("/").join(chip).display().to_string()
    }
}

impl Wave for Channel {
    /// What runs already goes on without a pause if the polarity is right.
    fn set_up(&self, pulse: &Pulse, width: u64) -> Result<(), Fault> {
        let polarity = if pulse.active_low { "inversed" } else { "normal" };
        let turn = self.text("polarity")? != polarity;
        if turn && self.number("enable")? != 0 {
            self.put("enable", "0")?;
        }
        // The kernel takes no pulse that is longer than its period, at no moment.
        if self.number("duty_cycle")? > pulse.period {
            self.put("duty_cycle", "0")?;
        }
        self.put("period", &pulse.period.to_string())?;
        if turn {
            self.put("polarity", polarity)?;
        }
        self.set_width(width)?;
        self.put("enable", "1")
    }

    fn set_width(&self, width: u64) -> Result<(), Fault> {
        self.put("duty_cycle", &width.to_string())
    }

    fn in_force(&self) -> Result<(Option<u64>, u64), Fault> {
        let (width, period) = (self.number("duty_cycle")?, self.number("period")?);
        Ok(((self.number("enable")? != 0).then_some(width), period))
    }

    fn keep(&mut self) {
        self.ours = !self.folder.exists();
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if !self.ours {
            return;
        }
        if let Err(error) = sysfs::write(&self.chip.join("unexport"), &self.finder.wanted.channel.to_string()) {
            tracing::debug!(channel = self.name(), %error, "could not be given back");
        }
        let _ = fs::remove_file(self.finder.mark());
    }
}
