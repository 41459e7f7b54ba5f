//! Archiving: what an earlier attempt left in the tables moves beside them, before another attempt begins.

use serde_json::{Map, json};

use crate::checkpoint::Position;
use crate::connection::Connection;
use crate::figures::{self, Figures};
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::placeholders;
use crate::{Result, TableSpec, Value};

/// Moves results, error, figures and log entries of rows to the attempts' table, within the caller's transaction: all
/// that came after a position, at which the rows are then. Rows that left nothing leave no line.
pub(crate) async fn archive(
    connection: &mut Connection,
    spec: &TableSpec,
    ids: &[i64],
    reason: &str,
    position: &Position,
) -> Result<()> {
    let mut logs = read_logs(connection, spec, ids, position).await?;
    for row in read_rows(connection, spec, ids).await? {
        let id = row.int(0).unwrap_or_default();
        if let Some(payload) = payload(spec, row.clone(), logs.remove(&id), position) {
            keep(connection, spec, row, reason, &payload.to_string()).await?;
        }
    }
    go_back(connection, spec, ids, position).await
}

/// Sets the rows to a position.
async fn go_back(connection: &mut Connection, spec: &TableSpec, ids: &[i64], position: &Position) -> Result<()> {
    let marks = placeholders(ids.len());
    let with = |first: Vec<Value>| first.into_iter().chain(ids.iter().copied().map(Value::Int)).collect::<Vec<_>>();
    let columns = spec.result_columns();
    let set: Vec<_> = columns.iter().map(|name| format!("`{name}`=?, ")).collect();
    let sql = format!("UPDATE `{}` SET {}error=NULL WHERE ID IN ({marks})", spec.name, set.concat());
    let results = columns.iter().map(|name| position.result(name)).collect();
    connection.execute(Statement::new(sql, with(results)).once()).await?;
    let set = figures::COLUMNS.map(|column| format!("{column}=NULL")).join(", ");
    let sql = format!("UPDATE `{}` SET {set} WHERE experiment_id IN ({marks})", spec.side(Side::Claims));
    connection.execute(Statement::new(sql, with(Vec::new())).once()).await?;
    for logtable in &spec.logtables {
        let sql = format!("DELETE FROM `{}` WHERE ID > ? AND experiment_id IN ({marks})", spec.logtable(logtable));
        let last = Value::Int(position.last_entry(&logtable.name));
        connection.execute(Statement::new(sql, with(vec![last])).once()).await?;
    }
    Ok(())
}

/// What each archived row says of its identity and its attempt.
const HEAD: [&str; 4] = ["e.ID", "e.creation_date", "c.attempt", "c.executer_id"];

/// What it says besides results and figures.
const BODY: [&str; 8] =
    ["e.status", "e.start_date", "e.end_date", "e.name", "e.machine", "c.claimed_at", "c.closed_at", "e.error"];

async fn read_rows(connection: &mut Connection, spec: &TableSpec, ids: &[i64]) -> Result<Vec<Row>> {
    let results: Vec<_> = spec.resultfields.iter().map(|column| format!(", e.`{}`", column.name)).collect();
    let sql = format!(
        "SELECT {}, {}, {}{} FROM `{}` e JOIN `{}` c ON c.experiment_id=e.ID WHERE e.ID IN ({}) ORDER BY e.ID {}",
        HEAD.join(", "),
        BODY.join(", "),
        Figures::selected(),
        results.concat(),
        spec.name,
        spec.side(Side::Claims),
        placeholders(ids.len()),
        connection.dialect().for_update
    );
    let binds = ids.iter().copied().map(Value::Int).collect();
    connection.rows(Statement::new(sql, binds).once()).await
}

type Logs = std::collections::HashMap<i64, Map<String, serde_json::Value>>;

/// The log entries of rows after a position, as JSON, by row and logtable.
async fn read_logs(connection: &mut Connection, spec: &TableSpec, ids: &[i64], position: &Position) -> Result<Logs> {
    let mut logs = Logs::new();
    for logtable in &spec.logtables {
        let columns: Vec<_> = logtable.columns.iter().map(|column| format!(", l.`{}`", column.name)).collect();
        let sql = format!(
            "SELECT l.experiment_id, l.timestamp{} FROM `{}` l WHERE l.ID > ? AND l.experiment_id IN ({}) ORDER BY l.ID",
            columns.concat(),
            spec.logtable(logtable),
            placeholders(ids.len())
        );
        let last = position.last_entry(&logtable.name);
        let binds = std::iter::once(last).chain(ids.iter().copied()).map(Value::Int).collect();
        for row in connection.rows(Statement::new(sql, binds).once()).await? {
            let entries = logs.entry(row.int(0).unwrap_or_default()).or_default();
            let entries = entries.entry(logtable.name.clone()).or_insert_with(|| json!([]));
            if let Some(entries) = entries.as_array_mut() {
                entries.push(row.0[1..].iter().map(Value::to_json).collect());
            }
        }
    }
    Ok(logs)
}

/// What is kept of a row; `None` if its attempt left nothing after the position.
fn payload(
    spec: &TableSpec,
    mut row: Row,
    logs: Option<Map<String, serde_json::Value>>,
    position: &Position,
) -> Option<serde_json::Value> {
    let first_figure = HEAD.len() + BODY.len();
    let first_result = first_figure + figures::COLUMNS.len();
    let figures = Figures::read(&row, first_figure);
    let results: Vec<_> =
        spec.resultfields.iter().zip(first_result..).map(|(column, index)| (&column.name, row.take(index))).collect();
    let has_results = results.iter().any(|(name, value)| *value != position.result(name));
    let has_error = row.0.get(first_figure - 1).is_some_and(|error| !error.is_null());
    if !has_results && !has_error && logs.is_none() && figures.is_none() {
        return None;
    }
    let mut fields: Map<_, _> =
        BODY.iter().zip(HEAD.len()..).map(|(name, index)| (name[2..].to_owned(), row.take(index).to_json())).collect();
    let results = results.into_iter().map(|(name, value)| (name.clone(), value.to_json()));
    fields.insert("results".to_owned(), results.collect::<Map<_, _>>().into());
    if let Some(logs) = logs {
        fields.insert("logs".to_owned(), logs.into());
    }
    if let Some(figures) = figures {
        fields.insert("figures".to_owned(), figures.to_json());
    }
    Some(fields.into())
}

/// Keeps something of a row, whose first values are those of [`HEAD`].
pub(crate) async fn keep(
    connection: &mut Connection,
    spec: &TableSpec,
    mut row: Row,
    reason: &str,
    payload: &str,
) -> Result<()> {
    let sql = format!(
        "INSERT INTO `{}` (experiment_id, created, attempt, executer_id, reason, recorded_at, payload) \
         VALUES (?, ?, ?, ?, ?, {}, ?)",
        spec.side(Side::Attempts),
        connection.dialect().now
    );
    let binds = vec![row.take(0), row.take(1), row.take(2), row.take(3), reason.into(), payload.into()];
    connection.execute(Statement::new(sql, binds)).await.map(drop)
}
