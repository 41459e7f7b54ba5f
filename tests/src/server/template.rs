//! The data of a fresh server, made once for each user and version of the server, and copied.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use super::install;
use super::vendor::Vendor;

/// To be raised when the data are made in another way, so that no old copy is used.
const FORMAT: u32 = 1;

/// Copies the data of a fresh server into a folder that does not exist yet.
pub(super) fn copy_to(folder: &Path) -> io::Result<()> {
    copy(&template()?, folder)
}

/// The folder to copy from. It appears complete, by a rename; the lock only saves work.
fn template() -> io::Result<PathBuf> {
    let cache = cache()?;
    let path = cache.join(format!("server-{FORMAT}-{}", version()?));
    let lock = File::create(cache.join("lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    if !path.exists() {
        let unfinished = tempfile::Builder::new().prefix("unfinished-").tempdir_in(&cache)?;
        initialise(&unfinished.path().join("data"))?;
        fs::rename(unfinished.path().join("data"), &path)?;
    }
    Ok(path)
}

/// A folder with a known name in a place where everybody writes: only ours will do.
fn cache() -> io::Result<PathBuf> {
    let user = geteuid().as_raw();
    let cache = std::env::temp_dir().join(format!("experimenter-tests-{user}"));
    match DirBuilder::new().mode(0o700).create(&cache) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(&cache)?;
    let ours = found.is_dir() && found.uid() == user && found.mode() & 0o022 == 0;
    ours.then_some(()).ok_or_else(|| io::Error::other(format!("`{}` is not ours, remove it", cache.display())))?;
    Ok(cache)
}

/// The version of the server as part of a file name.
fn version() -> io::Result<String> {
    let output = Command::new(install::server()).arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_once("Ver ").map_or(&*text, |(_, version)| version);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    Ok(version.trim().chars().map(|c| if plain(c) { c } else { '-' }).take(80).collect())
}

/// The administrator has no password and is local, and the socket is in a folder that nobody else can enter.
fn initialise(data: &Path) -> io::Result<()> {
    let vendor = Vendor::tested();
    let mut initialiser = vendor.initialiser();
    let datadir = format!("--datadir={}", data.display());
    let output = initialiser.arg(datadir).args(vendor.options()).args(install::user_option()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(io::Error::other(format!("`{initialiser:?}` failed with {}:\n{stdout}\n{stderr}", output.status)))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
