//! The one that talks to the database, for all slots.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use experimenter_diesel::{
    Claim, Claimer, Ending, Entry, Executer, Figures, Finish, Store, StoreError, Unfit, Value, Work,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::interval_at;

use super::{End, Event, Shared, Stop};

/// How often an executer tells that it is alive.
const BEAT: Duration = Duration::from_secs(30);

/// The longest pause between two tries to write a result.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often an executer of short rows tells what it has done.
const TELL: Duration = Duration::from_secs(5);

/// How much work of each slot is claimed ahead, in seconds, and at most how many rows in all.
const AHEAD_SECONDS: f64 = 2.0;
const MOST_AHEAD: usize = 100;

/// Rows that take longer than this are claimed one by one, in seconds.
const LONG_ROW_SECONDS: f64 = 30.0;

/// After how long without a free slot the rows claimed ahead are given back.
const STALLED: Duration = Duration::from_secs(5);

/// The most results that wait for the database while their slots go on.
const WAITING_RESULTS: usize = 256;

/// What the drivers ask for.
enum Request {
    Claim(oneshot::Sender<Result<Option<Claim>, StoreError>>),
    Write { claim: Claim, values: Vec<Option<Value>>, reply: oneshot::Sender<Result<(), StoreError>> },
    Checkpoint { claim: Claim, state: Vec<u8>, reply: oneshot::Sender<Result<(), StoreError>> },
    Log { claim: Claim, entries: Vec<Entry>, reply: oneshot::Sender<Logged> },
    Finish(Box<Finished>),
    GiveBack { claim: Claim, figures: Option<Figures> },
}

/// A run that has ended, on its way into the table.
struct Finished {
    finish: Finish,
    end: End,
    _room: Option<OwnedSemaphorePermit>,
}

/// What became of log entries: the claim with its new sequence, and why they were refused, if they were.
pub(super) struct Logged {
    pub(super) claim: Claim,
    pub(super) refused: Option<StoreError>,
}

/// A driver's way to the database. Requests of one driver are served in their order.
#[derive(Clone)]
pub(super) struct Requests {
    sender: UnboundedSender<Request>,
    room: Arc<Semaphore>,
}

impl Requests {
    /// The next row; `None` when there is none for this executer.
    pub(super) async fn claim(&self) -> Result<Option<Claim>, StoreError> {
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
        self.ask(Request::Checkpoint { claim, state, reply });
        receiver
    }

    /// Adds log entries.
    pub(super) fn log(&self, claim: Claim, entries: Vec<Entry>) -> oneshot::Receiver<Logged> {
        let (reply, receiver) = oneshot::channel();
        self.ask(Request::Log { claim, entries, reply });
        receiver
    }

    /// Writes the end of a run; waits only while too many others do.
    pub(super) async fn finish(&self, claim: Claim, ending: Ending, end: End, figures: Figures) {
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        let finish = Finish { claim, ending, figures: Some(figures) };
        self.ask(Request::Finish(Box::new(Finished { finish, end, _room: room })));
    }

    /// Opens a row again that was not run to its end, or not at all.
    pub(super) fn give_back(&self, claim: Claim, figures: Option<Figures>) {
        self.ask(Request::GiveBack { claim, figures });
    }

    fn ask(&self, request: Request) {
        // The database serves as long as there is anybody who asks.
        let _served = self.sender.send(request);
    }
}

/// The one connection, and the rows that are claimed ahead.
pub(super) struct Database<'a> {
    store: &'a mut Store,
    shared: &'a Shared<'a>,
    requests: UnboundedReceiver<Request>,
    stop: watch::Receiver<Stop>,
    claimer: Claimer,
    executer: i64,
    /// Rows that are claimed and not begun.
    ahead: VecDeque<Claim>,
    /// How many more may be claimed.
    left: Option<u64>,
    /// How long a row takes, in seconds; the latest count most.
    pace: Option<f64>,
    /// When a row was last taken from those claimed ahead.
    taken: Instant,
    told: Instant,
    work: Work,
    /// Why the database refuses for good.
    broken: Option<StoreError>,
}

impl<'a> Database<'a> {
    pub(super) async fn new(
        store: &'a mut Store,
        executer: Executer,
        shared: &'a Shared<'a>,
        stop: watch::Receiver<Stop>,
    ) -> Result<(Self, Requests), StoreError> {
        let id = executer.id;
        let order = shared.order;
        let claimer = store.claimer(executer, order.order, order.selector.clone()).await?;
        let (sender, requests) = unbounded_channel();
        let now = Instant::now();
        let database = Self {
            store,
            shared,
            requests,
            stop,
            claimer,
            executer: id,
            ahead: VecDeque::new(),
            left: order.max,
            pace: None,
            taken: now,
            told: now,
            work: Work::default(),
            broken: None,
        };
        Ok((database, Requests { sender, room: Arc::new(Semaphore::new(WAITING_RESULTS)) }))
    }

    /// Serves until nobody asks any more; gives what was done.
    pub(super) async fn serve(mut self) -> Result<Work, StoreError> {
        let mut beat = interval_at(tokio::time::Instant::now() + BEAT, BEAT);
        let mut look = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => self.answer(request).await,
                    None => break,
                },
                _ = beat.tick() => self.tell().await,
                // Once for each step of stopping, and never again when nobody can ask any more.
                Ok(()) = self.stop.changed() => self.give_back_those_ahead().await,
                _ = look.tick() => if self.taken.elapsed() >= STALLED {
                    self.give_back_those_ahead().await;
                },
            }
            if self.told.elapsed() >= TELL && self.work.done + self.work.failed > 0 {
                self.tell().await;
            }
        }
        self.give_back_those_ahead().await;
        let left = self.store.leave(self.executer, self.work).await;
        self.broken.map_or(left.map(|()| self.work), Err)
    }

    async fn answer(&mut self, request: Request) {
        match request {
            Request::Claim(reply) => {
                let claimed = self.claim().await;
                if let Err(Ok(Some(claim))) = reply.send(claimed) {
                    self.ahead.push_front(claim);
                }
            }
            Request::Write { claim, values, reply } => {
                let written =
                    self.persist(claim.id, async |store| store.write_partial(&claim, values.clone()).await).await;
                // A run that does not wait for the reply has ended.
                let _ended = reply.send(written.map(|unfit| self.tell_unfit(unfit)));
            }
            Request::Checkpoint { claim, state, reply } => {
                let kept = self.persist(claim.id, async |store| store.checkpoint(&claim, &state).await).await;
                let _ended = reply.send(kept);
            }
            Request::Log { mut claim, entries, reply } => {
                let logged = self.persist(claim.id, async |store| store.log(&mut claim, &entries).await).await;
                let refused = logged.map(|unfit| self.tell_unfit(unfit)).err();
                if let Some(reason) = &refused {
                    self.shared.report(Event::Unlogged { id: claim.id, reason: reason.clone() });
                }
                let _ended = reply.send(Logged { claim, refused });
            }
            Request::Finish(finished) => self.finish(*finished).await,
            Request::GiveBack { claim, figures } => self.give_back(&claim, figures.as_ref()).await,
        }
    }

    /// A row for a slot: of those claimed ahead, or of the table.
    async fn claim(&mut self) -> Result<Option<Claim>, StoreError> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        self.taken = Instant::now();
        if let Some(claim) = self.ahead.pop_front() {
            return Ok(Some(claim));
        }
        let at_most = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        if at_most == 0 {
            return Ok(None);
        }
        let rows = batch(self.pace, self.shared.order.slots.count()).min(at_most);
        let claimed = self.store.claim_batch(&mut self.claimer, rows).await.inspect_err(|error| self.breaks(error))?;
        self.left = self.left.map(|left| left.saturating_sub(claimed.len() as u64));
        self.ahead = claimed.into();
        Ok(self.ahead.pop_front())
    }

    /// Rows that nobody has begun are open to others again.
    async fn give_back_those_ahead(&mut self) {
        let claims = Vec::from(std::mem::take(&mut self.ahead));
        let Some(first) = claims.first() else { return };
        self.left = self.left.map(|left| left + claims.len() as u64);
        if let Err(error) = self.persist(first.id, async |store| store.release_group(&claims).await).await {
            self.breaks(&error);
        }
    }

    async fn give_back(&mut self, claim: &Claim, figures: Option<&Figures>) {
        match self.persist(claim.id, async |store| store.release(claim, figures).await).await {
            Ok(true) if figures.is_some() => self.shared.report(Event::GivenBack { id: claim.id }),
            // It was never begun, or somebody has reset it.
            Ok(_) => {}
            Err(error) => self.breaks(&error),
        }
    }

    /// Writes the end of a run, and those that wait behind it, together.
    async fn finish(&mut self, first: Finished) {
        let mut finished = vec![first];
        let mut other = None;
        while finished.len() < WAITING_RESULTS
            && let Ok(request) = self.requests.try_recv()
        {
            match request {
                Request::Finish(next) => finished.push(*next),
                request => {
                    other = Some(request);
                    break;
                }
            }
        }
        self.write_ends(finished).await;
        if let Some(request) = other {
            Box::pin(self.answer(request)).await;
        }
    }

    async fn write_ends(&mut self, finished: Vec<Finished>) {
        let (finishes, ends): (Vec<_>, Vec<_>) =
            finished.into_iter().map(|Finished { finish, end, _room }| (finish, (end, _room))).unzip();
        let written = self.store.finish_group(&finishes).await;
        for ((finish, (end, _room)), result) in finishes.into_iter().zip(ends).zip(written) {
            let result = match result {
                Err(reason) if waits(&reason) => {
                    self.shared.report(Event::Waiting { id: finish.claim.id, reason });
                    self.write_end(&finish).await
                }
                result => result,
            };
            self.ended(finish, end, result).await;
        }
    }

    async fn write_end(&mut self, Finish { claim, ending, figures }: &Finish) -> Result<Vec<Unfit>, StoreError> {
        self.persist(claim.id, async |store| store.finish(claim, ending, figures.as_ref()).await).await
    }

    /// Takes note of a row whose end was written, or was not.
    async fn ended(&mut self, mut finish: Finish, mut end: End, mut result: Result<Vec<Unfit>, StoreError>) {
        // What the database refuses for good is told in the row, with the results.
        if let Err(reason) = &result
            && !matches!(reason, StoreError::LeaseLost { .. })
            && let Some(story) = self.unwritable(&finish.ending, reason)
        {
            end = End::Error(story.lines().next().unwrap_or_default().to_owned());
            finish.ending = Ending::Error(story);
            result = self.write_end(&finish).await;
        }
        let seconds = finish.figures.map_or(0.0, |figures| figures.wall_seconds);
        self.pace = Some(self.pace.map_or(seconds, |pace| 0.8 * pace + 0.2 * seconds));
        self.work.busy_seconds += seconds;
        match result {
            Ok(unfit) => {
                self.tell_unfit(unfit);
                match end {
                    End::Done => self.work.done += 1,
                    End::Paused => self.work.paused += 1,
                    End::Error(_) => self.work.failed += 1,
                }
                let elapsed = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                self.shared.report(Event::Ended { id: finish.claim.id, end, elapsed });
            }
            Err(fenced @ StoreError::LeaseLost { .. }) => self.shared.report(Event::Fenced(fenced)),
            Err(error) => self.breaks(&error),
        }
    }

    /// Nothing more is claimed from a database that refuses.
    fn breaks(&mut self, error: &StoreError) {
        self.broken.get_or_insert_with(|| error.clone());
    }

    /// Tells that this executer is alive, and what it has done. A beat that does not arrive must not end what runs: the
    /// database may be back in time for the result.
    async fn tell(&mut self) {
        self.told = Instant::now();
        if let Err(reason) = self.store.beat(self.executer, self.work).await {
            self.shared.report(Event::Silent(reason));
        }
    }

    /// Repeats an idempotent write while the database is away or read-only: what a run gave is worth more than the time.
    async fn persist<T>(
        &mut self,
        id: i64,
        mut write: impl AsyncFnMut(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut pause = Duration::from_secs(1);
        loop {
            match write(self.store).await {
                Err(reason) if waits(&reason) => {
                    self.shared.report(Event::Waiting { id, reason });
                    tokio::time::sleep(pause).await;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                result => return result,
            }
        }
    }

    /// The story of results that the database refuses.
    fn unwritable(&self, ending: &Ending, reason: &StoreError) -> Option<String> {
        let Ending::Done(values) = ending else { return None };
        let results = self.store.spec().resultfields.iter().zip(values);
        let results: Vec<_> = results.map(|(field, value)| format!("    {} = {value}", field.name)).collect();
        Some(format!("the results could not be written: {reason}\n{}", results.join("\n")))
    }

    fn tell_unfit(&self, unfit: Vec<Unfit>) {
        for unfit in unfit {
            self.shared.report(Event::Unfit(unfit));
        }
    }
}

/// Whether a write is repeated until the database takes it.
fn waits(reason: &StoreError) -> bool {
    reason.is_transient() || matches!(reason, StoreError::NotPermitted(_) | StoreError::AccessDenied(_))
}

/// How many rows are claimed at once, when one takes so many seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "from 1 to 100"
)]
fn batch(pace: Option<f64>, slots: usize) -> usize {
    match pace {
        Some(seconds) if seconds < LONG_ROW_SECONDS => {
            let rows = AHEAD_SECONDS * slots as f64 / seconds.max(1e-6);
            (rows as usize).clamp(1, MOST_AHEAD)
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_rows_are_claimed_ahead_and_long_ones_are_not() {
        let batches = [(None, 8), (Some(0.0), 1), (Some(0.1), 1), (Some(0.1), 8), (Some(2.0), 8), (Some(31.0), 64)];
        assert_eq!(batches.map(|(pace, slots)| batch(pace, slots)), [1, 100, 20, 100, 8, 1]);
    }
}
