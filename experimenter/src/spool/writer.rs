//! An executer's side: its log.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, SystemTime};

use experimenter_diesel::Finish;
use rustix::fs::{FlockOperation, flock};

use super::frame::encode;
use super::reader::{acknowledge, retire};
use super::record::{Header, Record, Spooled};
use super::{LOG, at, blocking};

/// How long a disk has. An executer that waited longer would give no sign of life; its results go to the database without.
const PATIENCE: Duration = Duration::from_secs(15);

/// An executer's results that are on the disk. There is no file before the first one.
///
/// A call that fails leaves the log as it was; the next one tries again, on a new file where the old one is in doubt.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    writer: Arc<Mutex<Writer>>,
    /// The results that the database does not have yet.
    waiting: BTreeSet<u64>,
    pub(super) patience: Duration,
}

impl Spool {
    /// The spool of an executer. Touches no disk.
    #[must_use]
    pub fn new(folder: &Path, header: Header) -> Self {
        let writer = Writer { folder: folder.to_owned(), header, next: 1, number: 1, log: None };
        Self {
            folder: folder.to_owned(),
            writer: Arc::new(Mutex::new(writer)),
            waiting: BTreeSet::new(),
            patience: PATIENCE,
        }
    }

    /// Writes results and waits until they are on the disk, all by one sync. Gives their numbers, in order. Who does not
    /// wait to the end finds them on the disk perhaps, but not counted among those that wait.
    ///
    /// # Errors
    /// With the file's path, when the disk is full, read-only or broken, or does not answer; then none of them is waiting.
    pub async fn append(&mut self, finishes: Vec<Finish>) -> io::Result<Vec<u64>> {
        let sequences: Vec<_> = self.with_writer(move |writer| writer.append(finishes)).await?.collect();
        self.waiting.extend(&sequences);
        Ok(sequences)
    }

    /// Notes that the database has results, or will never take them.
    ///
    /// # Errors
    /// When that cannot be written. They do not wait any more nevertheless; that they are delivered again costs nothing
    /// but time.
    pub async fn acknowledge(&mut self, sequences: &[u64]) -> io::Result<()> {
        self.waiting.retain(|waiting| !sequences.contains(waiting));
        let sequences = sequences.to_vec();
        self.with_writer(move |writer| writer.acknowledge(sequences)).await
    }

    /// How many results the database does not have yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Ends the log. One of which nothing waits is put aside, so that nobody looks at it any more.
    ///
    /// # Errors
    /// When it cannot be renamed; whoever delivers next does it then.
    pub async fn close(&mut self) -> io::Result<()> {
        let is_delivered = self.waiting.is_empty();
        self.with_writer(move |writer| match writer.log.take() {
            Some(log) if is_delivered => retire(&log.path, &log.file),
            _ => Ok(()),
        })
        .await
    }

    pub(super) async fn with_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let writer = Arc::clone(&self.writer);
        let work = blocking(move || match writer.try_lock() {
            Ok(mut writer) => work(&mut writer).map(Some),
            Err(TryLockError::Poisoned(writer)) => work(&mut writer.into_inner()).map(Some),
            // The call before is still at it, and nobody waits for it any more.
            Err(TryLockError::WouldBlock) => Ok(None),
        });
        match tokio::time::timeout(self.patience, work).await {
            Ok(Ok(Some(value))) => Ok(value),
            Ok(Err(error)) => Err(error),
            Ok(Ok(None)) | Err(_) => {
                Err(at(&self.folder)(io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer")))
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    header: Header,
    /// The number of the next result.
    next: u64,
    /// The number of the next file.
    number: u32,
    log: Option<OpenLog>,
}

#[derive(Debug)]
struct OpenLog {
    path: PathBuf,
    /// Locked as long as it is open.
    file: File,
    /// The first result in it. Those of an earlier file are not acknowledged any more, and so are delivered twice.
    first: u64,
}

impl Writer {
    fn append(&mut self, finishes: Vec<Finish>) -> io::Result<std::ops::Range<u64>> {
        let written = seconds_since_1970();
        let mut bytes = Vec::new();
        let first = self.next;
        let mut next = first;
        for finish in finishes {
            bytes.extend(encode(&Record::Result(Box::new(Spooled { sequence: next, written, finish })))?);
            next += 1;
        }
        self.write(&bytes)?;
        self.next = next;
        Ok(first..next)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Where no lock keeps others from it, somebody may have put the log aside just now.
        if !self.write_to_log(bytes)? {
            self.write_to_log(bytes)?;
        }
        Ok(())
    }

    /// Writes durably; says whether the file is still in its place. Where that or a failure puts the file in doubt, the
    /// next call begins a new one.
    fn write_to_log(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let log = match self.log.take() {
            Some(log) => log,
            None => self.create()?,
        };
        let start = log.file.metadata().map_err(at(&log.path))?.len();
        if let Err(error) = (&log.file).write_all(bytes) {
            let error = at(&log.path)(error);
            // A part of a frame must not stay in the middle of the log.
            if log.file.set_len(start).is_ok() {
                self.log = Some(log);
            }
            return Err(error);
        }
        // After a sync that failed nobody knows what of the file is on the disk, and another one does not tell.
        log.file.sync_data().map_err(at(&log.path))?;
        let is_in_its_place = log.path.exists();
        if is_in_its_place {
            self.log = Some(log);
        }
        Ok(is_in_its_place)
    }

    fn create(&mut self) -> io::Result<OpenLog> {
        create_folder(&self.folder).map_err(at(&self.folder))?;
        let Header { table, executer, .. } = &self.header;
        let path = self.folder.join(format!("{table}.{executer}.{}.{LOG}", self.number));
        self.number += 1;
        let file = OpenOptions::new().create_new(true).append(true).open(&path).map_err(at(&path))?;
        // Without a lock the log may be delivered by others too, which changes nothing.
        let _locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
        let begun = encode(&Record::Header(self.header.clone()))
            .and_then(|header| (&file).write_all(&header))
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_folder(&self.folder));
        match begun {
            Ok(()) => Ok(OpenLog { path, file, first: self.next }),
            Err(error) => {
                // There is nothing in it; a file that stays all the same is put aside by whoever delivers.
                let _removed = std::fs::remove_file(&path);
                Err(at(&path)(error))
            }
        }
    }

    fn acknowledge(&mut self, mut sequences: Vec<u64>) -> io::Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        sequences.retain(|sequence| *sequence >= log.first);
        acknowledge(&log.path, sequences)
    }
}

/// Makes a folder and those above it, so that they are there after a crash.
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folder(above)?;
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_folder(above)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some file systems have no sync of a folder, and need none.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
