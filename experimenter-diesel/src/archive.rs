//! Archiving: what an earlier attempt left in the tables moves beside them, before another attempt begins.

use serde_json::{Map, json};

use crate::connection::Connection;
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::placeholders;
use crate::{Result, TableSpec, Value};

/// Moves results, error and log entries of rows to the attempts' table, within the caller's transaction. Rows that left
/// nothing leave no line.
pub(crate) async fn archive(connection: &mut Connection, spec: &TableSpec, ids: &[i64], reason: &str) -> Result<()> {
    let binds: Vec<_> = ids.iter().copied().map(Value::Int).collect();
    let marks = placeholders(ids.len());
    let mut logs = read_logs(connection, spec, &binds, &marks).await?;
    let rows = read_rows(connection, spec, &binds, &marks).await?;
    for row in rows {
        let id = row.int(0).unwrap_or_default();
        let payload = payload(spec, row.clone(), logs.remove(&id));
        if let Some(payload) = payload {
            keep(connection, spec, row, reason, &payload.to_string()).await?;
        }
    }
    let cleared: Vec<_> = spec.result_columns().iter().map(|name| format!("`{name}`=NULL, ")).collect();
    let sql = format!("UPDATE `{}` SET {}error=NULL WHERE ID IN ({marks})", spec.name, cleared.concat());
    connection.execute(Statement::new(sql, binds.clone()).once()).await?;
    for logtable in &spec.logtables {
        let sql = format!("DELETE FROM `{}` WHERE experiment_id IN ({marks})", spec.logtable(logtable));
        connection.execute(Statement::new(sql, binds.clone()).once()).await?;
    }
    Ok(())
}

/// What each archived row says besides its results.
const HEAD: [&str; 6] = ["status", "start_date", "end_date", "name", "machine", "error"];

async fn read_rows(connection: &mut Connection, spec: &TableSpec, binds: &[Value], marks: &str) -> Result<Vec<Row>> {
    let head = HEAD.map(|column| format!(", e.{column}")).concat();
    let results: Vec<_> = spec.resultfields.iter().map(|column| format!(", e.`{}`", column.name)).collect();
    let sql = format!(
        "SELECT e.ID, e.creation_date, c.attempt, c.executer_id{head}{} FROM `{}` e JOIN `{}` c ON c.experiment_id=e.ID \
         WHERE e.ID IN ({marks}) ORDER BY e.ID {}",
        results.concat(),
        spec.name,
        spec.side(Side::Claims),
        connection.dialect().for_update
    );
    connection.rows(Statement::new(sql, binds.to_vec()).once()).await
}

type Logs = std::collections::HashMap<i64, Map<String, serde_json::Value>>;

/// The log entries of rows, as JSON, by row and logtable.
async fn read_logs(connection: &mut Connection, spec: &TableSpec, binds: &[Value], marks: &str) -> Result<Logs> {
    let mut logs = Logs::new();
    for logtable in &spec.logtables {
        let columns: Vec<_> = logtable.columns.iter().map(|column| format!(", l.`{}`", column.name)).collect();
        let sql = format!(
            "SELECT l.experiment_id, l.timestamp{} FROM `{}` l WHERE l.experiment_id IN ({marks}) ORDER BY l.ID",
            columns.concat(),
            spec.logtable(logtable)
        );
        for row in connection.rows(Statement::new(sql, binds.to_vec()).once()).await? {
            let entries = logs.entry(row.int(0).unwrap_or_default()).or_default();
            let entries = entries.entry(logtable.name.clone()).or_insert_with(|| json!([]));
            if let Some(entries) = entries.as_array_mut() {
                entries.push(row.0[1..].iter().map(Value::to_json).collect());
            }
        }
    }
    Ok(logs)
}

/// What is kept of a row; `None` if its attempt left nothing.
fn payload(spec: &TableSpec, mut row: Row, logs: Option<Map<String, serde_json::Value>>) -> Option<serde_json::Value> {
    let first_result = 4 + HEAD.len();
    let has_results = row.0.iter().skip(first_result).any(|value| !value.is_null());
    let has_error = row.0.get(first_result - 1).is_some_and(|error| !error.is_null());
    if !has_results && !has_error && logs.is_none() {
        return None;
    }
    let mut fields: Map<_, _> =
        HEAD.iter().zip(4..).map(|(name, index)| ((*name).to_owned(), row.take(index).to_json())).collect();
    let results = spec.resultfields.iter().zip(first_result..);
    let results: Map<_, _> = results.map(|(column, index)| (column.name.clone(), row.take(index).to_json())).collect();
    fields.insert("results".to_owned(), results.into());
    if let Some(logs) = logs {
        fields.insert("logs".to_owned(), logs.into());
    }
    Some(fields.into())
}

async fn keep(connection: &mut Connection, spec: &TableSpec, mut row: Row, reason: &str, payload: &str) -> Result<()> {
    let sql = format!(
        "INSERT INTO `{}` (experiment_id, created, attempt, executer_id, reason, recorded_at, payload) \
         VALUES (?, ?, ?, ?, ?, {}, ?)",
        spec.side(Side::Attempts),
        connection.dialect().now
    );
    let binds = vec![row.take(0), row.take(1), row.take(2), row.take(3), reason.into(), payload.into()];
    connection.execute(Statement::new(sql, binds)).await.map(drop)
}
