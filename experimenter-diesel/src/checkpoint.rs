//! Checkpoints: what an attempt saves of its state, so that another one goes on from there.
//!
//! With the state goes the row's position: its log entries and results of that moment. Who claims the row again finds it
//! at that position; what was written after it is put away.

use serde_json::{Map, json};

use crate::archive::archive;
use crate::connection::Connection;
use crate::spec::Side;
use crate::statement::Statement;
use crate::store::{Store, fenced_within};
use crate::{Claim, Result, StoreError, TableSpec, Value};

/// The most bytes of a checkpoint, whatever the database takes.
const MOST_BYTES: usize = 64 << 20;

/// What a statement carries beside its values.
const SLACK: usize = 64 << 10;

/// A row's last checkpoint, without its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointReport {
    /// The attempt that saved it.
    pub attempt: i64,
    /// When it was saved, local time.
    pub saved_at: Option<String>,
    /// The size of the state.
    pub bytes: u64,
}

impl Store {
    /// Saves the state of a run, in the place of an earlier one, with the row's log entries and results as they are now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the attempt does not own the row any more, [`StoreError::CheckpointTooLarge`] when
    /// the database would not take the state.
    pub async fn checkpoint(&mut self, claim: &Claim, state: &[u8]) -> Result<()> {
        let most = self.most_checkpoint();
        check_size(state.len(), most)?;
        let update = self.touch(claim);
        let Self { connection, spec, .. } = self;
        let saved = connection
            .repeat(async |connection| {
                connection
                    .transaction(async |connection| {
                        let mine = fenced_within(connection, &update).await?;
                        if mine {
                            save(connection, spec, claim, state, most).await?;
                        }
                        Ok(mine)
                    })
                    .await
            })
            .await?;
        if saved { Ok(()) } else { Err(self.current(claim).await?) }
    }

    /// The most bytes that a checkpoint can have on this database.
    #[must_use]
    pub fn most_checkpoint(&self) -> usize {
        let (_, most_bytes) = self.connection.limits();
        most_bytes.saturating_sub(SLACK).min(MOST_BYTES)
    }
}

fn check_size(bytes: usize, most: usize) -> Result<()> {
    if bytes <= most { Ok(()) } else { Err(StoreError::CheckpointTooLarge { bytes, most }) }
}

async fn save(connection: &mut Connection, spec: &TableSpec, claim: &Claim, state: &[u8], most: usize) -> Result<()> {
    let position = Position::now(connection, spec, claim.id).await?.to_json().to_string();
    check_size(state.len() + position.len(), most)?;
    let sql = format!(
        "REPLACE INTO `{}` (experiment_id, created, attempt, saved_at, state, position) \
         SELECT e.ID, e.creation_date, ?, {}, ?, ? FROM `{}` e WHERE e.ID=?",
        spec.side(Side::Checkpoints),
        connection.dialect().now,
        spec.name
    );
    let binds =
        vec![Value::Int(claim.attempt), Value::Bytes(state.to_vec()), Value::Text(position), Value::Int(claim.id)];
    connection.execute(Statement::new(sql, binds)).await.map(drop)
}

/// Brings a row back to its checkpoint, or to nothing where it has none, and archives what came after it, within the
/// caller's transaction. Gives the state.
pub(crate) async fn resume(connection: &mut Connection, spec: &TableSpec, id: i64) -> Result<Option<Vec<u8>>> {
    let sql = format!(
        "SELECT k.position, k.state FROM `{}` k JOIN {} WHERE e.ID=? AND k.experiment_id=e.ID \
         AND k.created {} e.creation_date AND k.attempt<=c.attempt",
        spec.side(Side::Checkpoints),
        spec.joined("JOIN", connection.dialect().same),
        connection.dialect().same
    );
    let rows = connection.rows(Statement::new(sql, vec![Value::Int(id)])).await?;
    let checkpoint = rows.first();
    let position = checkpoint.and_then(|row| row.text(0)).map(Position::from_json).transpose()?;
    archive(connection, spec, &[id], "superseded", &position.unwrap_or_default()).await?;
    Ok(checkpoint.map(|row| row.bytes(1).unwrap_or_default().to_vec()))
}

/// What of a row was there at a moment; nothing, by default.
#[derive(Debug, Default)]
pub(crate) struct Position {
    /// The last entry's ID, by logtable.
    logs: Map<String, serde_json::Value>,
    /// The values of the result columns, their times included.
    results: Map<String, serde_json::Value>,
}

impl Position {
    /// The last entry of a logtable; 0 before the first.
    pub(crate) fn last_entry(&self, logtable: &str) -> i64 {
        self.logs.get(logtable).and_then(serde_json::Value::as_i64).unwrap_or_default()
    }

    /// The value of a result column.
    pub(crate) fn result(&self, column: &str) -> Value {
        self.results.get(column).map_or(Value::Null, restored)
    }

    async fn now(connection: &mut Connection, spec: &TableSpec, id: i64) -> Result<Self> {
        let mut position = Self::default();
        for logtable in &spec.logtables {
            let sql = format!("SELECT MAX(l.ID) FROM `{}` l WHERE l.experiment_id=?", spec.logtable(logtable));
            let rows = connection.rows(Statement::new(sql, vec![Value::Int(id)])).await?;
            let last = rows.first().and_then(|row| row.int(0)).unwrap_or_default();
            position.logs.insert(logtable.name.clone(), last.into());
        }
        let columns = spec.result_columns();
        let selected: Vec<_> = columns.iter().map(|column| format!(", e.`{column}`")).collect();
        let sql = format!("SELECT e.ID{} FROM `{}` e WHERE e.ID=?", selected.concat(), spec.name);
        for mut row in connection.rows(Statement::new(sql, vec![Value::Int(id)])).await? {
            let values = columns.iter().zip(1..).map(|(column, index)| (column.clone(), exact(&row.take(index))));
            position.results = values.collect();
        }
        Ok(position)
    }

    fn to_json(&self) -> serde_json::Value {
        json!({ "logs": self.logs, "results": self.results })
    }

    fn from_json(text: &str) -> Result<Self> {
        let damaged = |reason: &str| StoreError::Database(format!("the position of a checkpoint is damaged: {reason}"));
        let mut json: serde_json::Value = serde_json::from_str(text).map_err(|error| damaged(&error.to_string()))?;
        match (json["logs"].take(), json["results"].take()) {
            (serde_json::Value::Object(logs), serde_json::Value::Object(results)) => Ok(Self { logs, results }),
            _ => Err(damaged(text)),
        }
    }
}

/// A value as JSON from which it can be restored: what JSON has no form for is an object that says what it is.
fn exact(value: &Value) -> serde_json::Value {
    match value {
        Value::Float(x) if !x.is_finite() => json!({ "float": value.to_string() }),
        Value::Bytes(_) => json!({ "bytes": value.to_string() }),
        other => other.to_json(),
    }
}

fn restored(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(n), _) => Value::Int(n),
            (None, Some(n)) => Value::from(n),
            (None, None) => n.as_f64().into(),
        },
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Object(special) => match (&special.get("float"), &special.get("bytes")) {
            (Some(float), _) => float.as_str().and_then(|text| text.parse::<f64>().ok()).into(),
            (_, Some(bytes)) => bytes.as_str().and_then(from_hex).map_or(Value::Null, Value::Bytes),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_restored_exactly() {
        let values = [
            Value::Null,
            Value::Int(-7),
            Value::UInt(u64::MAX),
            Value::Float(1.0),
            Value::Float(0.1 + 0.2),
            Value::Float(f64::INFINITY),
            Value::from("{\"float\": \"日本\"}"),
            Value::Bytes(vec![0, 255]),
        ];
        for value in values {
            let text = exact(&value).to_string();
            assert_eq!(restored(&serde_json::from_str(&text).expect("JSON")), value, "{text}");
        }
    }
}
