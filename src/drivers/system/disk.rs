//! Space on a file system.

use rustix::fs::statvfs;

use crate::model::Fault;

/// Space in use on the file system that holds `path`, in % of what is not kept for root, as `df` says it.
pub(super) fn in_use(path: &str) -> Result<f64, Fault> {
    let space = statvfs(path).map_err(|error| Fault::new(format!("{path}: {error}")))?;
    let used = space.f_blocks.saturating_sub(space.f_bfree) as f64;
    let all = used + space.f_bavail as f64;
    if all == 0.0 {
        return Err(Fault::new(format!("{path}: its file system has no size")));
    }
    Ok(100.0 * used / all)
}
