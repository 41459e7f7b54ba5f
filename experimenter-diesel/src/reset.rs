//! Reset: rows are open again, under their IDs; what they held is archived.

use crate::connection::Connection;
use crate::spec::Side;
use crate::statement::Statement;
use crate::store::{Store, placeholders};
use crate::{Result, Selector, TableSpec, Value};

/// How many rows are reset in one transaction.
const CHUNK: usize = 500;

impl Store {
    /// Opens the selected rows again. It moves the fence at once: nothing that an earlier attempt still writes can undo
    /// the reset. Gives the number of rows.
    ///
    /// # Errors
    /// When the database refuses; rows that were reset before stay so.
    pub async fn reset(&mut self, selector: &Selector) -> Result<u64> {
        self.adopt_all().await?;
        let mut total = 0;
        let mut after = 0;
        loop {
            let Self { connection, spec, .. } = self;
            let ids = connection
                .repeat(async |connection| {
                    connection.transaction(async |c| reset_chunk(c, spec, selector, after).await).await
                })
                .await?;
            let Some(last) = ids.last() else { return Ok(total) };
            after = *last;
            total += ids.len() as u64;
        }
    }
}

async fn reset_chunk(
    connection: &mut Connection,
    spec: &TableSpec,
    selector: &Selector,
    after: i64,
) -> Result<Vec<i64>> {
    let dialect = connection.dialect();
    let (condition, mut binds) = selector.condition();
    binds.push(Value::Int(after));
    let sql = format!(
        "SELECT e.ID FROM `{}` e WHERE {condition} AND e.ID > ? ORDER BY e.ID LIMIT {CHUNK} {}",
        spec.name, dialect.for_update
    );
    let rows = connection.rows(Statement::new(sql, binds)).await?;
    let ids: Vec<_> = rows.iter().filter_map(|row| row.int(0)).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    crate::archive::archive(connection, spec, &ids, "reset").await?;
    let marks = placeholders(ids.len());
    let binds: Vec<_> = ids.iter().copied().map(Value::Int).collect();
    let row = format!(
        "UPDATE `{}` SET status='created', start_date=NULL, end_date=NULL, name=NULL, machine=NULL, error=NULL \
         WHERE ID IN ({marks})",
        spec.name
    );
    connection.execute(Statement::new(row, binds.clone()).once()).await?;
    let claim = format!(
        "UPDATE `{}` SET attempt=attempt+1, state='ready', executer_id=NULL, crashes=0, log_seq=0, closed_at={} \
         WHERE experiment_id IN ({marks})",
        spec.side(Side::Claims),
        dialect.now
    );
    connection.execute(Statement::new(claim, binds).once()).await?;
    Ok(ids)
}
