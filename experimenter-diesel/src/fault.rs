//! Faults on purpose, for the tests: crash points around every call to the database, and mutants of the protocol.
//!
//! They exist with the feature `faults` alone, which no user's build has, and there do nothing until an environment
//! variable asks for one:
//!
//! - `EXPERIMENTER_STEPS=file` appends a line to the file for each step: before and after each statement, BEGIN and COMMIT;
//! - `EXPERIMENTER_CRASH_AT=n` crashes at the n-th step, in the way of `EXPERIMENTER_CRASH_MODE`: `abort` (the default),
//!   `stop` (by SIGSTOP, so that somebody else can have the process go on), `lose-reply` (the call fails as if the
//!   connection had been lost: before a statement it was not executed, after it, it was), `conflict` (the call fails as if
//!   somebody held a lock); several steps and as many ways are written `57,58` and `lose-reply,conflict`;
//! - `EXPERIMENTER_DEADLINE_MS=n` gives calls so many milliseconds, so that a network that is silent is soon seen;
//! - `EXPERIMENTER_MUTANT=name` has the protocol be wrong in one way, see [`Mutant`].

/// A way in which the protocol is wrong, so that the tests can show that they would see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// `attempt`: a claim does not compare the attempt.
    Attempt,
    /// `subquery`: the fence is read by subqueries, before the wait for the row's lock; on `MySQL` alone.
    Subquery,
    /// `by-id`: the end of a run is written by the row's ID only.
    ById,
    /// `identity`: a row and its claim are bound by their ID only.
    Identity,
    /// `spool`: results go to the disk after the database has them, and so not at all while it is away.
    #[cfg(feature = "faults")]
    Spool,
}

/// Whether results go to the disk too late.
#[cfg(feature = "faults")]
#[must_use]
pub fn spools_late() -> bool {
    mutant(Mutant::Spool)
}

#[cfg(not(feature = "faults"))]
pub(crate) use off::{after, before, deadline, mutant};
#[cfg(feature = "faults")]
pub(crate) use on::{after, before, deadline, mutant};

#[cfg(not(feature = "faults"))]
mod off {
    use std::time::Duration;

    use super::Mutant;
    use crate::Result;

    pub(crate) const fn deadline(usual: Duration) -> Duration {
        usual
    }

    pub(crate) const fn mutant(_: Mutant) -> bool {
        false
    }

    #[expect(clippy::unnecessary_wraps, reason = "with faults it fails")]
    pub(crate) const fn before(_: &str) -> Result<()> {
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "with faults it fails")]
    pub(crate) const fn after(_: &str) -> Result<()> {
        Ok(())
    }
}

#[cfg(feature = "faults")]
mod on {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::Mutant;
    use crate::{Result, StoreError};

    /// What the environment asks for.
    struct Plan {
        mutant: Option<Mutant>,
        steps: Option<PathBuf>,
        /// The steps, each with the way to crash at it.
        crashes: Vec<(u64, String)>,
        deadline: Option<Duration>,
    }

    fn plan() -> &'static Plan {
        static PLAN: OnceLock<Plan> = OnceLock::new();
        let text = |name: &str| std::env::var(name).ok();
        PLAN.get_or_init(|| Plan {
            mutant: text("EXPERIMENTER_MUTANT").and_then(|name| match &*name {
                "attempt" => Some(Mutant::Attempt),
                "subquery" => Some(Mutant::Subquery),
                "by-id" => Some(Mutant::ById),
                "identity" => Some(Mutant::Identity),
                "spool" => Some(Mutant::Spool),
                _ => None,
            }),
            steps: std::env::var_os("EXPERIMENTER_STEPS").map(PathBuf::from),
            crashes: crashes(&text("EXPERIMENTER_CRASH_AT"), &text("EXPERIMENTER_CRASH_MODE")),
            deadline: text("EXPERIMENTER_DEADLINE_MS").and_then(|n| n.parse().ok()).map(Duration::from_millis),
        })
    }

    fn crashes(at: &Option<String>, modes: &Option<String>) -> Vec<(u64, String)> {
        let list = |text: &Option<String>| -> Vec<String> {
            text.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect()
        };
        let modes = list(modes).into_iter().chain(std::iter::repeat_with(String::new));
        list(at).into_iter().zip(modes).filter_map(|(step, mode)| Some((step.parse().ok()?, mode))).collect()
    }

    pub(crate) fn deadline(usual: Duration) -> Duration {
        plan().deadline.unwrap_or(usual)
    }

    pub(crate) fn mutant(mutant: Mutant) -> bool {
        plan().mutant == Some(mutant)
    }

    pub(crate) fn before(what: &str) -> Result<()> {
        step("before", what)
    }

    pub(crate) fn after(what: &str) -> Result<()> {
        step("after", what)
    }

    fn step(when: &str, what: &str) -> Result<()> {
        static STEPS: AtomicU64 = AtomicU64::new(0);
        let n = STEPS.fetch_add(1, Ordering::Relaxed) + 1;
        let plan = plan();
        if let Some(file) = &plan.steps {
            let written = OpenOptions::new().create(true).append(true).open(file).and_then(|mut file| {
                // One write of one line is not torn.
                file.write_all(format!("{when} {}\n", what.replace('\n', " ")).as_bytes())
            });
            written.map_err(|error| StoreError::Database(format!("{}: {error}", file.display())))?;
        }
        let Some((_, mode)) = plan.crashes.iter().find(|(step, _)| *step == n) else { return Ok(()) };
        match &**mode {
            "conflict" => Err(StoreError::Conflict(format!("in conflict on purpose {when} {what}"))),
            "lose-reply" => Err(StoreError::Unreachable(format!("lost on purpose {when} {what}"))),
            "stop" => kill_process(getpid(), Signal::STOP)
                .map_err(|error| StoreError::Database(format!("this process cannot be stopped: {error}"))),
            _ => std::process::abort(),
        }
    }
}
