//! The run handle that an experiment's function gets, and the call of the function itself.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use experimenter_diesel::{StoreError, Value};
use once_cell::unsync::OnceCell;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::panics;
use crate::{Error, Experiment, Failure, LogEntry, Outcome, Partial, Result, Results};

/// The values of the configuration file's `Custom` and of `--custom NAME=VALUE`, by name.
pub type Custom = BTreeMap<String, serde_json::Value>;

/// One row to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) id: i64,
    pub(crate) attempt: i64,
    pub(crate) seed: u64,
    pub(crate) dir: PathBuf,
    /// The same for all rows, so that a slot is told once.
    #[serde(skip)]
    pub(crate) custom: Arc<Custom>,
    pub(crate) key: Vec<Value>,
    /// What an earlier attempt had reached.
    #[serde(with = "serde_bytes")]
    pub(crate) checkpoint: Option<Vec<u8>>,
    /// How long it may run, where that is bounded.
    pub(crate) remaining: Option<Duration>,
}

impl Task {
    pub(crate) fn with_custom(self, custom: &Arc<Custom>) -> Self {
        Self { custom: Arc::clone(custom), ..self }
    }
}

/// How the function ended.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ending {
    Done(Vec<Value>),
    Paused,
    Failed(Failure),
    /// It was asked to stop, and has left its checkpoint.
    Stopped,
}

/// What a run took of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) user_seconds: f64,
    pub(crate) system_seconds: f64,
    /// The most memory that its process had, where that is known.
    pub(crate) peak_bytes: Option<u64>,
}

/// What a run is attached to: the way of its partial results and log entries to the table.
pub(crate) trait Attachment {
    fn write(&self, values: Vec<Option<Value>>) -> Result<(), StoreError>;
    fn log(&self, logtable: usize, values: Vec<Value>) -> Result<(), StoreError>;
    fn checkpoint(&self, state: Vec<u8>) -> Result<(), StoreError>;
    fn progress(&self, done: u64, total: u64);
    fn say(&self, text: String);
    fn should_stop(&self) -> bool;
}

/// The most of a run's time that goes into checkpoints: one in twenty parts.
const CHECKPOINT_SHARE: u32 = 20;

/// One run of an experiment on one row: what the function sees of the table.
///
/// The attribute declares an alias of it for each experiment, such as `SvmRun`.
///
/// # Testing a function
/// A run that is [`offline`](Run::offline) is attached to no database and remembers what it was given:
///
/// ```
/// use experimenter::prelude::*;
///
/// #[experiment(
///     keyfields = { n: u32 = 0..10 },
///     resultfields = { sum: u64 },
///     logtables = { steps: { i: u32 } },
/// )]
/// fn triangle(key: &TriangleKey, run: &mut TriangleRun) -> experimenter::Result<TriangleResults> {
///     for i in 0..key.n {
///         run.log(TriangleSteps { i })?;
///     }
///     Ok(TriangleResults { sum: (0..=u64::from(key.n)).sum() })
/// }
///
/// let mut run = TriangleRun::offline();
/// let results = triangle(&TriangleKey { n: 4 }, &mut run)?;
/// assert_eq!(results.sum, 10);
/// assert_eq!(run.logged::<TriangleSteps>().count(), 4);
/// # Ok::<(), experimenter::Error>(())
/// ```
pub struct Run<E: Experiment> {
    id: i64,
    attempt: i64,
    seed: u64,
    dir: PathBuf,
    dir_created: OnceCell<()>,
    custom: Arc<Custom>,
    /// What [`Run::restore`] gives.
    checkpoint: Option<Vec<u8>>,
    /// When the next checkpoint is due.
    next_checkpoint: Option<Instant>,
    /// Whether the function was told to stop by its last checkpoint.
    stopped: bool,
    /// When it is asked to stop.
    ends: Option<Instant>,
    link: Link,
    experiment: std::marker::PhantomData<fn() -> E>,
}

enum Link {
    Attached(Box<dyn Attachment>),
    Offline { written: Vec<Box<dyn Any>>, logged: Vec<Box<dyn Any>> },
}

impl<E: Experiment> std::fmt::Debug for Run<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("experiment", &E::DEFINITION.name)
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl<E: Experiment> Run<E> {
    /// A run that is attached to no database: for calling the function in a test or a debugger.
    ///
    /// Its ID is 0, its attempt 1, its seed 0, and its folder a new one among the system's temporary files.
    #[must_use]
    pub fn offline() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            id: 0,
            attempt: 1,
            seed: 0,
            dir: std::env::temp_dir().join(format!("experimenter-offline-{}-{count}", std::process::id())),
            dir_created: OnceCell::new(),
            custom: Arc::default(),
            checkpoint: None,
            next_checkpoint: None,
            stopped: false,
            ends: None,
            link: Link::Offline { written: Vec::new(), logged: Vec::new() },
            experiment: std::marker::PhantomData,
        }
    }

    /// The same run with one more value for [`Run::custom`].
    #[must_use]
    pub fn with_custom(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        Arc::make_mut(&mut self.custom).insert(name.to_owned(), value.into());
        self
    }

    fn attached(task: &Task, attachment: Box<dyn Attachment>) -> Self {
        Self {
            id: task.id,
            attempt: task.attempt,
            seed: task.seed,
            dir: task.dir.clone(),
            dir_created: OnceCell::new(),
            custom: Arc::clone(&task.custom),
            checkpoint: task.checkpoint.clone(),
            next_checkpoint: None,
            stopped: false,
            ends: task.remaining.and_then(|remaining| Instant::now().checked_add(remaining)),
            link: Link::Attached(attachment),
            experiment: std::marker::PhantomData,
        }
    }

    /// The row's `ID`.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The number of the attempt: 1 for the first run of a row, more after a reset or a crash.
    #[must_use]
    pub fn attempt(&self) -> i64 {
        self.attempt
    }

    /// A seed for random numbers: the same for equal keyfields, in every attempt, table and database.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A folder for the row's own files, the same in every attempt; it is created by the first call.
    ///
    /// # Errors
    /// When the folder cannot be created.
    #[track_caller]
    pub fn dir(&self) -> Result<&Path> {
        match self.dir_created.get_or_try_init(|| std::fs::create_dir_all(&self.dir)) {
            Ok(()) => Ok(&self.dir),
            Err(error) => Err(Error::msg(format!("cannot create the row's folder {}: {error}", self.dir.display()))),
        }
    }

    /// A value of the configuration file's `Custom`, or of the command line's `--custom NAME=VALUE`, as any serde type.
    ///
    /// # Errors
    /// When there is no such value, or when it is not of that type.
    #[track_caller]
    pub fn custom<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let Some(value) = self.custom.get(name) else {
            return Err(Error::msg(format!(
                "there is no custom value `{name}`; give it by `--custom {name}=VALUE`, or under `Custom` in the \
                 configuration file"
            )));
        };
        match serde_json::from_value(value.clone()) {
            Ok(value) => Ok(value),
            Err(error) => Err(Error::msg(format!("the custom value `{name}` is `{value}`: {error}"))),
        }
    }

    /// Writes some of the resultfields while the function runs; the others stay as they are.
    ///
    /// They are replaced by the function's results when it returns.
    ///
    /// # Errors
    /// When this attempt does not own the row any more, or when the database does not take the values.
    #[track_caller]
    pub fn write(&mut self, partial: E::Partial) -> Result<()> {
        match &mut self.link {
            Link::Attached(attachment) => located(attachment.write(partial.to_values())),
            Link::Offline { written, .. } => {
                written.push(Box::new(partial));
                Ok(())
            }
        }
    }

    /// Adds an entry to a logtable, with the present time.
    ///
    /// # Errors
    /// When this attempt does not own the row any more, or when the database does not take the values.
    #[track_caller]
    pub fn log<L: LogEntry<Experiment = E>>(&mut self, entry: L) -> Result<()> {
        match &mut self.link {
            Link::Attached(attachment) => located(attachment.log(L::LOGTABLE, entry.to_values())),
            Link::Offline { logged, .. } => {
                logged.push(Box::new(entry));
                Ok(())
            }
        }
    }

    /// Tells how far the run is, in any unit: shown while it goes on. Call it as often as you like.
    pub fn progress(&self, done: u64, total: u64) {
        if let Link::Attached(attachment) = &self.link {
            attachment.progress(done, total);
        }
    }

    /// Says something to whoever watches the executer; it is kept with what the run prints.
    pub fn say(&self, text: impl std::fmt::Display) {
        if let Link::Attached(attachment) = &self.link {
            attachment.say(text.to_string());
        }
    }

    /// Keeps the run's state, from which a later attempt goes on.
    ///
    /// Call it between the steps of a loop, as often as you like: a state is written only if writing takes at most one
    /// part in twenty of the run's time. When the run [should stop](Run::should_stop), the state is written in any case,
    /// and the stop returned as an error, so that a `?` ends the function; the row is open again, and the next attempt
    /// begins with this state; after a time-out the row is in error instead. Log entries and partial results of the time after a checkpoint that a later attempt goes
    /// on from are archived, so that the tables read as if the run had never been interrupted.
    ///
    /// A state is any serde type, kept in CBOR. Large ones belong into a file of [`Run::dir`], whose name is the state.
    ///
    /// ```
    /// use experimenter::prelude::*;
    ///
    /// #[experiment(keyfields = { n: u64 = [1_000] }, resultfields = { sum: u64 })]
    /// fn long(key: &LongKey, run: &mut LongRun) -> experimenter::Result<LongResults> {
    ///     let (mut i, mut sum) = run.restore()?.unwrap_or((0, 0));
    ///     while i < key.n {
    ///         i += 1;
    ///         sum += i;
    ///         run.checkpoint(&(i, sum))?;
    ///     }
    ///     Ok(LongResults { sum })
    /// }
    ///
    /// assert_eq!(long(&LongKey { n: 4 }, &mut LongRun::offline())?.sum, 10);
    /// # Ok::<(), experimenter::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the run should stop; when this attempt does not own the row any more; when the state is too large, or cannot
    /// be serialised.
    #[track_caller]
    pub fn checkpoint<S: Serialize>(&mut self, state: &S) -> Result<()> {
        let stop = self.should_stop();
        let begun = Instant::now();
        if !stop && self.next_checkpoint.is_some_and(|next| begun < next) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        if let Err(error) = ciborium::into_writer(state, &mut bytes) {
            return Err(Error::msg(format!("the state of a checkpoint cannot be serialised: {error}")));
        }
        match &self.link {
            Link::Attached(attachment) => located(attachment.checkpoint(bytes))?,
            Link::Offline { .. } => self.checkpoint = Some(bytes),
        }
        let now = Instant::now();
        self.next_checkpoint = Some(now + CHECKPOINT_SHARE * (now - begun));
        if stop {
            self.stopped = true;
            return Err(Error::msg("the run was asked to stop"));
        }
        Ok(())
    }

    /// The state that an earlier attempt kept by [`Run::checkpoint`]; `None` for a run from the beginning.
    ///
    /// # Errors
    /// When what was kept is no such state, as after a change of its type.
    #[track_caller]
    pub fn restore<S: DeserializeOwned>(&self) -> Result<Option<S>> {
        let Some(bytes) = &self.checkpoint else { return Ok(None) };
        match ciborium::from_reader(&bytes[..]) {
            Ok(state) => Ok(Some(state)),
            Err(error) => Err(Error::msg(format!(
                "the checkpoint of an earlier attempt is no such state ({error}); begin the row anew by `reset --ids {}`",
                self.id
            ))),
        }
    }

    /// Whether the run should come to an end soon: its executer was asked to stop, or the row's time is over.
    ///
    /// A function that looks at this between its steps, and returns, is not killed when the grace is over.
    #[must_use]
    pub fn should_stop(&self) -> bool {
        match &self.link {
            Link::Attached(attachment) => attachment.should_stop(),
            Link::Offline { .. } => false,
        }
    }

    /// How long the run may go on before it is asked to stop: until its time-out or the executer's wall time, which a job
    /// of Slurm may tell. `None` where neither bounds it.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.ends.map(|ends| ends.saturating_duration_since(Instant::now()))
    }

    /// What an offline run was given by [`Run::write`], in order.
    pub fn written(&self) -> impl Iterator<Item = &E::Partial> {
        let written = if let Link::Offline { written, .. } = &self.link { &written[..] } else { &[] };
        written.iter().filter_map(|partial| partial.downcast_ref())
    }

    /// What an offline run was given by [`Run::log`] for one logtable, in order.
    pub fn logged<L: LogEntry<Experiment = E>>(&self) -> impl Iterator<Item = &L> {
        let logged = if let Link::Offline { logged, .. } = &self.link { &logged[..] } else { &[] };
        logged.iter().filter_map(|entry| entry.downcast_ref())
    }
}

/// The store's error with the place of the user's call.
#[track_caller]
fn located(result: Result<(), StoreError>) -> Result<()> {
    match result {
        Ok(()) => Ok(()),
        Err(error) => Err(Error::from(error)),
    }
}

/// Runs the function on one row; its panic is an ending like another.
pub(crate) fn execute<E: Experiment>(task: &Task, attachment: Box<dyn Attachment>) -> Ending {
    // The user's `serde` and `Field` are called here too, and may panic as the function may.
    let ran = panics::catch(|| {
        let key = E::from_values(&task.key).map_err(|error| unreadable(&error))?;
        let mut run = Run::<E>::attached(task, attachment);
        match key.call(&mut run) {
            Ok(Outcome::Done(results)) => Ok(Ending::Done(results.to_values())),
            Ok(Outcome::Paused) => Ok(Ending::Paused),
            // Whatever the function made of the error by which it was told.
            Err(_) if run.stopped => Ok(Ending::Stopped),
            Err(failure) => Err(failure),
        }
    });
    ran.and_then(|ended| ended).unwrap_or_else(Ending::Failed)
}

fn unreadable(error: &crate::field::FieldError) -> Failure {
    Failure { message: format!("the row cannot be read: keyfield {error}"), place: None, backtrace: None }
}
