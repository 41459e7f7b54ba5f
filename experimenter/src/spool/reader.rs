//! The other side: what stands in the logs, what of it waits, and what becomes of a log of which nothing does.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};

use super::frame::{Damage, decode, encode};
use super::record::{Header, Record, Spooled};
use super::{ACKS, DELIVERED, KEPT, LOG, at, blocking};

/// A log as it was read.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    /// Whose it is; `None` if not even that was written.
    pub(super) header: Option<Header>,
    pub(super) results: Vec<Spooled>,
    pub(super) damages: Vec<Damage>,
    /// Whether its executer is at work, and delivers it itself.
    pub(super) is_at_work: bool,
    pub(super) length: usize,
    acknowledged: HashSet<u64>,
    /// Locked, unless its executer is at work or there are no locks.
    file: File,
}

impl Log {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        // NFS locks only what is open for writing; a log of another user can be read at least.
        let file = OpenOptions::new().read(true).append(true).open(&path).or_else(|_| File::open(&path));
        let mut file = file.map_err(at(&path))?;
        let locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(at(&path))?;
        let (records, damages) = decode(&bytes).map_err(at(&path))?;
        let (mut header, mut results) = (None, Vec::new());
        for record in records {
            match record {
                Record::Header(found) => header = Some(found),
                Record::Result(result) => results.push(*result),
                Record::Acknowledged(_) => {}
            }
        }
        let is_at_work = locked == Err(rustix::io::Errno::WOULDBLOCK);
        let length = bytes.len();
        Ok(Self { acknowledged: acknowledged(&path)?, path, header, results, damages, is_at_work, length, file })
    }

    /// The results that are not acknowledged.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Spooled> {
        self.results.iter().filter(|result| !self.acknowledged.contains(&result.sequence))
    }

    /// Whether no result was ever written to it.
    pub(super) fn is_empty(&self) -> bool {
        self.results.is_empty() && self.losses().next().is_none()
    }

    /// What was durable once, and cannot be read.
    pub(super) fn losses(&self) -> impl Iterator<Item = &Damage> {
        self.damages.iter().filter(|damage| !damage.is_torn)
    }

    pub(super) fn acknowledge(&mut self, sequences: Vec<u64>) -> io::Result<()> {
        self.acknowledged.extend(&sequences);
        acknowledge(&self.path, sequences)
    }

    /// Puts the log aside if nothing of it waits. A damaged one stays where it is seen.
    pub(super) fn retire(&self) -> io::Result<()> {
        let is_over = self.waiting().next().is_none() && self.losses().next().is_none();
        if !is_over || self.is_at_work {
            return Ok(());
        }
        retire(&self.path, &self.file)?;
        // Where there are no locks, its executer may have added to it since it was read: before the file was put aside,
        // which shows here, or after that, which the executer sees when it has written.
        let delivered = self.path.with_extension(DELIVERED);
        if delivered.metadata().is_ok_and(|now| now.len() > self.length as u64) {
            std::fs::rename(&delivered, &self.path).map_err(at(&delivered))?;
        }
        Ok(())
    }
}

/// The numbers of a log's results that are acknowledged. What cannot be read of them is delivered again.
fn acknowledged(log: &Path) -> io::Result<HashSet<u64>> {
    let path = log.with_extension(ACKS);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(at(&path))?,
    };
    let (records, _damages) = decode(&bytes).map_err(at(&path))?;
    let lists = records.into_iter().filter_map(|record| match record {
        Record::Acknowledged(sequences) => Some(sequences),
        Record::Header(_) | Record::Result(_) => None,
    });
    Ok(lists.flatten().collect())
}

/// Notes beside a log that results of it do not wait any more.
pub(super) fn acknowledge(log: &Path, sequences: Vec<u64>) -> io::Result<()> {
    if sequences.is_empty() {
        return Ok(());
    }
    let path = log.with_extension(ACKS);
    let frame = encode(&Record::Acknowledged(sequences))?;
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(&frame)).map_err(at(&path))
}

/// Puts a log aside of which nothing waits; its time begins anew.
pub(super) fn retire(log: &Path, file: &File) -> io::Result<()> {
    // To touch it needs a file that is its owner's; where it is not, its time is that of its last result.
    let _touched = file.set_modified(SystemTime::now());
    match std::fs::rename(log, log.with_extension(DELIVERED)) {
        // Somebody was faster, where there are no locks.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        renamed => renamed.map_err(at(log))?,
    }
    remove(&log.with_extension(ACKS))
}

/// The files of a folder with one of these extensions, in the order of their names.
pub(super) fn files(folder: &Path, extensions: &[&str]) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(at(folder))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(at(folder))?.path();
        if path.extension().and_then(|extension| extension.to_str()).is_some_and(|found| extensions.contains(&found)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Removes logs that were put aside a week ago, and acknowledgements without a log. Gives how many logs.
///
/// # Errors
/// With the path, when the folder cannot be read or a file not be removed.
pub async fn prune(folder: &Path) -> io::Result<usize> {
    let folder = folder.to_owned();
    blocking(move || {
        let mut removed = 0;
        for path in files(&folder, &[DELIVERED, ACKS])? {
            let is_log = path.extension().is_some_and(|extension| extension == DELIVERED);
            if is_old(&path) && (is_log || !path.with_extension(LOG).exists()) {
                remove(&path)?;
                removed += usize::from(is_log);
            }
        }
        Ok(removed)
    })
    .await
}

fn is_old(path: &Path) -> bool {
    let age = path.metadata().and_then(|metadata| metadata.modified()).map(|modified| modified.elapsed());
    matches!(age, Ok(Ok(age)) if age > KEPT)
}

/// Removes a file that somebody else may have removed.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(at(path)),
    }
}
