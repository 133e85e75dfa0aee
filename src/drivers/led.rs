//! One of the kernel's LEDs (`/sys/class/leds`), in two states or in %.
//!
//! The claim takes the LED from its trigger (the SD card, the heartbeat), which is not put back: at the end it is left
//! dark or lit as the config says, not blinking for somebody else.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::held::{self, ClaimValue, Held, SetError};
use super::{Feed, FirstTry, Orders, sysfs};
use crate::model::{Exit, Fault, LedOutput, Value};

/// Holds one LED for ever. `root` is where the file system starts.
pub(super) async fn hold(
    output: LedOutput,
    value: ClaimValue,
    exit: Exit,
    root: &Path,
    orders: Orders,
    feed: Feed,
    first: FirstTry,
) {
    // The same fault is told once, whatever other LEDs come and go meanwhile.
    let mut missed = None;
    let claim = || {
        let claimed = Led::claim(&output, value.next(), exit, root);
        let missing = !folder(root, &output.name).exists();
        ready(claimed.map_err(|fault| if missing { missed.get_or_insert(fault).clone() } else { fault }))
    };
    held::hold(claim, orders, feed, first).await;
}

/// What is wrong if the LED is not there.
pub(super) fn absent(output: &LedOutput, root: &Path) -> Option<Fault> {
    (!folder(root, &output.name).exists()).then(|| missing(root, &output.name))
}

/// An LED that is ours; when dropped it is at its exit value.
#[derive(Debug)]
struct Led {
    root: PathBuf,
    output: LedOutput,
    /// The kernel's number for full brightness.
    most: u32,
    exit: Option<u32>,
    /// The value it was set to last, and its brightness.
    told: (Value, u32),
}

impl Led {
    fn claim(output: &LedOutput, safe: Value, exit: Exit, root: &Path) -> Result<Led, Fault> {
        let folder = folder(root, &output.name);
        if !folder.exists() {
            return Err(missing(root, &output.name));
        }
        let most = sysfs::number(&folder.join("max_brightness")).unwrap_or(255.0) as u32;
        let mut led = Led { root: root.to_owned(), output: output.clone(), most, exit: None, told: (safe, 0) };
        let trigger = sysfs::text(&folder.join("trigger")).unwrap_or_default();
        if !trigger.is_empty() && !trigger.split(' ').any(|word| word == "[none]") {
            led.put("trigger", "none")?;
        }
        let exit = match exit {
            Exit::To(value) => Some(led.brightness(value)?),
            Exit::Keep => None,
        };
        led.told.1 = led.brightness(safe)?;
        led.put("brightness", &led.told.1.to_string())?;
        led.exit = exit;
        Ok(led)
    }

    /// The kernel's number for a value.
    fn brightness(&self, value: Value) -> Result<u32, Fault> {
        let name = &self.output.name;
        match (value, self.output.dimmed) {
            (Value::Switch(on), false) => Ok(if on { self.most } else { 0 }),
            (Value::Number(percent), true) if (0.0..=100.0).contains(&percent) => {
                if self.most < 2 && percent != 0.0 && percent != 100.0 {
                    return Err(Fault::new(format!("LED “{name}” can only be at 0 % and 100 %")));
                }
                Ok((f64::from(self.most) * percent / 100.0).round() as u32)
            }
            _ => Err(Fault::new(format!("LED “{name}” cannot be set to {value}"))),
        }
    }

    fn put(&self, file: &str, text: &str) -> Result<(), Fault> {
        let path = folder(&self.root, &self.output.name).join(file);
        sysfs::write(&path, text).map_err(|error| match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                let path = format!("/sys/class/leds/{}/{file}", self.output.name);
                Fault::new(format!("permission denied on {path}: is the user in group gpio?"))
            }
            _ => self.lost(file, &sysfs::reason(&error)),
        })
    }

    fn lost(&self, file: &str, why: &str) -> Fault {
        if !folder(&self.root, &self.output.name).exists() {
            return missing(&self.root, &self.output.name);
        }
        Fault::new(format!("LED “{}”, {file}: {why}", self.output.name))
    }
}

impl Held for Led {
    const LOOK: Duration = Duration::from_secs(5);

    fn set(&mut self, value: Value) -> Result<Value, SetError> {
        let brightness = self.brightness(value).map_err(SetError::Refused)?;
        self.put("brightness", &brightness.to_string()).map_err(SetError::Lost)?;
        self.told = (value, brightness);
        self.read().map_err(SetError::Lost)
    }

    fn read(&mut self) -> Result<Value, Fault> {
        let path = folder(&self.root, &self.output.name).join("brightness");
        let brightness = sysfs::number(&path).map_err(|why| self.lost("brightness", &why))?;
        if brightness == f64::from(self.told.1) {
            return Ok(self.told.0);
        }
        if !self.output.dimmed {
            return Ok(Value::Switch(brightness > 0.0));
        }
        Ok(Value::Number((brightness / f64::from(self.most.max(1)) * 1e4).round() / 100.0))
    }
}

impl Drop for Led {
    fn drop(&mut self) {
        if let Some(brightness) = self.exit
            && let Err(fault) = self.put("brightness", &brightness.to_string())
        {
            tracing::debug!(%fault, "could not be left at its exit value");
        }
    }
}

fn folder(root: &Path, name: &str) -> PathBuf {
    root.join("sys/class/leds").join(name)
}

fn missing(root: &Path, name: &str) -> Fault {
    let leds = sysfs::folders(&root.join("sys/class/leds"));
    let names: Vec<_> = leds.iter().filter_map(|led| Some(led.file_name()?.to_string_lossy())).collect();
    let there = if names.is_empty() { String::new() } else { format!(" (there are: {})", names.join(", ")) };
    Fault::new(format!("no LED “{name}”{there}; the board's device tree and its drivers make them"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::drivers::sysfs::tests::Tree;

    fn board() -> Tree {
        Tree::new(&[
            ("sys/class/leds/ACT/max_brightness", "255"),
            ("sys/class/leds/ACT/brightness", "0"),
            ("sys/class/leds/ACT/trigger", "none rc-feedback [mmc0] heartbeat"),
            ("sys/class/leds/PWR/max_brightness", "1"),
            ("sys/class/leds/PWR/brightness", "1"),
        ])
    }

    fn shows(tree: &Tree, file: &str) -> String {
        fs::read_to_string(tree.root().join("sys/class/leds").join(file)).unwrap().trim().to_owned()
    }

    fn led(name: &str, dimmed: bool) -> LedOutput {
        LedOutput { name: name.into(), dimmed }
    }

    const OFF: Value = Value::Number(0.0);

    #[test]
    fn per_cent_are_a_share_of_what_the_led_can_do() {
        let tree = board();
        let mut act = Led::claim(&led("ACT", true), Value::Number(20.0), Exit::To(OFF), tree.root()).unwrap();
        assert_eq!((shows(&tree, "ACT/trigger"), shows(&tree, "ACT/brightness")), ("none".into(), "51".into()));
        for (percent, brightness) in [(37.0, "94"), (100.0, "255"), (0.0, "0")] {
            assert_eq!(act.set(Value::Number(percent)), Ok(Value::Number(percent)));
            assert_eq!(shows(&tree, "ACT/brightness"), brightness);
        }
        assert!(matches!(act.set(Value::Number(101.0)), Err(SetError::Refused(_))));
        tree.write("sys/class/leds/ACT/brightness", "128");
        assert_eq!(act.read(), Ok(Value::Number(50.2)), "what somebody else has set");
        drop(act);
        assert_eq!(shows(&tree, "ACT/brightness"), "0");
    }

    #[test]
    fn an_led_of_two_states_takes_no_state_between() {
        let tree = board();
        let mut power = Led::claim(&led("PWR", true), OFF, Exit::Keep, tree.root()).unwrap();
        let fault = Fault::new("LED “PWR” can only be at 0 % and 100 %");
        assert_eq!(power.set(Value::Number(40.0)), Err(SetError::Refused(fault)));
        assert_eq!(shows(&tree, "PWR/brightness"), "0");
        assert_eq!(power.set(Value::Number(100.0)), Ok(Value::Number(100.0)));
        drop(power);
        assert_eq!(shows(&tree, "PWR/brightness"), "1");
    }

    #[test]
    fn a_two_state_led_is_off_or_as_bright_as_it_can_be() {
        let tree = board();
        let on = Value::Switch(true);
        let mut act = Led::claim(&led("ACT", false), Value::Switch(false), Exit::To(on), tree.root()).unwrap();
        assert_eq!((act.set(on), shows(&tree, "ACT/brightness")), (Ok(on), "255".into()));
        tree.write("sys/class/leds/ACT/brightness", "3");
        assert_eq!(act.read(), Ok(on));
        assert_eq!(act.set(Value::Switch(false)), Ok(Value::Switch(false)));
        drop(act);
        assert_eq!(shows(&tree, "ACT/brightness"), "255");
    }

    #[test]
    fn an_led_that_goes_and_one_that_is_not_there_are_one_fault() {
        let tree = board();
        let mut act = Led::claim(&led("ACT", true), OFF, Exit::To(OFF), tree.root()).unwrap();
        tree.remove("sys/class/leds/ACT");
        let gone = Fault::new("no LED “ACT” (there are: PWR); the board's device tree and its drivers make them");
        assert_eq!(act.read(), Err(gone.clone()));
        assert_eq!(act.set(OFF), Err(SetError::Lost(gone.clone())));
        drop(act);
        assert_eq!(Led::claim(&led("ACT", true), OFF, Exit::Keep, tree.root()).unwrap_err(), gone);
    }
}
