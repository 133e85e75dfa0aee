//! What only a Raspberry Pi has, by way of rppal: which model it is, and its PWM channels as rppal drives them.
//!
//! rppal is no longer developed. It is used where the config says so by name, and to tell people which model this is;
//! everything else goes by the kernel's interfaces, on a Raspberry Pi too.

mod pwm;

use std::fs;

use rppal::system::DeviceInfo;

pub(super) use pwm::hold;

/// Which Raspberry Pi this is, and its chip ("Raspberry Pi 3 B, BCM2837A1"), as rppal knows it; `None` elsewhere, and
/// for models newer than rppal.
pub fn model() -> Option<String> {
    // rppal goes by the revision in /proc/cpuinfo first, and other boards have revisions too.
    let compatible = fs::read_to_string("/proc/device-tree/compatible").ok()?;
    if !compatible.split('\0').any(|name| name.starts_with("raspberrypi,")) {
        return None;
    }
    let info = DeviceInfo::new().ok()?;
    Some(format!("{}, {}", info.model(), info.soc()))
}
