//! Memory in use.

use std::path::Path;

use super::read;
use crate::model::Fault;

/// In % of all; what the kernel could free at once is not in use.
pub(super) fn in_use(root: &Path) -> Result<f64, Fault> {
    let path = root.join("proc/meminfo");
    let text = read(&path)?;
    let kilobytes = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.split_whitespace().next()?.parse::<f64>().ok())
            .ok_or_else(|| Fault::new(format!("{}: no {name}", path.display())))
    };
    Ok(100.0 * (1.0 - kilobytes("MemAvailable")? / kilobytes("MemTotal")?))
}
