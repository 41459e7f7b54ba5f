//! The connection to an `SQLite` file. Its calls block, so they run on threads of their own.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, RunQueryDsl, SqliteConnection};

use super::file_system::FileSystem;
use super::turns::{Turn, Turns};
use crate::dialect::sqlite::{BULK, CONNECTION_SETUP, JOURNAL_MODE, NO_BULK, TO_WAL};
use crate::statement::{Row, Statement};
use crate::{Result, StoreError, fault};

pub(crate) struct Connection {
    session: Arc<Mutex<Session>>,
    turns: Turns,
    in_transaction: bool,
    lost_calls: u64,
}

struct Session {
    // Dropped in this order: what the transaction wrote is rolled back before another writer has its turn.
    connection: SqliteConnection,
    /// The turn of the transaction that is open.
    turn: Option<Turn>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("sqlite::Connection").field("in_transaction", &self.in_transaction).finish_non_exhaustive()
    }
}

impl Connection {
    /// Opens the file. A write that waits longer than the deadline for its turn is a conflict.
    pub(super) async fn open(path: &Path, on_network: bool, deadline: Duration) -> Result<Self> {
        let file = path.to_path_buf();
        let turns = blocking(move || {
            if !on_network && let Ok(system) = FileSystem::of(&file) {
                system.check(&file)?;
            }
            Turns::new(&file, deadline)
        });
        let mut turns = turns.await?;
        let file = path.to_path_buf();
        let mut session = blocking(move || Session::open(&file)).await?;
        if !session.has_wal().map_err(|error| of_file(path, error))? {
            // Switching needs the file alone for a moment, so it takes its turn like any writer.
            let to_wal = turns.take(move |_turn| {
                session.connection.batch_execute(TO_WAL)?;
                Ok(session)
            });
            session = to_wal.await.map_err(|error| of_file(path, error))?;
        }
        Ok(Self { session: Arc::new(Mutex::new(session)), turns, in_transaction: false, lost_calls: 0 })
    }

    /// Writes nothing, so that it waits for no turn.
    pub(super) async fn set_bulk(&mut self, is_bulk: bool) -> Result<()> {
        let settings = if is_bulk { BULK } else { NO_BULK };
        self.call(move |session| Ok(session.connection.batch_execute(settings)?)).await
    }

    pub(super) fn lost_calls(&self) -> u64 {
        self.lost_calls
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<usize> {
        self.write(move |connection| Ok(statement.execute(connection)?)).await
    }

    /// A whole transaction on one thread: going from thread to thread takes longer than a short statement.
    pub(super) async fn execute_each(&mut self, lists: Vec<Vec<Statement>>) -> Result<Vec<bool>> {
        self.abandon_forgotten().await;
        // Who stops here holds up nobody.
        fault::before("BEGIN")?;
        self.in_turn(move |session, _turn| {
            session.transaction(|session| lists.into_iter().map(|list| session.execute_while_matching(list)).collect())
        })
        .await
    }

    pub(super) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        self.call(move |session| Ok(statement.load(&mut session.connection)?)).await
    }

    pub(super) async fn batch(&mut self, sql: String) -> Result<()> {
        self.write(move |connection| Ok(connection.batch_execute(&sql)?)).await
    }

    pub(super) async fn begin(&mut self) -> Result<()> {
        self.abandon_forgotten().await;
        self.in_transaction = true;
        let begun = self
            .in_turn(|session, turn| {
                session.connection.batch_execute("BEGIN IMMEDIATE")?;
                session.turn = Some(turn);
                Ok(())
            })
            .await;
        self.in_transaction = begun.is_ok();
        begun
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        self.end("COMMIT").await
    }

    pub(super) async fn abandon(&mut self) {
        // A rollback fails only where SQLite has rolled back by itself.
        let _rolled_back = self.end("ROLLBACK").await;
    }

    /// Rolls a transaction back that is open although another begins: the call that began it was given up half-way.
    async fn abandon_forgotten(&mut self) {
        if self.in_transaction {
            self.abandon().await;
        }
    }

    async fn end(&mut self, sql: &'static str) -> Result<()> {
        let result = self
            .call(move |session| {
                let result = session.end(sql);
                session.turn = None;
                result
            })
            .await;
        self.in_transaction = false;
        result
    }

    /// A write in a turn of its own, or in that of the transaction.
    async fn write<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.in_transaction {
            return self.call(move |session| work(&mut session.connection)).await;
        }
        self.in_turn(move |session, _turn| work(&mut session.connection)).await
    }

    async fn in_turn<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Session, Turn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let session = Arc::clone(&self.session);
        let work = move |turn| work(&mut session.lock().unwrap_or_else(PoisonError::into_inner), turn);
        let result = self.turns.take(work).await;
        self.counted(result)
    }

    async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let session = Arc::clone(&self.session);
        let result = blocking(move || work(&mut session.lock().unwrap_or_else(PoisonError::into_inner))).await;
        self.counted(result)
    }

    fn counted<T>(&mut self, result: Result<T>) -> Result<T> {
        // A lock that is waited for in vain is that of the whole file.
        if matches!(&result, Err(error) if error.is_outage() || error.is_transient()) {
            self.lost_calls += 1;
        }
        result
    }
}

impl Session {
    fn open(path: &Path) -> Result<Self> {
        let url = path
            .to_str()
            .ok_or_else(|| StoreError::Url(format!("the path {} is not UTF-8, which SQLite needs", path.display())))?;
        let mut connection = SqliteConnection::establish(url)
            .map_err(|error| StoreError::Unreachable(format!("{}: {error}", path.display())))?;
        connection.batch_execute(CONNECTION_SETUP).map_err(|error| of_file(path, error.into()))?;
        Ok(Self { connection, turn: None })
    }

    /// Runs `work` in one transaction, within a turn: committed when it gives `Ok`, else rolled back.
    fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.connection.batch_execute("BEGIN IMMEDIATE")?;
        let worked = fault::after("BEGIN").and_then(|()| work(self));
        match worked.and_then(|value| fault::before("COMMIT").map(|()| value)) {
            Ok(value) => {
                self.end("COMMIT")?;
                fault::after("COMMIT")?;
                Ok(value)
            }
            Err(error) => {
                // A rollback fails only where SQLite has rolled back by itself.
                let _rolled_back = self.end("ROLLBACK");
                Err(error)
            }
        }
    }

    fn end(&mut self, sql: &str) -> Result<()> {
        let result = self.connection.batch_execute(sql).map_err(StoreError::from);
        if result.is_err() && sql == "COMMIT" {
            // A commit that met a lock leaves the transaction open.
            let _rolled_back = self.connection.batch_execute("ROLLBACK");
        }
        result
    }

    fn execute_while_matching(&mut self, statements: Vec<Statement>) -> Result<bool> {
        for statement in statements {
            fault::before(&statement.sql)?;
            let matched = statement.execute(&mut self.connection)?;
            fault::after("the statement")?;
            if matched == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn has_wal(&mut self) -> Result<bool> {
        let mode: Vec<Row> = Statement::new(JOURNAL_MODE, Vec::new()).load(&mut self.connection)?;
        Ok(mode.first().and_then(|row| row.text(0)) == Some("wal"))
    }
}

fn of_file(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Database(reason) => StoreError::Database(format!("{}: {reason}", path.display())),
        other => other,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Database(format!("a thread of the database failed: {error}")))?
}
