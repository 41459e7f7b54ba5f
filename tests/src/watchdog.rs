//! A shell that outlives the test process, and removes what that could not.
//!
//! A test process can end without running a destructor: statics are never dropped, and nobody can catch a SIGKILL. So a
//! small shell of its own process group reads a pipe that only the test process holds open. Every process group and
//! every temporary folder is announced on it; at the end of the pipe the shell kills and removes what is left.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use tempfile::TempDir;

/// The groups are words in a string, the folders are the positional parameters: a path may hold spaces.
///
/// A killed process still writes for a moment, so a removal is repeated.
const SCRIPT: &str = r#"
set -f
groups=" "
while read -r order value; do
    case $order in
        group) groups="$groups$value " ;;
        ended) groups="${groups%% "$value" *} ${groups#* "$value" }" ;;
        folder) set -- "$@" "$value" ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
for folder in "$@"; do
    tries=0
    while rm -rf -- "$folder"; [ -e "$folder" ] && [ $tries -lt 100 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
done
"#;

/// The pipe to the shell. It closes with the test process.
static PIPE: OnceLock<Mutex<ChildStdin>> = OnceLock::new();

/// A temporary folder that is removed when it is dropped, or else when the test process has ended.
pub(crate) fn folder(prefix: &str) -> TempDir {
    // Nobody else may enter: the socket of a server lets in whoever reaches it.
    let private = Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().prefix(prefix).permissions(private).tempdir().unwrap_or_else(|error| {
        panic!("no temporary folder can be made in `{}`: {error}", std::env::temp_dir().display())
    });
    watch_folder(folder.path());
    folder
}

/// Has the process group killed at the end of the test process.
pub(crate) fn watch_group(group: u32) {
    tell("group", group.to_string().as_ref()).expect("the watchdog of the test process is gone");
}

/// The process group has ended, and its number may soon be another's.
pub(crate) fn forget_group(group: u32) {
    // Called from destructors: a dead watchdog kills nobody's group.
    let _ = tell("ended", group.to_string().as_ref());
}

fn watch_folder(path: &Path) {
    tell("folder", path.as_os_str()).expect("the watchdog of the test process is gone");
}

fn tell(order: &str, value: &OsStr) -> std::io::Result<()> {
    let pipe = PIPE.get_or_init(|| Mutex::new(start()));
    let line = [order.as_bytes(), b" ", value.as_bytes(), b"\n"].concat();
    pipe.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
}

#[expect(clippy::zombie_processes, reason = "it outlives this process, so nobody here can wait for it")]
fn start() -> ChildStdin {
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("`sh` cannot be started as the watchdog of the test process");
    shell.stdin.take().expect("the watchdog was started with a pipe")
}
