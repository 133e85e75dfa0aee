//! I2C chips that are nothing but registers (kernel module i2c-stub), for the kernel's real sensor drivers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A bare chip that a driver can be bound to. It is unbound when this is dropped.
pub struct Chip {
    driver: &'static str,
    address: u8,
    bus: Bus,
}

#[derive(Clone)]
struct Bus {
    folder: PathBuf,
    number: String,
}

impl Chip {
    /// At one of the addresses the stub was loaded with; no driver has it yet.
    pub fn bare(driver: &'static str, module: &str, address: u8) -> Chip {
        modprobe(&["i2c-dev"]);
        modprobe(&["i2c-stub", "chip_addr=0x20,0x21,0x24,0x48,0x49,0x76"]);
        modprobe(&[module]);
        Chip { driver, address, bus: Bus::stub() }
    }

    /// A thermometer of this many sixteenths of a degree.
    pub fn lm75(address: u8, sixteenths: i16) -> Chip {
        let chip = Chip::bare("lm75", "lm75", address);
        chip.lm75_measures(sixteenths);
        chip.plug();
        chip
    }

    /// What it measures now. The chip sends the high byte first, SMBus words have the low one first.
    pub fn lm75_measures(&self, sixteenths: i16) {
        let register = (sixteenths << 4) as u16;
        self.set("0x00", &format!("{:#06x}", register.swap_bytes()), "w");
    }

    /// A barometer with the calibration and the measurement of its data sheet's example: 25.08 °C, 100,653 Pa.
    pub fn bmp280() -> Chip {
        let chip = Chip::bare("bmp280", "bmp280-i2c", 0x76);
        chip.bytes(0xd0, &[0x58]);
        let calibration = [
            0x70, 0x6b, 0x43, 0x67, 0x18, 0xfc, 0x7d, 0x8e, 0x43, 0xd6, 0xd0, 0x0b, 0x27, 0x0b, 0x8c, 0x00, 0xf9, 0xff,
            0x8c, 0x3c, 0xf8, 0xc6, 0x70, 0x17,
        ];
        chip.bytes(0x88, &calibration);
        chip.bytes(0xf7, &[0x65, 0x5a, 0xc0, 0x7e, 0xed, 0x00]);
        chip.plug();
        chip
    }

    /// An expander of eight pins. It has no registers: one reads what was written last, if nobody pulls it down. Of the
    /// stub that is made by registers which hold their own number: writing points at one, reading gives it and goes on.
    pub fn pcf8574(address: u8) -> Chip {
        let chip = Chip::bare("pcf8574", "gpio-pcf857x", address);
        chip.bytes_up_to_the_last(|register| register);
        chip.plug();
        chip
    }

    /// The world holds its pins at these levels, whatever is driven.
    pub fn pcf8574_stands_at(&self, levels: u8) {
        self.bytes_up_to_the_last(|_| levels);
    }

    /// An expander of sixteen pins.
    pub fn mcp23017(address: u8) -> Chip {
        let chip = Chip::bare("mcp23017", "pinctrl-mcp23s08_i2c", address);
        chip.mcp23017_stands_at(0);
        chip.plug();
        chip
    }

    /// The world holds its pins at these levels (register GPIO).
    pub fn mcp23017_stands_at(&self, levels: u16) {
        self.set("0x12", &format!("{levels:#06x}"), "w");
    }

    /// What it drives (register OLAT), and where (IODIR, 0 is an output).
    pub fn mcp23017_drives(&self) -> (u16, u16) {
        (self.get("0x14"), self.get("0x00"))
    }

    fn bytes_up_to_the_last(&self, byte: impl Fn(u8) -> u8) {
        let address = format!("{:#x}", self.address);
        let mut script = String::new();
        for first in (0..=0xe0).step_by(32) {
            let bytes: Vec<_> = (0..32).map(|next| format!("{:#x}", byte(first + next))).collect();
            script += &format!("i2cset -f -y {} {address} {first:#x} {} i\n", self.bus.number, bytes.join(" "));
        }
        assert!(Command::new("sh").args(["-ec", &script]).status().unwrap().success(), "{script}");
    }

    fn get(&self, register: &str) -> u16 {
        let address = format!("{:#x}", self.address);
        let words = ["-f", "-y", &self.bus.number, &address, register, "w"];
        let text = Command::new("i2cget").args(words).output().unwrap().stdout;
        u16::from_str_radix(String::from_utf8(text).unwrap().trim().trim_start_matches("0x"), 16).unwrap()
    }

    /// Its registers from this one on.
    pub fn bytes(&self, from: u8, bytes: &[u8]) {
        for (register, byte) in (from..).zip(bytes) {
            self.set(&format!("{register:#x}"), &format!("{byte:#x}"), "b");
        }
    }

    /// The driver finds it.
    pub fn plug(&self) {
        fs::write(self.bus.folder.join("new_device"), format!("{} {:#x}", self.driver, self.address)).unwrap();
    }

    /// The driver loses it.
    pub fn unplug(&self) {
        fs::write(self.bus.folder.join("delete_device"), format!("{:#x}", self.address)).unwrap();
    }

    /// What the kernel calls its place (`0-0048`).
    pub fn place(&self) -> String {
        format!("{}-{:04x}", self.bus.number, self.address)
    }

    fn set(&self, register: &str, value: &str, size: &str) {
        let address = format!("{:#x}", self.address);
        let words = ["-f", "-y", &self.bus.number, &address, register, value, size];
        let status = Command::new("i2cset").args(words).status().unwrap();
        assert!(status.success(), "i2cset {words:?}");
    }
}

impl Drop for Chip {
    fn drop(&mut self) {
        let _ = fs::write(self.bus.folder.join("delete_device"), format!("{:#x}", self.address));
    }
}

impl Bus {
    fn stub() -> Bus {
        let buses = fs::read_dir("/sys/bus/i2c/devices").unwrap().map(|entry| entry.unwrap().path());
        let is_stub = |folder: &PathBuf| {
            fs::read_to_string(folder.join("name")).is_ok_and(|name| name.starts_with("SMBus stub driver"))
        };
        let folder = buses.into_iter().find(is_stub).expect("i2c-stub made no bus");
        let number = folder.file_name().unwrap().to_str().unwrap().trim_start_matches("i2c-").to_owned();
        Bus { folder, number }
    }
}

/// Loads a module with its parameters, unless it is there already.
pub fn modprobe(words: &[&str]) {
    if Path::new("/sys/module").join(words[0].replace('-', "_")).exists() {
        return;
    }
    let status = Command::new("modprobe").args(words).status().unwrap();
    assert!(status.success(), "modprobe {words:?}");
}
