//! Points on simulated chips, and what is heard of them.

use std::fs;
use std::future::Future;
use std::os::fd::{OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use katydid::drivers::gpio::{Help, listen_with};
use katydid::drivers::sim::Bench;
use katydid::drivers::{Feed, FirstTry, Order, Report, Tallies, actuator_task, counter_task, sensor_task};
use katydid::model::{
    Actuator, Bias, CounterInput, DriveMode, Exit, Fault, GpioInput, GpioOutput, Kind, Label, Line, Pulses, Sensor,
    Sink, Source, Value,
};
use libtest_mimic::Trial;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub const ON: Value = Value::Switch(true);
pub const OFF: Value = Value::Switch(false);

/// Long enough for an emulated machine on a busy host, and for three tries of a driver.
const PATIENCE: Duration = Duration::from_secs(15);

/// A test that runs on a runtime like the program's.
pub fn trial<F: Future<Output = ()>>(name: &str, test: impl FnOnce() -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let run = || runtime().block_on(test());
        catch_unwind(AssertUnwindSafe(run)).map_err(|_| "it panicked; see above".into())
    })
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A second hold on every line this program has: a simulated line falls back to its pull when it is released, so
/// without one nobody sees what it was left at.
pub fn lines_held() -> Vec<OwnedFd> {
    let this = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let files = fs::read_dir("/proc/self/fd").unwrap().map(|file| file.unwrap().path());
    let lines = files.filter(|file| fs::read_link(file).is_ok_and(|kind| kind.ends_with("anon_inode:gpio-line")));
    let numbers = lines.map(|file| file.file_name().unwrap().to_str().unwrap().parse::<RawFd>().unwrap());
    numbers.map(|number| pidfd_getfd(&this, number, PidfdGetfdFlags::empty()).unwrap()).collect()
}

pub fn line(chip: &str, name: &str) -> Line {
    Line { chip: chip.into(), names: vec![name.into()], offset: None, pin: name.into() }
}

pub fn input(chip: &str, name: &str) -> GpioInput<Line> {
    GpioInput { line: line(chip, name), bias: Bias::AsIs, active_low: false, debounce: Duration::ZERO }
}

pub fn output(chip: &str, name: &str) -> Actuator {
    let sink = GpioOutput { line: line(chip, name), active_low: false, drive: DriveMode::PushPull };
    Actuator {
        label: label(name),
        kind: Kind::on_off(),
        sink: Sink::Gpio(sink),
        safe: OFF,
        exit: Exit::To(OFF),
        on_link_loss: None,
        max_on: None,
        guard: katydid::model::Guard::default(),
    }
}

/// The same with changes to its wiring.
pub fn wired(mut actuator: Actuator, change: impl FnOnce(&mut GpioOutput<Line>)) -> Actuator {
    if let Sink::Gpio(output) = &mut actuator.sink {
        change(output);
    }
    actuator
}

fn label(name: &str) -> Label {
    Label { name: name.into(), text: name.into() }
}

/// A running point.
pub struct Point {
    heard: mpsc::Receiver<Report>,
    orders: Option<mpsc::Sender<Order>>,
    task: JoinHandle<()>,
}

impl Point {
    pub fn listening(input: GpioInput<Line>) -> Point {
        Point::listening_into(input, 16)
    }

    /// With room for so many reports that nobody has taken.
    pub fn listening_into(input: GpioInput<Line>, room: usize) -> Point {
        let label = label(&input.line.pin);
        let sensor = Sensor {
            label,
            kind: Kind::on_off(),
            raw: Kind::on_off(),
            source: Source::Gpio(input),
            every: None,
            filters: Vec::new(),
            gestures: None,
        };
        let (reports, heard) = mpsc::channel(room);
        let feed = Feed::new(&sensor.label.name, reports);
        let task =
            tokio::spawn(sensor_task(&sensor, feed, FirstTry::default(), &Bench::default(), &mut Tallies::default()));
        Point { heard, orders: None, task }
    }

    /// With no more than this asked of the kernel.
    pub fn listening_with(most: Help, input: GpioInput<Line>) -> Point {
        let (reports, heard) = mpsc::channel(16);
        let feed = Feed::new(&input.line.pin, reports);
        let task = tokio::spawn(listen_with(most, input, feed, FirstTry::default()));
        Point { heard, orders: None, task }
    }

    /// Pulses, told twenty times a second, with no more than this asked of the kernel.
    pub fn counting(most: Help, input: CounterInput<Line>, tallies: &mut Tallies) -> Point {
        let name = match &input.pulses {
            Pulses::Line(input) => input.line.pin.clone(),
            Pulses::Of(name) => format!("{name}-rate"),
        };
        let (reports, heard) = mpsc::channel(1024);
        let feed = Feed::new(&name, reports);
        let every = Duration::from_millis(50);
        let task = tokio::spawn(counter_task(most, input, every, feed, FirstTry::default(), tallies));
        Point { heard, orders: None, task }
    }

    /// A source that is asked twenty times a second.
    pub fn asking(source: Source<Line>) -> Point {
        let kind = Kind::Number { unit: String::new(), decimals: 3, range: None };
        let every = Some(Duration::from_millis(50));
        let sensor = Sensor {
            label: label("sensor"),
            raw: kind.clone(),
            kind,
            source,
            every,
            filters: Vec::new(),
            gestures: None,
        };
        let (reports, heard) = mpsc::channel(64);
        let feed = Feed::new("sensor", reports);
        let task =
            tokio::spawn(sensor_task(&sensor, feed, FirstTry::default(), &Bench::default(), &mut Tallies::default()));
        Point { heard, orders: None, task }
    }

    pub fn holding(actuator: &Actuator) -> Point {
        let (reports, heard) = mpsc::channel(16);
        let (orders, taken) = mpsc::channel(4);
        let feed = Feed::new(&actuator.label.name, reports);
        let task = tokio::spawn(actuator_task(actuator, taken, feed, FirstTry::default(), &Bench::default()));
        Point { heard, orders: Some(orders), task }
    }

    /// The next thing it says.
    pub async fn next(&mut self) -> Result<Value, Fault> {
        self.report().await.result
    }

    /// The next good value, past all faults.
    pub async fn next_good(&mut self) -> Value {
        loop {
            if let Ok(value) = self.next().await {
                return value;
            }
        }
    }

    /// The next fault, past all good values.
    pub async fn next_fault(&mut self) -> Fault {
        loop {
            if let Err(fault) = self.next().await {
                return fault;
            }
        }
    }

    /// Until it says this; what it says before is of no interest.
    pub async fn until(&mut self, expected: Result<Value, Fault>) {
        let mut last = None;
        let said = async {
            while last.as_ref() != Some(&expected) {
                last = Some(self.next().await);
            }
        };
        if timeout(PATIENCE, said).await.is_err() {
            panic!("it never said {expected:?}; the last was {last:?}");
        }
    }

    /// What it has said so far and nobody has taken.
    pub fn rest_now(&mut self) -> Vec<Result<Value, Fault>> {
        std::iter::from_fn(|| self.heard.try_recv().ok().map(|report| report.result)).collect()
    }

    /// Drives it. -> what the answer says
    pub async fn drive(&mut self, number: u64, value: Value) -> Result<Value, Fault> {
        self.orders.as_ref().unwrap().send(Order { number, value }).await.unwrap();
        loop {
            let report = self.report().await;
            if report.answers.is_some() {
                assert_eq!(report.answers, Some(number));
                return report.result;
            }
        }
    }

    /// It says nothing for so long.
    pub async fn is_quiet(&mut self, time: Duration) {
        if let Ok(report) = timeout(time, self.heard.recv()).await {
            panic!("it said {report:?}");
        }
    }

    /// What it has said until it falls silent.
    pub async fn rest(&mut self) -> Vec<Result<Value, Fault>> {
        let mut all = Vec::new();
        while let Ok(Some(report)) = timeout(Duration::from_millis(300), self.heard.recv()).await {
            all.push(report.result);
        }
        all
    }

    /// Ends it, as the program's end does.
    pub async fn leave(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    async fn report(&mut self) -> Report {
        timeout(PATIENCE, self.heard.recv()).await.expect("it says nothing").expect("it has ended")
    }
}
