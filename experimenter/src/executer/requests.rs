//! What the drivers ask the database for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use experimenter_diesel::{Claim, Entry, Figures, Finish, StoreError, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Duration, Instant};

use super::End;
use super::database::key;

/// The most results that wait for the database while their slots go on.
pub(super) const WAITING_RESULTS: usize = 256;

/// The answer to who asks for a row.
pub(super) type Claimed = Result<Option<Claim>, StoreError>;

/// Something to do in the database. All of it may be repeated: it is idempotent.
pub(super) enum Request {
    Claim(oneshot::Sender<Claimed>),
    Write {
        claim: Claim,
        values: Vec<Option<Value>>,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    /// Without a reply where the run went on, since the database is away.
    Checkpoint {
        claim: Claim,
        state: Vec<u8>,
        reply: Option<oneshot::Sender<Result<(), StoreError>>>,
    },
    Log(Log),
    Finish(Vec<Finished>),
    /// `returns` is what the row's number of returns is then.
    GiveBack {
        claim: Claim,
        figures: Option<Figures>,
        returns: i64,
    },
    /// Rows that were claimed ahead, and nobody has begun.
    GiveBackAhead(Vec<Claim>),
    /// Claims whose outcome is unknown.
    Forgo,
}

impl Request {
    /// The claims that this is made for.
    pub(super) fn claims(&mut self) -> Vec<&mut Claim> {
        match self {
            Self::Write { claim, .. } | Self::Checkpoint { claim, .. } | Self::GiveBack { claim, .. } => vec![claim],
            Self::Log(log) => vec![&mut log.claim],
            Self::Finish(finished) => finished.iter_mut().map(|finished| &mut finished.finish.claim).collect(),
            Self::GiveBackAhead(claims) => claims.iter_mut().collect(),
            Self::Claim(_) | Self::Forgo => Vec::new(),
        }
    }

    /// The rows that this is about.
    pub(super) fn concerns(&self) -> Vec<i64> {
        match self {
            Self::GiveBack { claim, .. } => vec![claim.id],
            other => other.rows(),
        }
    }

    /// The rows whose runs have ended, with their attempts.
    pub(super) fn ends(&self) -> Vec<(i64, i64)> {
        match self {
            Self::Finish(finished) => finished.iter().map(|finished| key(&finished.finish.claim)).collect(),
            Self::GiveBack { claim, .. } => vec![key(claim)],
            _ => Vec::new(),
        }
    }

    /// Whether this is to keep a state of a run, which is a row and its attempt.
    pub(super) fn is_checkpoint_of(&self, run: (i64, i64)) -> bool {
        matches!(self, Self::Checkpoint { claim, .. } if key(claim) == run)
    }

    /// The rows that have given what this would write.
    pub(super) fn rows(&self) -> Vec<i64> {
        match self {
            Self::Write { claim, .. } | Self::Checkpoint { claim, .. } => vec![claim.id],
            Self::Log(log) => vec![log.claim.id],
            Self::Finish(finished) => finished.iter().map(|finished| finished.finish.claim.id).collect(),
            Self::Claim(_) | Self::GiveBack { .. } | Self::GiveBackAhead(_) | Self::Forgo => Vec::new(),
        }
    }
}

/// A run that has ended, on its way into the table.
pub(super) struct Finished {
    pub(super) finish: Finish,
    pub(super) end: End,
    /// Its number in the spool, if it is there.
    pub(super) spooled: Option<u64>,
    /// Held as long as it waits.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Log entries on their way into the table.
pub(super) struct Log {
    pub(super) claim: Claim,
    entries: Rc<Vec<Entry>>,
    /// How many of them are settled.
    settled: usize,
    /// How many of the others are written at once; whether they are may be unknown.
    together: usize,
    /// Why some were refused.
    pub(super) refused: Option<StoreError>,
    /// None where nobody waits.
    pub(super) reply: Option<oneshot::Sender<Option<StoreError>>>,
}

impl Log {
    /// What they are of: a row and its attempt.
    pub(super) fn run(&self) -> (i64, i64) {
        key(&self.claim)
    }

    /// Those that are written next.
    pub(super) fn next(&self) -> &[Entry] {
        &self.entries[self.settled..][..self.together]
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled == self.entries.len()
    }

    /// The next ones are written.
    pub(super) fn advance(&mut self) {
        self.settle(self.together);
    }

    /// The next ones were refused. Of several together each is tried alone.
    pub(super) fn refuse(&mut self) {
        self.settle(usize::from(self.together == 1));
        self.together = self.together.min(1);
    }

    /// None will ever be written.
    pub(super) fn give_up(&mut self) {
        self.settle(self.entries.len() - self.settled);
    }

    fn settle(&mut self, entries: usize) {
        self.settled += entries;
        self.together = self.together.min(self.entries.len() - self.settled);
    }

    /// The same, for nobody.
    pub(super) fn copy(&self) -> Self {
        let (claim, entries) = (self.claim.clone(), Rc::clone(&self.entries));
        Self { claim, entries, settled: self.settled, together: self.together, refused: None, reply: None }
    }

    /// What is not settled: those that were to be written next, which may be written, and the others.
    pub(super) fn groups(&self) -> impl Iterator<Item = Vec<Entry>> {
        let (next, later) = self.entries[self.settled..].split_at(self.together);
        [next, later].into_iter().filter(|entries| !entries.is_empty()).map(<[_]>::to_vec)
    }
}

/// Rows that are claimed and not begun. Drivers take them while the database writes what they gave before, so that it
/// writes many short rows at once.
pub(super) struct Ahead {
    claims: RefCell<VecDeque<Claim>>,
    /// When one was last taken, or asked for.
    taken: Cell<Instant>,
}

impl Ahead {
    fn new() -> Self {
        Self { claims: RefCell::default(), taken: Cell::new(Instant::now()) }
    }

    /// The next of them.
    pub(super) fn take(&self) -> Option<Claim> {
        self.taken.set(Instant::now());
        self.claims.borrow_mut().pop_front()
    }

    pub(super) fn take_all(&self) -> Vec<Claim> {
        self.claims.take().into()
    }

    pub(super) fn put(&self, claims: Vec<Claim>) {
        self.claims.borrow_mut().extend(claims);
    }

    pub(super) fn put_back(&self, claim: Claim) {
        self.claims.borrow_mut().push_front(claim);
    }

    /// One that is another's is not run.
    pub(super) fn lose(&self, attempt: (i64, i64)) {
        self.claims.borrow_mut().retain(|claim| key(claim) != attempt);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.claims.borrow().is_empty()
    }

    /// For how long no slot was free.
    pub(super) fn stalled(&self) -> Duration {
        self.taken.get().elapsed()
    }
}

/// A driver's way to the database.
#[derive(Clone)]
pub(super) struct Requests {
    sender: UnboundedSender<Request>,
    room: Arc<Semaphore>,
    ahead: Rc<Ahead>,
}

impl Requests {
    /// The way, where the requests arrive, and where rows are put that are claimed ahead.
    pub(super) fn new() -> (Self, UnboundedReceiver<Request>, Rc<Ahead>) {
        let (sender, receiver) = unbounded_channel();
        let ahead = Rc::new(Ahead::new());
        let room = Arc::new(Semaphore::new(WAITING_RESULTS));
        (Self { sender, room, ahead: Rc::clone(&ahead) }, receiver, ahead)
    }

    /// The next row; `None` when there is none for this executer.
    pub(super) async fn claim(&self) -> Claimed {
        if let Some(claim) = self.ahead.take() {
            return Ok(Some(claim));
        }
        let (sender, reply) = oneshot::channel();
        self.ask(Request::Claim(sender));
        reply.await.unwrap_or(Ok(None))
    }

    /// Writes partial results.
    pub(super) fn write(&self, claim: Claim, values: Vec<Option<Value>>) -> oneshot::Receiver<Result<(), StoreError>> {
        let (reply, receiver) = oneshot::channel();
        self.ask(Request::Write { claim, values, reply });
        receiver
    }

    /// Keeps the state of a run.
    pub(super) fn checkpoint(&self, claim: Claim, state: Vec<u8>) -> oneshot::Receiver<Result<(), StoreError>> {
        let (reply, receiver) = oneshot::channel();
        self.ask(Request::Checkpoint { claim, state, reply: Some(reply) });
        receiver
    }

    /// Adds log entries; the reply is why some were refused.
    pub(super) fn log(&self, claim: Claim, entries: Vec<Entry>) -> oneshot::Receiver<Option<StoreError>> {
        let (reply, receiver) = oneshot::channel();
        let together = entries.len();
        let entries = Rc::new(entries);
        self.ask(Request::Log(Log { claim, entries, settled: 0, together, refused: None, reply: Some(reply) }));
        receiver
    }

    /// Writes the end of a run; waits only while too many others do.
    pub(super) async fn finish(&self, finish: Finish, end: End) {
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        self.ask(Request::Finish(vec![Finished { finish, end, spooled: None, room }]));
    }

    /// Opens a row again that was not run to its end, or not at all.
    pub(super) fn give_back(&self, claim: Claim, figures: Option<Figures>, returns: i64) {
        self.ask(Request::GiveBack { claim, figures, returns });
    }

    fn ask(&self, request: Request) {
        // The database serves as long as there is anybody who asks.
        let _served = self.sender.send(request);
    }
}
