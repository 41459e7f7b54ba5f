//! Writing back: partial results, log entries and the end of a run, each fenced by the attempt.

use crate::connection::Connection;
use crate::dialect::{Assignments, FencedUpdate};
use crate::fault::{Mutant, mutant};
use crate::group::Finish;
use crate::spec::{Column, Side, timestamp_of};
use crate::statement::Statement;
use crate::store::{Store, fenced, fenced_each, fenced_within, local_now};
use crate::{Backend, Claim, Figures, Result, StoreError, TableSpec, Value};

/// How a run ends.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Ending {
    /// `done`, with the results in the spec's order.
    Done(Vec<Value>),
    /// `paused`.
    Paused,
    /// `error`, with the story.
    Error(String),
}

/// A value that its column could not hold: the column is NULL, and the exact value is kept beside the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The row.
    pub id: i64,
    /// The field.
    pub field: String,
    /// The exact value, as text.
    pub value: String,
    /// Why it does not fit.
    pub reason: String,
}

/// An entry of a logtable.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// The logtable's place in the spec.
    pub logtable: usize,
    /// When it was logged, local time.
    pub timestamp: String,
    /// Its values, in the logtable's order.
    pub values: Vec<Value>,
}

impl Entry {
    /// An entry of the present time.
    #[must_use]
    pub fn now(logtable: usize, values: Vec<Value>) -> Self {
        Self { logtable, timestamp: local_now(), values }
    }
}

/// The attempt owns the row.
const MINE: &str = "c.state='held' AND e.status='running' AND c.attempt=? AND c.executer_id=?";

/// The end of a run, with its last log entries.
#[derive(Debug)]
pub(crate) struct End {
    update: FencedUpdate,
    /// Each of these was to be written at once, and may have been.
    entries: Vec<Vec<Statement>>,
    /// How many times entries were written before for certain.
    written: i64,
}

/// Writes ends in one transaction; says of each whether its attempt owned the row. It may be repeated whole.
pub(crate) async fn write_ends(connection: &mut Connection, ends: &[End]) -> Result<Vec<bool>> {
    if ends.iter().all(|end| end.entries.is_empty()) {
        return fenced_each(connection, ends.iter().map(|end| &end.update)).await;
    }
    connection
        .transaction(async |connection| {
            let mut mine = Vec::with_capacity(ends.len());
            for end in ends {
                mine.push(end.write_within(connection).await?);
            }
            Ok(mine)
        })
        .await
}

impl End {
    async fn write_within(&self, connection: &mut Connection) -> Result<bool> {
        if !fenced_within(connection, &self.update).await? {
            return Ok(false);
        }
        if self.entries.is_empty() {
            return Ok(true);
        }
        // The row is locked by now. What a lost reply hid, an earlier end of the same attempt included, is not repeated.
        let claims = &self.update.claims;
        let id = Value::Int(self.update.id);
        let sql = format!("SELECT log_seq FROM `{claims}` WHERE experiment_id=?");
        let rows = connection.rows(Statement::new(sql, vec![id.clone()])).await?;
        let there = rows.first().and_then(|row| row.int(0)).unwrap_or(self.written);
        let mut written = self.written;
        for entries in &self.entries {
            if written >= there {
                for statement in entries {
                    connection.execute(statement.clone()).await?;
                }
            }
            written += 1;
        }
        let sql = format!("UPDATE `{claims}` SET log_seq=? WHERE experiment_id=?");
        connection.execute(Statement::new(sql, vec![Value::Int(written.max(there)), id])).await?;
        Ok(true)
    }
}

impl Store {
    /// Ends a run: results, status and figures together, in one statement. Gives the values that did not fit.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the attempt does not own the row any more; the results are kept beside the table.
    pub async fn finish(&mut self, claim: &Claim, ending: &Ending, figures: Option<&Figures>) -> Result<Vec<Unfit>> {
        self.finish_one(&Finish::now(claim.clone(), ending.clone(), figures.cloned(), Vec::new())).await
    }

    pub(crate) async fn finish_one(&mut self, finish: &Finish) -> Result<Vec<Unfit>> {
        let Finish { claim, ending, figures, entries, .. } = finish;
        let (mut results, mut unfit) = self.fit_ending(claim, ending);
        loop {
            if !unfit.is_empty() {
                self.keep_unfit(claim, &unfit, "unfit").await?;
            }
            let mut unfit_entries = Vec::new();
            let end = self.end(finish, &results, &mut unfit_entries);
            self.keep_each(claim, &unfit_entries).await?;
            let ends = std::slice::from_ref(&end);
            let written = self.connection.repeat(async |connection| write_ends(connection, ends).await).await;
            match written.map(|written| written.contains(&true)) {
                Ok(true) => {
                    unfit.append(&mut unfit_entries);
                    return Ok(unfit);
                }
                Ok(false) => return Err(self.lease_lost(claim, ending, figures.as_ref()).await?),
                // The column is narrower than its type says: another character set, or a rule of the database.
                Err(StoreError::Database(reason)) => {
                    if let Ending::Error(story) = ending
                        && !story.is_ascii()
                    {
                        let plain = Finish { ending: Ending::Error(in_ascii(story)), ..finish.clone() };
                        return Box::pin(self.finish_one(&plain)).await;
                    }
                    let refused = results.iter_mut().find(|(name, value)| !value.is_null() && names(&reason, name));
                    match refused {
                        Some((field, value)) => {
                            let value = std::mem::replace(value, Value::Null).to_string();
                            unfit.push(Unfit { id: claim.id, field: field.clone(), value, reason });
                        }
                        None if entries.is_empty() => return Err(StoreError::Database(reason)),
                        None => return self.finish_without_entries(finish, &reason).await,
                    }
                }
                Err(error) if entries.is_empty() || error.is_transient() => return Err(error),
                Err(error) => return self.finish_without_entries(finish, &error.to_string()).await,
            }
        }
    }

    /// Log entries that the database refuses must not cost the result.
    async fn finish_without_entries(&mut self, finish: &Finish, reason: &str) -> Result<Vec<Unfit>> {
        let alone = Finish { entries: Vec::new(), ..finish.clone() };
        let mut unfit = Box::pin(self.finish_one(&alone)).await?;
        unfit.push(self.keep_entries(&finish.claim, &finish.entries.concat(), reason).await?);
        Ok(unfit)
    }

    /// Keeps log entries beside the table that their logtable does not take, and gives what is told of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_entries(&mut self, claim: &Claim, entries: &[Entry], reason: &str) -> Result<Unfit> {
        let kept = entries.iter().map(|Entry { logtable, timestamp, values }| {
            let logtable = self.spec.logtables.get(*logtable);
            let columns = logtable.into_iter().flat_map(|logtable| &logtable.columns);
            let values = columns.zip(values).map(|(column, value)| (column.name.clone(), value.to_json()));
            serde_json::json!({
                "logtable": logtable.map(|logtable| &logtable.name),
                "timestamp": timestamp,
                "values": values.collect::<serde_json::Map<_, _>>(),
            })
        });
        let value = kept.collect::<serde_json::Value>().to_string();
        let unfit = Unfit { id: claim.id, field: "log entries".to_owned(), value, reason: reason.to_owned() };
        self.keep_unfit(claim, std::slice::from_ref(&unfit), "unfit").await?;
        Ok(unfit)
    }

    /// The end of a run as it is written, with those of its values that fit.
    pub(crate) fn end(&self, finish: &Finish, results: &[(String, Value)], unfit: &mut Vec<Unfit>) -> End {
        let Finish { claim, entries, .. } = finish;
        End {
            update: self.end_update(finish, results),
            entries: entries.iter().map(|entries| self.insert_entries(claim, entries, unfit)).collect(),
            written: claim.log_seq,
        }
    }

    /// Writes some of the resultfields while the run goes on. Gives the values that did not fit.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the attempt does not own the row any more.
    pub async fn write_partial(&mut self, claim: &Claim, values: Vec<Option<Value>>) -> Result<Vec<Unfit>> {
        let (results, unfit) = self.fit_results(claim, values.into_iter());
        if !unfit.is_empty() {
            // Of a running row: what its function returns in the end stands in the place of these.
            self.keep_unfit(claim, &unfit, "unfit partial").await?;
        }
        let touch = self.touch(claim);
        let update = FencedUpdate {
            set_row: self.set_results(&results, &local_now()).expression("status", "'running'"),
            ..touch
        };
        let written = self.connection.repeat(async |connection| fenced(connection, &update).await).await?;
        if written { Ok(unfit) } else { Err(self.current(claim).await?) }
    }

    /// Adds entries to the logtables, all or none, once however often it is repeated. Gives the values that did not fit.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the attempt does not own the row any more.
    pub async fn log(&mut self, claim: &mut Claim, entries: &[Entry]) -> Result<Vec<Unfit>> {
        let mut unfit = Vec::new();
        let statements = self.insert_entries(claim, entries, &mut unfit);
        self.keep_each(claim, &unfit).await?;
        let next = claim.log_seq + 1;
        let mut update = self.touch(claim);
        update.set_claim = Assignments::default().value("log_seq", next);
        update.condition.push_str(" AND c.log_seq=?");
        update.condition_binds.push(Value::Int(claim.log_seq));
        let written = self
            .connection
            .repeat(async |connection| {
                connection
                    .transaction(async |connection| {
                        let mine = fenced_within(connection, &update).await?;
                        for statement in statements.iter().filter(|_| mine) {
                            connection.execute(statement.clone()).await?;
                        }
                        Ok(mine)
                    })
                    .await
            })
            .await?;
        // A commit whose reply was lost has advanced the sequence already.
        if !written && self.log_sequence(claim).await? != Some(next) {
            return Err(self.current(claim).await?);
        }
        claim.log_seq = next;
        Ok(unfit)
    }

    /// An update that changes nothing, while the attempt owns the row.
    pub(crate) fn touch(&self, claim: &Claim) -> FencedUpdate {
        FencedUpdate {
            set_row: Assignments::default().expression("status", "'running'"),
            set_claim: Assignments::default().value("executer_id", claim.executer),
            condition: MINE.to_owned(),
            condition_binds: vec![Value::Int(claim.attempt), Value::Int(claim.executer)],
            ..self.fenced_update(claim.id, &claim.created)
        }
    }

    pub(crate) fn end_update(&self, finish: &Finish, results: &[(String, Value)]) -> FencedUpdate {
        let Finish { claim, ending, figures, ended, .. } = finish;
        let ended = ended.clone().unwrap_or_else(local_now);
        let (status, error) = match ending {
            Ending::Done(_) => ("done", Value::Null),
            Ending::Paused => ("paused", Value::Null),
            Ending::Error(story) => ("error", Value::from(self.fit_story(story))),
        };
        let set_claim =
            Assignments::default().expression("state", "'finished'").expression("closed_at", self.dialect().now);
        FencedUpdate {
            set_row: self
                .set_results(results, &ended)
                .value("status", status)
                .value("end_date", ended.as_str())
                .value("error", error),
            set_claim: Figures::set(figures.as_ref(), set_claim),
            // Mine; or reaped and not claimed again; or given up after too many crashes; or my own write whose reply
            // was lost.
            condition: match mutant(Mutant::ById) {
                true => "? IS NOT NULL AND ? IS NOT NULL AND ? IS NOT NULL".to_owned(),
                false => "c.attempt=? AND c.executer_id=? AND ((c.state='held' AND e.status='running') \
                          OR (c.state='released' AND e.status='created') OR (c.state='given up' AND e.status='error') \
                          OR (c.state='finished' AND e.status=?))"
                    .to_owned(),
            },
            condition_binds: vec![Value::Int(claim.attempt), Value::Int(claim.executer), status.into()],
            ..self.fenced_update(claim.id, &claim.created)
        }
    }

    /// The results of an ending as their columns hold them, and those that do not fit.
    pub(crate) fn fit_ending(&self, claim: &Claim, ending: &Ending) -> (Vec<(String, Value)>, Vec<Unfit>) {
        match ending {
            Ending::Done(values) => self.fit_results(claim, values.iter().cloned().map(Some)),
            Ending::Paused | Ending::Error(_) => (Vec::new(), Vec::new()),
        }
    }

    fn set_results(&self, results: &[(String, Value)], at: &str) -> Assignments {
        results.iter().fold(Assignments::default(), |set, (name, value)| {
            let expression = if matches!(value, Value::Text(_)) { self.dialect().given_text } else { "?" };
            let set = set.value_as(name, expression, value.clone());
            if self.spec.result_timestamps { set.value(&timestamp_of(name), at) } else { set }
        })
    }

    /// The results that are written, as their columns hold them, and those that do not fit.
    fn fit_results(
        &self,
        claim: &Claim,
        values: impl Iterator<Item = Option<Value>>,
    ) -> (Vec<(String, Value)>, Vec<Unfit>) {
        let mut unfit = Vec::new();
        let (_, most_bytes) = self.connection.limits();
        let written = self.spec.resultfields.iter().zip(values);
        let results = written.filter_map(|(column, value)| {
            let value = match value? {
                Value::Text(text) if text.len() > most_bytes => {
                    unfit.push(too_large(claim.id, &column.name, &text, most_bytes));
                    Value::Null
                }
                value => fit(self.backend(), claim.id, column, &column.name, &value, &mut unfit),
            };
            Some((column.name.clone(), value))
        });
        (results.collect(), unfit)
    }

    fn insert_entries(&self, claim: &Claim, entries: &[Entry], unfit: &mut Vec<Unfit>) -> Vec<Statement> {
        let mut statements = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(logtable) = self.spec.logtables.get(entry.logtable) else { continue };
            let table = self.spec.logtable(logtable);
            let columns: Vec<_> = logtable.columns.iter().map(|column| format!(", `{}`", column.name)).collect();
            let sql = format!(
                "INSERT INTO `{table}` (experiment_id, timestamp, attempt{}) VALUES (?, ?, ?{})",
                columns.concat(),
                ", ?".repeat(columns.len())
            );
            let mut binds = vec![Value::Int(claim.id), entry.timestamp.as_str().into(), Value::Int(claim.attempt)];
            binds.extend(logtable.columns.iter().zip(&entry.values).map(|(column, value)| {
                let field = format!("{}.{}", logtable.name, column.name);
                fit(self.backend(), claim.id, column, &field, value, unfit)
            }));
            statements.push(Statement::new(sql, binds));
        }
        statements
    }

    /// The end of a story that is too long for the column: the first lines say what happened.
    fn fit_story(&self, story: &str) -> String {
        const LONGEST: usize = 60_000;
        let story = story.replace('\0', "\u{fffd}");
        match story.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}\n… ({} bytes more)", &story[..end], story.len() - end),
            None => story,
        }
    }

    async fn keep_unfit(&mut self, claim: &Claim, unfit: &[Unfit], reason: &str) -> Result<()> {
        self.keep(claim, reason, &unfit_payload(unfit)).await
    }

    /// The same of log entries, in which a field comes again and again: often with the same value, which is kept once.
    async fn keep_each(&mut self, claim: &Claim, unfit: &[Unfit]) -> Result<()> {
        for unfit in unfit {
            self.keep_unfit(claim, std::slice::from_ref(unfit), "unfit").await?;
        }
        Ok(())
    }

    async fn keep(&mut self, claim: &Claim, reason: &str, payload: &serde_json::Value) -> Result<()> {
        keep(&mut self.connection, &self.spec, claim, reason, payload).await
    }

    /// Keeps a result that came too late, and says what became of the row.
    async fn lease_lost(&mut self, claim: &Claim, ending: &Ending, figures: Option<&Figures>) -> Result<StoreError> {
        let mut payload = match ending {
            Ending::Done(values) => {
                let fields = self.spec.resultfields.iter().map(|column| column.name.clone());
                let results = fields.zip(values.iter().map(Value::to_json));
                serde_json::json!({ "status": "done", "results": results.collect::<serde_json::Map<_, _>>() })
            }
            Ending::Paused => serde_json::json!({ "status": "paused" }),
            Ending::Error(story) => serde_json::json!({ "status": "error", "error": story }),
        };
        if let Some(figures) = figures {
            payload["figures"] = figures.to_json();
        }
        self.keep(claim, "stale", &payload).await?;
        self.current(claim).await
    }

    /// The error that says at which attempt the row is now.
    pub(crate) async fn current(&mut self, claim: &Claim) -> Result<StoreError> {
        let row = self.claim_line(claim).await?;
        Ok(StoreError::LeaseLost { id: claim.id, attempt: claim.attempt, current: row.map(|(attempt, _)| attempt) })
    }

    async fn log_sequence(&mut self, claim: &Claim) -> Result<Option<i64>> {
        Ok(self.claim_line(claim).await?.filter(|(attempt, _)| *attempt == claim.attempt).map(|(_, sequence)| sequence))
    }

    /// The row's attempt and log sequence, while the row exists.
    async fn claim_line(&mut self, claim: &Claim) -> Result<Option<(i64, i64)>> {
        let sql = format!(
            "SELECT c.attempt, c.log_seq FROM {} WHERE e.ID=? AND e.creation_date {} ?",
            self.spec.joined("JOIN", self.dialect().same),
            self.dialect().same
        );
        let statement = Statement::new(sql, vec![Value::Int(claim.id), claim.created.clone()]);
        let rows = self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await?;
        Ok(rows.first().and_then(|row| row.int(0).zip(row.int(1))))
    }
}

/// The value as the column holds it; NULL and a note where it cannot.
fn fit(backend: Backend, id: i64, column: &Column, field: &str, value: &Value, unfit: &mut Vec<Unfit>) -> Value {
    column.fit(value, backend).unwrap_or_else(|reason| {
        let one = Unfit { id, field: field.to_owned(), value: value.to_string(), reason: reason.to_string() };
        if !unfit.contains(&one) {
            unfit.push(one);
        }
        Value::Null
    })
}

/// Keeps something of an attempt beside the table, once: what is there word for word is not kept again, since a result
/// may be delivered more than once.
pub(crate) async fn keep(
    connection: &mut Connection,
    spec: &TableSpec,
    claim: &Claim,
    reason: &str,
    payload: &serde_json::Value,
) -> Result<()> {
    let (table, dialect) = (spec.side(Side::Attempts), connection.dialect());
    let payload = payload.to_string();
    let sql = format!(
        "SELECT a.payload FROM `{table}` a WHERE a.experiment_id=? AND a.created {0} ? AND a.attempt=? \
         AND a.executer_id {0} ? AND a.reason=?",
        dialect.same
    );
    let mut line = vec![
        Value::Int(claim.id),
        claim.created.clone(),
        Value::Int(claim.attempt),
        Value::Int(claim.executer),
        reason.into(),
    ];
    let kept = connection.rows(Statement::new(sql, line.clone())).await?;
    if kept.iter().any(|row| row.text(0) == Some(payload.as_str())) {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO `{table}` (experiment_id, created, attempt, executer_id, reason, payload, recorded_at) \
         VALUES (?, ?, ?, ?, ?, ?, {})",
        dialect.now
    );
    line.push(payload.into());
    connection.execute(Statement::new(sql, line)).await.map(drop)
}

/// Values that their columns could not hold, as they are kept.
pub(crate) fn unfit_payload(unfit: &[Unfit]) -> serde_json::Value {
    let fields = unfit.iter().map(|unfit| (unfit.field.clone(), serde_json::json!([unfit.value, unfit.reason])));
    fields.collect::<serde_json::Map<_, _>>().into()
}

/// A story for a column whose character set does not have every character.
pub(crate) fn in_ascii(story: &str) -> String {
    story.chars().map(|c| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}

/// A text that the server would not take in any statement; only its beginning can be kept.
fn too_large(id: i64, field: &str, text: &str, most_bytes: usize) -> Unfit {
    let beginning: String = text.chars().take(1_000).collect();
    let reason =
        format!("larger than the {most_bytes} bytes that the server takes (max_allowed_packet); write it to a file");
    Unfit { id, field: field.to_owned(), value: format!("{beginning}… ({} bytes)", text.len()), reason }
}

/// Whether a server's message about a value names the column.
fn names(message: &str, column: &str) -> bool {
    [format!("'{column}'"), format!("`{column}`")].iter().any(|quoted| message.contains(quoted.as_str()))
}
