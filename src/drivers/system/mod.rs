//! Figures of the Linux system itself, from procfs and sysfs.

mod disk;
mod memory;
mod processor;

use std::path::{Path, PathBuf};

use super::sysfs;
use crate::model::{Fault, SystemFigure, Value};

/// How to read one figure; `root` is where the file system starts ("/", or elsewhere in tests).
pub(super) fn reader(
    figure: SystemFigure,
    root: impl Into<PathBuf>,
) -> impl Fn() -> Result<Value, Fault> + Clone + Send + 'static {
    let root = root.into();
    move || {
        let number = match &figure {
            SystemFigure::CpuTemperature => processor::temperature(&root),
            SystemFigure::Load => processor::load(&root),
            SystemFigure::Memory => memory::in_use(&root),
            SystemFigure::Disk(path) => disk::in_use(path),
            SystemFigure::Uptime => processor::uptime(&root),
        }?;
        Value::number(number).ok_or_else(|| Fault::new("not a number"))
    }
}

fn read(path: &Path) -> Result<String, Fault> {
    sysfs::text(path).map_err(|why| Fault::new(format!("{}: {why}", path.display())))
}

/// The number at the start of a file's text.
fn first_number(path: &Path) -> Result<f64, Fault> {
    sysfs::number(path).map_err(|why| Fault::new(format!("{}: {why}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn zone(number: u8, kind: &str, millidegrees: &str) -> [(String, String); 2] {
        let zone = format!("sys/class/thermal/thermal_zone{number}");
        [(format!("{zone}/type"), format!("{kind}\n")), (format!("{zone}/temp"), format!("{millidegrees}\n"))]
    }

    fn zones(zones: &[[(String, String); 2]]) -> tempfile::TempDir {
        let files: Vec<_> = zones.iter().flatten().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        root(&files)
    }

    fn ask(figure: SystemFigure, root: &tempfile::TempDir) -> Result<Value, Fault> {
        reader(figure, root.path())()
    }

    #[test]
    fn the_hottest_processor_zone_counts() {
        let root = zones(&[
            zone(0, "gpu-thermal", "90000"),
            zone(1, "cpu-thermal", "48312"),
            zone(2, "cpu-big", "51000"),
            zone(3, "battery", "99000"),
        ]);
        assert_eq!(ask(SystemFigure::CpuTemperature, &root), Ok(Value::Number(51.0)));
    }

    #[test]
    fn without_a_processor_zone_zone_0_counts() {
        let root = zones(&[zone(0, "soc", "-1500"), zone(1, "battery", "25000")]);
        assert_eq!(ask(SystemFigure::CpuTemperature, &root), Ok(Value::Number(-1.5)));
    }

    #[test]
    fn a_broken_zone_does_not_hide_a_good_one() {
        let root = zones(&[zone(0, "cpu-a", "rubbish"), zone(1, "cpu-b", "40000")]);
        assert_eq!(ask(SystemFigure::CpuTemperature, &root), Ok(Value::Number(40.0)));
    }

    #[test]
    fn a_machine_without_zones_is_a_fault_and_not_zero_degrees() {
        assert_eq!(ask(SystemFigure::CpuTemperature, &root(&[])), Err(Fault::new("this machine has no thermal zone")));
    }

    #[test]
    fn load_is_that_of_the_last_minute() {
        let root = root(&[("proc/loadavg", "0.52 0.58 0.59 1/389 12345\n")]);
        assert_eq!(ask(SystemFigure::Load, &root), Ok(Value::Number(0.52)));
    }

    #[test]
    fn memory_that_could_be_freed_is_not_in_use() {
        let root = root(&[("proc/meminfo", "MemTotal:  1000 kB\nMemFree:  10 kB\nMemAvailable:  750 kB\n")]);
        assert_eq!(ask(SystemFigure::Memory, &root), Ok(Value::Number(25.0)));
    }

    #[test]
    fn meminfo_without_its_lines_is_a_fault() {
        let root = root(&[("proc/meminfo", "MemTotal:  1000 kB\n")]);
        let fault = ask(SystemFigure::Memory, &root).unwrap_err();
        assert!(fault.0.ends_with("meminfo: no MemAvailable"), "{fault}");
    }

    #[test]
    fn uptime_is_in_hours() {
        let root = root(&[("proc/uptime", "5400.25 10000.00\n")]);
        let Ok(Value::Number(hours)) = ask(SystemFigure::Uptime, &root) else { panic!() };
        assert!((hours - 1.5).abs() < 0.001, "{hours}");
    }

    #[test]
    fn a_disk_is_between_empty_and_full_and_a_missing_one_a_fault() {
        let root = root(&[]);
        let path = root.path().to_str().unwrap().to_owned();
        let Ok(Value::Number(percent)) = ask(SystemFigure::Disk(path.clone()), &root) else { panic!() };
        assert!(percent > 0.0 && percent <= 100.0, "{percent}");
        let fault = ask(SystemFigure::Disk(format!("{path}/none")), &root).unwrap_err();
        assert!(fault.0.starts_with(&format!("{path}/none: ")), "{fault}");
    }
}
