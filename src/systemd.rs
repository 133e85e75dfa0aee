//! What systemd is told (sd_notify(3)). Without systemd nothing is listening, and that is no error.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};
use sd_notify::NotifyState;

/// The hardware is held; the network may still be away.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The line `systemctl status` shows.
pub fn status(text: &str) {
    tell(&[NotifyState::Status(text)]);
}

/// The config is being read anew; [`ready`] follows.
pub fn reloading() {
    tell(&[NotifyState::Reloading, NotifyState::MonotonicUsec(microseconds(clock_gettime(ClockId::Monotonic)))]);
}

/// The crate's own way to this number overflows on 32-bit processors that have been up for 36 minutes.
fn microseconds(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000 + i128::from(time.tv_nsec) / 1_000
}

/// The end has begun.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The loop turns.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] must be said: half of what the unit's WatchdogSec allows. `None` if nobody watches.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_that_has_been_up_for_long_can_be_told_so() {
        assert_eq!(microseconds(Timespec { tv_sec: 1, tv_nsec: 999_999_999 }), 1_999_999);
        assert_eq!(microseconds(Timespec { tv_sec: 2_147_483_647, tv_nsec: 0 }), 2_147_483_647_000_000);
    }
}
