//! The line that an `execute` process has in the database.

use crate::spec::Side;
use crate::statement::Statement;
use crate::store::{Store, placeholders};
use crate::{Lease, ProcessIdentity, Result, Value};

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
    /// The commit in the folder of the program's package when it began.
    pub git: Option<String>,
    /// How many rows it runs at once.
    pub slots: u32,
    /// Which process it is, where the kernel tells.
    pub process: Option<ProcessIdentity>,
    /// How it tells that it is alive.
    pub lease: Lease,
}

/// What came of a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Beat {
    /// The executer is alive in the database, and its lease is renewed.
    Alive,
    /// Others have declared it dead, and its rows are open again, or will be. It goes on by registering anew under
    /// another ID and taking back what it still runs, see [`Store::readopt`].
    DeclaredDead,
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
        Self {
            id,
            name,
            host,
            pid: std::process::id(),
            version,
            program,
            profile,
            cpu,
            slurm: None,
            git: None,
            slots: 1,
            process: ProcessIdentity::own(),
            lease: Lease::default(),
        }
    }

    /// The same executer under a new random ID: one that was declared dead registers anew.
    #[must_use]
    pub fn anew(&self) -> Self {
        let fresh = Self::new(String::new(), String::new(), String::new());
        Self { id: fresh.id, ..self.clone() }
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
        let (now, expires) = (dialect.now, dialect.now_plus_seconds.replace("{}", "?"));
        let columns = [
            "executer_id",
            "state",
            "name",
            "host",
            "pid",
            "version",
            "program",
            "profile",
            "cpu",
            "slurm",
            "git",
            "slots",
            "beat_seconds",
            "lease_seconds",
            "boot",
            "namespaces",
            "uid",
            "process_started",
        ];
        let process = executer.process.as_ref();
        let number = |n: Option<u64>| n.map_or(Value::Null, Value::from);
        let length = Value::Float(executer.lease.length.as_secs_f64());
        let binds = vec![
            Value::Int(executer.id),
            "alive".into(),
            executer.name.as_str().into(),
            executer.host.as_str().into(),
            Value::Int(process.map_or(executer.pid, |process| process.pid).into()),
            executer.version.as_str().into(),
            executer.program.as_str().into(),
            executer.profile.as_str().into(),
            executer.cpu.as_str().into(),
            executer.slurm.as_deref().into(),
            executer.git.as_deref().into(),
            Value::Int(executer.slots.into()),
            Value::Float(executer.lease.beat.as_secs_f64()),
            length.clone(),
            process.map(|process| process.boot.as_str()).into(),
            process.map(|process| process.namespaces.as_str()).into(),
            number(process.map(|process| process.uid.into())),
            number(process.map(|process| process.started)),
            length,
            Value::Int(executer.id),
        ];
        let sql = format!(
            "INSERT INTO `{table}` ({}, started_at, beat_at, expires_at) SELECT {}, {now}, {now}, {expires} \
             FROM (SELECT 1) one WHERE NOT EXISTS (SELECT 1 FROM `{table}` x WHERE x.executer_id=?)",
            columns.join(", "),
            placeholders(columns.len())
        );
        let statement = Statement::new(sql, binds);
        self.connection.repeat(async |connection| connection.execute(statement.clone()).await).await.map(drop)
    }

    /// Tells that an executer is alive, and what it has done.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn beat(&mut self, executer: i64, work: Work) -> Result<Beat> {
        let matched = self.tell(executer, "alive", work).await?;
        Ok(if matched == 0 { Beat::DeclaredDead } else { Beat::Alive })
    }

    /// Tells that an executer has left. What it should still hold, others open again at once, and count no crash.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn leave(&mut self, executer: i64, work: Work) -> Result<()> {
        self.tell(executer, "left", work).await.map(drop)
    }

    /// Renews the lease, in a state. Nobody leaves it who is dead.
    async fn tell(&mut self, executer: i64, state: &str, work: Work) -> Result<usize> {
        let dialect = self.dialect();
        // An executer of an earlier version has not said how long its lease is.
        let length = format!("COALESCE(lease_seconds, {})", Lease::default().length.as_secs());
        let (now, expires) = (dialect.now, dialect.now_plus_seconds.replace("{}", &length));
        let sql = format!(
            "UPDATE `{}` SET state=?, beat=beat+1, beat_at={now}, expires_at={expires}, done=?, failed=?, busy_seconds=? \
             WHERE executer_id=? AND state='alive'",
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
        self.connection.repeat(async |connection| connection.execute(statement.clone()).await).await
    }
}
