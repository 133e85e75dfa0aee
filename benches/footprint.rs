//! What the daemon costs, measured from outside on this machine, against a real Prosody: `cargo bench`.
//!
//! It prints a table and asserts nothing about time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot run should say where")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use katydid::link::{Link, LinkEvent};
use katydid::model::{Account, Secret, Security, Server};
use xmpp_parsers::message::{Lang, Message};
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza::Stanza;

const DAEMON: &str = env!("CARGO_BIN_EXE_katydid");
const PROSODY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/prosody.sh");
const IDLE: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let house = House::open();
    println!("{}\n", machine());
    println!("| what | figure |\n|---|---|");
    row("stripped binary", &format!("{:.1} MB", fs::metadata(DAEMON).unwrap().len() as f64 / 1e6));
    let mut starts: Vec<Duration> = (0..11).map(|_| Daemon::start(&house, 20).online_after).collect();
    row("start to online, 20 points, median of 11", &millis(percentile(&mut starts, 50)));
    let daemon = Daemon::start(&house, 20);
    let mut client = runtime.block_on(Client::connect(&house));
    let mut trips = runtime.block_on(client.round_trips(1000));
    row("chat round trip through Prosody, p50 of 1,000", &millis(percentile(&mut trips, 50)));
    row("chat round trip through Prosody, p99", &millis(percentile(&mut trips, 99)));
    let mut edges = runtime.block_on(client.edges(&house, 20));
    row("simulated edge to notice in the client, median of 20", &millis(percentile(&mut edges, 50)));
    std::thread::sleep(Duration::from_secs(5));
    row("memory (PSS), 20 points, online, idle", &format!("{:.1} MB", daemon.pss()));
    let before = daemon.wakeups();
    std::thread::sleep(IDLE);
    let rate = (daemon.wakeups() - before) as f64 / IDLE.as_secs_f64();
    row("wake-ups per second, 20 points without intervals, idle", &format!("{rate:.2}"));
    drop(daemon);
    let daemon = Daemon::start(&house, 1000);
    std::thread::sleep(Duration::from_secs(5));
    row("start to online, 1,000 points", &millis(daemon.online_after));
    row("memory (PSS), 1,000 points, online, idle", &format!("{:.1} MB", daemon.pss()));
}

fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() - 1) * percent / 100]
}

/// Processor, cores and kernel, from what Linux says.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{}, {cores} cores, Linux {}", model.trim_start_matches([' ', '\t', ':']), kernel.trim())
}

/// A Prosody with two accounts, in a folder of its own.
struct House {
    folder: tempfile::TempDir,
    port: u16,
    authorities: PathBuf,
}

impl House {
    fn open() -> House {
        let folder = tempfile::tempdir().unwrap();
        let prosody = folder.path().join("prosody");
        let call = |arguments: &[&str]| {
            let done = Command::new("bash").arg(PROSODY).args(arguments).stdout(Stdio::null()).status().unwrap();
            assert!(done.success(), "prosody.sh {arguments:?}");
        };
        let path = prosody.to_str().unwrap();
        call(&["start", path]);
        for account in ["device@home.example", "anna@home.example"] {
            call(&["adduser", path, account, "secret"]);
        }
        let env = fs::read_to_string(prosody.join("env")).unwrap();
        let of = |name: &str| env.lines().find_map(|l| l.strip_prefix(&format!("{name}="))).unwrap().to_owned();
        let secret = folder.path().join("password");
        fs::write(&secret, "secret").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        House { port: of("PORT").parse().unwrap(), authorities: of("CA").into(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The simulated board's 20 lines, and figures of the system beyond; nothing is asked more than once a day.
    fn config(&self, points: usize) -> PathBuf {
        let mut text = format!(
            "[device]\nname = \"bench\"\nboard = \"sim\"\n[xmpp]\njid = \"device@home.example\"\nserver = \"127.0.0.1:{}\"\n\
             ca_file = {:?}\npassword = {{ file = {:?} }}\n[limits]\ncommands_per_minute = 100000\n[sim]\nsocket = {:?}\n\
             [store]\ndir = {:?}\n[[contacts]]\njid = \"anna@home.example\"\nrole = \"owner\"\nnotify = [\"s0\"]\n",
            self.port,
            self.authorities,
            self.path("password"),
            self.path("sim.sock"),
            self.path("store"),
        );
        for n in 0..8 {
            writeln!(text, "[sensors.s{n}]\nsim = {{ line = \"IN{}\" }}\nstates = [\"closed\", \"open\"]", n + 1)
                .unwrap();
            writeln!(text, "[actuators.a{n}]\nsim = {{ line = \"OUT{}\" }}\nsafe = \"off\"", n + 1).unwrap();
        }
        for n in 0..4 {
            writeln!(
                text,
                "[sensors.n{n}]\nsim = {{ line = \"AN{}\", at = 20 }}\nunit = \"°C\"\nevery = \"1d\"",
                n + 1
            )
            .unwrap();
        }
        for n in 20..points {
            writeln!(text, "[sensors.x{n}]\nsystem = \"load\"\nevery = \"1d\"").unwrap();
        }
        let file = self.path("katydid.toml");
        fs::write(&file, text).unwrap();
        file
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = Command::new("bash").arg(PROSODY).arg("stop").arg(self.path("prosody")).status();
    }
}

/// The daemon as a user runs it.
struct Daemon {
    process: Child,
    online_after: Duration,
}

impl Daemon {
    fn start(house: &House, points: usize) -> Daemon {
        let config = house.config(points);
        let begin = Instant::now();
        let mut process = Command::new(DAEMON)
            .args(["run", "--config"])
            .arg(config)
            .env_clear()
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("online as") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the daemon ended before it was online");
        }
        let online_after = begin.elapsed();
        // Somebody must read its log, or it would stand still.
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        Daemon { process, online_after }
    }

    /// Proportional set size in MB.
    fn pss(&self) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6
    }

    /// How often any of its threads has given up the processor by itself: each is woken once after it.
    fn wakeups(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let of = |task: &Path| {
            let text = fs::read_to_string(task.join("status")).unwrap_or_default();
            let count = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            count.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0)
        };
        tasks.map(|task| of(&task.unwrap().path())).sum()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// A contact, by the project's own link.
struct Client {
    link: Link,
}

impl Client {
    async fn connect(house: &House) -> Client {
        let account = Account {
            jid: "anna@home.example/bench".parse().unwrap(),
            password: Secret::new("secret"),
            server: Some(Server { host: "127.0.0.1".into(), port: house.port }),
            security: Security::StartTls,
            authorities: Some(fs::read_to_string(&house.authorities).unwrap()),
            allow_plain: false,
            component: None,
        };
        let mut link = Link::start(&account, 10).unwrap();
        while !matches!(link.next().await, LinkEvent::Online { .. }) {}
        link.post(Presence::available().into(), Timestamp::now());
        Client { link }
    }

    async fn body(&mut self) -> String {
        loop {
            if let LinkEvent::Stanza(Stanza::Message(message)) = self.link.next().await
                && let Some(body) = message.bodies.values().next()
            {
                return body.clone();
            }
        }
    }

    async fn round_trips(&mut self, count: usize) -> Vec<Duration> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let device: jid::Jid = "device@home.example/katydid".parse().unwrap();
            let begin = Instant::now();
            self.link.post(Message::chat(device).with_body(Lang::default(), "s1".into()).into(), Timestamp::now());
            while self.body().await != "s1: closed" {}
            times.push(begin.elapsed());
        }
        times
    }

    /// The simulator moves an input; the clock stops when the contact reads of it.
    async fn edges(&mut self, house: &House, count: usize) -> Vec<Duration> {
        let mut socket = UnixStream::connect(house.path("sim.sock")).unwrap();
        let mut times = Vec::with_capacity(count);
        for n in 1..=count {
            // Notices of one point are at least a second apart, and this is not what is measured.
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let begin = Instant::now();
            writeln!(socket, "set IN1 {}", n % 2).unwrap();
            self.body().await;
            times.push(begin.elapsed());
        }
        times
    }
}
