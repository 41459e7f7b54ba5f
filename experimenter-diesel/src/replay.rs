//! Bringing results back into a database that was restored from an older state, and knows nothing of them any more.

use crate::adopt::read_key;
use crate::checkpoint::Position;
use crate::connection::Connection;
use crate::dialect::FencedUpdate;
use crate::group::Finish;
use crate::key::KeyHash;
use crate::statement::Statement;
use crate::store::{Store, fenced_within};
use crate::write_back::{keep, unfit_payload};
use crate::{Claim, Result, StoreError, TableSpec, Unfit, Value};

/// What became of a result that was brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// The row has it now.
    Written,
    /// The row has it already, or one that is as late, or was reset or claimed since.
    Stands,
    /// The row is not in the table: deleted, filled anew, or with other keyfields.
    Gone,
}

impl Store {
    /// Gives a row the end of an attempt that its database has forgotten, and moves the row up to that attempt. It may
    /// be repeated. Log entries of the attempt do not come back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn replay(&mut self, finish: &Finish) -> Result<Replayed> {
        let Finish { claim, ending, .. } = finish;
        let (results, unfit) = self.fit_ending(claim, ending);
        let update = self.replay_update(claim, self.end_update(finish, &results));
        let Self { connection, spec, .. } = self;
        connection
            .repeat(async |connection| {
                let replayed = connection
                    .transaction(async |connection| replay(connection, spec, claim, &update, &unfit).await)
                    .await;
                match replayed {
                    Err(error) if error == stands(claim) => Ok(Replayed::Stands),
                    replayed => replayed,
                }
            })
            .await
    }

    /// The end as one fenced change, which is right for these reasons:
    ///
    /// - The row is the one that ran: its ID and creation date are those of the claim, and its keyfields were compared
    ///   under its lock. A table that was dropped and filled anew has other creation dates.
    /// - Nothing later is overwritten: attempts only grow, resets included, so that a row beyond the record's attempt was
    ///   reset or claimed after it.
    /// - Nothing as late is overwritten either: a row that is finished at the record's attempt has this very result, or
    ///   that of an executer which was given the same number after the restoration; the first one stands.
    /// - What `PyExperimenter` ended has no number of ours, and stands.
    /// - Whoever works on the row meanwhile, at the same attempt or an earlier one, is fenced from here on: the row has
    ///   another owner, and is not `held`. Its result is kept as a stale one.
    /// - It may be repeated: after it the row is finished at the record's attempt, and matches no more.
    fn replay_update(&self, claim: &Claim, end: FencedUpdate) -> FencedUpdate {
        let same = self.dialect().same;
        FencedUpdate {
            set_claim: end.set_claim.value("attempt", claim.attempt).value("executer_id", claim.executer),
            condition: format!(
                "e.creation_date {same} ? AND (c.attempt<? OR (c.attempt=? AND c.state<>'finished')) \
                 AND (e.status IN ('created', 'running') OR c.state IN ('finished', 'given up'))"
            ),
            condition_binds: vec![claim.created.clone(), Value::Int(claim.attempt), Value::Int(claim.attempt)],
            ..end
        }
    }
}

async fn replay(
    connection: &mut Connection,
    spec: &TableSpec,
    claim: &Claim,
    update: &FencedUpdate,
    unfit: &[Unfit],
) -> Result<Replayed> {
    let Some(is_own) = owns(connection, spec, claim).await? else { return Ok(Replayed::Gone) };
    if !is_own {
        // What another attempt left is not to be mixed with the result of this one.
        crate::archive::archive(connection, spec, &[claim.id], "superseded", &Position::default()).await?;
    }
    if !fenced_within(connection, update).await? {
        return Err(stands(claim));
    }
    if !unfit.is_empty() {
        keep(connection, spec, claim, "unfit", &unfit_payload(unfit)).await?;
    }
    Ok(Replayed::Written)
}

/// Whether the row is at the claim's own attempt; `None` if there is no such row. Locks it.
async fn owns(connection: &mut Connection, spec: &TableSpec, claim: &Claim) -> Result<Option<bool>> {
    let dialect = connection.dialect();
    let keyfields: Vec<_> = spec.keyfields.iter().map(|column| format!(", e.`{}`", column.name)).collect();
    let sql = format!(
        "SELECT c.attempt, c.executer_id{} FROM {} WHERE e.ID=? AND e.creation_date {} ? {}",
        keyfields.concat(),
        spec.joined("JOIN", dialect.same),
        dialect.same,
        dialect.for_update
    );
    let binds = vec![Value::Int(claim.id), claim.created.clone()];
    let rows = connection.rows(Statement::new(sql, binds)).await?;
    Ok(rows.into_iter().next().and_then(|mut row| {
        let owner = (row.int(0), row.int(1));
        let key = read_key(spec, &mut row, 2);
        (KeyHash::of(&spec.keyfields, &key) == claim.hash)
            .then_some(owner == (Some(claim.attempt), Some(claim.executer)))
    }))
}

/// Rolls the transaction back, what was archived included.
fn stands(claim: &Claim) -> StoreError {
    StoreError::LeaseLost { id: claim.id, attempt: claim.attempt, current: None }
}
