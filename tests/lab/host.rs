//! The way into the virtual machine.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::Failed;

/// Are we in it?
pub fn is_the_lab() -> bool {
    name() == "hwlab"
}

/// Are we in the emulated Raspberry Pi?
pub fn is_the_pi() -> bool {
    name() == "hwlab-pi"
}

fn name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// Boots it and runs this program there.
pub fn run() -> Result<(), Failed> {
    let this = env::current_exe()?;
    let name = this.file_name().and_then(|name| name.to_str()).ok_or("this program has no name")?;
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/hwlab.py");
    let mut command = Command::new("python3");
    command.arg(lab).args(["run", "--timeout", "280", "--file"]).arg(&this).arg("--");
    command.arg(format!("/xfer/{name}")).arg("--test-threads=1");
    command.args(env::var("KATYDID_LAB"));
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("python3: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if !output.status.success() {
        return Err(format!("the lab failed ({})", output.status).into());
    }
    // A lab in which nothing ran has shown nothing.
    let ran = text.lines().any(|line| line.starts_with("test result: ok.") && !line.contains(" 0 passed"));
    if ran { Ok(()) } else { Err("no test ran in the lab".into()) }
}
