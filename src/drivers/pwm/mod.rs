//! An actuator on a channel of the kernel's PWM controllers (`/sys/class/pwm`): lamps, fans, servos.
//!
//! The signal is never switched off while it is ours: 0 % is a pulse of no length, which also holds where the pulse is
//! the low level. Chips go by the name of their device; their numbers change from start to start.

mod channel;

use std::future::{Future, ready};
use std::path::Path;
use std::time::Duration;

pub(super) use self::channel::Channel;
use self::channel::Finder;
use super::held::{self, ClaimValue, Held, SetError};
use super::{Feed, FirstTry, Orders};
use crate::model::{Exit, Fault, Pulse, PwmOutput, Scale, Value};

/// Holds one PWM channel for ever. `root` is where the file system starts.
pub(super) async fn hold(
    output: PwmOutput,
    value: ClaimValue,
    exit: Exit,
    root: &Path,
    orders: Orders,
    feed: Feed,
    first: FirstTry,
) {
    hold_by(|channel| ready(Ok(channel)), output, value, exit, root, orders, feed, first).await;
}

/// How a channel that is ours is driven.
pub(super) trait Wave: Send {
    /// Makes it send pulses of `width` ns, which are the first it sends.
    fn set_up(&self, pulse: &Pulse, width: u64) -> Result<(), Fault>;

    /// The length of the pulse, in ns.
    fn set_width(&self, width: u64) -> Result<(), Fault>;

    /// Pulse and period in ns as the kernel has them; no pulse while the signal is off.
    fn in_force(&self) -> Result<(Option<u64>, u64), Fault>;

    /// Leaves it exported when it is dropped, for its signal to go on.
    fn keep(&mut self);
}

/// The same for a channel that something else drives: `take` hands it over.
#[expect(clippy::too_many_arguments, reason = "those of `hold`, and who drives")]
pub(super) async fn hold_by<W: Wave, T: Future<Output = Result<W, Fault>>>(
    take: impl Fn(Channel) -> T,
    output: PwmOutput,
    value: ClaimValue,
    exit: Exit,
    root: &Path,
    orders: Orders,
    feed: Feed,
    first: FirstTry,
) {
    let mut finder = Finder::new(root, &output.channel, output.pin.as_deref());
    let claim = || {
        let found = finder.find();
        let finder = finder.clone();
        let (pulse, value) = (output.pulse, value.next());
        let take = &take;
        async move { Signal::claim(take(Channel::get(finder, found?).await?).await?, pulse, value, exit) }
    };
    held::hold(claim, orders, feed, first).await;
}

/// What is wrong if the controller is not there.
pub(super) fn absent(output: &PwmOutput, root: &Path) -> Option<Fault> {
    Finder::new(root, &output.channel, output.pin.as_deref()).find().err()
}

/// A signal that is ours. When dropped it is left at its exit value, and the channel is let go if there is nothing to
/// keep up: controllers may switch a channel off that nobody holds.
struct Signal<W: Wave> {
    channel: W,
    pulse: Pulse,
    /// The pulse in ns that is left behind; `None` leaves whatever it is.
    exit: Option<u64>,
    /// The value it was set to last, and its pulse.
    told: (Value, u64),
}

impl<W: Wave> Signal<W> {
    fn claim(channel: W, pulse: Pulse, safe: Value, exit: Exit) -> Result<Signal<W>, Fault> {
        let width = |value| pulse.width(value).ok_or_else(|| no_such(value));
        let exit = match exit {
            Exit::To(value) => Some(width(value)?),
            Exit::Keep => None,
        };
        let told = (safe, width(safe)?);
        channel.set_up(&pulse, told.1)?;
        Ok(Signal { channel, pulse, exit, told })
    }
}

impl<W: Wave> Held for Signal<W> {
    const LOOK: Duration = Duration::from_secs(5);

    fn set(&mut self, value: Value) -> Result<Value, SetError> {
        let width = self.pulse.width(value).ok_or_else(|| SetError::Refused(no_such(value)))?;
        self.channel.set_width(width).map_err(SetError::Lost)?;
        self.told = (value, width);
        self.read().map_err(SetError::Lost)
    }

    fn read(&mut self) -> Result<Value, Fault> {
        let (width, period) = self.channel.in_force()?;
        if (width, period) == (Some(self.told.1), self.pulse.period) {
            return Ok(self.told.0);
        }
        match (width, self.pulse.scale) {
            (Some(width), _) => Ok(self.pulse.value(width, period)),
            (None, Scale::OnOff | Scale::Percent) => Ok(self.pulse.value(0, period)),
            // No angle is what a servo without a signal is at.
            (None, Scale::Ends { .. }) => Err(Fault::new("another program has switched the signal off")),
        }
    }
}

impl<W: Wave> Drop for Signal<W> {
    fn drop(&mut self) {
        if let Some(width) = self.exit
            && let Err(fault) = self.channel.set_width(width)
        {
            tracing::debug!(%fault, "could not be left at its exit value");
        }
        if self.exit != Some(0) {
            self.channel.keep();
        }
    }
}

fn no_such(value: Value) -> Fault {
    Fault::new(format!("a PWM channel cannot be set to {value}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::drivers::sysfs::tests::Tree;
    use crate::model::PwmChannel;

    const CHIP: &str = "sys/class/pwm/pwmchip3";

    fn lamp() -> PwmOutput {
        let pulse = Pulse { period: 1_000_000, active_low: false, scale: Scale::Percent };
        let channel = PwmChannel { chip: "fe20c000.pwm".into(), channel: 1 };
        PwmOutput { channel, pin: Some("GPIO19".into()), pulse }
    }

    /// A controller as the kernel shows it, channel 1 exported by an earlier run that was killed.
    fn board() -> Tree {
        let tree = controller();
        export(&tree);
        tree.write("run/katydid/pwm-fe20c000.pwm-1", "");
        tree
    }

    fn controller() -> Tree {
        let tree = Tree::new(&[("sys/devices/fe20c000.pwm/uevent", ""), ("sys/class/pwm/pwmchip3/npwm", "2")]);
        tree.link("sys/class/pwm/pwmchip3/device", "sys/devices/fe20c000.pwm");
        tree.write("sys/class/pwm/pwmchip3/export", "");
        tree.write("sys/class/pwm/pwmchip3/unexport", "");
        tree
    }

    /// What the kernel makes when a channel is exported.
    fn export(tree: &Tree) {
        for (file, text) in [("enable", "0"), ("period", "0"), ("duty_cycle", "0"), ("polarity", "normal")] {
            tree.write(&format!("{CHIP}/pwm1/{file}"), text);
        }
    }

    fn shows(tree: &Tree, file: &str) -> String {
        fs::read_to_string(tree.root().join(CHIP).join(file)).unwrap().trim().to_owned()
    }

    async fn claim(tree: &Tree, output: &PwmOutput, safe: f64, exit: Exit) -> Result<Signal<Channel>, Fault> {
        let mut finder = Finder::new(tree.root(), &output.channel, output.pin.as_deref());
        let found = finder.find()?;
        Signal::claim(Channel::get(finder, found).await?, output.pulse, Value::Number(safe), exit)
    }

    async fn fault(tree: &Tree, output: &PwmOutput) -> String {
        claim(tree, output, 0.0, Exit::Keep).await.map(|_| ()).unwrap_err().0
    }

    const OFF: Exit = Exit::To(Value::Number(0.0));

    #[tokio::test]
    async fn it_is_claimed_with_its_safe_value_and_reads_what_it_was_told() {
        let tree = board();
        let mut signal = claim(&tree, &lamp(), 12.5, OFF).await.unwrap();
        let at = |duty: &str| {
            assert_eq!((shows(&tree, "pwm1/period"), shows(&tree, "pwm1/enable")), ("1000000".into(), "1".into()));
            assert_eq!(shows(&tree, "pwm1/duty_cycle"), duty);
        };
        at("125000");
        assert_eq!(signal.read(), Ok(Value::Number(12.5)));
        // A third of a period is no whole number of nanoseconds.
        let third = Value::Number(33.333_333_333);
        assert_eq!(signal.set(third), Ok(third));
        at("333333");
        let high = Value::Number(101.0);
        assert_eq!(signal.set(high), Err(SetError::Refused(Fault::new("a PWM channel cannot be set to 101"))));
        at("333333");
        drop(signal);
        at("0");
        assert_eq!(shows(&tree, "unexport"), "1");
    }

    #[tokio::test]
    async fn what_somebody_else_set_is_what_it_reads() {
        let tree = board();
        let mut signal = claim(&tree, &lamp(), 10.0, OFF).await.unwrap();
        tree.write(&format!("{CHIP}/pwm1/duty_cycle"), "700004");
        assert_eq!(signal.read(), Ok(Value::Number(70.0)));
        tree.write(&format!("{CHIP}/pwm1/period"), "2800016");
        assert_eq!(signal.read(), Ok(Value::Number(25.0)));
        tree.write(&format!("{CHIP}/pwm1/enable"), "0");
        assert_eq!(signal.read(), Ok(Value::Number(0.0)));
    }

    #[tokio::test]
    async fn a_servo_without_a_signal_is_lost_and_not_at_an_angle() {
        let tree = board();
        let scale = Scale::Ends { low: (0.0, 1_000_000), high: (180.0, 2_000_000) };
        let servo = PwmOutput { pulse: Pulse { period: 20_000_000, active_low: false, scale }, ..lamp() };
        let mut signal = claim(&tree, &servo, 90.0, Exit::Keep).await.unwrap();
        assert_eq!((shows(&tree, "pwm1/duty_cycle"), signal.read()), ("1500000".into(), Ok(Value::Number(90.0))));
        tree.write(&format!("{CHIP}/pwm1/enable"), "0");
        assert_eq!(signal.read(), Err(Fault::new("another program has switched the signal off")));
    }

    #[tokio::test]
    async fn what_is_not_off_at_exit_stays_exported_for_the_next_run() {
        for (exit, duty) in [(Exit::Keep, "400000"), (Exit::To(Value::Number(20.0)), "200000")] {
            let tree = board();
            let mut signal = claim(&tree, &lamp(), 0.0, exit).await.unwrap();
            signal.set(Value::Number(40.0)).unwrap();
            drop(signal);
            assert_eq!((shows(&tree, "pwm1/duty_cycle").as_str(), shows(&tree, "unexport").as_str()), (duty, ""));
            // The next run takes it over, safe.
            let next = claim(&tree, &lamp(), 5.0, OFF).await.unwrap();
            assert_eq!(shows(&tree, "pwm1/duty_cycle"), "50000");
            drop(next);
            // After which nobody holds it, and whoever exports it then is somebody else.
            assert!(fault(&tree, &lamp()).await.starts_with("PWM channel 1 of “fe20c000.pwm” is held by another"));
        }
    }

    #[tokio::test]
    async fn a_channel_is_exported_and_waited_for() {
        let tree = controller();
        let output = lamp();
        let (signal, ()) = tokio::join!(claim(&tree, &output, 50.0, OFF), async {
            while shows(&tree, "export") != "1" {
                tokio::task::yield_now().await;
            }
            export(&tree);
        });
        assert_eq!(signal.unwrap().read(), Ok(Value::Number(50.0)));
    }

    #[tokio::test]
    async fn what_the_low_level_means_is_told_to_the_chip_while_it_is_off() {
        let tree = board();
        tree.write(&format!("{CHIP}/pwm1/enable"), "1");
        let output = PwmOutput { pulse: Pulse { active_low: true, ..lamp().pulse }, ..lamp() };
        let mut signal = claim(&tree, &output, 25.0, OFF).await.unwrap();
        assert_eq!((shows(&tree, "pwm1/polarity"), shows(&tree, "pwm1/enable")), ("inversed".into(), "1".into()));
        assert_eq!(signal.read(), Ok(Value::Number(25.0)));
    }

    #[tokio::test]
    async fn a_fault_says_what_is_wrong_and_what_would_help() {
        let tree = controller();
        let away = PwmOutput { channel: PwmChannel { chip: "pwm-fan".into(), channel: 0 }, pin: None, ..lamp() };
        let cure = "the controller's driver and an entry in the device tree enable it";
        assert_eq!(fault(&tree, &away).await, format!("no PWM controller “pwm-fan” (there are: fe20c000.pwm); {cure}"));
        let third = PwmOutput { channel: PwmChannel { channel: 2, ..lamp().channel }, ..lamp() };
        assert_eq!(
            fault(&tree, &third).await,
            "PWM controller “fe20c000.pwm” has no channel 2; they count from 0 to 1"
        );
        export(&tree);
        let held = "PWM channel 1 of “fe20c000.pwm” is held by another program; if that is gone, write 1 to \
                    /sys/class/pwm/pwmchip3/unexport";
        assert_eq!(fault(&tree, &lamp()).await, held);
        tree.remove(CHIP);
        tree.write("boot/firmware/config.txt", "");
        let line = "add the line “dtoverlay=pwm,pin=19,func=2” to /boot/firmware/config.txt and restart the board";
        assert_eq!(fault(&tree, &lamp()).await, format!("no PWM controller “fe20c000.pwm”; {line}"));
    }

    #[tokio::test]
    async fn a_chip_that_goes_and_one_that_is_not_there_are_one_fault() {
        let tree = board();
        let mut signal = claim(&tree, &lamp(), 0.0, OFF).await.unwrap();
        tree.remove(CHIP);
        let gone = signal.read().unwrap_err();
        assert_eq!(signal.set(Value::Number(1.0)), Err(SetError::Lost(gone.clone())));
        drop(signal);
        assert_eq!(fault(&tree, &lamp()).await, gone.0);
    }
}
