//! One connection to either database: statements, transactions, deadlines.

mod file_system;
mod holder;
mod mysql;
mod sqlite;
mod turns;

pub use file_system::FileSystem;

use std::time::{Duration, Instant};

use crate::dialect::Dialect;
use crate::statement::{Row, Statement};
use crate::{Backend, Result, StoreError, Target, fault};

/// How often an idempotent piece of work is repeated that met a conflict.
const TRIES: u32 = 12;

/// What takes less than this is repeated whatever the patience is.
const AT_ONCE: Duration = Duration::from_secs(1);

/// For how long such work is repeated while the database is away, unless another patience is given.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that opens itself again after it was lost.
#[derive(Debug)]
pub(crate) struct Connection {
    link: Link,
    patience: Duration,
}

#[derive(Debug)]
enum Link {
    Mysql(mysql::Connection),
    Sqlite(sqlite::Connection),
}

impl Connection {
    pub(crate) async fn open(target: &Target, deadline: Duration) -> Result<Self> {
        let deadline = fault::deadline(deadline);
        let link = match target {
            Target::Mysql { url, .. } => Link::Mysql(mysql::Connection::open(url, deadline).await?),
            Target::Sqlite { path, on_network } => {
                Link::Sqlite(sqlite::Connection::open(path, *on_network, deadline).await?)
            }
        };
        Ok(Self { link, patience: PATIENCE })
    }

    /// For how long work is repeated while the database is away; it is tried on a new connection in any case.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Has statements wait at most so long for a row's lock. `SQLite` knows none: there everybody waits for the same file.
    pub(crate) async fn set_lock_wait(&mut self, at_most: Duration) -> Result<()> {
        match &mut self.link {
            Link::Mysql(connection) => connection.set_lock_wait(at_most).await,
            Link::Sqlite(_) => Ok(()),
        }
    }

    /// Has writes of many rows take memory rather than time, or no more. A server has memory of its own.
    pub(crate) async fn set_bulk(&mut self, is_bulk: bool) -> Result<()> {
        match &mut self.link {
            Link::Mysql(_) => Ok(()),
            Link::Sqlite(connection) => connection.set_bulk(is_bulk).await,
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        match self.link {
            Link::Mysql(_) => Backend::Mysql,
            Link::Sqlite(_) => Backend::Sqlite,
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::of(self.backend())
    }

    /// The most values that one statement can bind, and the most bytes that it should carry.
    pub(crate) fn limits(&self) -> (usize, usize) {
        match &self.link {
            Link::Mysql(connection) => (60_000, connection.max_packet() / 2),
            Link::Sqlite(_) => (32_766, usize::MAX),
        }
    }

    /// How many calls the database has not served so far, those that were repeated included.
    pub(crate) fn lost_calls(&self) -> u64 {
        match &self.link {
            Link::Mysql(connection) => connection.lost_calls(),
            Link::Sqlite(connection) => connection.lost_calls(),
        }
    }

    /// Runs a statement that changes something; gives the number of rows that it matched.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<usize> {
        fault::before(&statement.sql)?;
        let result = match &mut self.link {
            Link::Mysql(connection) => connection.execute(statement).await?,
            Link::Sqlite(connection) => connection.execute(statement).await?,
        };
        fault::after("the statement")?;
        Ok(result)
    }

    /// Runs statements up to the first that matches nothing; says whether all of them matched.
    pub(crate) async fn execute_while_matching(&mut self, statements: Vec<Statement>) -> Result<bool> {
        for statement in statements {
            if self.execute(statement).await? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The same with several lists of statements, in one transaction; says it of each list.
    pub(crate) async fn execute_each(&mut self, mut lists: Vec<Vec<Statement>>) -> Result<Vec<bool>> {
        if let Link::Sqlite(connection) = &mut self.link {
            return connection.execute_each(lists).await;
        }
        if let [list] = &mut lists[..]
            && list.len() == 1
        {
            // One statement is a transaction by itself.
            return Ok(vec![self.execute_while_matching(std::mem::take(list)).await?]);
        }
        self.transaction(async |connection| {
            let mut matched = Vec::with_capacity(lists.len());
            for list in lists {
                matched.push(connection.execute_while_matching(list).await?);
            }
            Ok(matched)
        })
        .await
    }

    /// Runs a query.
    pub(crate) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        fault::before(&statement.sql)?;
        let result = match &mut self.link {
            Link::Mysql(connection) => connection.rows(statement).await?,
            Link::Sqlite(connection) => connection.rows(statement).await?,
        };
        fault::after("the statement")?;
        Ok(result)
    }

    /// Runs several statements without values, such as those that create tables.
    pub(crate) async fn batch(&mut self, sql: String) -> Result<()> {
        fault::before(&sql)?;
        match &mut self.link {
            Link::Mysql(connection) => connection.batch(sql).await?,
            Link::Sqlite(connection) => connection.batch(sql).await?,
        }
        fault::after("the statement")
    }

    /// Runs `work` in one transaction: committed when it gives `Ok`, else rolled back.
    pub(crate) async fn transaction<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        fault::before("BEGIN")?;
        self.begin().await?;
        let worked = async {
            fault::after("BEGIN")?;
            let value = work(self).await?;
            fault::before("COMMIT")?;
            Ok(value)
        };
        match worked.await {
            Ok(value) => {
                self.commit().await?;
                fault::after("COMMIT")?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to tell; a connection that cannot roll back is dropped, which does.
                self.abandon().await;
                Err(error)
            }
        }
    }

    /// Repeats idempotent work that met a conflict or lost its connection, with jittered back-off. An error leaves its
    /// outcome unknown.
    pub(crate) async fn repeat<T>(&mut self, mut work: impl AsyncFnMut(&mut Self) -> Result<T>) -> Result<T> {
        let begun = Instant::now();
        let mut tries = 1;
        loop {
            let error = match work(self).await {
                Err(error) if error.is_transient() => error,
                result => return result,
            };
            let again = match error {
                // A deadlock is over at once, a lock that somebody holds is not.
                StoreError::Conflict(_) => tries < TRIES && begun.elapsed() < self.patience.max(AT_ONCE),
                // In any case once on a new connection.
                _ => tries == 1 || begun.elapsed() < self.patience,
            };
            if !again {
                return Err(error);
            }
            backoff(tries, &error).await;
            tries += 1;
        }
    }

    async fn begin(&mut self) -> Result<()> {
        match &mut self.link {
            Link::Mysql(connection) => connection.begin().await,
            Link::Sqlite(connection) => connection.begin().await,
        }
    }

    async fn commit(&mut self) -> Result<()> {
        match &mut self.link {
            Link::Mysql(connection) => connection.commit().await,
            Link::Sqlite(connection) => connection.commit().await,
        }
    }

    async fn abandon(&mut self) {
        match &mut self.link {
            Link::Mysql(connection) => connection.abandon().await,
            Link::Sqlite(connection) => connection.abandon().await,
        }
    }
}

/// A conflict is over in milliseconds, a lost server takes seconds.
async fn backoff(tries: u32, error: &StoreError) {
    let base = if matches!(error, StoreError::Conflict(_)) { 2 } else { 100 };
    let longest = (base << tries.min(6)).min(3_000);
    tokio::time::sleep(Duration::from_millis(crate::random::below(longest) + 1)).await;
}
