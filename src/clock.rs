//! Both clocks, and whether the wall clock can be trusted: nothing else in the program asks for the time.
//!
//! A board without a battery starts with any time. It is known once systemd-timesyncd says so, or if the kernel has
//! set it from a clock with a battery, or if the config says that it always is.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::fd::OwnedFd;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use rustix::time::{timerfd_create, timerfd_settime};
use tokio::io::unix::AsyncFd;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use crate::model::{Device, Moment, Now};

/// How often somebody looks whether the time is known by now: at first, and after the clock was set,
const LOOK: Duration = Duration::from_secs(5);
/// and once the program has run for so long, as often as [`POLL`]: each look wakes the board.
const FIRST: Duration = Duration::from_secs(600);
/// How often somebody looks whether the clock was set, where the kernel cannot say it.
const POLL: Duration = Duration::from_secs(60);
/// The year 2200, as Unix time: later than any clock of a living board says, and within the kernel's nanoseconds.
const NEVER: i64 = 7_258_118_400;
/// No board with this program on it lives before this; a clock that says so is wrong.
const PAST: i64 = 1_767_225_600;

/// The monotonic clock and the wall clock.
pub struct Clock {
    start: Instant,
    zone: TimeZone,
}

#[allow(clippy::disallowed_methods, reason = "this is where the clock is read")]
impl Clock {
    /// Starts to count.
    pub fn start(device: &Device) -> Clock {
        Clock { start: Instant::now(), zone: device.zone().clone() }
    }

    /// Another config, perhaps in another time zone.
    pub fn reload(&mut self, device: &Device) {
        self.zone = device.zone().clone();
    }

    /// Both clocks now.
    pub fn now(&self) -> Now {
        let wall = Timestamp::now();
        Now { mono: Moment(self.start.elapsed()), wall, offset: self.zone.to_offset(wall) }
    }

    /// A moment as the runtime counts it.
    pub fn instant(&self, at: Moment) -> Instant {
        self.start + at.0
    }
}

/// Looks whether the wall clock can be trusted, and notices when it is set.
pub struct Watch {
    timer: Option<AsyncFd<OwnedFd>>,
    trust: bool,
    known: Option<bool>,
    look_at: Option<Instant>,
}

impl Watch {
    /// For a device whose config may say that its clock is always right.
    #[allow(
        deprecated,
        reason = "its successor is unsafe for the sake of types that lie about their file; OwnedFd does not"
    )]
    pub fn new(device: &Device) -> Watch {
        let timer = timer().and_then(AsyncFd::new);
        Watch { timer: timer.ok(), trust: device.trusts_clock(), known: None, look_at: None }
    }

    /// Another config.
    pub fn reload(&mut self, device: &Device) {
        self.trust = device.trusts_clock();
        (self.known, self.look_at) = (None, None);
    }

    /// Waits until the time has become known or the clock was set; at first it says at once what is so. `Some` is
    /// whether the time is known, `None` that somebody has set the clock.
    pub async fn next(&mut self, clock: &Clock) -> Option<bool> {
        loop {
            if self.known != Some(true) {
                if let Some(at) = self.look_at {
                    tokio::select! {
                        () = sleep_until(at) => {}
                        () = set(&mut self.timer) => {
                            self.look_at = Some(clock.instant(clock.now().mono + LOOK));
                            return None;
                        }
                    }
                }
                // Kept over turns of the loop, which ends this wait whenever anything else happens.
                let now = clock.now().mono;
                self.look_at = Some(clock.instant(now + if now.0 < FIRST { LOOK } else { POLL }));
                let known = self.trust || is_known(Path::new("/"), clock.now().wall);
                if self.known.replace(known) != Some(known) {
                    return Some(known);
                }
                continue;
            }
            set(&mut self.timer).await;
            return None;
        }
    }
}

/// Waits until the wall clock is set. Where the kernel cannot say so it may have been each minute.
async fn set(timer: &mut Option<AsyncFd<OwnedFd>>) {
    let Some(fd) = timer else { return sleep(POLL).await };
    if let Ok(mut ready) = fd.readable().await {
        ready.clear_ready();
    }
    if arm(fd.get_ref()).is_err() {
        *timer = None;
    }
}

/// A timer that fires when the wall clock is set.
fn timer() -> std::io::Result<OwnedFd> {
    let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    arm(&timer)?;
    Ok(timer)
}

fn arm(timer: &OwnedFd) -> std::io::Result<()> {
    let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
    let at = |tv_sec| Itimerspec { it_interval: zero, it_value: Timespec { tv_sec, tv_nsec: 0 } };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    // Never by itself: a timer that is over would be over again at once, and the loop would spin. Old kernels of 32 bits
    // know no later time than the second.
    let armed =
        timerfd_settime(timer, flags, &at(NEVER)).or_else(|_| timerfd_settime(timer, flags, &at(i32::MAX.into())));
    armed?;
    Ok(())
}

/// Has somebody who knows set the clock of the system under `root`?
fn is_known(root: &Path, wall: Timestamp) -> bool {
    if wall.as_second() < PAST {
        return false;
    }
    let by_network = root.join("run/systemd/timesync/synchronized").exists();
    let clocks = fs::read_dir(root.join("sys/class/rtc")).into_iter().flatten().flatten();
    by_network || clocks.map(|clock| clock.path().join("hctosys")).any(|file| has_set(&file))
}

/// The kernel took the time from this clock when it started.
fn has_set(file: &Path) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.trim() == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_known_from_the_network_or_from_a_battery_and_never_in_the_past() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let now = Timestamp::from_second(PAST + 1).unwrap();
        assert!(!is_known(root, now));
        let rtc = root.join("sys/class/rtc/rtc0");
        fs::create_dir_all(&rtc).unwrap();
        fs::write(rtc.join("hctosys"), "0\n").unwrap();
        assert!(!is_known(root, now));
        fs::write(rtc.join("hctosys"), "1\n").unwrap();
        assert!(is_known(root, now));
        assert!(!is_known(root, Timestamp::from_second(PAST - 1).unwrap()));
        fs::remove_file(rtc.join("hctosys")).unwrap();
        fs::create_dir_all(root.join("run/systemd/timesync")).unwrap();
        fs::write(root.join("run/systemd/timesync/synchronized"), "").unwrap();
        assert!(is_known(root, now));
    }

    #[test]
    fn the_kernel_lets_us_wait_for_the_clock_to_be_set() {
        assert!(timer().is_ok());
    }
}
