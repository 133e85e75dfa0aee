//! How warm, how busy, how long up.

use std::fs;
use std::path::{Path, PathBuf};

use super::{first_number, read};
use crate::model::Fault;

/// The hottest thermal zone of the processor in °C, else zone 0.
pub(super) fn temperature(root: &Path) -> Result<f64, Fault> {
    let class = root.join("sys/class/thermal");
    let zones = processor_zones(&class);
    if zones.is_empty() {
        let zone = class.join("thermal_zone0");
        return if zone.exists() { degrees(&zone) } else { Err(Fault::new("this machine has no thermal zone")) };
    }
    // One zone that works is enough; without any, the reason of one.
    let hotter = |a: Result<f64, Fault>, b: Result<f64, Fault>| match (a, b) {
        (Ok(a), Ok(b)) => Ok(a.max(b)),
        (a, b) => a.or(b),
    };
    zones.iter().map(|zone| degrees(zone)).reduce(hotter).unwrap_or(Err(Fault::new("no zone")))
}

/// The load average of the last minute.
pub(super) fn load(root: &Path) -> Result<f64, Fault> {
    first_number(&root.join("proc/loadavg"))
}

/// Hours since the machine started.
pub(super) fn uptime(root: &Path) -> Result<f64, Fault> {
    Ok(first_number(&root.join("proc/uptime"))? / 3600.0)
}

fn processor_zones(class: &Path) -> Vec<PathBuf> {
    let Ok(zones) = fs::read_dir(class) else { return Vec::new() };
    let of_processor = |zone: &PathBuf| {
        let kind = read(&zone.join("type")).unwrap_or_default().to_lowercase();
        kind.starts_with("cpu") || kind.trim_end() == "x86_pkg_temp"
    };
    zones.filter_map(|zone| Some(zone.ok()?.path())).filter(of_processor).collect()
}

fn degrees(zone: &Path) -> Result<f64, Fault> {
    Ok(first_number(&zone.join("temp"))? / 1000.0)
}
