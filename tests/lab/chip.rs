//! A simulated chip (kernel module gpio-sim), driven from outside as the world would drive it.

use std::fs;
use std::path::{Path, PathBuf};

const UNBIND: &str = "/sys/bus/platform/drivers/gpio-sim/unbind";
const BIND: &str = "/sys/bus/platform/drivers/gpio-sim/bind";

/// A chip of eight lines or as many as have names, labelled as said. It goes when this is dropped.
pub struct SimChip {
    config: PathBuf,
    lines: usize,
}

impl SimChip {
    /// A chip whose first lines have these names.
    pub fn new(label: &str, names: &[&str]) -> SimChip {
        let config = Path::new("/sys/kernel/config/gpio-sim").join(label);
        let bank = config.join("bank0");
        fs::create_dir_all(&bank).unwrap();
        let lines = names.len().max(8);
        write(&bank.join("num_lines"), &lines.to_string());
        write(&bank.join("label"), label);
        for (offset, name) in names.iter().enumerate() {
            let line = bank.join(format!("line{offset}"));
            fs::create_dir(&line).unwrap();
            write(&line.join("name"), name);
        }
        write(&config.join("live"), "1");
        SimChip { config, lines }
    }

    /// Its device file; another one after [`SimChip::plug`].
    pub fn path(&self) -> PathBuf {
        Path::new("/dev").join(self.chip_name())
    }

    /// The world pulls a line up or down.
    pub fn pull(&self, offset: u32, up: bool) {
        write(&self.line(offset).join("pull"), if up { "pull-up" } else { "pull-down" });
    }

    /// Where [`SimChip::pull`] writes.
    pub fn pull_file(&self, offset: u32) -> PathBuf {
        self.line(offset).join("pull")
    }

    /// A line's level as the world sees it.
    pub fn level(&self, offset: u32) -> bool {
        read(&self.line(offset).join("value")) == "1"
    }

    /// Where [`SimChip::level`] looks.
    pub fn level_file(&self, offset: u32) -> PathBuf {
        self.line(offset).join("value")
    }

    /// Takes the chip away, held lines or not.
    pub fn unplug(&self) {
        write(Path::new(UNBIND), &self.device());
    }

    /// Brings it back.
    pub fn plug(&self) {
        write(Path::new(BIND), &self.device());
    }

    fn line(&self, offset: u32) -> PathBuf {
        Path::new("/sys/devices/platform").join(self.device()).join(self.chip_name()).join(format!("sim_gpio{offset}"))
    }

    fn chip_name(&self) -> String {
        read(&self.config.join("bank0/chip_name"))
    }

    fn device(&self) -> String {
        read(&self.config.join("dev_name"))
    }
}

impl Drop for SimChip {
    fn drop(&mut self) {
        let _ = fs::write(self.config.join("live"), "0");
        let bank = self.config.join("bank0");
        for offset in 0..self.lines {
            let _ = fs::remove_dir(bank.join(format!("line{offset}")));
        }
        let _ = fs::remove_dir(bank);
        let _ = fs::remove_dir(&self.config);
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{} <- {text}: {error}", path.display()));
}

fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.trim().to_owned()
}
