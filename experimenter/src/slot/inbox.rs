//! The messages of an executer, where the function's thread finds them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use experimenter_diesel::StoreError;

use super::ToSlot;
use crate::run::Task;

/// Takes the executer's messages.
#[derive(Debug)]
pub(crate) struct Inbox {
    tasks: Sender<Task>,
    replies: Sender<Result<(), StoreError>>,
    notices: Arc<Notices>,
}

/// Where the function's thread reads them.
#[derive(Debug)]
pub(crate) struct Desk {
    tasks: Receiver<Task>,
    replies: Receiver<Result<(), StoreError>>,
    notices: Arc<Notices>,
}

/// What the function's thread is told while it does not wait for anything.
#[derive(Debug, Default)]
struct Notices {
    /// Also set by the signals that ask a process to end.
    stop: Arc<AtomicBool>,
    /// Why log entries were refused.
    unlogged: Mutex<Option<StoreError>>,
}

/// An inbox with its desk.
pub(crate) fn inbox() -> (Inbox, Desk) {
    let (tasks, next_task) = channel();
    let (replies, reply) = channel();
    let notices = Arc::new(Notices::default());
    let inbox = Inbox { tasks, replies, notices: Arc::clone(&notices) };
    (inbox, Desk { tasks: next_task, replies: reply, notices })
}

impl Inbox {
    /// Takes a message. A desk that is gone needs none.
    pub(crate) fn deliver(&self, message: ToSlot) {
        match message {
            ToSlot::Begin { .. } | ToSlot::Leave => {}
            ToSlot::Run(task) => {
                self.notices.stop.store(false, Ordering::Relaxed);
                *self.notices.unlogged.lock().unwrap_or_else(PoisonError::into_inner) = None;
                let _gone = self.tasks.send(*task);
            }
            ToSlot::Written(result) => {
                let _gone = self.replies.send(result);
            }
            ToSlot::Unlogged(reason) => {
                *self.notices.unlogged.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
            }
            ToSlot::Stop => self.notices.stop.store(true, Ordering::Relaxed),
        }
    }
}

impl Desk {
    /// Waits for a row to run; `None` when there will be none.
    pub(super) fn next_task(&self) -> Option<Task> {
        self.tasks.recv().ok()
    }

    /// Waits for the reply to partial results or a checkpoint.
    pub(super) fn reply(&self) -> Result<(), StoreError> {
        self.replies.recv().unwrap_or_else(|_| Err(StoreError::Database("the executer has stopped".to_owned())))
    }

    /// Why earlier log entries of this run were refused.
    pub(super) fn unlogged(&self) -> Option<StoreError> {
        self.notices.unlogged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the run should come to an end.
    pub(super) fn should_stop(&self) -> bool {
        self.notices.stop.load(Ordering::Relaxed)
    }

    /// What is set to ask the run to come to an end.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.notices.stop)
    }
}
