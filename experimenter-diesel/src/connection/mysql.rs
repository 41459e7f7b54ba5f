//! The connection to `MySQL` and `MariaDB`, in pure Rust; every call has a deadline.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncMysqlConnection, SimpleAsyncConnection};
use tokio::time::timeout;

use crate::dialect::mysql::{SESSION_SETTINGS, SESSION_SETUP, lock_wait};
use crate::statement::{Row, Statement};
use crate::{Result, StoreError};

/// How long a statement waits for a row's lock, unless another wait is given.
const LOCK_WAIT: Duration = Duration::from_secs(10);

pub(crate) struct Connection {
    url: String,
    deadline: Duration,
    /// `None` after a call whose outcome is unknown: the next one connects anew.
    session: Option<AsyncMysqlConnection>,
    /// How long a statement waits for a row's lock.
    lock_wait: Duration,
    max_packet: usize,
    in_transaction: bool,
    lost_calls: u64,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("mysql::Connection").field("connected", &self.session.is_some()).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) async fn open(url: &str, deadline: Duration) -> Result<Self> {
        let mut connection = Self {
            url: url.to_owned(),
            deadline,
            session: None,
            lock_wait: LOCK_WAIT,
            max_packet: 1 << 20,
            in_transaction: false,
            lost_calls: 0,
        };
        connection.session().await?;
        let settings = connection.rows(Statement::new(SESSION_SETTINGS, Vec::new()).once()).await?;
        if let Some(bytes) = settings.first().and_then(|row| row.int(0)) {
            connection.max_packet = usize::try_from(bytes).unwrap_or(connection.max_packet);
        }
        Ok(connection)
    }

    pub(super) fn max_packet(&self) -> usize {
        self.max_packet
    }

    /// Has statements wait at most so long for a row's lock, and never longer than is usual.
    pub(super) async fn set_lock_wait(&mut self, at_most: Duration) -> Result<()> {
        self.lock_wait = at_most.min(LOCK_WAIT);
        self.batch(lock_wait(self.lock_wait)).await
    }

    pub(super) fn lost_calls(&self) -> u64 {
        self.lost_calls
    }

    /// The server would close the connection on a statement that is too large, as if the network had failed.
    fn check(&self, statement: &Statement) -> Result<()> {
        let bytes = statement.bytes();
        if bytes < self.max_packet {
            return Ok(());
        }
        Err(StoreError::Database(format!(
            "{bytes} bytes are more than the {} that the server takes in one statement (max_allowed_packet); write large \
             data to a file, and its name to the table",
            self.max_packet
        )))
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<usize> {
        self.check(&statement)?;
        self.call(async |session| diesel_async::RunQueryDsl::execute(statement, session).await).await
    }

    pub(super) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        self.check(&statement)?;
        self.call(async |session| diesel_async::RunQueryDsl::load(statement, session).await).await
    }

    pub(super) async fn batch(&mut self, sql: String) -> Result<()> {
        self.call(async |session| session.batch_execute(&sql).await).await
    }

    pub(super) async fn begin(&mut self) -> Result<()> {
        self.in_transaction = false;
        self.batch("BEGIN".to_owned()).await?;
        self.in_transaction = true;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        let result = self.batch("COMMIT".to_owned()).await;
        self.in_transaction = false;
        result
    }

    pub(super) async fn abandon(&mut self) {
        if self.session.is_some() && self.batch("ROLLBACK".to_owned()).await.is_err() {
            self.session = None;
        }
        self.in_transaction = false;
    }

    async fn call<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut AsyncMysqlConnection) -> diesel::QueryResult<T>,
    ) -> Result<T> {
        let result = self.call_once(work).await;
        // Waiting in vain for a row's lock holds up nobody's beat.
        if matches!(&result, Err(error) if error.is_outage()) {
            self.lost_calls += 1;
        }
        result
    }

    /// One call with the deadline. A session that failed to answer is dropped, for its state is unknown.
    async fn call_once<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut AsyncMysqlConnection) -> diesel::QueryResult<T>,
    ) -> Result<T> {
        let deadline = self.deadline;
        if self.in_transaction && self.session.is_none() {
            return Err(StoreError::Unreachable("the connection was lost within a transaction".to_owned()));
        }
        let session = self.session().await?;
        let result = match timeout(deadline, work(session)).await {
            Ok(result) => result.map_err(StoreError::from),
            Err(_) => Err(StoreError::Deadline { seconds: deadline.as_secs() }),
        };
        if matches!(result, Err(StoreError::Unreachable(_) | StoreError::Deadline { .. })) {
            self.session = None;
        }
        result
    }

    async fn session(&mut self) -> Result<&mut AsyncMysqlConnection> {
        if self.session.is_none() {
            self.session = Some(connect(&self.url, self.deadline, self.lock_wait).await?);
        }
        self.session.as_mut().ok_or_else(|| StoreError::Unreachable("not connected".to_owned()))
    }
}

async fn connect(url: &str, deadline: Duration, waits: Duration) -> Result<AsyncMysqlConnection> {
    let connecting = async {
        let mut session = AsyncMysqlConnection::establish(url).await?;
        session.batch_execute(&format!("{SESSION_SETUP}; {}", lock_wait(waits))).await?;
        Ok(session)
    };
    match timeout(deadline, connecting).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Unreachable(format!("no answer within {} s", deadline.as_secs()))),
    }
}
