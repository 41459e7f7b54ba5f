//! PyExperimenter, in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The script that installs it; it does nothing, and fast, where that is done.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pyexperimenter/install.sh");

/// The Python interpreter that can import PyExperimenter.
///
/// It belongs to a virtual environment in the target folder, which `tests/run.sh` makes. Where that was not run, the
/// first call makes it: half a minute, and the network.
#[track_caller]
pub fn python() -> &'static Path {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(install) {
        Ok(python) => python,
        Err(error) => panic!("PyExperimenter cannot be installed, and no test is skipped for that\n{error}"),
    }
}

/// A failure is kept as well: every test that needs PyExperimenter says it, and only the first waits for it.
fn install() -> Result<PathBuf, String> {
    let folder = target().join("pyexperimenter");
    let output = Command::new("bash")
        .arg(SCRIPT)
        .arg(&folder)
        .output()
        .map_err(|error| format!("`bash` cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(folder.join("bin/python"));
    }
    Err(format!("`{SCRIPT}` failed with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// The target folder that this program was built in: a test is `debug/deps/name-hash` there, another `debug/name`.
fn target() -> PathBuf {
    let this = std::env::current_exe().expect("a program knows its own file");
    let profile = this.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    profile.and_then(Path::parent).expect("a program is in a folder of the target folder").to_owned()
}
