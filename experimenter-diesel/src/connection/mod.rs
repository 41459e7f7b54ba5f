//! One connection to either database: statements, transactions, deadlines.

mod mysql;
mod sqlite;

use std::time::Duration;

use crate::dialect::Dialect;
use crate::statement::{Row, Statement};
use crate::{Backend, Result, StoreError, Target};

/// How often an idempotent piece of work is repeated that met a conflict or a lost connection.
const TRIES: u32 = 12;

/// A connection that opens itself again after it was lost.
#[derive(Debug)]
pub(crate) enum Connection {
    Mysql(mysql::Connection),
    Sqlite(sqlite::Connection),
}

impl Connection {
    pub(crate) async fn open(target: &Target, deadline: Duration) -> Result<Self> {
        match target {
            Target::Mysql { url, .. } => mysql::Connection::open(url, deadline).await.map(Self::Mysql),
            Target::Sqlite(path) => sqlite::Connection::open(path).await.map(Self::Sqlite),
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        match self {
            Self::Mysql(_) => Backend::Mysql,
            Self::Sqlite(_) => Backend::Sqlite,
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::of(self.backend())
    }

    /// The most values that one statement can bind, and the most bytes that it should carry.
    pub(crate) fn limits(&self) -> (usize, usize) {
        match self {
            Self::Mysql(connection) => (60_000, connection.max_packet() / 2),
            Self::Sqlite(_) => (32_766, usize::MAX),
        }
    }

    /// Runs a statement that changes something; gives the number of rows that it matched.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<usize> {
        match self {
            Self::Mysql(connection) => connection.execute(statement).await,
            Self::Sqlite(connection) => connection.execute(statement).await,
        }
    }

    /// Runs a query.
    pub(crate) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        match self {
            Self::Mysql(connection) => connection.rows(statement).await,
            Self::Sqlite(connection) => connection.rows(statement).await,
        }
    }

    /// Runs several statements without values, such as those that create tables.
    pub(crate) async fn batch(&mut self, sql: String) -> Result<()> {
        match self {
            Self::Mysql(connection) => connection.batch(sql).await,
            Self::Sqlite(connection) => connection.batch(sql).await,
        }
    }

    /// Runs `work` in one transaction: committed when it gives `Ok`, else rolled back.
    pub(crate) async fn transaction<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin().await?;
        match work(self).await {
            Ok(value) => self.commit().await.map(|()| value),
            Err(error) => {
                // The first error is the one to tell; a connection that cannot roll back is dropped, which does.
                self.abandon().await;
                Err(error)
            }
        }
    }

    /// Repeats idempotent work that met a conflict or lost its connection, with jittered back-off.
    pub(crate) async fn repeat<T>(&mut self, mut work: impl AsyncFnMut(&mut Self) -> Result<T>) -> Result<T> {
        let mut tries = 1;
        loop {
            match work(self).await {
                Err(error) if error.is_transient() && tries < TRIES => backoff(tries, &error).await,
                result => return result,
            }
            tries += 1;
        }
    }

    async fn begin(&mut self) -> Result<()> {
        match self {
            Self::Mysql(connection) => connection.begin().await,
            Self::Sqlite(connection) => connection.begin().await,
        }
    }

    async fn commit(&mut self) -> Result<()> {
        match self {
            Self::Mysql(connection) => connection.commit().await,
            Self::Sqlite(connection) => connection.commit().await,
        }
    }

    async fn abandon(&mut self) {
        match self {
            Self::Mysql(connection) => connection.abandon().await,
            Self::Sqlite(connection) => connection.abandon().await,
        }
    }
}

/// A conflict is over in milliseconds, a lost server takes seconds.
async fn backoff(tries: u32, error: &StoreError) {
    let base = if matches!(error, StoreError::Conflict(_)) { 2 } else { 100 };
    let longest = (base << tries.min(6)).min(3_000);
    tokio::time::sleep(Duration::from_millis(crate::random::below(longest) + 1)).await;
}
