//! What every command works with: the experiment, the database, the console.

use std::io::{IsTerminal, Write};

use experimenter_diesel::{Counts, Result as StoreResult, Selector, Store, StoreError, Target};
use tokio::runtime::Runtime;

use super::failure::Failure;
use super::rows::{Rows, Selection};
use super::setup::Setup;
use crate::config::Config;
use crate::definition::Registration;
use crate::report::{Console, rows};

/// The experiment, the database, the console.
pub(super) struct Context<'a> {
    pub(super) experiment: &'static Registration,
    pub(super) config: Option<Config>,
    pub(super) console: &'a Console,
    pub(super) store: Store,
    /// It ends with the process: a call that waits for a lock must hold up nobody's end.
    pub(super) runtime: &'static Runtime,
    pub(super) target: Target,
}

impl<'a> Context<'a> {
    /// Opens the database, which has to be there.
    pub(super) fn open(setup: Setup, console: &'a Console) -> Result<Self, Failure> {
        // To all but `fill` and `run` a mistyped path is a mistake.
        if let Target::Sqlite { path, .. } = &setup.target
            && !path.exists()
        {
            return Err(Failure::new(format!("there is no database file {}", path.display()))
                .hint(format!("fill it first: {} fill", super::failure::program()))
                .hint("or name another by `--database`"));
        }
        Self::create(setup, console)
    }

    /// Opens the database; a file that is not there is made.
    pub(super) fn create(setup: Setup, console: &'a Console) -> Result<Self, Failure> {
        let Setup { experiment, spec, target, config } = setup;
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(Failure::new("experimenter::main() was called inside of a Tokio runtime")
                .hint("make `main` an ordinary function, and start a runtime in the experiment where it is needed"));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format!("cannot start the event loop: {error}")))?;
        let runtime: &Runtime = Box::leak(Box::new(runtime));
        let store = runtime
            .block_on(Store::open(&target, spec, Store::DEADLINE))
            .map_err(|error| Failure::from(error).prefixed(&target))?;
        Ok(Self { experiment, config, console, store, runtime, target })
    }

    /// Checks the tables, and tells which they are: the first line of a command that reads. Gives how many rows there are.
    pub(super) fn check(&mut self) -> Result<Counts, Failure> {
        self.runtime.block_on(self.store.check_tables())?;
        self.rows_line()
    }

    /// The same of a command that writes, and adds what the table lacks beside it.
    pub(super) fn prepare(&mut self) -> Result<Counts, Failure> {
        self.runtime.block_on(self.store.prepare_tables())?;
        self.rows_line()
    }

    fn rows_line(&mut self) -> Result<Counts, Failure> {
        let counts = self.runtime.block_on(self.store.counts(&Selector::default()))?;
        self.headline(&rows(counts.total()));
        Ok(counts)
    }

    /// The rows of a selection on the command line.
    pub(super) fn selector(&self, selection: &Selection) -> Result<Selector, Failure> {
        selection.selector(self.store.spec(), self.target.backend())
    }

    /// The same of one that leaves the status open.
    pub(super) fn rows(&self, rows: &Rows) -> Result<Selector, Failure> {
        rows.selector(self.store.spec(), self.target.backend())
    }

    /// The first line of a command: the database, the experiment's table, and how much is in it.
    pub(super) fn headline(&self, rows: &str) {
        self.console.note(&format!("{} · {} · {rows}", self.target, self.store.spec().name));
    }

    /// Gives a table that somebody else created our index, and says so where that cannot be.
    pub(super) fn create_index(&mut self) {
        if let Err(error) = self.runtime.block_on(self.store.create_index()) {
            self.console.note(&format!("without an index on (status, ID), a claim reads every finished row: {error}"));
        }
    }

    /// Runs one call of the store.
    pub(super) fn store<T>(&mut self, call: impl AsyncFnOnce(&mut Store) -> StoreResult<T>) -> Result<T, Failure> {
        Ok(self.runtime.block_on(call(&mut self.store))?)
    }

    /// Whether the main table exists.
    pub(super) fn exists(&mut self) -> Result<bool, Failure> {
        match self.runtime.block_on(self.store.exists()) {
            Err(StoreError::NoTable(_)) => Ok(false),
            result => Ok(result?),
        }
    }

    /// Asks whether to do something that cannot be undone easily.
    pub(super) fn confirm(&self, question: &str) -> Result<bool, Failure> {
        someone_to_ask(question)?;
        let stdin = std::io::stdin();
        let mut stderr = std::io::stderr();
        write!(stderr, "{question}? [y/N] ")?;
        stderr.flush()?;
        let mut answer = String::new();
        stdin.read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

/// Checks that a question can be asked.
pub(super) fn someone_to_ask(question: &str) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage(format!("{question}: there is nobody to ask")).hint("say it by `--yes`"))
}
