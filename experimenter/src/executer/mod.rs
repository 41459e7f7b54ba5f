//! The executer: claims rows, has slots run the function on them, writes back what comes of it.
//!
//! It is one event loop on one thread. In it the [`database`] answers to the [`driver`]s, one for each slot; nothing else
//! touches the database. With `--in-process` the function has the main thread, and the loop another.

mod attempt;
mod database;
mod driver;
mod ending;
mod keeping;
mod lane;
mod lease;
mod outage;
mod queue;
mod requests;
mod signals;
mod write_back;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use experimenter_diesel::{
    ClaimOrder, Dead, Executer, Lease, Reaped, Selector, Store, StoreError, Target, Unfit, Value, Work,
};
use futures_util::future::join_all;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use self::database::Database;
use self::driver::Driver;
use self::lane::Lane;
pub(crate) use self::signals::Stop;
use crate::definition::Registration;
use crate::machine::{self, Build};
use crate::output::OutputLog;
use crate::run::Custom;
use crate::{exit, slot};

/// What an executer is asked to do.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// At most so many rows; all there are, if `None`.
    pub(crate) max: Option<u64>,
    pub(crate) order: ClaimOrder,
    pub(crate) selector: Selector,
    pub(crate) name: String,
    pub(crate) custom: Arc<Custom>,
    /// The folder of what rows leave beside the table: their own folders, and what they print.
    pub(crate) folder: PathBuf,
    pub(crate) slots: Slots,
    /// How long a row may run.
    pub(crate) timeout: Option<Duration>,
    /// How much memory the processes of a row may have, in bytes.
    pub(crate) memory_limit: Option<u64>,
    /// How long a run that is asked to stop may go on.
    pub(crate) grace: Duration,
    /// When the executer stops by itself.
    pub(crate) ends: Option<Instant>,
    /// Where results are before the database has them, and whose that is.
    pub(crate) spool: PathBuf,
    pub(crate) target: Target,
    /// Results of runs that took less go to the disk only while the database is away.
    pub(crate) spool_after: Duration,
    /// How this executer tells that it is alive, and when others that do not are dead.
    pub(crate) lease: Lease,
    /// Whether it ends when there is no open row, though others may be dead that hold some.
    pub(crate) no_wait: bool,
    /// Nothing is claimed any more when less time is left.
    pub(crate) min_remaining: Duration,
}

impl Order {
    /// How long rows may run yet, where that is bounded.
    fn remaining(&self) -> Option<Duration> {
        self.ends.map(|ends| ends.saturating_duration_since(Instant::now()))
    }

    /// Whether there is time for another row.
    fn has_time(&self) -> bool {
        self.remaining().is_none_or(|remaining| remaining >= self.min_remaining)
    }
}

/// Where the function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slots {
    /// On the main thread of this process.
    InProcess,
    /// In processes of their own.
    Processes {
        count: usize,
        /// Whether each row gets a new process.
        per_row: bool,
        /// Whether what they print is kept, rather than passed through.
        capture: bool,
    },
}

impl Slots {
    fn count(self) -> usize {
        match self {
            Self::InProcess => 1,
            Self::Processes { count, .. } => count,
        }
    }
}

/// What happens while an executer works.
#[derive(Debug)]
pub(crate) enum Event {
    /// A row begins.
    Started { slot: usize, id: i64, attempt: i64, key: Vec<Value> },
    /// How far a run says that it is.
    Progress { slot: usize, done: u64, total: u64 },
    /// What a run says.
    Said { id: i64, text: String },
    /// The function has ended; its row comes next.
    Idle { slot: usize },
    /// A row has ended and is written back.
    Ended { id: i64, end: End, elapsed: Duration },
    /// A row that was begun is open again.
    GivenBack { id: i64 },
    /// A value was too much for its column.
    Unfit(Unfit),
    /// The rows of another executer are open again, or given up.
    Reaped { dead: Dead, reaped: Reaped },
    /// Rows are held by executers that are not heard of; they are waited for.
    Lapsed { rows: u64, observation: Duration },
    /// Others have declared this executer dead; it takes its rows back where it can.
    DeclaredDead { rows: usize },
    /// A row that runs here was reset or claimed again; its run is ended.
    Lost { id: i64 },
    /// The row was reset or claimed again meanwhile; its result is kept beside the table.
    Fenced(StoreError),
    /// The database did not take a beat; the function runs on.
    Silent(StoreError),
    /// The database is away; runs go on, and all that is for it waits.
    Away(StoreError),
    /// It is back.
    Back { after: Duration },
    /// Log entries were refused; the run is told so by its next one.
    Unlogged { id: i64, reason: StoreError },
    /// What a row gave waits for the database.
    Waiting { id: i64, reason: StoreError },
    /// An open row could not be claimed; that is tried again.
    Blocked(StoreError),
    /// No row is begun any more, since less than this is left of the wall time.
    OutOfTime { least: Duration },
    /// The executer was asked to stop.
    Stopping { why: String, running: u32, grace: Duration },
    /// Results cannot be kept on the disk.
    Unspooled { reason: String },
    /// What runs print cannot be kept.
    Uncaptured { reason: String },
    /// A slot does not get ready.
    SlowSlot { waited: Duration },
}

/// How a row ended, as the events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Paused,
    /// With the first line of its story, and its place.
    Error(String),
}

/// Why an executer ended before its rows did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Broken {
    Store(StoreError),
    /// Slots do not start.
    Slot(String),
    /// Something else that it cannot work without is not to be had.
    Machine(String),
    /// It was asked to stop so, and could not write in time what there was to write. So many results are on the disk.
    Unwritten {
        stop: Stop,
        spooled: usize,
    },
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What an executer has done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Executed {
    pub(crate) work: Work,
    /// Whether it was asked to stop.
    pub(crate) stop: Stop,
    /// How many results wait on the disk for the database.
    pub(crate) spooled: usize,
    /// Whether there were more rows than time.
    pub(crate) out_of_time: bool,
    /// Whether the function still runs, on a thread that cannot be killed.
    pub(crate) abandoned: bool,
}

/// Hears what happens.
pub(crate) type Report<'a> = dyn FnMut(Event) + Send + 'a;

/// Executes rows until there are no more, or as many as were asked for.
///
/// With the function on this thread the process ends here where the function goes on and the executer cannot; `last_word`
/// then tells of it, and gives the exit code.
///
/// # Errors
/// When the database fails for good, or when slots do not start; what the function does is data in its row.
pub(crate) fn execute(
    runtime: &Runtime,
    store: &mut Store,
    experiment: &Registration,
    order: &Order,
    build: Build,
    report: &mut Report<'_>,
    last_word: &(dyn Fn(Broken) -> u8 + Sync),
) -> Result<Executed, Broken> {
    if let Slots::Processes { .. } = order.slots {
        let lanes = (0..order.slots.count()).map(|_| None).collect();
        return runtime.block_on(work(store, experiment, order, build, report, lanes));
    }
    let (lane, messages, desk) = Lane::here();
    std::thread::scope(|scope| {
        let event_loop = std::thread::Builder::new()
            .name("executer".to_owned())
            .spawn_scoped(scope, move || {
                match runtime.block_on(work(store, experiment, order, build, report, vec![Some(lane)])) {
                    // The row is open again; only the end of the process ends what runs on the main thread.
                    Ok(Executed { abandoned: true, .. }) => std::process::exit(exit::STOPPED.into()),
                    Err(broken) => std::process::exit(last_word(broken).into()),
                    Ok(executed) => executed,
                }
            })
            .map_err(|error| Broken::Machine(format!("cannot start a thread: {error}")))?;
        slot::run_here(experiment, messages, desk);
        event_loop.join().map_or_else(|panic| std::panic::resume_unwind(panic), Ok)
    })
}

/// What the parts of the loop share.
struct Shared<'a> {
    experiment: &'a Registration,
    order: &'a Order,
    report: RefCell<&'a mut Report<'a>>,
    /// How many slots run a row.
    busy: Cell<u32>,
    table: String,
    /// The rows, with their attempts, that run here and are another's.
    lost: watch::Sender<BTreeSet<(i64, i64)>>,
    /// Whether a run was left on a thread that cannot be killed.
    abandoned: Cell<bool>,
    /// How many results wait on the disk for the database.
    spooled: Cell<usize>,
    /// Whether it stops since its job does, and not because somebody wants it by hand.
    job_ends: Cell<bool>,
    /// Whether rows were not begun since there was no time for them.
    out_of_time: Cell<bool>,
    /// Where captured output is kept.
    output: Option<OutputLog>,
    /// Whether the database is away.
    away: Cell<bool>,
}

impl Shared<'_> {
    fn report(&self, event: Event) {
        (self.report.borrow_mut())(event);
    }
}

async fn work<'a>(
    store: &mut Store,
    experiment: &'a Registration,
    order: &'a Order,
    build: Build,
    report: &'a mut Report<'a>,
    lanes: Vec<Option<Lane>>,
) -> Result<Executed, Broken> {
    let table = store.spec().name.clone();
    let output = match order.slots {
        Slots::Processes { capture: true, .. } => Some(capture(order, &table)?),
        Slots::Processes { .. } | Slots::InProcess => None,
    };
    let shared = Shared {
        experiment,
        order,
        report: RefCell::new(report),
        busy: Cell::new(0),
        table,
        lost: watch::Sender::default(),
        abandoned: Cell::new(false),
        spooled: Cell::new(0),
        job_ends: Cell::new(false),
        out_of_time: Cell::new(false),
        output,
        away: Cell::new(false),
    };
    let executer = executer(order, build);
    store.register(&executer).await?;
    let (stopper, stop) = watch::channel(Stop::No);
    let (mut database, requests) = Database::new(store, executer, &shared, stop.clone()).await?;
    let drivers: Vec<_> = lanes
        .into_iter()
        .enumerate()
        .map(|(number, lane)| Driver::new(number, &shared, requests.clone(), stop.clone(), lane).drive())
        .collect();
    drop(requests);
    // The database serves until the last driver has gone.
    let working = async {
        let (ended, served) = tokio::join!(join_all(drivers), database.serve());
        let work = served?;
        ended.into_iter().collect::<Result<(), Broken>>().map(|()| work)
    };
    let in_vain = tokio::select! {
        work = working => return Ok(Executed {
            work: work?,
            stop: *stop.borrow(),
            spooled: shared.spooled.get(),
            out_of_time: shared.out_of_time.get(),
            abandoned: shared.abandoned.get(),
        }),
        broken = signals::watch(&stopper, &shared) => return Err(broken),
        stop = signals::in_vain(&stop, order.grace) => stop,
    };
    database.rescue().await;
    Err(Broken::Unwritten { stop: in_vain, spooled: shared.spooled.get() })
}

/// Where what runs print is kept.
fn capture(order: &Order, table: &str) -> Result<OutputLog, Broken> {
    let folder = order.folder.join("output");
    OutputLog::open(&folder, table, &host())
        .map_err(|error| Broken::Machine(format!("cannot keep what runs print in {}: {error}", folder.display())))
}

/// What is told of this executer.
fn executer(order: &Order, build: Build) -> Executer {
    let executer = Executer::new(order.name.clone(), host(), env!("CARGO_PKG_VERSION").to_owned());
    let (program, git) = build.told();
    Executer {
        program,
        profile: machine::profile().to_owned(),
        cpu: machine::cpu_model(),
        git,
        slots: u32::try_from(order.slots.count()).unwrap_or(u32::MAX),
        slurm: machine::slurm(),
        lease: order.lease,
        ..executer
    }
}

/// The host's name, for the column `machine`.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
