//! Taking rows back that an executer still runs after it was declared dead.

use crate::connection::Connection;
use crate::dialect::{Assignments, FencedUpdate};
use crate::spec::Side;
use crate::statement::Statement;
use crate::store::{Store, fenced_within};
use crate::{Claim, Result, TableSpec, Value};

impl Store {
    /// The rows that an executer holds, each with its attempt: what it runs beside these was reset, or is another's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn held(&mut self, executer: i64) -> Result<Vec<(i64, i64)>> {
        let sql = format!(
            "SELECT c.experiment_id, c.attempt FROM {} WHERE c.state='held' AND c.executer_id=? AND e.status='running'",
            self.spec.joined("JOIN", self.dialect().same)
        );
        let rows = self.query(sql, vec![Value::Int(executer)]).await?;
        Ok(rows.iter().filter_map(|row| row.int(0).zip(row.int(1))).collect())
    }

    /// Takes back a row that an executer still runs, after others have declared it dead and it has registered anew as
    /// `executer`; `None` where somebody has claimed, reset or ended the row meanwhile. The crash that was counted for it is
    /// taken back: it was none. It may be repeated.
    ///
    /// The attempt keeps its number. That is safe: a number is given out by a claim alone, which is a compare-and-set on the
    /// one before, and a reset skips one. So while the row is at this number, nobody but the process that claimed it can
    /// have had it; and what that process still sends under its earlier ID is refused, since every write names both. A claim
    /// of the open row by another and this one are compare-and-sets on the same line: one of them finds nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn readopt(&mut self, claim: &Claim, executer: i64) -> Result<Option<Claim>> {
        let adopted = Claim { executer, ..claim.clone() };
        // Its reaper has not come to it yet; it was reaped; or this is a repetition.
        let unreaped = self.adoption(claim, executer, "c.state='held' AND e.status='running'");
        let reaped = self.adoption(
            claim,
            executer,
            "(c.state='released' AND e.status='created') OR (c.state='given up' AND e.status='error')",
        );
        let mine = self.touch(&adopted);
        let Self { connection, spec, .. } = self;
        let taken = connection
            .repeat(async |connection| {
                connection
                    .transaction(async |connection| {
                        if fenced_within(connection, &unreaped).await? {
                            return Ok(true);
                        }
                        if fenced_within(connection, &reaped).await? {
                            forgive(connection, spec, claim).await?;
                            return Ok(true);
                        }
                        fenced_within(connection, &mine).await
                    })
                    .await
            })
            .await?;
        Ok(taken.then_some(adopted))
    }

    fn adoption(&self, claim: &Claim, executer: i64, from: &str) -> FencedUpdate {
        FencedUpdate {
            set_row: Assignments::default()
                .expression("status", "'running'")
                .expression("end_date", "NULL")
                .expression("error", "NULL"),
            set_claim: Assignments::default()
                .expression("state", "'held'")
                .value("executer_id", executer)
                .expression("closed_at", "NULL"),
            condition: format!("c.attempt=? AND c.executer_id=? AND ({from})"),
            condition_binds: vec![Value::Int(claim.attempt), Value::Int(claim.executer)],
            ..self.fenced_update(claim.id, &claim.created)
        }
    }
}

/// The crash that was counted was a lost lease, within the transaction that holds the row's lock.
async fn forgive(connection: &mut Connection, spec: &TableSpec, claim: &Claim) -> Result<()> {
    let attempts = format!(
        "UPDATE `{}` SET reason='lease lost' WHERE experiment_id=? AND attempt=? AND executer_id=? AND reason='crash'",
        spec.side(Side::Attempts)
    );
    let binds = vec![Value::Int(claim.id), Value::Int(claim.attempt), Value::Int(claim.executer)];
    if connection.execute(Statement::new(attempts, binds)).await? > 0 {
        let sql =
            format!("UPDATE `{}` SET crashes=crashes-1 WHERE experiment_id=? AND crashes>0", spec.side(Side::Claims));
        connection.execute(Statement::new(sql, vec![Value::Int(claim.id)])).await?;
    }
    Ok(())
}
