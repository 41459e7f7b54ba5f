//! The writer: a thread that owns the file, so that a slow disk stops nobody before the channel to it is full.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::fs::{FlockOperation, flock};
use tokio::sync::{mpsc, oneshot};

use super::record::Header;

/// How many records may wait for the disk.
const BACKLOG: usize = 64;

/// When a file is full, and the next one is begun.
const FULL: u64 = 1 << 30;

/// One host's output of a table. Dropping it waits until all is written.
#[derive(Debug)]
pub(crate) struct OutputLog {
    /// There until the drop.
    sender: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    failure: Failure,
}

/// The writer's first failure, until it is told.
type Failure = Arc<Mutex<Option<io::Error>>>;

#[derive(Debug)]
enum Message {
    Record(Header, Vec<u8>),
    /// Asks for a sign that all before is written.
    Sync(oneshot::Sender<()>),
}

impl OutputLog {
    /// Starts the writer; file and folder are made with the first record.
    pub(crate) fn open(folder: &Path, table: &str, host: &str) -> io::Result<Self> {
        Self::with_limit(folder, table, host, FULL)
    }

    pub(super) fn with_limit(folder: &Path, table: &str, host: &str, full: u64) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let failure = Failure::default();
        let place = Place { folder: folder.to_owned(), table: table.to_owned(), host: host.to_owned(), full };
        let writer = Writer { place, number: 1, file: None, failure: Some(Arc::clone(&failure)) };
        let thread = std::thread::Builder::new().name("output".to_owned()).spawn(move || writer.work(receiver))?;
        Ok(Self { sender: Some(sender), thread: Some(thread), failure })
    }

    /// Why output could not be written; told once, since the next record would fail alike. Later ones are tried still.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Writes what is on its way, and ends the writer.
    #[cfg(test)]
    pub(super) fn finish(mut self) -> Option<io::Error> {
        self.join();
        self.failure()
    }

    /// Passes a record on, when there is room.
    pub(super) async fn send(&self, header: Header, body: Vec<u8>) {
        self.tell(Message::Record(header, body)).await;
    }

    /// Waits until all that was sent is written.
    pub(super) async fn sync(&self) {
        let (sender, done) = oneshot::channel();
        self.tell(Message::Sync(sender)).await;
        // Without an answer the writer is gone, and there is nothing to wait for.
        let _written = done.await;
    }

    async fn tell(&self, message: Message) {
        if let Some(sender) = &self.sender {
            // The writer ends only after us, or by a panic, which is no reason to end an experiment.
            let _sent = sender.send(message).await;
        }
    }

    fn join(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Drop for OutputLog {
    fn drop(&mut self) {
        self.join();
    }
}

struct Place {
    folder: PathBuf,
    table: String,
    host: String,
    full: u64,
}

impl Place {
    fn open(&self, number: u32) -> io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        let path = super::file(&self.folder, &self.table, &self.host, number);
        OpenOptions::new().create(true).append(true).open(path)
    }
}

struct Writer {
    place: Place,
    /// Which of the host's files is written to.
    number: u32,
    file: Option<File>,
    /// Where the first failure goes.
    failure: Option<Failure>,
}

impl Writer {
    fn work(mut self, mut messages: mpsc::Receiver<Message>) {
        while let Some(message) = messages.blocking_recv() {
            match message {
                Message::Record(header, body) => {
                    if let Err(error) = self.append(&header.record(&body)) {
                        self.file = None;
                        if let Some(failure) = self.failure.take() {
                            *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        }
                    }
                }
                // Who asked may have gone.
                Message::Sync(done) => {
                    let _asked = done.send(());
                }
            }
        }
    }

    /// Appends to the first file that is not full. Only one executer of the host at a time looks and writes.
    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        loop {
            let file = match self.file.take() {
                Some(file) => file,
                None => self.place.open(self.number)?,
            };
            let turn = Turn::wait(&file);
            let metadata = file.metadata()?;
            if metadata.nlink() == 0 {
                // Somebody has deleted it under us.
                continue;
            }
            if metadata.len() >= self.place.full {
                self.number += 1;
                continue;
            }
            let written = (&file).write_all(record);
            if written.is_err() && turn.taken {
                // The disk is full: half a record helps nobody. A reader skips it, should it have to stay.
                let _cut = file.set_len(metadata.len());
            }
            drop(turn);
            self.file = Some(file);
            return written;
        }
    }
}

/// A turn at the file, until it is dropped.
struct Turn<'a> {
    file: &'a File,
    /// Not on file systems without locks; there we rely on appending being atomic.
    taken: bool,
}

impl<'a> Turn<'a> {
    fn wait(file: &'a File) -> Self {
        let taken = rustix::io::retry_on_intr(|| flock(file, FlockOperation::LockExclusive)).is_ok();
        Self { file, taken }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Closing the file gives the turn back, too.
        let _unlocked = flock(self.file, FlockOperation::Unlock);
    }
}
