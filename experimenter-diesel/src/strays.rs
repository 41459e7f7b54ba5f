//! Strays: rows of the table that the grid does not have, or no longer.

use std::collections::HashSet;

use crate::adopt::read_key;
use crate::connection::Connection;
use crate::key::KeyHash;
use crate::report::Counts;
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::{Store, placeholders};
use crate::{Result, Status, TableSpec, Value};

/// How many rows are removed in one transaction.
const CHUNK: usize = 500;

/// The rows of a table that a grid does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strays {
    /// How many there are of each status.
    pub counts: Counts,
    /// The IDs of those that never ran.
    pub never_ran: Vec<i64>,
}

impl Store {
    /// Finds the rows that are not among `rows`, which gives the keyfields' values in the spec's order.
    ///
    /// # Errors
    /// [`StoreError::Misfit`](crate::StoreError::Misfit) for a value that its column would change.
    pub async fn strays(&mut self, rows: impl Iterator<Item = Vec<Value>>) -> Result<Strays> {
        let grid: HashSet<KeyHash> =
            rows.map(|values| Ok(KeyHash::of(&self.spec.keyfields, &self.fit_key(&values)?))).collect::<Result<_>>()?;
        let mut strays = Strays::default();
        let sql = format!(
            "SELECT e.ID, e.status, c.attempt, {} FROM `{}` e LEFT JOIN `{}` c ON c.experiment_id=e.ID \
             AND c.created {} e.creation_date WHERE e.ID > ? ORDER BY e.ID",
            self.key_columns(),
            self.spec.name,
            self.side(Side::Claims),
            self.dialect().same
        );
        self.each_row(&sql, async |store, row| {
            strays.look_at(&store.spec, row, &grid);
            Ok(())
        })
        .await?;
        Ok(strays)
    }

    /// Removes those of the rows that never ran, and are still open; gives their number.
    ///
    /// # Errors
    /// When the database refuses; rows that were removed before stay so.
    pub async fn prune(&mut self, ids: &[i64]) -> Result<u64> {
        let Self { connection, spec } = self;
        let mut removed = 0;
        for chunk in ids.chunks(CHUNK) {
            removed += connection
                .repeat(async |connection| connection.transaction(async |c| remove(c, spec, chunk).await).await)
                .await?;
        }
        Ok(removed)
    }
}

impl Strays {
    fn look_at(&mut self, spec: &TableSpec, mut row: Row, grid: &HashSet<KeyHash>) {
        let status = row.text(1).and_then(|text| text.parse::<Status>().ok());
        let (id, attempt) = (row.int(0).unwrap_or_default(), row.int(2));
        if grid.contains(&KeyHash::of(&spec.keyfields, &read_key(spec, &mut row, 3))) {
            return;
        }
        self.counts.add(status, 1);
        if status == Some(Status::Created) && attempt.unwrap_or_default() == 0 {
            self.never_ran.push(id);
        }
    }
}

/// The rows are locked first, so that none is claimed while it is removed.
async fn remove(connection: &mut Connection, spec: &TableSpec, ids: &[i64]) -> Result<u64> {
    let dialect = connection.dialect();
    let claims = spec.side(Side::Claims);
    let binds = |ids: &[i64]| ids.iter().copied().map(Value::Int).collect::<Vec<_>>();
    let sql = format!(
        "SELECT e.ID FROM `{}` e JOIN `{claims}` c ON c.experiment_id=e.ID AND c.created {} e.creation_date \
         WHERE e.ID IN ({}) AND e.status='created' AND c.attempt=0 ORDER BY e.ID {}",
        spec.name,
        dialect.same,
        placeholders(ids.len()),
        dialect.for_update
    );
    let rows = connection.rows(Statement::new(sql, binds(ids)).once()).await?;
    let ids: Vec<_> = rows.iter().filter_map(|row| row.int(0)).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    for (table, column) in [(&claims, "experiment_id"), (&spec.name, "ID")] {
        let sql = format!("DELETE FROM `{table}` WHERE {column} IN ({})", placeholders(ids.len()));
        connection.execute(Statement::new(sql, binds(&ids)).once()).await?;
    }
    Ok(ids.len() as u64)
}
