//! The loop: the only clock, the only owner of state. It reads what happened, asks the agent, does what the
//! agent says. Hardware first, then READY, then the network; on the way out the hardware first as well.

mod counts;
mod past;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::task::yield_now;
use tokio::time::{Duration, Instant, Interval, interval, sleep_until, timeout};

use xmpp_parsers::stanza::Stanza;

use crate::agent::{Agent, Effect, Input, Level};
use crate::clock::{Clock, Watch};
use crate::config::{self, Layers, Mistakes, Purpose, Resolved};
use crate::control::CRASHED_WITHIN;
use crate::drivers::{Drivers, Report, Tallies};
use crate::link::{Link, LinkEvent, Trouble};
use crate::model::Device;
use crate::store::{Store, Urgency};
use crate::systemd;

/// sysexits.h: something of ours broke.
const EX_SOFTWARE: u8 = 70;
/// sysexits.h: something in the config is wrong; the unit does not restart for this.
pub const EX_CONFIG: u8 = 78;

/// Reports that may wait for the loop; after that drivers wait.
const REPORTS: usize = 256;
/// Hardware that has not answered by now is a fault, not a reason to keep systemd waiting.
const SETTLE: Duration = Duration::from_secs(5);

/// Is the device until told to stop. The result is the exit status: 0 after SIGTERM or SIGINT, 78 for a config
/// with mistakes, 70 if a part of the program ended that should not have. In every case actuators are left as
/// their config says.
pub fn run(layers: &Layers) -> ExitCode {
    let resolved = match read(layers) {
        Ok(resolved) => resolved,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(EX_CONFIG);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("the system does not let the program run: {error}");
            return ExitCode::from(EX_SOFTWARE);
        }
    };
    raise_file_limit();
    // A panic unwinds through here: the runtime ends with all tasks, and a line's owner drives its exit value when
    // it is dropped.
    let life = std::panic::catch_unwind(AssertUnwindSafe(move || {
        let stage = Stage(Some(runtime));
        stage.0.as_ref().map_or(Ok(()), |runtime| runtime.block_on(live(layers, resolved)))
    }));
    match life {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Death::Config(reason))) => {
            tracing::error!("{reason}");
            ExitCode::from(EX_CONFIG)
        }
        Ok(Err(Death::Part(part, reason))) => {
            tracing::error!("{part} has ended: {reason}; stopping");
            ExitCode::from(EX_SOFTWARE)
        }
        Err(_) => {
            tracing::error!("the program broke (see above); actuators are at their exit values");
            ExitCode::from(EX_SOFTWARE)
        }
    }
}

/// The runtime, ended in bounded time: a read that hangs in the kernel must not hold up the outputs or the exit.
struct Stage(Option<Runtime>);

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

/// A GPIO line is a file descriptor; the usual soft limit of 1,024 is for programs that use select(2).
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!("the limit of open files stays as it is: {error}");
    }
}

/// Why the device ends without having been asked to.
enum Death {
    /// The config is right in itself but cannot be used.
    Config(Trouble),
    /// A part ended: its name, and why.
    Part(String, String),
}

/// What the loop owns.
struct Life {
    clock: Clock,
    watch: Watch,
    agent: Agent,
    drivers: Drivers,
    link: Link,
    store: Store,
    reports: mpsc::Receiver<Report>,
    /// The trouble that was logged last: each is said once.
    trouble: Option<Trouble>,
    offline_since: Option<Instant>,
    /// Turns since others were let in; none after a drive.
    turns: u8,
    /// Links of an account that the config no longer names, saying goodbye. The new one sends what they could not.
    farewells: JoinSet<Vec<(Stanza, Timestamp)>>,
    /// It has run for long enough not to be a boot loop, from then on.
    lasts: Option<Instant>,
    /// The agent panicked. Its last words are in the log.
    broken: bool,
}

async fn live(layers: &Layers, resolved: Resolved) -> Result<(), Death> {
    let broken = |error: std::io::Error| Death::Part("signal handling".to_owned(), error.to_string());
    let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(broken)?;
    let mut watchdog = systemd::watchdog().map(interval);
    let mut life = Life::begin(resolved).await?;
    let end = life.turn(layers, &mut watchdog, [&mut terminate, &mut interrupt], &mut hangup).await;
    if end.is_ok() {
        past::leave(&mut life.store);
    }
    life.end().await;
    end
}

impl Life {
    async fn begin(resolved: Resolved) -> Result<Life, Death> {
        let Resolved { device, notes, .. } = resolved;
        let clock = Clock::start(&device);
        let watch = Watch::new(&device);
        notes.iter().for_each(|note| tracing::warn!("{note}"));
        let mut store = Store::open_or_go_on(&device.store().dir, device.store().every);
        let past = past::recall(&mut store, clock.now().wall);
        let agent = Agent::after(&past, device, rand::random(), clock.now());
        let device = agent.device();
        let mut tallies = Tallies::default();
        counts::resume(device, &store, &mut tallies);
        let (sender, reports) = mpsc::channel(REPORTS);
        let mut drivers = Drivers::start(device, &agent.starts(), sender, tallies);
        if timeout(SETTLE, drivers.settled()).await.is_err() {
            tracing::warn!("some points have not answered within {} s; going on without them", SETTLE.as_secs());
        }
        counts::keep(drivers.tallies(), &mut store);
        tracing::info!("{} on {}: {} points held", device.name(), device.board().title, device.points().count());
        systemd::ready();
        let link = match start_link(device) {
            Ok(link) => link,
            Err(trouble) => {
                past::leave(&mut store);
                drivers.leave().await;
                store.close().await;
                return Err(Death::Config(trouble));
            }
        };
        let life = Life {
            clock,
            watch,
            agent,
            drivers,
            link,
            store,
            reports,
            trouble: None,
            offline_since: None,
            turns: 0,
            farewells: JoinSet::new(),
            lasts: Some(Instant::now() + CRASHED_WITHIN),
            broken: false,
        };
        life.status("offline: connecting for the first time");
        Ok(life)
    }

    fn status(&self, text: &str) {
        let mode = if self.agent.is_in_safe_mode() { "safe mode; " } else { "" };
        systemd::status(&format!("{mode}{text}"));
    }

    async fn turn(
        &mut self,
        layers: &Layers,
        watchdog: &mut Option<Interval>,
        stop: [&mut Signal; 2],
        hangup: &mut Signal,
    ) -> Result<(), Death> {
        let [terminate, interrupt] = stop;
        loop {
            if self.broken {
                return Err(Death::Part("the agent".to_owned(), "it panicked (see above)".to_owned()));
            }
            let lasts = self.lasts;
            let deadline = self.agent.deadline().map(|at| self.clock.instant(at));
            tokio::select! {
                report = self.reports.recv() => match report {
                    Some(Report { point, result, answers, lost }) => {
                        if lost > 0 {
                            self.feed(Input::LostEdges { point: point.clone(), count: lost });
                        }
                        self.feed(Input::Report { point, result, answers });
                    }
                    None => return Err(Death::Part("the drivers".to_owned(), "all of them are gone".to_owned())),
                },
                () = self.store.due() => {
                    counts::keep(self.drivers.tallies(), &mut self.store);
                    self.store.write();
                }
                event = self.link.next() => self.hear(event),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => self.feed(Input::Tick),
                () = sleep_until(lasts.unwrap_or_else(Instant::now)), if lasts.is_some() => {
                    self.lasts = None;
                    past::has_lasted(&mut self.store);
                }
                known = self.watch.next(&self.clock) => match known {
                    Some(known) => self.feed(Input::Clock { known }),
                    // What goes by the wall clock is planned anew.
                    None => self.feed(Input::Tick),
                },
                Some(Ok(unsent)) = self.farewells.join_next() => {
                    unsent.into_iter().for_each(|(stanza, posted)| self.link.post(stanza, posted));
                }
                (point, reason) = self.drivers.ended() => {
                    return Err(Death::Part(format!("the driver of {point}"), reason));
                }
                _ = terminate.recv() => {
                    tracing::info!("asked to stop (SIGTERM)");
                    return Ok(());
                }
                _ = interrupt.recv() => {
                    tracing::info!("asked to stop (SIGINT)");
                    return Ok(());
                }
                _ = hangup.recv() => self.reload(layers).await,
                // In the loop and not beside it: what is fed is the proof that the loop turns.
                () = tick(watchdog) => systemd::alive(),
            }
            // A burst of commands or reports is ready all at once; without this neither drivers nor the link get to work.
            if self.turns == 0 {
                yield_now().await;
            }
            self.turns = (self.turns + 1) % 8;
        }
    }

    /// Hardware first: the goodbye may take seconds.
    async fn end(mut self) {
        systemd::stopping();
        let tallies = self.drivers.tallies().clone();
        self.drivers.leave().await;
        counts::keep(&tallies, &mut self.store);
        self.farewells.spawn(self.link.close(self.agent.farewell()));
        // Both may take seconds.
        tokio::join!(self.store.close(), async { while self.farewells.join_next().await.is_some() {} });
    }

    fn feed(&mut self, input: Input) {
        let now = self.clock.now();
        // A mistake of ours must not skip the goodbye: the loop ends as it does for any part that ends.
        let handled = std::panic::catch_unwind(AssertUnwindSafe(|| self.agent.handle(input, now)));
        self.broken |= handled.is_err();
        for effect in handled.unwrap_or_default() {
            match effect {
                Effect::Send(stanza) => self.link.post(stanza, now.wall),
                Effect::Drive(drive) => {
                    self.drivers.drive(self.agent.device(), &drive);
                    self.turns = 0;
                }
                Effect::Keep { key, value, soon } => {
                    self.store.keep(&key, value, if soon { Urgency::Soon } else { Urgency::Routine });
                }
                Effect::SafeModeLeft => {
                    past::forgive(&mut self.store, now.wall);
                    self.status("safe mode has been left");
                }
                Effect::Log(Level::Warn, text) => tracing::warn!("{text}"),
                Effect::Log(Level::Info, text) => tracing::info!("{text}"),
                Effect::Log(Level::Debug, text) => tracing::debug!("{text}"),
            }
        }
    }

    fn hear(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Stanza(stanza) => self.feed(Input::Stanza(Box::new(stanza))),
            LinkEvent::Online { jid, resumed } => {
                let away = self.offline_since.take().map(|since| since.elapsed().as_secs());
                match away {
                    Some(seconds) => tracing::info!("online again as {jid} after {seconds} s"),
                    None => tracing::info!("online as {jid}"),
                }
                self.status(&format!("online as {jid}"));
                self.trouble = None;
                self.feed(Input::Online { jid, resumed });
            }
            LinkEvent::Offline => {
                if self.offline_since.is_none() {
                    tracing::warn!("the connection to the server is lost; connecting again");
                    self.offline_since = Some(Instant::now());
                }
                self.status("offline: the connection is lost; connecting again");
                self.feed(Input::Offline);
            }
            LinkEvent::Trouble(trouble) => {
                self.status(&format!("offline: {trouble}; trying again"));
                if self.trouble.as_ref() != Some(&trouble) {
                    match trouble.needs_a_person() {
                        true => tracing::error!("offline: {trouble}; trying again in some minutes"),
                        false => tracing::warn!("offline: {trouble}; trying again"),
                    }
                    self.trouble = Some(trouble);
                }
            }
            LinkEvent::Dropped(count) => {
                tracing::warn!("{count} messages were lost, because the server was out of reach for too long");
                self.feed(Input::Dropped(count));
            }
        }
    }

    /// Reads the config anew. A mistake changes nothing.
    async fn reload(&mut self, layers: &Layers) {
        systemd::reloading();
        match read(layers) {
            Ok(resolved) => self.become_device(resolved).await,
            Err(mistakes) => {
                tracing::error!("the config has mistakes and is not used; the device goes on as it was");
                mistakes.0.iter().for_each(|mistake| tracing::error!("{mistake}"));
            }
        }
        systemd::ready();
    }

    async fn become_device(&mut self, resolved: Resolved) {
        let Resolved { device, notes, .. } = resolved;
        notes.iter().for_each(|note| tracing::warn!("{note}"));
        let old = self.agent.device();
        if old.account() != device.account() || old.limits().outbox != device.limits().outbox {
            match start_link(&device) {
                Ok(link) => {
                    let before = std::mem::replace(&mut self.link, link);
                    self.feed(Input::Offline);
                    // Not waited for: the goodbye may take seconds, and the loop has deadlines.
                    self.farewells.spawn(before.close(self.agent.farewell()));
                    self.trouble = None;
                }
                Err(trouble) => {
                    tracing::error!("the config is not used, and the device goes on as it was: {trouble}");
                    return;
                }
            }
        }
        counts::keep(self.drivers.tallies(), &mut self.store);
        self.store.change(device.store().every);
        counts::resume(&device, &self.store, self.drivers.tallies());
        self.drivers.reload(&device).await;
        counts::keep(self.drivers.tallies(), &mut self.store);
        tracing::info!("the config was read anew: {} points", device.points().count());
        self.clock.reload(&device);
        self.watch.reload(&device);
        self.feed(Input::Reload(Box::new(device)));
    }
}

fn read(layers: &Layers) -> Result<Resolved, Mistakes> {
    config::resolve(&config::load(layers)?, Purpose::Run)
}

fn start_link(device: &Device) -> Result<Link, Trouble> {
    Link::start(device.account(), device.limits().outbox)
}

async fn tick(watchdog: &mut Option<Interval>) {
    match watchdog {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
