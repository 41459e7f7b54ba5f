//! Where the programs of the server are.

use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::vendor::mysqld;

/// Folders that a user's PATH often lacks.
const FOLDERS: [&str; 6] =
    ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/libexec", "/opt/homebrew/bin", "/opt/homebrew/sbin"];

/// The server.
pub(super) fn server() -> PathBuf {
    mysqld().map_or_else(|| find(&["mariadbd", "mysqld"]), PathBuf::from)
}

/// The program that makes the data of a new MariaDB.
pub(super) fn initialiser() -> PathBuf {
    find(&["mariadb-install-db", "mysql_install_db"])
}

/// The command-line client.
pub(super) fn client() -> PathBuf {
    find(&["mariadb", "mysql"])
}

/// The server runs as root only when that is said.
pub(super) fn user_option() -> Option<&'static str> {
    geteuid().is_root().then_some("--user=root")
}

fn find(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(FOLDERS.map(PathBuf::from)).collect();
    let candidates = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|path| is_program(path)).unwrap_or_else(|| {
        let program = names[0];
        panic!("`{program}` is not installed, and no test is skipped for that\nhelp: `tests/run.sh` installs MariaDB, or says how")
    })
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}
