//! The kernel's thermal zones, by their type.

use std::path::{Path, PathBuf};

use super::sysfs;
use crate::model::{Fault, Value};

/// How to read the zone of a type, the hottest if there are several; `root` is where the file system starts.
pub(super) fn reader(kind: String, root: impl Into<PathBuf>) -> impl FnMut() -> Result<Value, Fault> + Send + 'static {
    let root = root.into();
    move || read(&kind, &root)
}

/// The types of all zones there are.
pub(super) fn zones(root: &Path) -> Vec<String> {
    let zones = sysfs::folders(&root.join("sys/class/thermal"));
    let mut types: Vec<_> =
        zones.iter().filter(|zone| is_zone(zone)).filter_map(|zone| sysfs::text(&zone.join("type")).ok()).collect();
    types.sort();
    types.dedup();
    types
}

pub(super) fn read(kind: &str, root: &Path) -> Result<Value, Fault> {
    let zones = sysfs::folders(&root.join("sys/class/thermal"));
    let types: Vec<_> = zones.iter().filter_map(|zone| Some((zone, sysfs::text(&zone.join("type")).ok()?))).collect();
    let ours = types.iter().filter(|(_, name)| name == kind);
    let degrees = ours.map(|(zone, _)| sysfs::number(&zone.join("temp")).map(|number| number / 1000.0));
    // One zone that works is enough; without any, the reason of one.
    let hottest = degrees.reduce(|a, b| match (a, b) {
        (Ok(a), Ok(b)) => Ok(a.max(b)),
        (a, b) => a.or(b),
    });
    match hottest {
        Some(Ok(degrees)) => Value::number(degrees).ok_or_else(|| Fault::new("not a number")),
        Some(Err(why)) => Err(Fault::new(format!("thermal zone {kind}: {why}"))),
        None => {
            let mut names: Vec<_> = types.into_iter().filter(|(zone, _)| is_zone(zone)).map(|(_, name)| name).collect();
            names.sort();
            names.dedup();
            let there = if names.is_empty() { String::new() } else { format!(" (there are: {})", names.join(", ")) };
            Err(Fault::new(format!("no thermal zone “{kind}”{there}; the board's device tree or firmware makes them")))
        }
    }
}

/// Cooling devices live in the same folder and have a type as well.
fn is_zone(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("thermal_zone"))
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tests::Tree;
    use super::*;

    fn board() -> Tree {
        Tree::new(&[
            ("sys/class/thermal/cooling_device0/type", "Fan"),
            ("sys/class/thermal/thermal_zone0/type", "cpu-thermal"),
            ("sys/class/thermal/thermal_zone0/temp", "48312"),
            ("sys/class/thermal/thermal_zone1/type", "battery"),
            ("sys/class/thermal/thermal_zone1/temp", "-1500"),
            ("sys/class/thermal/thermal_zone2/type", "cpu-thermal"),
            ("sys/class/thermal/thermal_zone2/temp", "51000"),
        ])
    }

    #[test]
    fn a_zone_is_found_by_its_type_and_the_hottest_of_several_counts() {
        assert_eq!(read("battery", board().root()), Ok(Value::Number(-1.5)));
        assert_eq!(read("cpu-thermal", board().root()), Ok(Value::Number(51.0)));
    }

    #[test]
    fn a_missing_zone_is_a_fault_that_says_which_there_are() {
        let fault = read("gpu-thermal", board().root()).unwrap_err().0;
        let cure = "the board's device tree or firmware makes them";
        assert_eq!(fault, format!("no thermal zone “gpu-thermal” (there are: battery, cpu-thermal); {cure}"));
    }

    #[test]
    fn a_zone_that_says_nothing_is_a_fault_and_back_is_back() {
        let board = board();
        board.remove("sys/class/thermal/thermal_zone1/temp");
        let fault = read("battery", board.root()).unwrap_err().0;
        assert_eq!(fault, "thermal zone battery: No such file or directory");
        board.write("sys/class/thermal/thermal_zone1/temp", "9000");
        assert_eq!(read("battery", board.root()), Ok(Value::Number(9.0)));
    }
}
