//! Turns at the lock file beside an `SQLite` file: one writer at a time, and who waits longest comes next.
//!
//! `SQLite`'s own busy handler lets one process starve the others; a blocking `flock` takes them in turn. It cannot be
//! given up, so it waits in a thread of its own, for whatever work lies in the seat when the turn comes. A caller that
//! has waited too long takes its work back and is told who holds the lock, while the thread keeps the place in the
//! queue: the next call puts its work into the same seat. A turn that comes to an empty seat is given away at once.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::holder;
use crate::{Result, StoreError};

/// The place of one connection in the queue.
#[derive(Debug)]
pub(super) struct Turns {
    lock: PathBuf,
    /// After how long a caller is told who holds the lock.
    patience: Duration,
    seat: Arc<Mutex<Seat>>,
}

#[derive(Default)]
struct Seat {
    work: Option<Work>,
    /// Whether a thread waits for the turn.
    waits: bool,
}

type Work = Box<dyn FnOnce(Result<Turn>) + Send>;

/// The lock, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(File);

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("taken", &self.work.is_some()).field("waits", &self.waits).finish()
    }
}

impl Turns {
    pub(super) fn new(database: &Path, patience: Duration) -> Result<Self> {
        let mut lock = database.as_os_str().to_owned();
        lock.push(".lock");
        // The experiment may change the working directory.
        let lock = std::path::absolute(PathBuf::from(lock)).map_err(|error| not_opened(database, &error))?;
        open(&lock)?;
        Ok(Self { lock, patience, seat: Arc::default() })
    }

    /// Waits for the turn, and does the work in it, on a thread. The turn lasts until the work drops it.
    pub(super) async fn take<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(Turn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, mut outcome) = oneshot::channel();
        self.sit(Box::new(move |turn| {
            // Nobody waits for what was asked for any more: it must not be done.
            if !sender.is_closed() {
                let _told = sender.send(turn.and_then(work));
            }
        }));
        let outcome = match timeout(self.patience, &mut outcome).await {
            Ok(outcome) => outcome,
            Err(_) if seat(&self.seat).work.take().is_some() => return Err(self.held()),
            // The turn has just come.
            Err(_) => outcome.await,
        };
        outcome.unwrap_or_else(|_| Err(StoreError::Database("a thread of the database failed".to_owned())))
    }

    fn sit(&self, work: Work) {
        let mut seated = seat(&self.seat);
        seated.work = Some(work);
        if !std::mem::replace(&mut seated.waits, true) {
            let (lock, seat) = (self.lock.clone(), Arc::clone(&self.seat));
            tokio::task::spawn_blocking(move || wait(&lock, &seat));
        }
    }

    /// Why the turn does not come, and what to do about it.
    fn held(&self) -> StoreError {
        let of = self.lock.display();
        let seconds = self.patience.as_secs();
        let by = std::fs::metadata(&self.lock).ok().and_then(|file| holder::holder(file.dev(), file.ino()));
        StoreError::Conflict(match by {
            Some((pid, name)) => format!(
                "the lock {of} is held by process {pid} ({name}), and has not come free for {seconds} s; end that \
                 process (kill {pid}), or let it go on (kill -CONT {pid})"
            ),
            None => format!(
                "the lock {of} has not come free for {seconds} s; see by `fuser -v {of}` which process holds it, and end \
                 it or let it go on"
            ),
        })
    }
}

/// Waits for the turn, and gives it to the work that lies in the seat then.
fn wait(lock: &Path, seat: &Mutex<Seat>) {
    let turn = Turn::wait(lock);
    let work = {
        let mut seat = self::seat(seat);
        seat.waits = false;
        seat.work.take()
    };
    if let Some(work) = work {
        work(turn);
    }
}

impl Turn {
    fn wait(lock: &Path) -> Result<Self> {
        // Opened anew for each turn: two turns on one open file would both be let in.
        let file = open(lock)?;
        retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))
            .map_err(|error| StoreError::Database(format!("cannot lock {}: {error}", lock.display())))?;
        Ok(Self(file))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A child that was forked meanwhile may have the file open as well, so that closing it would not do. Unlocking
        // an open file that we locked does not fail.
        let _unlocked = flock(&self.0, FlockOperation::Unlock);
    }
}

fn seat(seat: &Mutex<Seat>) -> MutexGuard<'_, Seat> {
    seat.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(lock: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(lock);
    file.map_err(|error| not_opened(lock, &error))
}

fn not_opened(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    let shown = path.display();
    match error.kind() {
        ErrorKind::NotFound => StoreError::Unreachable(format!(
            "the folder of {shown} does not exist; create it, or name another file by `--database sqlite://…`"
        )),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::NotPermitted(format!("cannot write beside the database: {shown}: {error}"))
        }
        _ => StoreError::Unreachable(format!("{shown}: {error}")),
    }
}
