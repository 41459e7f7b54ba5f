//! What is measured with: the programs, the databases, PyExperimenter.

use std::path::{Path, PathBuf};
use std::time::Duration;

use experimenter_tests::{Database, Output, Program, Running, Sandbox, Server, Target, python};

use crate::scale::Scale;

/// As durable as a server can be set, with a binary log as MySQL has one, and memory enough for the tables.
const SERVER: [&str; 4] =
    ["--log-bin=binlog", "--server-id=1", "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M"];

/// Longer than anything takes.
const DEADLINE: Duration = Duration::from_secs(1_800);

/// How many rows of `noop` there are for each seed.
pub(crate) const PER_SEED: usize = 20;

/// What is measured with.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) scale: Scale,
    pub(crate) server: Server,
    /// The folder of the programs.
    programs: PathBuf,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    MariaDb,
    Sqlite,
}

impl Kind {
    pub(crate) const BOTH: [Self; 2] = [Self::MariaDb, Self::Sqlite];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::Sqlite => "SQLite",
        }
    }
}

/// An empty database of its own, and a folder to run programs in.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    rig: &'a Rig,
    pub(crate) target: Target,
    sandbox: Sandbox,
}

impl Rig {
    /// The programs are beside this one.
    pub(crate) fn start(scale: Scale) -> Self {
        let this = std::env::current_exe().expect("a program knows its own file");
        let programs = this.parent().expect("a file is in a folder").to_owned();
        Self { scale, server: Server::start_with(&SERVER), programs }
    }

    pub(crate) fn place(&self, kind: Kind) -> Place<'_> {
        let target = match kind {
            Kind::MariaDb => Target::Server(self.server.database()),
            Kind::Sqlite => Target::sqlite(),
        };
        Place { rig: self, target, sandbox: Sandbox::new() }
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }
}

impl Place<'_> {
    /// Where the database is. Bare clients would leave the network for the server's socket, and others do not.
    fn url(&self) -> String {
        match &self.target {
            Target::Server(database) => database.url() + "?prefer_socket=false",
            Target::Sqlite { .. } => self.target.url(),
        }
    }

    /// The user's program, on this database.
    pub(crate) fn noop(&self, args: &[&str]) -> Program {
        let program = self.sandbox.program(self.rig.program("noop")).args(args);
        program.env("EXPERIMENTER_DATABASE", self.url()).deadline(DEADLINE)
    }

    /// A loop on this database, see `loops`.
    pub(crate) fn loops(&self, client: &str, args: &[&str]) -> Program {
        let program = self.sandbox.program(self.rig.program("loops"));
        program.args([client, "--database", &self.url()]).args(args).deadline(DEADLINE)
    }

    /// The raw INSERTs on this database, see `insert`.
    pub(crate) fn insert(&self, first_seed: usize, rows: usize) -> Program {
        let program = self.sandbox.program(self.rig.program("insert"));
        let numbers = [first_seed, rows / PER_SEED].map(|number| number.to_string());
        program.args([self.url()]).args(numbers).deadline(DEADLINE)
    }

    /// A snapshot of this database, see `snapshot`.
    pub(crate) fn snapshot(&self) -> Program {
        self.sandbox.program(self.rig.program("snapshot")).args([self.url()]).deadline(DEADLINE)
    }

    /// PyExperimenter on this database, see `pyexperimenter.py`.
    pub(crate) fn python(&self, args: &[&str]) -> Program {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = self.sandbox.program(python()).args([folder.join("pyexperimenter.py")]).args(args);
        program.env("PYTHONPATH", folder.join("../tests/pyexperimenter")).deadline(DEADLINE)
    }

    /// Writes PyExperimenter's configuration of the same table, with so many rows.
    pub(crate) fn configure_python(&self, rows: usize) {
        let database = match &self.target {
            Target::Sqlite { file, .. } => {
                format!("provider: sqlite\n    database: {}", file.with_extension("").display())
            }
            Target::Server(database) => {
                self.sandbox.write("config/database_credentials.yml", &database.credentials());
                format!("provider: mysql\n    database: {}", database.name())
            }
        };
        let text = include_str!("../pyexperimenter.yml");
        let text = text.replace("DATABASE", &database).replace("SEEDS", &(rows / PER_SEED).to_string());
        self.sandbox.write("config/experiment_configuration.yml", &text);
    }

    /// Fills the table with so many rows.
    pub(crate) fn fill(&self, rows: usize) -> Output {
        let output = self.noop(&["fill", "--quiet", "--set", &format!("seed=0..{}", rows / PER_SEED)]).run();
        output.success();
        output
    }

    /// The number that a query gives.
    pub(crate) fn number(&self, query: &str) -> f64 {
        let value = self.target.value(query).unwrap_or_default();
        value.parse().unwrap_or_else(|_| panic!("`{query}` gave `{value}` instead of a number"))
    }

    /// How many rows are done.
    pub(crate) fn done(&self) -> f64 {
        self.number("SELECT COUNT(*) FROM noop WHERE status='done'")
    }

    fn database(&self) -> Option<&Database> {
        match &self.target {
            Target::Server(database) => Some(database),
            Target::Sqlite { .. } => None,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // A server that serves many of them keeps only the one at work in its memory.
        if let Some(database) = self.database() {
            self.rig.server.sql("", &format!("DROP DATABASE {}", database.name()));
        }
    }
}

/// What a loop printed: rows, and seconds for them.
pub(crate) fn rows_and_seconds(output: &Output) -> (f64, f64) {
    let result: serde_json::Value =
        serde_json::from_str(&output.success().stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
    let number = |name: &str| result[name].as_f64().unwrap_or_else(|| panic!("there is no `{name}` in {output}"));
    (number("rows"), number("seconds"))
}

/// Programs that run beside each other, and end when they are dropped.
#[derive(Debug)]
pub(crate) struct Crowd(Vec<Running>);

impl Crowd {
    pub(crate) fn spawn(programs: impl IntoIterator<Item = Program>) -> Self {
        Self(programs.into_iter().map(Program::spawn).collect())
    }

    /// Whether all are at work yet.
    pub(crate) fn all_run(&mut self) -> bool {
        self.0.iter_mut().all(Running::is_running)
    }

    /// Kills them; a panic with what one printed that has ended in failure by itself.
    pub(crate) fn kill(self) {
        for running in self.0 {
            drop(running.kill());
        }
    }
}
