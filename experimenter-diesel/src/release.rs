//! Giving a row back: it is open again, and the next attempt goes on where this one stopped.

use crate::dialect::{Assignments, FencedUpdate};
use crate::store::{Store, fenced};
use crate::{Claim, Figures, Result, Value};

impl Store {
    /// Gives a row back: it is open again, and counts as no crash. What the attempt has written stays until the next one
    /// puts it away, from its checkpoint on. `claim.returns` is kept. Says whether the attempt still held the row; it may be repeated.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn release(&mut self, claim: &Claim, figures: Option<&Figures>) -> Result<bool> {
        let update = self.release_update(claim, figures);
        self.connection.repeat(async |connection| fenced(connection, &update).await).await
    }

    pub(crate) fn release_update(&self, claim: &Claim, figures: Option<&Figures>) -> FencedUpdate {
        let set_claim = Assignments::default()
            .expression("state", "'released'")
            .expression("closed_at", self.dialect().now)
            .value("returns", claim.returns);
        FencedUpdate {
            set_row: Assignments::default()
                .expression("status", "'created'")
                .expression("start_date", "NULL")
                .expression("name", "NULL")
                .expression("machine", "NULL"),
            set_claim: Figures::set(figures, set_claim),
            // Mine; or my own write whose reply was lost.
            condition: "c.attempt=? AND c.executer_id=? AND ((c.state='held' AND e.status='running') \
                        OR (c.state='released' AND e.status='created'))"
                .to_owned(),
            condition_binds: vec![Value::Int(claim.attempt), Value::Int(claim.executer)],
            ..self.fenced_update(claim.id, &claim.created)
        }
    }
}
