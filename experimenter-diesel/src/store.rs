//! One experiment's tables on one database.

use std::time::Duration;

use crate::connection::Connection;
use crate::dialect::{Assignments, Dialect, FencedUpdate};
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::{Backend, Result, TableSpec, Target, Value};

/// How many rows are read at once.
const PAGE: usize = 5_000;

/// One experiment's tables on one database, through one connection.
///
/// Every call to `MySQL` has a deadline. Calls that find a conflict or a lost connection repeat their statements, which
/// are idempotent.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) spec: TableSpec,
    /// Whether the side tables exist: a table that somebody else created lacks them until we write to it.
    pub(crate) has_sides: bool,
}

impl Store {
    /// How long a call to the database may take, unless another deadline is given.
    pub const DEADLINE: Duration = Duration::from_secs(15);

    /// Connects to the database, for the tables of `spec`. It creates an `SQLite` file, but no table.
    ///
    /// # Errors
    /// When the database cannot be reached or does not let us in.
    pub async fn open(target: &Target, spec: TableSpec, deadline: Duration) -> Result<Self> {
        Ok(Self { connection: Connection::open(target, deadline).await?, spec, has_sides: true })
    }

    /// For how long a call is repeated while the database is away, 30 s unless this is said. A call that gives up leaves
    /// its outcome unknown, and may be repeated as it is.
    pub fn set_patience(&mut self, patience: Duration) {
        self.connection.set_patience(patience);
    }

    /// For how long a statement to `MySQL` waits for a row that another transaction has locked, 10 s unless less is said, in
    /// whole seconds from 1: what has to be in time, as a beat, must not wait behind such a statement.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_lock_wait(&mut self, at_most: Duration) -> Result<()> {
        self.connection.repeat(async |connection| connection.set_lock_wait(at_most).await).await
    }

    /// The tables.
    #[must_use]
    pub fn spec(&self) -> &TableSpec {
        &self.spec
    }

    /// The kind of database.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.connection.backend()
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.connection.dialect()
    }

    pub(crate) fn side(&self, side: Side) -> String {
        self.spec.side(side)
    }

    /// A change of a row and its claim that changes nothing yet, and takes effect on no condition.
    pub(crate) fn fenced_update(&self, id: i64, created: &Value) -> FencedUpdate {
        FencedUpdate {
            table: self.spec.name.clone(),
            claims: self.side(Side::Claims),
            id,
            created: created.clone(),
            set_row: Assignments::default(),
            set_claim: Assignments::default(),
            condition: String::new(),
            condition_binds: Vec::new(),
        }
    }

    /// The main table `e` with what is known of each row as `c`; nothing is, while there are no side tables.
    pub(crate) fn rows_and_claims(&self) -> String {
        if self.has_sides {
            return self.spec.joined("LEFT JOIN", self.dialect().same);
        }
        let nothing = "SELECT NULL AS experiment_id, NULL AS attempt";
        format!("`{}` e LEFT JOIN ({nothing}) c ON 1=0", self.spec.name)
    }

    /// Gives each row of a query to `each`. The query is read in pages: its first column is an ID, and it ends with
    /// `ID > ? ORDER BY ID`, of that ID.
    pub(crate) async fn each_row(
        &mut self,
        query: &str,
        mut each: impl AsyncFnMut(&mut Self, Row) -> Result<()>,
    ) -> Result<()> {
        let sql = format!("{query} LIMIT {PAGE}");
        let mut after = 0;
        loop {
            let page = Statement::new(&sql, vec![Value::Int(after)]);
            let rows = self.connection.repeat(async |connection| connection.rows(page.clone()).await).await?;
            let Some(last) = rows.last().and_then(|row| row.int(0)) else { return Ok(()) };
            after = last;
            for row in rows {
                each(self, row).await?;
            }
        }
    }

    /// The keyfields' columns of the alias `e`, for a SELECT.
    pub(crate) fn key_columns(&self) -> String {
        let columns = self.spec.keyfields.iter().map(|column| format!("e.`{}`", column.name));
        columns.collect::<Vec<_>>().join(", ")
    }
}

/// Runs a fenced update; says whether its condition held. It may be repeated whole.
pub(crate) async fn fenced(connection: &mut Connection, update: &FencedUpdate) -> Result<bool> {
    Ok(fenced_each(connection, [update]).await?.contains(&true))
}

/// Runs fenced updates in one transaction; says of each whether its condition held. It may be repeated whole.
pub(crate) async fn fenced_each(
    connection: &mut Connection,
    updates: impl IntoIterator<Item = &FencedUpdate>,
) -> Result<Vec<bool>> {
    let dialect = connection.dialect();
    connection.execute_each(updates.into_iter().map(|update| dialect.fenced(update)).collect()).await
}

/// Runs a fenced update within a transaction.
pub(crate) async fn fenced_within(connection: &mut Connection, update: &FencedUpdate) -> Result<bool> {
    let statements = connection.dialect().fenced(update);
    connection.execute_while_matching(statements).await
}

/// `?, ?, ?`.
pub(crate) fn placeholders(n: usize) -> String {
    vec!["?"; n].join(", ")
}

/// The present local time as `PyExperimenter` writes it.
pub(crate) fn local_now() -> String {
    chrono::Local::now().format("%Y-%m-%d %H:%M:%S").to_string()
}
