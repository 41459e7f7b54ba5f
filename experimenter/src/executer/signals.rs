//! What asks an executer to stop: signals, and its own wall time.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use super::attempt::until;
use super::{Broken, Event, Shared};
use crate::machine;

/// How long the last writes may take when no run is left.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// What is said of a Ctrl-C.
const BY_HAND: &str = "interrupted";

/// What is said when the terminal is gone.
const HANGUP: &str = "SIGHUP";

/// Whether the executer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// It does.
    No,
    /// It claims nothing more, and runs have their grace.
    Soon,
    /// It kills what still runs.
    Now,
}

/// Tells what asks to stop; ends only if signals cannot be heard.
pub(super) async fn watch(stop: &watch::Sender<Stop>, shared: &Shared<'_>) -> Broken {
    match Signals::new() {
        Ok(signals) => signals.watch(stop, shared).await,
        Err(error) => Broken::Machine(format!("cannot listen to signals: {error}")),
    }
}

/// Ends when an executer that was asked to stop should have ended and has not: what it has to write waits for a database
/// that is away.
pub(super) async fn in_vain(stop: &watch::Receiver<Stop>, grace: Duration) -> Stop {
    let after = async |asked: Stop, grace: Duration| {
        if stop.clone().wait_for(|stop| *stop >= asked).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(grace + LAST_WRITES).await;
        asked
    };
    tokio::select! {
        asked = after(Stop::Soon, grace) => asked,
        asked = after(Stop::Now, Duration::ZERO) => asked,
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    user: Signal,
    /// None, where it is to be ignored.
    hangup: Option<Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            user: signal(SignalKind::user_defined1())?,
            // To listen would undo what `nohup` has done.
            hangup: if machine::ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    async fn watch(mut self, stop: &watch::Sender<Stop>, shared: &Shared<'_>) -> Broken {
        let ends = shared.order.ends.map(Instant::from_std);
        loop {
            let why = tokio::select! {
                () = heard(&mut self.interrupt) => BY_HAND,
                () = heard(&mut self.terminate) => "SIGTERM",
                () = heard(&mut self.user) => "SIGUSR1",
                () = heard_if_any(self.hangup.as_mut()) => HANGUP,
                () = until(ends), if *stop.borrow() == Stop::No => "the wall time is over",
            };
            // A second time by hand: at once. Slurm sends its signals more than once.
            let next = if *stop.borrow() >= Stop::Soon && why == BY_HAND { Stop::Now } else { Stop::Soon };
            if *stop.borrow() == Stop::No {
                shared.job_ends.set(why != BY_HAND && why != HANGUP);
            }
            if stop.send_if_modified(|now| {
                next > *now && {
                    *now = next;
                    true
                }
            }) && next == Stop::Soon
            {
                let grace = shared.order.grace;
                shared.report(Event::Stopping { why: why.to_owned(), running: shared.busy.get(), grace });
            }
        }
    }
}

async fn heard_if_any(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => heard(signal).await,
        None => std::future::pending().await,
    }
}

async fn heard(signal: &mut Signal) {
    // `None` would mean that no more can come.
    if signal.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}
