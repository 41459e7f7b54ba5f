//! The connection to an `SQLite` file. Its calls block, so they run on threads of their own.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, RunQueryDsl, SqliteConnection};
use rustix::fs::{FlockOperation, flock};

use crate::dialect::sqlite::{CONNECTION_SETUP, JOURNAL_MODE, TO_WAL};
use crate::statement::{Row, Statement};
use crate::{Result, StoreError};

pub(crate) struct Connection {
    session: Arc<Mutex<Session>>,
    in_transaction: bool,
    lost_calls: u64,
}

struct Session {
    connection: SqliteConnection,
    lock: File,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("sqlite::Connection").field("in_transaction", &self.in_transaction).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let path = path.to_path_buf();
        let session = blocking(move || Session::open(&path)).await?;
        Ok(Self { session: Arc::new(Mutex::new(session)), in_transaction: false, lost_calls: 0 })
    }

    pub(super) fn lost_calls(&self) -> u64 {
        self.lost_calls
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<usize> {
        let alone = !self.in_transaction;
        self.call(move |session| {
            let connection = &mut session.connection;
            if alone {
                return locked(&session.lock, || Ok(statement.execute(connection)?));
            }
            Ok(statement.execute(connection)?)
        })
        .await
    }

    pub(super) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        self.call(move |session| Ok(statement.load(&mut session.connection)?)).await
    }

    pub(super) async fn batch(&mut self, sql: String) -> Result<()> {
        let alone = !self.in_transaction;
        self.call(move |session| {
            let connection = &mut session.connection;
            if alone {
                return locked(&session.lock, || Ok(connection.batch_execute(&sql)?));
            }
            Ok(connection.batch_execute(&sql)?)
        })
        .await
    }

    pub(super) async fn begin(&mut self) -> Result<()> {
        self.call(|session| {
            flock(&session.lock, FlockOperation::LockExclusive).map_err(lock_failed)?;
            session.connection.batch_execute("BEGIN IMMEDIATE").map_err(|error| {
                release(&session.lock);
                StoreError::from(error)
            })
        })
        .await?;
        self.in_transaction = true;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        self.end("COMMIT").await
    }

    pub(super) async fn abandon(&mut self) {
        // A rollback fails only where SQLite has rolled back by itself.
        let _rolled_back = self.end("ROLLBACK").await;
    }

    async fn end(&mut self, sql: &'static str) -> Result<()> {
        let result = self
            .call(move |session| {
                let result = session.connection.batch_execute(sql).map_err(StoreError::from);
                if result.is_err() && sql == "COMMIT" {
                    // A commit that met a lock leaves the transaction open.
                    let _rolled_back = session.connection.batch_execute("ROLLBACK");
                }
                release(&session.lock);
                result
            })
            .await;
        self.in_transaction = false;
        result
    }

    async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let session = Arc::clone(&self.session);
        let result = blocking(move || work(&mut session.lock().unwrap_or_else(PoisonError::into_inner))).await;
        // A lock that is waited for in vain is that of the whole file.
        if matches!(&result, Err(error) if error.is_outage() || error.is_transient()) {
            self.lost_calls += 1;
        }
        result
    }
}

impl Session {
    fn open(path: &Path) -> Result<Self> {
        let lock_path = sidecar(path);
        let url = path
            .to_str()
            .ok_or_else(|| StoreError::Url(format!("the path {} is not UTF-8, which SQLite needs", path.display())))?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(
                |error| match error.kind() {
                    std::io::ErrorKind::NotFound => StoreError::Unreachable(format!(
                        "the folder of {} does not exist; create it, or name another file by `--database sqlite://…`",
                        path.display()
                    )),
                    std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                        StoreError::NotPermitted(format!(
                            "cannot write beside the database: {}: {error}",
                            lock_path.display()
                        ))
                    }
                    _ => StoreError::Unreachable(format!("{}: {error}", lock_path.display())),
                },
            )?;
        let of_file = |error: StoreError| match error {
            StoreError::Database(reason) => StoreError::Database(format!("{}: {reason}", path.display())),
            other => other,
        };
        let mut connection = SqliteConnection::establish(url)
            .map_err(|error| StoreError::Unreachable(format!("{}: {error}", path.display())))?;
        connection.batch_execute(CONNECTION_SETUP).map_err(|error| of_file(error.into()))?;
        let mode: Vec<Row> =
            Statement::new(JOURNAL_MODE, Vec::new()).load(&mut connection).map_err(|error| of_file(error.into()))?;
        if mode.first().and_then(|row| row.text(0)) != Some("wal") {
            // Switching needs the file alone for a moment, so it takes its turn like any writer.
            locked(&lock, || connection.batch_execute(TO_WAL).map_err(|error| of_file(error.into())))?;
        }
        Ok(Self { connection, lock })
    }
}

/// `SQLite`'s own busy handler lets one process starve the others; a blocking `flock` takes them in turn.
fn locked<T>(lock: &File, work: impl FnOnce() -> Result<T>) -> Result<T> {
    flock(lock, FlockOperation::LockExclusive).map_err(lock_failed)?;
    let result = work();
    release(lock);
    result
}

fn release(lock: &File) {
    // Unlocking an open file that we locked does not fail; closing it would unlock it anyway.
    let _unlocked = flock(lock, FlockOperation::Unlock);
}

fn lock_failed(error: rustix::io::Errno) -> StoreError {
    StoreError::Database(format!("cannot lock the database's file: {error}"))
}

fn sidecar(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Database(format!("a thread of the database failed: {error}")))?
}
