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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strays {
    /// How many there are of each status.
    pub counts: Counts,
    /// Those that never ran.
    pub never_ran: Vec<Stray>,
}

/// One row that a grid does not have, by its identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Stray {
    id: i64,
    created: Value,
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
            "SELECT e.ID, e.status, e.creation_date, {} AND COALESCE(c.attempt, 0)=0, {} FROM {} WHERE e.ID > ? \
             ORDER BY e.ID",
            never_ran(&self.spec),
            self.key_columns(),
            self.rows_and_claims()
        );
        self.each_row(&sql, async |store, row| {
            strays.look_at(&store.spec, row, &grid);
            Ok(())
        })
        .await?;
        Ok(strays)
    }

    /// Removes those of the rows that have not run meanwhile; gives their number.
    ///
    /// # Errors
    /// When the database refuses; rows that were removed before stay so.
    pub async fn prune(&mut self, strays: &[Stray]) -> Result<u64> {
        let Self { connection, spec, .. } = self;
        let mut removed = 0;
        for chunk in strays.chunks(CHUNK) {
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
        if grid.contains(&KeyHash::of(&spec.keyfields, &read_key(spec, &mut row, 4))) {
            return;
        }
        self.counts.add(status, 1);
        if row.int(3) == Some(1) {
            self.never_ran.push(Stray { id: row.int(0).unwrap_or_default(), created: row.take(2) });
        }
    }
}

/// The condition that nothing and nobody has run a row: `PyExperimenter` leaves no trace but in the row itself.
fn never_ran(spec: &TableSpec) -> String {
    let empty: Vec<_> = spec.result_columns().iter().map(|column| format!(" AND e.`{column}` IS NULL")).collect();
    format!("(e.status='created' AND e.start_date IS NULL AND e.name IS NULL{})", empty.concat())
}

/// The rows are locked first, so that none is claimed while it is removed.
async fn remove(connection: &mut Connection, spec: &TableSpec, strays: &[Stray]) -> Result<u64> {
    let dialect = connection.dialect();
    let binds = |ids: &[i64]| ids.iter().copied().map(Value::Int).collect::<Vec<_>>();
    let ids: Vec<_> = strays.iter().map(|stray| stray.id).collect();
    let sql = format!(
        "SELECT e.ID, e.creation_date FROM {} WHERE e.ID IN ({}) AND {} AND c.attempt=0 ORDER BY e.ID {}",
        spec.joined("JOIN", dialect.same),
        placeholders(ids.len()),
        never_ran(spec),
        dialect.for_update
    );
    let rows = connection.rows(Statement::new(sql, binds(&ids)).once()).await?;
    // A table that was dropped and filled meanwhile has other rows under the same IDs.
    let found = rows.into_iter().map(|mut row| Stray { id: row.int(0).unwrap_or_default(), created: row.take(1) });
    let ids: Vec<_> = found.filter(|stray| strays.contains(stray)).map(|stray| stray.id).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    let (claims, checkpoints) = (spec.side(Side::Claims), spec.side(Side::Checkpoints));
    for (table, column) in [(claims, "experiment_id"), (checkpoints, "experiment_id"), (spec.name.clone(), "ID")] {
        let sql = format!("DELETE FROM `{table}` WHERE {column} IN ({})", placeholders(ids.len()));
        connection.execute(Statement::new(sql, binds(&ids)).once()).await?;
    }
    Ok(ids.len() as u64)
}
