//! All drivers of a device: started, changed on reload, let go. One task a point; each end of a task has a name.

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::timeout;

use super::sim::{self, Bench};
use super::{Feed, FirstTry, Order, Report, Tallies, actuator_task, sensor_task};
use crate::control::Drive;
use crate::model::{Actuator, Device, Sensor, Value};

/// Orders a task may be behind. One that is further behind hangs.
const ORDERS: usize = 64;

/// How long tasks have to let go. They never block, so this is only for what nobody foresaw.
const LETTING_GO: Duration = Duration::from_secs(2);

/// The running drivers of a device. Dropping them lets every line go, as [`Drivers::leave`] does, only without waiting.
#[derive(Debug)]
pub struct Drivers {
    reports: mpsc::Sender<Report>,
    tasks: JoinSet<()>,
    points: HashMap<String, Running>,
    untold: VecDeque<(String, String)>,
    outstanding: mpsc::Receiver<Infallible>,
    bench: Bench,
    tallies: Tallies,
    socket: Option<(PathBuf, AbortHandle)>,
}

#[derive(Debug)]
struct Running {
    wiring: Wiring,
    task: AbortHandle,
    /// For actuators.
    orders: Option<mpsc::Sender<Order>>,
}

/// A point as its driver was started with.
#[allow(clippy::large_enum_variant, reason = "one for each point, made at the start")]
#[derive(Debug, Clone)]
enum Wiring {
    Sensor(Sensor),
    Actuator(Actuator),
}

impl Drivers {
    /// Starts a task per point, actuators first: each claims its line with its safe value in the request itself, or with
    /// another one of `starts`, if it gets it at the first try. Never
    /// fails: what cannot be had is reported as a fault and tried again after 1 s to 30 s.
    pub fn start(
        device: &Device,
        starts: &HashMap<String, Value>,
        reports: mpsc::Sender<Report>,
        tallies: Tallies,
    ) -> Drivers {
        let mut drivers = Drivers {
            reports,
            tasks: JoinSet::new(),
            points: HashMap::new(),
            untold: VecDeque::new(),
            outstanding: mpsc::channel(1).1,
            bench: Bench::default(),
            tallies,
            socket: None,
        };
        drivers.take_up(wirings(device), starts);
        drivers.open_socket(device);
        drivers
    }

    /// Resolves when every actuator and input has tried once to get its line since the start or the last reload.
    pub async fn settled(&mut self) {
        while self.outstanding.recv().await.is_some() {}
    }

    /// Passes a drive to the task that holds the line: the only way to move an actuator. The answer comes as a
    /// [`Report`] that carries the drive's number. A task that has not taken its orders for long is ended, which
    /// leaves the line at its exit value and shows in [`Drivers::ended`].
    pub fn drive(&mut self, device: &Device, drive: &Drive) {
        let name = &device.actuator(drive.actuator()).label.name;
        self.post(name, Order { number: drive.number(), value: drive.value() });
    }

    /// Follows a changed device. A point of the same name with the same wiring, safe and exit value keeps running
    /// undisturbed; what is gone or different lets its line go, before what is new is started.
    pub async fn reload(&mut self, device: &Device) {
        let wanted = wirings(device);
        let kept: HashSet<&str> = wanted
            .iter()
            .filter(|wiring| self.points.get(wiring.name()).is_some_and(|running| running.wiring.is_like(wiring)))
            .map(Wiring::name)
            .collect();
        let gone: Vec<String> = self.points.keys().filter(|name| !kept.contains(name.as_str())).cloned().collect();
        let mut ending = HashSet::new();
        for point in gone.iter().filter_map(|name| self.points.remove(name)) {
            point.task.abort();
            ending.insert(point.task.id());
        }
        if timeout(LETTING_GO, self.end_of(ending)).await.is_err() {
            tracing::error!("some points would not let go of their lines");
        }
        let new = wanted.into_iter().filter(|wiring| !self.points.contains_key(wiring.name())).collect();
        self.take_up(new, &HashMap::new());
        self.open_socket(device);
    }

    /// A task that ended although it should not have: its point's name, and why. Pending for ever if there is none.
    /// The point stays down until the next reload. Nothing is lost when this is dropped half-way.
    pub async fn ended(&mut self) -> (String, String) {
        loop {
            if let Some(end) = self.untold.pop_front() {
                return end;
            }
            let Some(end) = self.tasks.join_next_with_id().await else { return pending().await };
            self.note(end);
        }
    }

    /// Lets every line go: each actuator is at its exit value, or kept, when this returns. Takes 2 s at most.
    pub async fn leave(mut self) {
        self.tasks.abort_all();
        if timeout(LETTING_GO, async { while self.tasks.join_next().await.is_some() {} }).await.is_err() {
            tracing::error!("some points would not let go of their lines");
        }
    }

    /// What its counters have counted. Counters that a reload will bring begin here.
    pub fn tallies(&mut self) -> &mut Tallies {
        &mut self.tallies
    }

    /// The simulated board, to look at.
    pub fn bench(&self) -> &Bench {
        &self.bench
    }

    fn post(&mut self, name: &str, order: Order) {
        let Some((running, orders)) = self.points.get(name).and_then(|point| Some((point, point.orders.as_ref()?)))
        else {
            tracing::debug!(point = name, "nobody drives it");
            return;
        };
        if let Err(TrySendError::Full(_)) = orders.try_send(order) {
            running.task.abort();
            self.points.remove(name);
            self.untold.push_back((name.to_owned(), format!("it has not taken its last {ORDERS} orders")));
        }
    }

    fn take_up(&mut self, wirings: Vec<Wiring>, starts: &HashMap<String, Value>) {
        let (waiting, outstanding) = mpsc::channel(1);
        self.outstanding = outstanding;
        for wiring in wirings {
            let feed = Feed::new(wiring.name(), self.reports.clone());
            let first = FirstTry::awaited_by(&waiting).at(starts.get(wiring.name()).copied());
            let (task, orders) = match &wiring {
                Wiring::Sensor(sensor) => (sensor_task(sensor, feed, first, &self.bench, &mut self.tallies), None),
                Wiring::Actuator(actuator) => {
                    let (orders, taken) = mpsc::channel(ORDERS);
                    (actuator_task(actuator, taken, feed, first, &self.bench), Some(orders))
                }
            };
            let task = self.tasks.spawn(task);
            self.points.insert(wiring.name().to_owned(), Running { wiring, task, orders });
        }
    }

    fn open_socket(&mut self, device: &Device) {
        let path = device.sim_socket().map(PathBuf::from);
        if self.socket.as_ref().map(|(path, _)| path) == path.as_ref() {
            return;
        }
        if let Some((_, task)) = self.socket.take() {
            task.abort();
        }
        self.socket = path.map(|path| (path.clone(), self.tasks.spawn(sim::serve(path, self.bench.clone()))));
    }

    /// Waits until these tasks have ended; others that end meanwhile are told by [`Drivers::ended`].
    async fn end_of(&mut self, mut ending: HashSet<Id>) {
        while !ending.is_empty() {
            let Some(end) = self.tasks.join_next_with_id().await else { return };
            ending.remove(&end.as_ref().map_or_else(JoinError::id, |(id, ())| *id));
            self.note(end);
        }
    }

    fn note(&mut self, end: Result<(Id, ()), JoinError>) {
        let (id, why) = match end {
            Ok((id, ())) => (id, "it ended by itself".to_owned()),
            Err(error) if error.is_cancelled() => return,
            Err(error) => (error.id(), cry(error)),
        };
        let name = self.points.iter().find(|(_, running)| running.task.id() == id).map(|(name, _)| name.clone());
        if let Some(name) = &name {
            self.points.remove(name);
        }
        self.untold.push_back((name.unwrap_or_else(|| "the simulator's socket".to_owned()), why));
    }
}

impl Wiring {
    /// Only what matters to the driver counts: a new label or filter must not move a relay.
    fn is_like(&self, other: &Wiring) -> bool {
        match (self, other) {
            (Wiring::Sensor(sensor), Wiring::Sensor(other)) => sensor.is_wired_like(other),
            (Wiring::Actuator(actuator), Wiring::Actuator(other)) => actuator.is_wired_like(other),
            _ => false,
        }
    }

    fn name(&self) -> &str {
        match self {
            Wiring::Sensor(sensor) => &sensor.label.name,
            Wiring::Actuator(actuator) => &actuator.label.name,
        }
    }
}

fn wirings(device: &Device) -> Vec<Wiring> {
    let actuators = device.actuators().map(|(_, actuator)| Wiring::Actuator(actuator.clone()));
    actuators.chain(device.sensors().map(|(_, sensor)| Wiring::Sensor(sensor.clone()))).collect()
}

/// The last words of a task that panicked.
fn cry(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "it was stopped".to_owned() };
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("it panicked: {}", words.unwrap_or_else(|| "without a word".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        Account, Board, DeviceParts, Exit, Fault, Kind, Label, Limits, Line, PresenceRules, PubSubRules, Security,
        SimHabit, SimInput, SimOutput, Sink, Source, StoreRules, Value,
    };

    fn label(name: &str) -> Label {
        Label { name: name.into(), text: name.into() }
    }

    fn line(pin: &str) -> Line {
        Line { chip: "sim".into(), names: vec![pin.into()], offset: None, pin: pin.into() }
    }

    fn door(pin: &str) -> Sensor {
        let source = Source::Sim(SimInput { line: line(pin), habit: SimHabit::Still(0.0) });
        Sensor {
            label: label("door"),
            kind: Kind::on_off(),
            raw: Kind::on_off(),
            source,
            every: None,
            filters: Vec::new(),
            gestures: None,
        }
    }

    fn pump(name: &str, pin: &str) -> Actuator {
        Actuator {
            label: label(name),
            kind: Kind::on_off(),
            sink: Sink::Sim(SimOutput { line: line(pin) }),
            safe: Value::Switch(false),
            exit: Exit::To(Value::Switch(false)),
            on_link_loss: None,
            max_on: None,
            guard: Default::default(),
        }
    }

    fn device(sensors: Vec<Sensor>, actuators: Vec<Actuator>) -> Device {
        Device::assemble(DeviceParts {
            name: "greenhouse".into(),
            board: Board { name: "sim".into(), title: "Simulated".into(), pins: Vec::new(), open: true },
            account: Account {
                jid: "greenhouse@home.example/katydid".parse().unwrap(),
                password: crate::model::Secret::new("x"),
                server: None,
                security: Security::Auto,
                authorities: None,
                allow_plain: false,
                component: None,
            },
            contacts: Vec::new(),
            rooms: Vec::new(),
            sensors,
            actuators,
            alarms: Vec::new(),
            rules: Vec::new(),
            zone: jiff::tz::TimeZone::UTC,
            place: None,
            trusts_clock: false,
            presence: PresenceRules { points: Vec::new(), every: Duration::from_secs(1) },
            pubsub: PubSubRules { enabled: false, service: None, every: Duration::from_secs(1) },
            limits: Limits { commands_per_minute: 60, outbox: 10 },
            store: StoreRules { dir: "/nowhere".into(), every: Duration::from_secs(300) },
            sim_socket: None,
        })
    }

    async fn next(heard: &mut mpsc::Receiver<Report>) -> (String, Result<Value, Fault>, Option<u64>) {
        let report = heard.recv().await.unwrap();
        (report.point.to_string(), report.result, report.answers)
    }

    const ON: Value = Value::Switch(true);
    const OFF: Value = Value::Switch(false);

    async fn started(device: &Device) -> (Drivers, mpsc::Receiver<Report>) {
        let (reports, heard) = mpsc::channel(16);
        let mut drivers = Drivers::start(device, &HashMap::new(), reports, Tallies::default());
        drivers.settled().await;
        (drivers, heard)
    }

    #[tokio::test(start_paused = true)]
    async fn settled_does_not_wait_for_the_reports_to_be_taken() {
        let (reports, mut heard) = mpsc::channel(1);
        let mut drivers = Drivers::start(
            &device(vec![door("S1")], vec![pump("a", "A"), pump("b", "B")]),
            &HashMap::new(),
            reports,
            Tallies::default(),
        );
        timeout(Duration::from_secs(60), drivers.settled()).await.unwrap();
        assert_eq!(next(&mut heard).await, ("a".into(), Ok(OFF), None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reload_disturbs_only_what_changed() {
        let (mut drivers, mut heard) = started(&device(vec![door("S1")], vec![pump("a", "A"), pump("b", "B")])).await;
        for _ in 0..3 {
            next(&mut heard).await.1.unwrap();
        }
        for (number, name) in [(1, "a"), (2, "b")] {
            drivers.post(name, Order { number, value: ON });
            assert_eq!(next(&mut heard).await, (name.into(), Ok(ON), Some(number)));
        }
        let mut renamed = pump("a", "A");
        renamed.label.text = "The pump".into();
        renamed.max_on = Some(Duration::from_secs(9));
        drivers.reload(&device(vec![door("S2")], vec![renamed])).await;
        drivers.settled().await;
        // "b" is gone, "door" is wired anew, and "a" has not been touched.
        assert_eq!(drivers.bench.show("B").as_deref(), Some("off"));
        assert_eq!(drivers.bench.show("A").as_deref(), Some("on"));
        assert_eq!(next(&mut heard).await, ("door".into(), Ok(OFF), None));
        assert!(heard.try_recv().is_err());
        drivers.post("a", Order { number: 3, value: OFF });
        assert_eq!(next(&mut heard).await, ("a".into(), Ok(OFF), Some(3)));
        drivers.post("b", Order { number: 4, value: ON });
        assert!(timeout(Duration::from_secs(60), heard.recv()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_given_to_another_point_is_let_go_first() {
        let (mut drivers, mut heard) = started(&device(Vec::new(), vec![pump("a", "A")])).await;
        next(&mut heard).await.1.unwrap();
        drivers.post("a", Order { number: 1, value: ON });
        next(&mut heard).await.1.unwrap();
        drivers.reload(&device(Vec::new(), vec![pump("b", "A")])).await;
        assert_eq!(drivers.tasks.len(), 1, "the old task still has the line");
        assert_eq!(next(&mut heard).await, ("b".into(), Ok(OFF), None));
        assert_eq!(drivers.bench.show("A").as_deref(), Some("off"));
    }

    #[tokio::test(start_paused = true)]
    async fn leaving_drives_every_exit_value() {
        let mut lamp = pump("b", "B");
        lamp.exit = Exit::Keep;
        let (mut drivers, mut heard) = started(&device(Vec::new(), vec![pump("a", "A"), lamp])).await;
        for (number, name) in [(1, "a"), (2, "b")] {
            drivers.post(name, Order { number, value: ON });
        }
        for _ in 0..4 {
            next(&mut heard).await.1.unwrap();
        }
        let bench = drivers.bench.clone();
        drivers.leave().await;
        assert_eq!(bench.show("A").as_deref(), Some("off"));
        assert_eq!(bench.show("B").as_deref(), Some("on"));
        assert_eq!(heard.recv().await, None, "a task still runs");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn whatever_was_ordered_all_are_left_as_configured(orders in prop::collection::vec((0..3usize, any::<bool>()), 0..20)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let (mut lit, mut kept) = (pump("b", "B"), pump("c", "C"));
                (lit.exit, kept.exit) = (Exit::To(ON), Exit::Keep);
                let (mut drivers, mut heard) = started(&device(Vec::new(), vec![pump("a", "A"), lit, kept])).await;
                let mut last = false;
                for (number, (which, on)) in (1u64..).zip(orders) {
                    drivers.post(["a", "b", "c"][which], Order { number, value: Value::Switch(on) });
                    while next(&mut heard).await.2 != Some(number) {}
                    last = if which == 2 { on } else { last };
                }
                let bench = drivers.bench.clone();
                drivers.leave().await;
                let left = ["A", "B", "C"].map(|line| bench.show(line).unwrap());
                assert_eq!(left, ["off", "on", if last { "on" } else { "off" }]);
            });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_told_by_its_name_and_runs_again_after_a_reload() {
        let device = device(Vec::new(), vec![pump("a", "A")]);
        let (mut drivers, mut heard) = started(&device).await;
        next(&mut heard).await.1.unwrap();
        drivers.points.get_mut("a").unwrap().task.abort();
        drivers.points.get_mut("a").unwrap().task = drivers.tasks.spawn(async { panic!("no such luck") });
        assert_eq!(drivers.ended().await, ("a".into(), "it panicked: no such luck".into()));
        assert!(timeout(Duration::from_secs(60), drivers.ended()).await.is_err());
        drivers.reload(&device).await;
        assert_eq!(next(&mut heard).await, ("a".into(), Ok(OFF), None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_takes_no_orders_is_ended_and_told() {
        let (mut drivers, _heard) = started(&device(Vec::new(), vec![pump("a", "A")])).await;
        for number in 0..=ORDERS as u64 {
            drivers.post("a", Order { number, value: ON });
        }
        assert_eq!(drivers.ended().await, ("a".into(), "it has not taken its last 64 orders".into()));
        let bench = drivers.bench.clone();
        drivers.leave().await;
        assert_eq!(bench.show("A").as_deref(), Some("off"));
    }
}
