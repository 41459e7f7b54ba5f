//! A slot: where the function runs. Here is the side of the function; the executer's is in `executer/`.
//!
//! A slot is a process of its own, of the same program, so that whatever an experiment does to its process ends that
//! process alone. It runs rows one after the other, and talks to its executer through a socket. With `--in-process` the
//! slot is the main thread, and the socket a channel.

mod child;
mod inbox;
mod message;

use std::cell::Cell;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use experimenter_diesel::{Entry, StoreError, Value};
use tokio::sync::mpsc;

pub(crate) use child::{MARK, is_slot, main};
pub(crate) use inbox::{Desk, Inbox, inbox};
pub(crate) use message::{Frames, FromSlot, Nonsense, ToSlot, VERSION, encode};

use crate::definition::Registration;
use crate::machine;
use crate::run::{Attachment, Cost, Ending};

/// How often an executer is told how far a run is.
const TELL: Duration = Duration::from_millis(100);

/// The way to the executer.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Socket(UnixStream),
    Channel(mpsc::Sender<FromSlot>),
}

impl Outgoing {
    /// Sends a message; waits while the executer has too many of them.
    fn send(&self, message: FromSlot) -> Result<(), StoreError> {
        let sent = match self {
            Self::Socket(socket) => message::write(socket, &message).map_err(|error| error.to_string()),
            Self::Channel(channel) => channel.blocking_send(message).map_err(|error| error.to_string()),
        };
        sent.map_err(|reason| StoreError::Database(format!("the executer has stopped: {reason}")))
    }
}

/// Runs the rows that come in, until none can come any more.
fn run_rows(experiment: &Registration, outgoing: Outgoing, desk: Desk) -> Result<(), StoreError> {
    let attached = Rc::new(Attached { outgoing, desk, told: Cell::new(Instant::now()) });
    while let Some(task) = attached.desk.next_task() {
        attached.outgoing.send(FromSlot::Began)?;
        let (ending, cost) = measured(|| (experiment.execute)(&task, Box::new(Rc::clone(&attached))));
        flush();
        attached.outgoing.send(FromSlot::Ended(ending, cost))?;
    }
    Ok(())
}

/// Runs rows on this thread, whose executer is on another.
pub(crate) fn run_here(experiment: &Registration, messages: mpsc::Sender<FromSlot>, desk: Desk) {
    // An executer that has stopped wants no more of this slot.
    let _stopped = run_rows(experiment, Outgoing::Channel(messages), desk);
}

/// What one run cost alone, although the process is used for many.
fn measured(run: impl FnOnce() -> Ending) -> (Ending, Cost) {
    let peak_is_fresh = machine::reset_peak();
    let before = machine::usage();
    let ending = run();
    let after = machine::usage();
    let peak_bytes = if peak_is_fresh { machine::peak_memory(std::process::id()) } else { None };
    (ending, Cost { user_seconds: after.user - before.user, system_seconds: after.system - before.system, peak_bytes })
}

/// What the run printed reaches its capture before the next run begins.
fn flush() {
    use std::io::Write;
    // Nobody is left to be told that the capture is closed.
    let _flushed = (std::io::stdout().flush(), std::io::stderr().flush());
}

/// A run's attachment: the socket or channel to the executer.
#[derive(Debug)]
struct Attached {
    outgoing: Outgoing,
    desk: Desk,
    /// When the executer was last told of progress.
    told: Cell<Instant>,
}

impl Attachment for Rc<Attached> {
    fn write(&self, values: Vec<Option<Value>>) -> Result<(), StoreError> {
        self.outgoing.send(FromSlot::Write(values))?;
        self.desk.reply()
    }

    fn log(&self, logtable: usize, values: Vec<Value>) -> Result<(), StoreError> {
        match self.desk.unlogged() {
            Some(reason) => Err(reason),
            None => self.outgoing.send(FromSlot::Log(Entry::now(logtable, values))),
        }
    }

    fn checkpoint(&self, state: Vec<u8>) -> Result<(), StoreError> {
        self.outgoing.send(FromSlot::Checkpoint(state))?;
        self.desk.reply()
    }

    fn progress(&self, done: u64, total: u64) {
        let now = Instant::now();
        if done >= total || now.duration_since(self.told.get()) >= TELL {
            self.told.set(now);
            // An executer that has stopped is found by what matters more.
            let _told = self.outgoing.send(FromSlot::Progress { done, total });
        }
    }

    fn say(&self, text: String) {
        let _told = self.outgoing.send(FromSlot::Said(text));
    }

    fn should_stop(&self) -> bool {
        self.desk.should_stop()
    }
}
