//! Memory of programs, by what the kernel tells while they run.

use std::fs;
use std::time::Duration;

use experimenter_tests::Running;

/// Runs a program to its end; gives the most memory that was resident, in megabytes.
pub(crate) fn watched(mut program: Running) -> f64 {
    let mut peak = 0.0;
    // The kernel keeps the peak itself, so that a look just before the end tells of all before.
    while program.is_running() {
        peak = megabytes(program.id(), "VmHWM").unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    program.wait().success();
    peak
}

/// A figure of a process that runs, in megabytes.
pub(crate) fn megabytes(pid: u32, name: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024.0 / 1e6)
}
