//! One point, one task: from what the model says about a point to the driver that runs it.

use std::convert::Infallible;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;

use super::held::ClaimValue;
use super::polled::{self, PATIENCE, polled};
use super::{Feed, Tallies, file, gpio, hwmon, iio, led, meter, onewire, pi, pwm, sim, softpwm, system, thermal};
use crate::model::{Actuator, CounterInput, Line, Pulses, Sensor, Sink, Source, Value};

/// A point's driver at work. It ends only when it is dropped, and dropping it lets the hardware go.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A drive on its way to the task that holds the line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// The drive's number; the answer carries it.
    pub number: u64,
    /// Where to.
    pub value: Value,
}

/// The receiving end of an actuator's orders.
pub type Orders = mpsc::Receiver<Order>;

/// A point's first try to get its hardware: lets those who wait for it know that it was made, with success or without,
/// and says at which value an actuator is claimed in it.
#[derive(Debug, Default)]
pub struct FirstTry {
    waiting: Option<mpsc::Sender<Infallible>>,
    start: Option<Value>,
}

impl FirstTry {
    /// Counts as outstanding until it is made or dropped; the receiver ends when all of its kind are.
    pub(super) fn awaited_by(waiting: &mpsc::Sender<Infallible>) -> FirstTry {
        FirstTry { waiting: Some(waiting.clone()), start: None }
    }

    /// An actuator is claimed at this value, instead of the safe one.
    pub(super) fn at(self, start: Option<Value>) -> FirstTry {
        FirstTry { start, ..self }
    }

    /// The try has been made.
    pub(super) fn made(&mut self) {
        self.waiting = None;
    }
}

/// The task of one sensor.
pub fn sensor_task(sensor: &Sensor, feed: Feed, first: FirstTry, bench: &sim::Bench, tallies: &mut Tallies) -> Task {
    let every = sensor.every.unwrap_or(polled::USUAL);
    match &sensor.source {
        Source::Gpio(input) => Box::pin(gpio::listen(input.clone(), feed, first)),
        Source::Counter(input) => {
            let every = sensor.every.unwrap_or(meter::USUAL);
            counter_task(gpio::Help::Debounces, input.clone(), every, feed, first, tallies)
        }
        Source::Hwmon(input) => Box::pin(polled(feed, every, PATIENCE, hwmon::reader(input.clone(), "/"))),
        Source::Iio(input) => Box::pin(polled(feed, every, PATIENCE, iio::reader(input.clone(), "/"))),
        Source::OneWire(input) => Box::pin(polled(feed, every, onewire::PATIENCE, onewire::reader(input.clone(), "/"))),
        Source::Thermal(zone) => Box::pin(polled(feed, every, PATIENCE, thermal::reader(zone.clone(), "/"))),
        Source::File(input) => Box::pin(polled(feed, every, PATIENCE, file::reader(input.clone(), "/"))),
        Source::System(figure) => Box::pin(polled(feed, every, PATIENCE, system::reader(figure.clone(), "/"))),
        Source::Sim(input) => Box::pin(sim::play(input.clone(), sensor.raw.clone(), every, feed, first, bench)),
    }
}

/// The task of a sensor that counts or tells what another counts. `most` is what is asked of the kernel.
pub fn counter_task(
    most: gpio::Help,
    input: CounterInput<Line>,
    every: Duration,
    feed: Feed,
    first: FirstTry,
    tallies: &mut Tallies,
) -> Task {
    let CounterInput { pulses, scale, gives } = input;
    match pulses {
        Pulses::Of(name) => {
            let told = meter::tell(tallies.of(&name), scale, gives, every, feed);
            Box::pin(async move { match told.await {} })
        }
        Pulses::Line(line) => {
            let tally = tallies.of(feed.point());
            Box::pin(async move {
                let point = feed.point().to_owned();
                let told = meter::tell(tally.clone(), scale, gives, every, feed);
                tokio::select! {
                    never = told => match never {},
                    never = gpio::count(most, line, tally, &point, first) => match never {},
                }
            })
        }
    }
}

/// The task of one actuator, which claims the line with its start value, or the safe one. Orders come in through `orders`; when the
/// task is dropped it leaves the line as the actuator's `exit` says.
pub fn actuator_task(actuator: &Actuator, orders: Orders, feed: Feed, first: FirstTry, bench: &sim::Bench) -> Task {
    let value = ClaimValue::new(first.start.unwrap_or(actuator.safe), actuator.safe);
    let (exit, root) = (actuator.exit, Path::new("/"));
    match &actuator.sink {
        Sink::Gpio(output) => Box::pin(gpio::hold(output.clone(), value, exit, orders, feed, first)),
        Sink::Pwm(output) => Box::pin(pwm::hold(output.clone(), value, exit, root, orders, feed, first)),
        Sink::PiPwm(output) => Box::pin(pi::hold(output.clone(), value, exit, orders, feed, first)),
        Sink::SoftPwm(output) => Box::pin(softpwm::hold(output.clone(), value, exit, orders, feed, first)),
        Sink::Led(output) => Box::pin(led::hold(output.clone(), value, exit, root, orders, feed, first)),
        Sink::Sim(output) => Box::pin(sim::hold(output.clone(), actuator.clone(), value, orders, feed, first, bench)),
    }
}
