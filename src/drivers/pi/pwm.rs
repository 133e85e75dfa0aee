//! A PWM channel that rppal drives. rppal writes the same files as the driver of the kernel's channels does, so the
//! channel is found, exported and given back by that one; in between it is rppal's.
//!
//! rppal takes any channel that is exported already, switches it off when it takes it and again when it lets go, and
//! knows chips by number. So it is handed only what is ours, by the number the chip has now, and told to let go of nothing.

use std::path::Path;
use std::time::Duration;

use rppal::pwm::{Error, Polarity, Pwm};
use tokio::task::spawn_blocking;

use crate::drivers::held::ClaimValue;
use crate::drivers::pwm::{self, Channel, Wave};
use crate::drivers::{Feed, FirstTry, Orders};
use crate::model::{Exit, Fault, Pulse, PwmOutput};

/// Holds one PWM channel for ever.
pub async fn hold(output: PwmOutput, value: ClaimValue, exit: Exit, orders: Orders, feed: Feed, first: FirstTry) {
    pwm::hold_by(Taken::take, output, value, exit, Path::new("/"), orders, feed, first).await;
}

/// A channel in rppal's hands.
struct Taken {
    pwm: Pwm,
    channel: Channel,
}

impl Taken {
    async fn take(channel: Channel) -> Result<Taken, Fault> {
        let (chip, number) =
            channel.numbers().ok_or_else(|| Fault::new("rppal takes no chip and channel above 255"))?;
        // Without root it sleeps until the files belong to group gpio, up to a second. The channel goes along, so that
        // it is given back after that and not before, should nobody wait for it any more.
        let taken = spawn_blocking(move || match Pwm::with_pwmchip(chip, number) {
            Ok(mut pwm) => {
                pwm.set_reset_on_drop(false);
                Ok(Taken { pwm, channel })
            }
            Err(error) => Err(fault(&channel, "enable", error)),
        });
        taken.await.map_err(|_| Fault::new("rppal gave up"))?
    }

    fn put(&self, file: &str, done: Result<(), Error>) -> Result<(), Fault> {
        done.map_err(|error| fault(&self.channel, file, error))
    }

    fn get<T>(&self, file: &str, told: Result<T, Error>) -> Result<T, Fault> {
        told.map_err(|error| fault(&self.channel, file, error))
    }
}

impl Wave for Taken {
    /// The channel is off since it was taken.
    fn set_up(&self, pulse: &Pulse, width: u64) -> Result<(), Fault> {
        let polarity = if pulse.active_low { Polarity::Inverse } else { Polarity::Normal };
        // The kernel takes no pulse that is longer than its period, at no moment, and no polarity without a period.
        self.put("duty_cycle", self.pwm.set_pulse_width(Duration::ZERO))?;
        self.put("period", self.pwm.set_period(Duration::from_nanos(pulse.period)))?;
        if self.get("polarity", self.pwm.polarity())? != polarity {
            self.put("polarity", self.pwm.set_polarity(polarity))?;
        }
        self.set_width(width)?;
        self.put("enable", self.pwm.enable())
    }

    fn set_width(&self, width: u64) -> Result<(), Fault> {
        self.put("duty_cycle", self.pwm.set_pulse_width(Duration::from_nanos(width)))
    }

    fn in_force(&self) -> Result<(Option<u64>, u64), Fault> {
        let width = self.get("duty_cycle", self.pwm.pulse_width())?;
        let period = self.get("period", self.pwm.period())?;
        let on = self.get("enable", self.pwm.is_enabled())?;
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Ok((on.then_some(nanos(width)), nanos(period)))
    }

    fn keep(&mut self) {
        self.channel.keep();
    }
}

fn fault(channel: &Channel, file: &str, error: Error) -> Fault {
    match error {
        Error::Io(error) => channel.trouble(file, &error),
        other => Fault::new(format!("rppal: {other}")),
    }
}
