//! The daemon as a user runs it, and what the kernel says of it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::house::House;

pub struct Daemon {
    process: Child,
    /// Where it speaks to systemd, which is us.
    notices: UnixDatagram,
    ready_after: Duration,
    online_after: Duration,
}

impl Daemon {
    pub fn start(house: &House, points: usize) -> Daemon {
        let config = house.config(points);
        let socket = house.path("notify");
        let _ = fs::remove_file(&socket);
        let notices = UnixDatagram::bind(&socket).unwrap();
        let (tell, ready) = mpsc::channel();
        let listening = notices.try_clone().unwrap();
        let begin = Instant::now();
        // Read to the end: a full socket would hold the daemon up.
        std::thread::spawn(move || {
            let mut notice = [0; 1024];
            while let Ok(length @ 1..) = listening.recv(&mut notice) {
                if notice[..length].starts_with(b"READY=1") {
                    let _ = tell.send(begin.elapsed());
                }
            }
        });
        let mut process = Command::new(&house.program)
            .args(["run", "--config"])
            .arg(config)
            .env_clear()
            .env("NOTIFY_SOCKET", socket)
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
        let ready_after = ready.recv_timeout(Duration::from_secs(10)).unwrap();
        Daemon { process, notices, ready_after, online_after }
    }

    /// From the start to READY, and to online.
    pub fn times(&self) -> (Duration, Duration) {
        (self.ready_after, self.online_after)
    }

    /// Proportional set size.
    pub fn pss(&self) -> String {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        format!("{:.2} MB", kilobytes * 1024.0 / 1e6)
    }

    /// How often any of its threads has given up the processor by itself: each is woken once after it.
    pub fn wakeups(&self) -> u64 {
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
        let _ = self.notices.shutdown(Shutdown::Both);
    }
}
