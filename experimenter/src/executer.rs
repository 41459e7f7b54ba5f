//! The executer: claims rows, has the function run on them, writes back what comes of it.
//!
//! The function runs on the thread that calls [`execute`], one row after the other. The database belongs to an event loop
//! on a thread of its own, which takes the run's messages, and beats while the function is busy.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc as blocking};
use std::time::{Duration, Instant};

use experimenter_diesel::{Claim, ClaimOrder, Entry, Executer, Selector, Store, StoreError, Unfit, Value, Work};
use tokio::sync::mpsc;

use crate::Result;
use crate::definition::Registration;
use crate::run::{Attachment, Custom, Ending, Task};

/// How often an executer tells that it is alive.
const BEAT: Duration = Duration::from_secs(30);

/// The longest pause between two tries to write a result.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often an executer of short rows tells what it has done.
const TELL: Duration = Duration::from_secs(5);

/// How many log entries of a run may wait for the database before the run does, and how many are written at once.
const BACKLOG: usize = 1_024;

/// What an executer is asked to do.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// At most so many rows; all there are, if `None`.
    pub(crate) max: Option<u64>,
    pub(crate) order: ClaimOrder,
    pub(crate) selector: Selector,
    pub(crate) name: String,
    pub(crate) custom: Arc<Custom>,
    /// The folder of the rows' own folders.
    pub(crate) rows_dir: PathBuf,
}

/// What happens while an executer works.
#[derive(Debug)]
pub(crate) enum Event {
    /// A row begins.
    Started { id: i64, attempt: i64 },
    /// A row has ended and is written back.
    Ended { id: i64, end: End, elapsed: Duration },
    /// A value was too much for its column.
    Unfit(Unfit),
    /// The row was reset or claimed again meanwhile; its result is kept beside the table.
    Fenced(StoreError),
    /// The database did not take a beat; the function runs on.
    Silent(StoreError),
    /// Log entries were refused; the run is told so by its next one.
    Unlogged { id: i64, reason: StoreError },
    /// The database does not take what the run gave, which waits.
    Waiting { id: i64, reason: StoreError },
}

/// How a row ended, as the events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Paused,
    /// With the first line of its story, and its place.
    Error(String),
}

/// Executes rows until there are no more, or as many as were asked for.
///
/// # Errors
/// When the database fails for good; the function's errors and panics are data in their rows.
pub(crate) fn execute(
    runtime: &tokio::runtime::Runtime,
    store: &mut Store,
    experiment: &Registration,
    order: &Order,
    report: &mut (dyn FnMut(Event) + Send),
) -> Result<Work, StoreError> {
    let (task_sender, tasks) = blocking::channel::<Task>();
    let (message_sender, messages) = mpsc::unbounded_channel();
    let (backlog_sender, backlog) = blocking::sync_channel(BACKLOG);
    std::thread::scope(|scope| {
        let event_loop = std::thread::Builder::new()
            .name("database".to_owned())
            .spawn_scoped(scope, move || {
                runtime.block_on(Loop { store, order, report, tasks: task_sender, messages, backlog }.work())
            })
            .map_err(|error| StoreError::Database(format!("cannot start a thread: {error}")))?;
        for task in tasks {
            let attachment =
                Attached { messages: message_sender.clone(), backlog: backlog_sender.clone(), failure: Arc::default() };
            let ending = (experiment.execute)(&task, Box::new(attachment));
            if message_sender.send(Message::Ended(ending)).is_err() {
                break;
            }
        }
        drop(message_sender);
        event_loop.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What a run tells the event loop.
enum Message {
    Write(Vec<Option<Value>>, blocking::Sender<Result<(), StoreError>>),
    Log(Entry, Arc<Mutex<Option<StoreError>>>),
    Ended(Ending),
}

/// A run's way to the event loop.
struct Attached {
    messages: mpsc::UnboundedSender<Message>,
    /// A place for each log entry that waits; a run that logs faster than the database takes it waits for one.
    backlog: blocking::SyncSender<()>,
    /// Why an earlier log entry could not be written: entries are not waited for.
    failure: Arc<Mutex<Option<StoreError>>>,
}

impl Attachment for Attached {
    fn write(&mut self, values: Vec<Option<Value>>) -> Result<(), StoreError> {
        let (sender, reply) = blocking::channel();
        let sent = self.messages.send(Message::Write(values, sender));
        sent.ok().and_then(|()| reply.recv().ok()).unwrap_or_else(|| Err(stopped()))
    }

    fn log(&mut self, logtable: usize, values: Vec<Value>) -> Result<(), StoreError> {
        if let Some(failure) = &*self.failure.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(failure.clone());
        }
        let entry = Entry::now(logtable, values);
        self.backlog.send(()).map_err(|_| stopped())?;
        self.messages.send(Message::Log(entry, Arc::clone(&self.failure))).map_err(|_| stopped())
    }
}

fn stopped() -> StoreError {
    StoreError::Database("the executer has stopped".to_owned())
}

/// The event loop.
struct Loop<'a> {
    store: &'a mut Store,
    order: &'a Order,
    report: &'a mut (dyn FnMut(Event) + Send),
    tasks: blocking::Sender<Task>,
    messages: mpsc::UnboundedReceiver<Message>,
    backlog: blocking::Receiver<()>,
}

impl Loop<'_> {
    async fn work(mut self) -> Result<Work, StoreError> {
        let executer = Executer::new(self.order.name.clone(), host(), env!("CARGO_PKG_VERSION").to_owned());
        let id = executer.id;
        self.store.register(&executer).await?;
        let mut work = Work::default();
        let result = self.rows(executer, &mut work).await;
        let left = self.store.leave(id, work).await;
        result.and(left).map(|()| work)
    }

    async fn rows(&mut self, executer: Executer, work: &mut Work) -> Result<(), StoreError> {
        let id = executer.id;
        let mut claimer = self.store.claimer(executer, self.order.order, self.order.selector.clone()).await?;
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + BEAT, BEAT);
        let mut told = Instant::now();
        let mut count = 0;
        while self.order.max.is_none_or(|max| count < max) {
            let Some(mut claim) = self.store.claim(&mut claimer).await? else { break };
            count += 1;
            (self.report)(Event::Started { id: claim.id, attempt: claim.attempt });
            let started = Instant::now();
            if self.tasks.send(self.task(&claim)).is_err() {
                break;
            }
            let ending = loop {
                tokio::select! {
                    message = self.messages.recv() => match message {
                        Some(message) => if let Some(ending) = self.receive(&mut claim, message).await? {
                            break ending;
                        },
                        None => return Err(StoreError::Database("the thread of the function has ended".to_owned())),
                    },
                    _ = beat.tick() => self.tell(id, *work).await,
                }
            };
            let elapsed = started.elapsed();
            work.busy_seconds += elapsed.as_secs_f64();
            self.finish(&claim, ending, elapsed, work).await?;
            if told.elapsed() >= TELL {
                told = Instant::now();
                self.tell(id, *work).await;
            }
        }
        Ok(())
    }

    /// Tells that this executer is alive, and what it has done. A beat that does not arrive must not end what runs: the
    /// database may be back in time for the result.
    async fn tell(&mut self, id: i64, work: Work) {
        if let Err(reason) = self.store.beat(id, work).await {
            (self.report)(Event::Silent(reason));
        }
    }

    fn task(&self, claim: &Claim) -> Task {
        Task {
            id: claim.id,
            attempt: claim.attempt,
            seed: claim.hash.seed(),
            dir: self.order.rows_dir.join(&self.store.spec().name).join(claim.id.to_string()),
            custom: Arc::clone(&self.order.custom),
            key: claim.key.clone(),
        }
    }

    /// Takes a message of the run, and the log entries that wait behind it.
    async fn receive(&mut self, claim: &mut Claim, message: Message) -> Result<Option<Ending>, StoreError> {
        match message {
            Message::Ended(ending) => Ok(Some(ending)),
            Message::Write(values, reply) => {
                let written =
                    self.persist(claim.id, async |store| store.write_partial(claim, values.clone()).await).await;
                // A run that does not wait for the reply has ended, and says so next.
                let _ended = reply.send(written.map(|unfit| self.tell_unfit(unfit)));
                Ok(None)
            }
            Message::Log(entry, failure) => {
                let mut entries = vec![entry];
                let mut next = None;
                while entries.len() < BACKLOG
                    && let Ok(message) = self.messages.try_recv()
                {
                    match message {
                        Message::Log(entry, _) => entries.push(entry),
                        other => {
                            next = Some(other);
                            break;
                        }
                    }
                }
                // The entries give their places free.
                self.backlog.try_iter().take(entries.len()).for_each(drop);
                match self.persist(claim.id, async |store| store.log(claim, &entries).await).await {
                    Ok(unfit) => self.tell_unfit(unfit),
                    Err(error) => {
                        (self.report)(Event::Unlogged { id: claim.id, reason: error.clone() });
                        *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    }
                }
                match next {
                    Some(message) => Box::pin(self.receive(claim, message)).await,
                    None => Ok(None),
                }
            }
        }
    }

    async fn finish(
        &mut self,
        claim: &Claim,
        ending: Ending,
        elapsed: Duration,
        work: &mut Work,
    ) -> Result<(), StoreError> {
        let (mut ending, mut end) = told(ending);
        loop {
            match self.persist(claim.id, async |store| store.finish(claim, &ending, None).await).await {
                Ok(unfit) => {
                    self.tell_unfit(unfit);
                    match end {
                        End::Done => work.done += 1,
                        End::Paused => work.paused += 1,
                        End::Error(_) => work.failed += 1,
                    }
                    (self.report)(Event::Ended { id: claim.id, end, elapsed });
                    return Ok(());
                }
                Err(fenced @ StoreError::LeaseLost { .. }) => {
                    (self.report)(Event::Fenced(fenced));
                    return Ok(());
                }
                // What the database refuses for good is told in the row, with the results.
                Err(reason) => match self.unwritable(&ending, &reason) {
                    Some(story) => {
                        end = End::Error(story.lines().next().unwrap_or_default().to_owned());
                        ending = experimenter_diesel::Ending::Error(story);
                    }
                    None => return Err(reason),
                },
            }
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
                Err(reason)
                    if reason.is_transient()
                        || matches!(reason, StoreError::NotPermitted(_) | StoreError::AccessDenied(_)) =>
                {
                    (self.report)(Event::Waiting { id, reason });
                    tokio::time::sleep(pause).await;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                result => return result,
            }
        }
    }

    /// The story of results that the database refuses.
    fn unwritable(&self, ending: &experimenter_diesel::Ending, reason: &StoreError) -> Option<String> {
        let experimenter_diesel::Ending::Done(values) = ending else { return None };
        let results = self.store.spec().resultfields.iter().zip(values);
        let results: Vec<_> = results.map(|(field, value)| format!("    {} = {value}", field.name)).collect();
        Some(format!("the results could not be written: {reason}\n{}", results.join("\n")))
    }

    fn tell_unfit(&mut self, unfit: Vec<Unfit>) {
        for unfit in unfit {
            (self.report)(Event::Unfit(unfit));
        }
    }
}

/// An ending for the store, and for the report.
fn told(ending: Ending) -> (experimenter_diesel::Ending, End) {
    match ending {
        Ending::Done(values) => (experimenter_diesel::Ending::Done(values), End::Done),
        Ending::Paused => (experimenter_diesel::Ending::Paused, End::Paused),
        Ending::Failed(failure) => {
            let headline = failure.message.lines().next().unwrap_or_default();
            let place = failure.place.as_deref().map_or_else(String::new, |place| format!(" ({place})"));
            let end = End::Error(format!("{headline}{place}"));
            (experimenter_diesel::Ending::Error(failure.to_string()), end)
        }
    }
}

/// The host's name, for the column `machine`.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
