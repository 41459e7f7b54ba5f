//! Both databases as data.

use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use diesel::connection::{Connection, LoadConnection, SimpleConnection};
use diesel::deserialize::FromSql;
use diesel::row::{Field, Row};
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteConnection};

use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;

use crate::{Database, Running, Sandbox, Server, Vendor, wait_until};

/// The rows of a query, every value as its text, NULL as nothing.
pub type Rows = Vec<Vec<Option<String>>>;

/// A fresh database that a test may use as it likes.
#[derive(Debug)]
pub enum Target {
    /// A file that does not exist yet, in a folder of its own.
    Sqlite {
        /// The folder.
        sandbox: Sandbox,
        /// The file.
        file: PathBuf,
    },
    /// An empty database on the server that the tests of this process share.
    Server(Database),
}

/// Runs the test on a fresh database of each kind; a failure names the database, and does not spare the other.
#[track_caller]
pub fn for_each_database(test: impl Fn(&Target)) {
    let run = |target: &Target| catch_unwind(AssertUnwindSafe(|| test(target))).is_ok();
    let failed: Vec<String> = Target::all().iter().filter(|target| !run(target)).map(Target::to_string).collect();
    assert!(failed.is_empty(), "the test failed on {}, see the messages above", failed.join(" and on "));
}

impl Target {
    /// A fresh database of each kind.
    pub fn all() -> Vec<Self> {
        vec![Self::sqlite(), Self::server()]
    }

    /// A file of SQLite.
    pub fn sqlite() -> Self {
        let sandbox = Sandbox::new();
        let file = sandbox.path().join("experiments.db");
        Self::Sqlite { sandbox, file }
    }

    /// A database on the shared server.
    pub fn server() -> Self {
        Self::Server(Server::shared().database())
    }

    /// The database of a server.
    #[track_caller]
    pub fn database(&self) -> &Database {
        let Self::Server(database) = self else { panic!("SQLite has no server") };
        database
    }

    /// Whether it is SQLite, which writes some values in another way.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// Where it is, as the user types it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { file, .. } => format!("sqlite://{}", file.display()),
            Self::Server(database) => database.url(),
        }
    }

    /// Holds the lock that writers of an SQLite file take in turns, until the file is dropped.
    #[track_caller]
    pub fn lock(&self) -> File {
        let Self::Sqlite { file, .. } = self else { panic!("a server has other locks") };
        let lock = File::open(format!("{}.lock", file.display())).expect("the lock is beside the database");
        flock(&lock, FlockOperation::LockExclusive).expect("it can be locked");
        lock
    }

    /// Stops an executer by SIGSTOP when it is not amid a write to an SQLite file: there it would hold up everybody.
    pub fn stop(&self, executer: &Running) {
        loop {
            executer.signal(Signal::STOP);
            wait_until(|| executer.is_stopped());
            if !self.is_locked() {
                return;
            }
            executer.signal(Signal::CONT);
        }
    }

    /// Whether somebody writes to the SQLite file.
    fn is_locked(&self) -> bool {
        let Self::Sqlite { file, .. } = self else { return false };
        let lock = File::open(format!("{}.lock", file.display()));
        lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err())
    }

    /// Runs one statement from outside, with every right, and returns its rows.
    #[track_caller]
    pub fn sql(&self, statement: &str) -> Rows {
        match self {
            Self::Sqlite { file, .. } => {
                let url = file.to_string_lossy();
                sqlite_rows(&url, statement).unwrap_or_else(|error| panic!("`{statement}` on SQLite: {error}"))
            }
            Self::Server(database) => database.rows(statement),
        }
    }

    /// The one value of a query that has one row with one column.
    #[track_caller]
    pub fn value(&self, query: &str) -> Option<String> {
        let rows = self.sql(query);
        let [row] = &rows[..] else { panic!("`{query}` has {} rows on {self}, expected one", rows.len()) };
        let [value] = &row[..] else { panic!("`{query}` has {} columns on {self}, expected one", row.len()) };
        value.clone()
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { .. } => f.write_str("SQLite"),
            Self::Server(_) => Vendor::tested().fmt(f),
        }
    }
}

fn sqlite_rows(path: &str, statement: &str) -> Result<Rows, Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute("PRAGMA busy_timeout = 30000")?;
    let mut rows = Rows::new();
    for row in connection.load(diesel::sql_query(statement))? {
        let row = row?;
        let fields = (0..row.field_count()).filter_map(|index| row.get(index));
        let values = fields.map(|field| {
            let value = field.value();
            value.map(<String as FromSql<Text, Sqlite>>::from_sql).transpose()
        });
        rows.push(values.collect::<Result<_, _>>()?);
    }
    Ok(rows)
}
