//! The line that an `execute` process has in the database.

use crate::spec::Side;
use crate::statement::Statement;
use crate::store::Store;
use crate::{Result, Value};

/// How long an executer counts as alive after its last beat, in seconds.
pub(crate) const LEASE_SECONDS: u32 = 300;

/// One `execute` process, as it registers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executer {
    /// A random number that no other executer has.
    pub id: i64,
    /// The executer's name, for the column `name`.
    pub name: String,
    /// The host, for the column `machine`.
    pub host: String,
    /// The process's ID.
    pub pid: u32,
    /// The program's version.
    pub version: String,
    /// The hash of the program's file.
    pub program: String,
    /// How the program was built: `debug` or `release`.
    pub profile: String,
    /// The model of the processor.
    pub cpu: String,
    /// The job of a cluster that it belongs to: `job 123, task 4, node n1`.
    pub slurm: Option<String>,
}

/// What an executer has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Work {
    /// Rows that ended `done`.
    pub done: u64,
    /// Rows that ended `paused`; they are not told to the database.
    pub paused: u64,
    /// Rows that ended in `error`.
    pub failed: u64,
    /// Time spent in the experiment's function, in seconds.
    pub busy_seconds: f64,
}

impl Executer {
    /// An executer with a new random ID, and nothing said of program and machine. The client chooses the ID, so that
    /// registering twice is registering once.
    #[must_use]
    pub fn new(name: String, host: String, version: String) -> Self {
        let id = i64::try_from(crate::random::number() >> 1).unwrap_or(i64::MAX);
        let (program, profile, cpu) = Default::default();
        Self { id, name, host, pid: std::process::id(), version, program, profile, cpu, slurm: None }
    }
}

impl Store {
    /// Registers an executer.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn register(&mut self, executer: &Executer) -> Result<()> {
        let table = self.side(Side::Executers);
        let dialect = self.dialect();
        let (now, expires) = (dialect.now, dialect.now_plus_seconds.replace("{}", &LEASE_SECONDS.to_string()));
        let sql = format!(
            "INSERT INTO `{table}` (executer_id, state, name, host, pid, version, program, profile, cpu, slurm, \
             started_at, beat_at, expires_at) SELECT ?, 'alive', ?, ?, ?, ?, ?, ?, ?, ?, {now}, {now}, {expires} FROM (SELECT 1) one \
             WHERE NOT EXISTS (SELECT 1 FROM `{table}` x WHERE x.executer_id=?)"
        );
        let binds = vec![
            Value::Int(executer.id),
            executer.name.as_str().into(),
            executer.host.as_str().into(),
            Value::Int(executer.pid.into()),
            executer.version.as_str().into(),
            executer.program.as_str().into(),
            executer.profile.as_str().into(),
            executer.cpu.as_str().into(),
            executer.slurm.as_deref().into(),
            Value::Int(executer.id),
        ];
        let statement = Statement::new(sql, binds);
        self.connection.repeat(async |connection| connection.execute(statement.clone()).await).await.map(drop)
    }

    /// Tells that an executer is alive, and what it has done.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn beat(&mut self, executer: i64, work: Work) -> Result<()> {
        self.tell(executer, "alive", work).await
    }

    /// Tells that an executer has left.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn leave(&mut self, executer: i64, work: Work) -> Result<()> {
        self.tell(executer, "left", work).await
    }

    async fn tell(&mut self, executer: i64, state: &str, work: Work) -> Result<()> {
        let dialect = self.dialect();
        let (now, expires) = (dialect.now, dialect.now_plus_seconds.replace("{}", &LEASE_SECONDS.to_string()));
        let sql = format!(
            "UPDATE `{}` SET state=?, beat=beat+1, beat_at={now}, expires_at={expires}, done=?, failed=?, busy_seconds=? \
             WHERE executer_id=?",
            self.side(Side::Executers)
        );
        let count = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let binds = vec![
            state.into(),
            count(work.done),
            count(work.failed),
            Value::Float(work.busy_seconds),
            Value::Int(executer),
        ];
        let statement = Statement::new(sql, binds);
        self.connection.repeat(async |connection| connection.execute(statement.clone()).await).await.map(drop)
    }
}
