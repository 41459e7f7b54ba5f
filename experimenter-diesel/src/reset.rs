//! Opening rows again, under their IDs: a reset archives what they held, an unpause lets it stand.

use crate::checkpoint::Position;
use crate::connection::Connection;
use crate::spec::Side;
use crate::statement::Statement;
use crate::store::{Store, placeholders};
use crate::{Result, Selector, Status, TableSpec, Value};

/// How many rows are opened in one transaction.
const CHUNK: usize = 500;

impl Store {
    /// Opens the selected rows again. It moves the fence at once: nothing that an earlier attempt still writes can undo
    /// the reset. Gives the number of rows.
    ///
    /// # Errors
    /// When the database refuses; rows that were reset before stay so.
    pub async fn reset(&mut self, selector: &Selector) -> Result<u64> {
        self.in_chunks(selector, reset).await
    }

    /// Opens those of the selected rows that are paused. What they hold stands until they are claimed; then they go on
    /// from their checkpoints. Gives the number of rows.
    ///
    /// # Errors
    /// When the database refuses; rows that were opened before stay so.
    pub async fn unpause(&mut self, selector: &Selector) -> Result<u64> {
        if !selector.statuses.is_empty() && !selector.statuses.contains(&Status::Paused) {
            return Ok(0);
        }
        let paused = Selector { statuses: vec![Status::Paused], ..selector.clone() };
        self.in_chunks(&paused, unpause).await
    }

    /// Changes the selected rows in chunks, each locked and in a transaction of its own. Gives the number of rows.
    async fn in_chunks(
        &mut self,
        selector: &Selector,
        mut change: impl AsyncFnMut(&mut Connection, &TableSpec, &[i64]) -> Result<()>,
    ) -> Result<u64> {
        self.adopt_all().await?;
        let mut total = 0;
        let mut after = 0;
        loop {
            let Self { connection, spec, .. } = self;
            let ids = connection
                .repeat(async |connection| {
                    connection
                        .transaction(async |connection| {
                            let ids = locked(connection, spec, selector, after).await?;
                            if !ids.is_empty() {
                                change(connection, spec, &ids).await?;
                            }
                            Ok(ids)
                        })
                        .await
                })
                .await?;
            let Some(last) = ids.last() else { return Ok(total) };
            after = *last;
            total += ids.len() as u64;
        }
    }
}

/// The next of the selected rows, locked.
async fn locked(connection: &mut Connection, spec: &TableSpec, selector: &Selector, after: i64) -> Result<Vec<i64>> {
    let (condition, mut binds) = selector.condition(connection.dialect());
    binds.push(Value::Int(after));
    let sql = format!(
        "SELECT e.ID FROM `{}` e WHERE {condition} AND e.ID > ? ORDER BY e.ID LIMIT {CHUNK} {}",
        spec.name,
        connection.dialect().for_update
    );
    let rows = connection.rows(Statement::new(sql, binds)).await?;
    Ok(rows.iter().filter_map(|row| row.int(0)).collect())
}

async fn reset(connection: &mut Connection, spec: &TableSpec, ids: &[i64]) -> Result<()> {
    crate::archive::archive(connection, spec, ids, "reset", &Position::default()).await?;
    open(connection, spec, ids).await?;
    let now = connection.dialect().now;
    let claims = format!(
        "UPDATE `{}` SET attempt=attempt+1, state='ready', executer_id=NULL, crashes=0, returns=0, log_seq=0, closed_at={now}",
        spec.side(Side::Claims)
    );
    change(connection, claims, "experiment_id", ids).await?;
    change(connection, format!("DELETE FROM `{}`", spec.side(Side::Checkpoints)), "experiment_id", ids).await
}

async fn unpause(connection: &mut Connection, spec: &TableSpec, ids: &[i64]) -> Result<()> {
    open(connection, spec, ids).await?;
    let claims = format!("UPDATE `{}` SET state='released', executer_id=NULL", spec.side(Side::Claims));
    change(connection, claims, "experiment_id", ids).await
}

async fn open(connection: &mut Connection, spec: &TableSpec, ids: &[i64]) -> Result<()> {
    let rows = format!(
        "UPDATE `{}` SET status='created', start_date=NULL, end_date=NULL, name=NULL, machine=NULL, error=NULL",
        spec.name
    );
    change(connection, rows, "ID", ids).await
}

/// Runs a statement on the lines with some IDs.
async fn change(connection: &mut Connection, statement: String, id: &str, ids: &[i64]) -> Result<()> {
    let sql = format!("{statement} WHERE {id} IN ({})", placeholders(ids.len()));
    let binds = ids.iter().copied().map(Value::Int).collect();
    connection.execute(Statement::new(sql, binds).once()).await.map(drop)
}
