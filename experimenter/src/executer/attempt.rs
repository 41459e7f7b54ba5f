//! One attempt: a row in a slot, from its start to its last.

use std::process::ExitStatus;
use std::time::Duration;

use experimenter_diesel::{Claim, Entry, StoreError, Value};
use rustix::process::Signal;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, interval_at, sleep_until};

use super::ending::{Cut, Last};
use super::lane::{Lane, Process, Received};
use super::requests::Requests;
use super::{Event, Shared, Stop};
use crate::machine;
use crate::output::Capture;
use crate::run::{Cost, Ending, Task};
use crate::slot::{FromSlot, ToSlot};

/// How often a run is looked after: its memory is measured, and what it printed written.
const LOOK: Duration = Duration::from_millis(200);

/// How many log entries are written at once.
const ENTRIES: usize = 1_024;

/// How many log entries wait for the database, before the run waits.
const MOST_ENTRIES: usize = 100_000;

/// How many lines of a failed run's output go into its error.
const LAST_LINES: usize = 20;

/// One attempt, while its run goes on.
pub(super) struct Attempt<'d, 'a> {
    slot: usize,
    shared: &'d Shared<'a>,
    database: &'d Requests,
    stop: &'d mut watch::Receiver<Stop>,
    claim: Claim,
    /// Log entries that the database was not asked to take yet.
    unlogged: Vec<Entry>,
    /// What comes when all entries before it are written.
    asked: Option<Asked>,
    /// The state that the run left last while the database was away.
    late: Option<Late>,
    capture: Capture,
    cut: Option<Cut>,
    /// Whether the slot has begun the run.
    begun: bool,
    /// Whether a checkpoint is newer than the claim.
    saved: bool,
    /// Whether the reply that is awaited is that to a checkpoint.
    saving: bool,
    /// When something is done about a run that goes on.
    deadline: Option<Instant>,
    cost: Cost,
    /// The most memory that its process was seen to have: what is known of one that dies.
    peak: Option<u64>,
}

/// A run that did not begin: its claim, and how the process of the slot ended before.
pub(super) struct Unbegun {
    pub(super) claim: Claim,
    pub(super) status: ExitStatus,
}

/// What came of a run.
pub(super) struct Ran {
    pub(super) claim: Claim,
    /// The log entries that go with its end.
    pub(super) entries: Vec<Entry>,
    /// Whether it has left a checkpoint.
    pub(super) saved: bool,
    pub(super) last: Last,
    /// Why the executer put an end to it, if it did.
    pub(super) cut: Option<Cut>,
    pub(super) cost: Cost,
    /// What it printed last.
    pub(super) output: String,
}

/// What a run asks for, and waits for.
enum Asked {
    Write(Vec<Option<Value>>),
    Checkpoint(Vec<u8>),
}

/// A checkpoint for which the run did not wait.
struct Late {
    state: Vec<u8>,
    /// How many of the entries that are not written yet come before it.
    behind: usize,
}

/// What the database is asked for.
enum Pending {
    Nothing,
    Written(oneshot::Receiver<Result<(), StoreError>>),
    Logged(oneshot::Receiver<Option<StoreError>>),
}

impl<'d, 'a> Attempt<'d, 'a> {
    pub(super) fn new(
        slot: usize,
        shared: &'d Shared<'a>,
        database: &'d Requests,
        stop: &'d mut watch::Receiver<Stop>,
        claim: Claim,
    ) -> Self {
        let capture = Capture::new(claim.id, claim.attempt);
        Self {
            slot,
            shared,
            database,
            stop,
            claim,
            unlogged: Vec::new(),
            asked: None,
            late: None,
            capture,
            cut: None,
            begun: false,
            saved: false,
            saving: false,
            deadline: None,
            cost: Cost::default(),
            peak: None,
        }
    }

    /// Has the row run in a slot.
    pub(super) async fn run(mut self, lane: &mut Lane) -> Result<Ran, Unbegun> {
        let last = match self.go_on(lane).await {
            Ok(last) => last,
            Err(status) => return Err(Unbegun { claim: self.claim, status }),
        };
        // All that it printed is in the pipe by now; what it left in the background may print for ever.
        let mut rest = lane.output.capacity();
        while let Some(bytes) = lane.output.try_read(rest) {
            rest -= bytes.len();
            self.keep(bytes).await;
        }
        let output = self.capture.tail(LAST_LINES);
        if !matches!(last, Last::Told(Ending::Done(_))) {
            // It goes on from there.
            while self.late.is_some() {
                drop(self.ask());
            }
        }
        self.shared.abandoned.set(self.shared.abandoned.get() || matches!(last, Last::Abandoned));
        if let Some(log) = &self.shared.output {
            self.capture.finish(log).await;
            if let Some(reason) = log.failure() {
                self.shared.report(Event::Uncaptured { reason: reason.to_string() });
            }
        }
        Ok(Ran {
            claim: self.claim,
            entries: self.unlogged,
            saved: self.saved,
            last,
            cut: self.cut,
            cost: self.cost,
            output,
        })
    }

    /// How the run ended; how its process did, if that was before the run began.
    async fn go_on(&mut self, lane: &mut Lane) -> Result<Last, ExitStatus> {
        self.deadline = self.shared.order.timeout.map(|timeout| Instant::now() + timeout);
        if lane.port.send(ToSlot::Run(Box::new(self.task()))).await.is_err() {
            return self.died(lane.process.as_mut()).await;
        }
        let mut pending = Pending::Nothing;
        let mut lost = self.shared.lost.subscribe();
        lost.mark_changed();
        let mut look = interval_at(Instant::now() + LOOK, LOOK);
        loop {
            let Lane { port, output, process } = &mut *lane;
            let has_ended = port.has_ended();
            if self.shared.away.get()
                && let Some(Asked::Checkpoint(state)) =
                    self.asked.take_if(|asked| matches!(asked, Asked::Checkpoint(_)))
            {
                // The run goes on; when the database is back, the latest of its states is kept.
                self.late = Some(Late { state, behind: self.unlogged.len() });
                self.saved = true;
                let _gone = port.send(ToSlot::Written(Ok(()))).await;
            }
            if matches!(pending, Pending::Nothing) {
                pending = self.ask();
            }
            tokio::select! {
                received = port.receive(), if self.unlogged.len() < MOST_ENTRIES => match received {
                    Received::Message(FromSlot::Began) => {
                        self.begun = true;
                        // The slot has it; what is asked for from here on does not carry a state along.
                        self.claim.checkpoint = None;
                    }
                    Received::Message(FromSlot::Ended(ending, cost)) => {
                        self.cost = cost;
                        if let Some(process) = process {
                            process.told(cost);
                        }
                        return Ok(Last::Told(ending));
                    }
                    Received::Message(FromSlot::Write(values)) => self.asked = Some(Asked::Write(values)),
                    Received::Message(FromSlot::Checkpoint(state)) => self.asked = Some(Asked::Checkpoint(state)),
                    Received::Message(FromSlot::Log(entry)) => {
                        self.unlogged.push(entry);
                        self.unlogged.extend(std::iter::from_fn(|| port.buffered_entry()).take(ENTRIES));
                    }
                    Received::Message(FromSlot::Progress { done, total }) => {
                        self.shared.report(Event::Progress { slot: self.slot, done, total });
                    }
                    Received::Message(FromSlot::Said(text)) => {
                        self.keep(format!("{text}\n").as_bytes()).await;
                        self.shared.report(Event::Said { id: self.claim.id, text });
                    }
                    Received::Message(FromSlot::Ready { .. }) => {
                        return Ok(self.nonsense(process.as_mut(), "a second greeting".to_owned()).await);
                    }
                    Received::Nonsense(what) => return Ok(self.nonsense(process.as_mut(), what.to_string()).await),
                    Received::Closed => return self.died(process.as_mut()).await,
                },
                // Whoever else may hold its socket: what it had to say is there already.
                () = ended(process.as_mut()), if !has_ended => port.ends(),
                reply = answer(&mut pending) => {
                    pending = Pending::Nothing;
                    // A slot that is gone is found by the next look at its messages.
                    let _gone = match reply {
                        None => Ok(()),
                        Some(Answer::Written(result)) => {
                            self.saved |= self.saving && result.is_ok();
                            port.send(ToSlot::Written(result)).await
                        }
                        Some(Answer::Logged(Some(reason))) => port.send(ToSlot::Unlogged(reason)).await,
                        Some(Answer::Logged(None)) => Ok(()),
                    };
                }
                bytes = output.read() => self.keep(bytes).await,
                () = until(self.deadline) => {
                    if self.at_deadline(process.as_ref()) {
                        return Ok(Last::Abandoned);
                    }
                }
                Ok(()) = self.stop.changed() => {
                    let _gone = port.send(ToSlot::Stop).await;
                    self.asked_to_stop(process.as_ref());
                }
                Ok(()) = lost.changed() => {
                    if lost.borrow_and_update().contains(&(self.claim.id, self.claim.attempt)) {
                        let _gone = port.send(ToSlot::Stop).await;
                        self.lose(process.as_ref());
                    }
                }
                _ = look.tick() => self.look(process.as_mut()).await,
            }
        }
    }

    /// Asks the database for what is next: entries in their order, and before anything that comes after them.
    fn ask(&mut self) -> Pending {
        if let Some(Late { state, .. }) = self.late.take_if(|late| late.behind == 0) {
            // Nobody waits for the reply.
            drop(self.database.checkpoint(self.claim.clone(), state));
        }
        if !self.unlogged.is_empty() {
            let most = self.late.as_ref().map_or(ENTRIES, |late| late.behind.min(ENTRIES));
            let entries: Vec<_> = self.unlogged.drain(..self.unlogged.len().min(most)).collect();
            if let Some(late) = &mut self.late {
                late.behind -= entries.len();
            }
            return Pending::Logged(self.database.log(self.claim.clone(), entries));
        }
        self.saving = matches!(self.asked, Some(Asked::Checkpoint(_)));
        match self.asked.take() {
            None => Pending::Nothing,
            Some(Asked::Write(values)) => Pending::Written(self.database.write(self.claim.clone(), values)),
            Some(Asked::Checkpoint(state)) => Pending::Written(self.database.checkpoint(self.claim.clone(), state)),
        }
    }

    fn task(&self) -> Task {
        let shared = self.shared;
        let claim = &self.claim;
        Task {
            id: claim.id,
            attempt: claim.attempt,
            seed: claim.hash.seed(),
            dir: shared.order.folder.join("rows").join(&shared.table).join(claim.id.to_string()),
            custom: std::sync::Arc::clone(&shared.order.custom),
            key: claim.key.clone(),
            checkpoint: claim.checkpoint.clone(),
            remaining: [shared.order.remaining(), shared.order.timeout].into_iter().flatten().min(),
        }
    }

    /// The time is over: the run is asked to end, then killed. Says whether nobody can kill it.
    fn at_deadline(&mut self, process: Option<&Process>) -> bool {
        let order = self.shared.order;
        let Some(process) = process else {
            self.deadline = None;
            return *self.stop.borrow() != Stop::No;
        };
        if self.cut.is_none() {
            self.cut = order.timeout.map(Cut::TimedOut);
            process.signal(Signal::TERM);
            self.deadline = Some(Instant::now() + order.grace);
        } else {
            process.signal(Signal::KILL);
            self.deadline = None;
        }
        false
    }

    /// The executer stops: the run gets its grace, or none.
    fn asked_to_stop(&mut self, process: Option<&Process>) {
        let now = *self.stop.borrow() == Stop::Now;
        self.cut = self.cut.or(Some(Cut::Stopped));
        let grace = if now { Duration::ZERO } else { self.shared.order.grace };
        let end = Instant::now() + grace;
        self.deadline = Some(self.deadline.map_or(end, |deadline| deadline.min(end)));
        if let (true, Some(process)) = (now, process) {
            process.signal(Signal::KILL);
        }
    }

    /// The row is another's: the run is asked to end.
    fn lose(&mut self, process: Option<&Process>) {
        if self.cut.is_none() {
            self.cut = Some(Cut::Lost);
            self.shared.report(Event::Lost { id: self.claim.id });
            if let Some(process) = process {
                process.signal(Signal::TERM);
            }
            self.deadline = Some(Instant::now() + self.shared.order.grace);
        }
    }

    /// Looks after a run from time to time: its output is written, its memory measured.
    async fn look(&mut self, process: Option<&mut Process>) {
        if let Some(log) = &self.shared.output {
            self.capture.flush(log).await;
        }
        let Some(process) = process else { return };
        let Some(id) = process.id() else { return };
        process.look();
        self.peak = machine::peak_memory(id).or(self.peak);
        let (Some(limit), None) = (self.shared.order.memory_limit, self.cut) else { return };
        let bytes = machine::group_memory(id);
        if bytes > limit {
            self.cut = Some(Cut::TooLarge { bytes, limit });
            process.signal(Signal::KILL);
        }
    }

    async fn keep(&mut self, bytes: &[u8]) {
        if let Some(log) = &self.shared.output {
            self.capture.push(log, bytes).await;
        }
    }

    /// The process of the run has ended, or closed its socket.
    async fn died(&mut self, process: Option<&mut Process>) -> Result<Last, ExitStatus> {
        let Some(process) = process else { return Ok(Last::Abandoned) };
        match process.end().await {
            Ok(status) if !self.begun && self.cut.is_none() => Err(status),
            Ok(status) => {
                self.cost = self.cost_of_the_dead(process);
                Ok(Last::Died { status, out_of_memory: process.is_out_of_memory() })
            }
            Err(error) => Ok(Last::Nonsense(format!("it cannot be waited for: {error}"))),
        }
    }

    async fn nonsense(&mut self, process: Option<&mut Process>, what: String) -> Last {
        if let Some(process) = process {
            process.signal(Signal::KILL);
            // The nonsense is what there is to tell of it.
            let _status = process.end().await;
            self.cost = self.cost_of_the_dead(process);
        }
        Last::Nonsense(what)
    }

    fn cost_of_the_dead(&self, process: &Process) -> Cost {
        let rest = process.rest();
        Cost { user_seconds: rest.user, system_seconds: rest.system, peak_bytes: self.peak }
    }
}

/// A reply of the database to a run.
enum Answer {
    Written(Result<(), StoreError>),
    Logged(Option<StoreError>),
}

/// Waits for what a run waits for; for ever, if that is nothing.
async fn answer(pending: &mut Pending) -> Option<Answer> {
    match pending {
        Pending::Nothing => std::future::pending().await,
        Pending::Written(reply) => reply.await.ok().map(Answer::Written),
        Pending::Logged(reply) => reply.await.ok().map(Answer::Logged),
    }
}

/// Waits for the end of a process; for ever, on the main thread.
pub(super) async fn ended(process: Option<&mut Process>) {
    match process {
        // How it ended is asked again.
        Some(process) => drop(process.ended().await),
        None => std::future::pending().await,
    }
}

/// Waits for a moment; for ever, if there is none.
pub(super) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
