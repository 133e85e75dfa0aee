//! Thermometers on a 1-Wire bus, through the kernel's w1_therm. Its CRC decides; what a DS18B20 says when it is
//! unplugged, has lost its power or sits on a shorted line never becomes a temperature.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{enable, sysfs};
use crate::model::{Fault, OneWireInput, Value};

/// One conversion takes 0.75 s, and the kernel tries ten times while others on the bus wait.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Families that w1_therm reads.
const THERMOMETERS: &[&str] = &["10-", "22-", "28-", "3b-", "42-"];

/// What they say before the first conversion after power came back.
const POWER_UP: f64 = 85.0;
/// A thermometer that was not this near to [`POWER_UP`] before is not there now.
const NEAR: f64 = 10.0;

/// How to read a thermometer; `root` is where the file system starts ("/", or elsewhere in tests).
pub(super) fn reader(
    input: OneWireInput,
    root: impl Into<PathBuf>,
) -> impl FnMut() -> Result<Value, Fault> + Send + 'static {
    let root = root.into();
    let devices = root.join("sys/bus/w1/devices");
    let mut thermometer = Thermometer { named: input.id.is_some(), id: input.id, root, devices, past: Past::default() };
    move || Value::number(thermometer.read()?).ok_or_else(|| Fault::new("not a number"))
}

struct Thermometer {
    /// The config says which.
    named: bool,
    /// Which it is, or was last.
    id: Option<String>,
    root: PathBuf,
    devices: PathBuf,
    past: Past,
}

/// What a thermometer has said.
#[derive(Default)]
struct Past {
    /// Anything to be believed, ever.
    heard: bool,
    /// The last word, in °C, if it was to be believed.
    last: Option<f64>,
    /// What was said of it when it fell silent, while it is.
    silence: Option<Fault>,
}

/// Why there is no temperature.
enum Trouble {
    /// Nothing that can be believed comes back.
    Silent(String),
    /// Anything else.
    Fault(Fault),
}

impl Thermometer {
    /// In °C.
    fn read(&mut self) -> Result<f64, Fault> {
        match self.ask() {
            Ok(degrees) => {
                self.past = Past { heard: true, last: Some(degrees), silence: None };
                Ok(degrees)
            }
            Err(Trouble::Fault(fault)) => {
                self.past = Past { last: None, silence: None, ..self.past };
                Err(fault)
            }
            Err(Trouble::Silent(id)) => {
                self.past.last = None;
                let fault = || silence(&id, &self.devices, self.past.heard);
                Err(self.past.silence.get_or_insert_with(fault).clone())
            }
        }
    }

    fn ask(&mut self) -> Result<f64, Trouble> {
        let id = self.find().map_err(Trouble::Fault)?;
        let device = self.devices.join(&id);
        if !device.exists() {
            return Err(Trouble::Silent(id));
        }
        let degrees = match Said::by(&device).map_err(Trouble::Fault)? {
            Said::Degrees(degrees) if degrees != 0.0 || has_more_to_say(&device) => degrees,
            _ => return Err(Trouble::Silent(id)),
        };
        let wrong = |words: String| Err(Trouble::Fault(Fault::new(format!("{id} says {words}"))));
        if degrees == POWER_UP && self.past.last.is_none_or(|last| (last - POWER_UP).abs() > NEAR) {
            return wrong("85 °C, which it also does when it has just got its power".into());
        }
        if !(-55.0..=125.0).contains(&degrees) {
            return wrong(format!("{degrees} °C, which it cannot measure: too little power?"));
        }
        Ok(degrees)
    }

    /// The configured thermometer, or the only one there is, or was.
    fn find(&mut self) -> Result<String, Fault> {
        let bus =
            |device: &PathBuf| device.file_name().is_some_and(|name| name.to_string_lossy().contains("bus_master"));
        if !sysfs::folders(&self.devices).iter().any(bus) {
            return Err(Fault::new(format!("no 1-Wire bus; {}", enable::onewire(&self.root))));
        }
        if !self.named {
            match &thermometers(&self.devices)[..] {
                [] => {}
                [id] => self.id = Some(id.clone()),
                several => {
                    let words = "several thermometers on the 1-Wire bus; the config must name one by its id";
                    return Err(Fault::new(format!("{words}: {}", several.join(", "))));
                }
            }
        }
        self.id.clone().ok_or_else(|| Fault::new("no thermometer on the 1-Wire bus"))
    }
}

/// The kernel keeps an unplugged one in its list for minutes, and a line on ground first reads as 0, then as nothing:
/// all that is one fault. Only a thermometer never heard of may have a wrong id.
fn silence(id: &str, devices: &Path, heard: bool) -> Fault {
    let fault = format!("{id} does not answer rightly: unplugged, or a bad connection");
    match &thermometers(devices)[..] {
        others if heard || others.is_empty() || others.iter().any(|other| other == id) => Fault::new(fault),
        others => Fault::new(format!("{fault} (on the bus are: {})", others.join(", "))),
    }
}

/// Why a thermometer is not there, if it is not.
pub(super) fn absent(input: &OneWireInput, root: &Path) -> Option<Fault> {
    let devices = root.join("sys/bus/w1/devices");
    let (named, id) = (input.id.is_some(), input.id.clone());
    let mut wanted = Thermometer { named, id, root: root.to_owned(), devices, past: Past::default() };
    match wanted.find() {
        Ok(id) => (!wanted.devices.join(&id).exists()).then(|| silence(&id, &wanted.devices, false)),
        Err(fault) => Some(fault),
    }
}

pub(super) fn thermometers(devices: &Path) -> Vec<String> {
    let names = sysfs::folders(devices).into_iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    names.filter(|name| THERMOMETERS.iter().any(|family| name.starts_with(family))).collect()
}

/// What came of one conversion.
enum Said {
    /// Its temperature in °C, with a good CRC.
    Degrees(f64),
    /// Nothing, or nothing with a good CRC.
    Nothing,
}

impl Said {
    /// From `temperature`, which kernels before 5.8 do not have, else from `w1_slave`.
    fn by(device: &Path) -> Result<Said, Fault> {
        let file = device.join("temperature");
        if !file.exists() {
            return Said::by_bytes(device);
        }
        // The kernel's word for a failure is an empty file, or an error.
        match sysfs::text(&file) {
            Ok(text) => Ok(text.parse::<f64>().map_or(Said::Nothing, |milli| Said::Degrees(milli / 1000.0))),
            Err(_) => Ok(Said::Nothing),
        }
    }

    fn by_bytes(device: &Path) -> Result<Said, Fault> {
        let file = device.join("w1_slave");
        if !file.exists() {
            return Err(Fault::new("the kernel's module w1_therm, which reads it, is not loaded"));
        }
        let text = sysfs::text(&file).unwrap_or_default();
        let mut lines = text.lines();
        let good = lines.next().is_some_and(|line| line.ends_with(" YES"));
        let milli = lines.next().and_then(|line| line.split_once("t=")?.1.parse::<f64>().ok());
        Ok(milli.filter(|_| good).map_or(Said::Nothing, |milli| Said::Degrees(milli / 1000.0)))
    }
}

/// Is there more than zeros? A data line on ground reads as zeros, whose CRC is right, but no thermometer says only
/// those.
fn has_more_to_say(device: &Path) -> bool {
    let text = sysfs::text(&device.join("w1_slave")).unwrap_or_default();
    let bytes: Vec<_> = text.split_whitespace().take(9).collect();
    bytes.len() == 9 && bytes.iter().any(|byte| *byte != "00")
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tests::Tree;
    use super::*;

    const ID: &str = "28-0316a2795bff";
    const OTHER: &str = "28-0316a2795c00";

    fn bus() -> Tree {
        Tree::new(&[("sys/bus/w1/devices/w1_bus_master1/w1_master_slave_count", "1")])
    }

    fn says(bus: &Tree, id: &str, text: &str) {
        bus.write(&format!("sys/bus/w1/devices/{id}/temperature"), text);
    }

    fn named(id: &str) -> OneWireInput {
        OneWireInput { id: Some(id.into()) }
    }

    fn silent(id: &str) -> Fault {
        Fault::new(format!("{id} does not answer rightly: unplugged, or a bad connection"))
    }

    #[test]
    fn a_thermometer_is_read_by_its_id_and_the_only_one_without() {
        let bus = bus();
        says(&bus, ID, "-1250");
        let mut only = reader(OneWireInput { id: None }, bus.root());
        assert_eq!(reader(named(ID), bus.root())(), Ok(Value::Number(-1.25)));
        assert_eq!(only(), Ok(Value::Number(-1.25)));
        says(&bus, OTHER, "20000");
        let fault = "several thermometers on the 1-Wire bus; the config must name one by its id:";
        assert_eq!(only(), Err(Fault::new(format!("{fault} {ID}, {OTHER}"))));
        bus.remove(&format!("sys/bus/w1/devices/{ID}"));
        bus.remove(&format!("sys/bus/w1/devices/{OTHER}"));
        assert_eq!(only(), Err(silent(ID)), "it was there");
        let mut only = reader(OneWireInput { id: None }, bus.root());
        assert_eq!(only(), Err(Fault::new("no thermometer on the 1-Wire bus")));
    }

    #[test]
    fn an_unplugged_one_is_one_fault_however_long_the_kernel_keeps_it_listed() {
        let bus = bus();
        let mut read = reader(named(ID), bus.root());
        says(&bus, ID, "20000");
        assert_eq!(read(), Ok(Value::Number(20.0)));
        says(&bus, ID, "");
        assert_eq!(read(), Err(silent(ID)));
        bus.remove(&format!("sys/bus/w1/devices/{ID}"));
        assert_eq!(read(), Err(silent(ID)));
        says(&bus, ID, "21000");
        assert_eq!(read(), Ok(Value::Number(21.0)));
    }

    #[test]
    fn a_wrong_id_is_told_which_there_are() {
        let bus = bus();
        says(&bus, OTHER, "20000");
        let mut read = reader(named(ID), bus.root());
        let fault = Fault::new(format!("{} (on the bus are: {OTHER})", silent(ID)));
        assert_eq!(read(), Err(fault.clone()));
        bus.remove(&format!("sys/bus/w1/devices/{OTHER}"));
        assert_eq!(read(), Err(fault), "the same fault in other words");
    }

    #[test]
    fn the_first_word_after_power_up_is_no_temperature_but_a_real_85_is() {
        let bus = bus();
        let mut read = reader(named(ID), bus.root());
        let fault = Fault::new(format!("{ID} says 85 °C, which it also does when it has just got its power"));
        says(&bus, ID, "85000");
        assert_eq!(read(), Err(fault.clone()));
        says(&bus, ID, "21000");
        assert_eq!(read(), Ok(Value::Number(21.0)));
        says(&bus, ID, "85000");
        assert_eq!(read(), Err(fault.clone()));
        says(&bus, ID, "84937");
        assert_eq!(read(), Ok(Value::Number(84.937)));
        says(&bus, ID, "85000");
        assert_eq!(read(), Ok(Value::Number(85.0)));
        says(&bus, ID, "");
        assert_eq!(read(), Err(silent(ID)));
        says(&bus, ID, "85000");
        assert_eq!(read(), Err(fault));
    }

    #[test]
    fn what_it_cannot_measure_is_a_fault() {
        let bus = bus();
        says(&bus, ID, "127937");
        let fault = reader(named(ID), bus.root())().unwrap_err();
        assert_eq!(fault.0, format!("{ID} says 127.937 °C, which it cannot measure: too little power?"));
    }

    #[test]
    fn a_line_on_ground_is_not_0_degrees_and_0_degrees_is_not_a_line_on_ground() {
        let bus = bus();
        says(&bus, ID, "0");
        let bytes = |bytes: &str| bus.write(&format!("sys/bus/w1/devices/{ID}/w1_slave"), bytes);
        bytes("00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0");
        assert_eq!(reader(named(ID), bus.root())(), Err(silent(ID)));
        bytes("");
        assert_eq!(reader(named(ID), bus.root())(), Err(silent(ID)));
        bytes("00 00 4b 46 7f ff 0c 10 70 : crc=70 YES\n00 00 4b 46 7f ff 0c 10 70 t=0");
        assert_eq!(reader(named(ID), bus.root())(), Ok(Value::Number(0.0)));
    }

    #[test]
    fn an_old_kernels_crc_line_decides() {
        let bus = bus();
        let bytes = |verdict: &str| {
            let text = format!("50 01 4b 46 7f ff 0c 10 1c : crc=1c {verdict}\n50 01 4b 46 7f ff 0c 10 1c t=21000");
            bus.write(&format!("sys/bus/w1/devices/{ID}/w1_slave"), &text);
        };
        bytes("YES");
        assert_eq!(reader(named(ID), bus.root())(), Ok(Value::Number(21.0)));
        bytes("NO");
        assert_eq!(reader(named(ID), bus.root())(), Err(silent(ID)));
    }

    #[test]
    fn without_a_bus_or_its_driver_the_fault_says_what_brings_it() {
        let bare = Tree::new(&[("boot/firmware/config.txt", "")]);
        let fault = reader(named(ID), bare.root())().unwrap_err();
        let line = "add the line “dtoverlay=w1-gpio” to /boot/firmware/config.txt and restart the board";
        assert_eq!(fault.0, format!("no 1-Wire bus; {line}"));
        let bus = bus();
        bus.write(&format!("sys/bus/w1/devices/{ID}/id"), "");
        let fault = reader(named(ID), bus.root())().unwrap_err();
        assert_eq!(fault.0, "the kernel's module w1_therm, which reads it, is not loaded");
    }
}
