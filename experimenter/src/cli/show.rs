//! `show`: one row, and every attempt at it.

use clap::Args;
use experimenter_diesel::{AttemptReport, CheckpointReport, Figures, Ids, Provenance, Selector, StoreError, Value};
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, program};
use crate::exit;
use crate::report::{Table, count, duration, seconds, size};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The row's ID
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(super) id: i64,
}

pub(super) fn show(context: &mut Context<'_>, args: &Show) -> Result<u8, Failure> {
    context.check()?;
    let id = args.id;
    let Some(fields) = fields(context, id)? else {
        return Err(Failure::new(format!("there is no row {id} in the table `{}`", context.store.spec().name))
            .hint(format!("see which rows there are: {} export", program())));
    };
    let row = Row {
        id,
        fields,
        keyfields: names(&context.store.spec().keyfields),
        resultfields: names(&context.store.spec().resultfields),
        checkpoint: context.store(async |store| store.last_checkpoint(id).await)?,
        attempts: context.store(async |store| store.attempts(id).await)?,
    };
    if context.console.is_json() {
        context.console.json(&row.as_json())?;
    } else {
        context.console.result(&row.as_text())?;
    }
    Ok(exit::DONE)
}

fn names(columns: &[experimenter_diesel::Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// Every column of a row with its value, if the row is there.
fn fields(context: &mut Context<'_>, id: i64) -> Result<Option<Vec<(String, Value)>>, Failure> {
    let columns = context.store.columns();
    let names: Vec<_> = columns.iter().map(String::as_str).collect();
    let selector = Selector { ids: Some(Ids::from(id)), ..Selector::default() };
    let mut values = None;
    context.store(async |store| {
        store
            .records(&selector, &names, |record| {
                values = Some(record.values);
                Ok::<_, StoreError>(())
            })
            .await
    })?;
    Ok(values.map(|values| columns.into_iter().zip(values).collect()))
}

struct Row {
    id: i64,
    fields: Vec<(String, Value)>,
    keyfields: Vec<String>,
    resultfields: Vec<String>,
    checkpoint: Option<CheckpointReport>,
    attempts: Vec<AttemptReport>,
}

/// The columns that are neither keyfields nor results, and are told as they are.
const TIMES: [&str; 5] = ["creation_date", "start_date", "end_date", "name", "machine"];

impl Row {
    fn value(&self, column: &str) -> &Value {
        self.fields.iter().find(|(name, _)| name == column).map_or(&Value::Null, |(_, value)| value)
    }

    fn as_text(&self) -> String {
        let mut text = format!("row {}: {}", self.id, self.value("status"));
        let columns = |names: &[String]| self.values(names.iter().map(String::as_str));
        text.push_str(&format!("\n\nkeyfields:{}", columns(&self.keyfields)));
        text.push_str(&format!("\n\nresults:{}\n{}", columns(&self.resultfields), self.values(TIMES.into_iter())));
        if let Some(story) = self.value("error").as_str() {
            text.push_str(&format!("\n\nerror:\n{}", indented(story)));
        }
        if let Some(CheckpointReport { attempt, saved_at, bytes }) = &self.checkpoint {
            let saved = saved_at.as_deref().unwrap_or("some time");
            text.push_str(&format!("\n\ncheckpoint: {} of attempt {attempt}, saved {saved}", size(*bytes)));
        }
        if self.attempts.is_empty() {
            return text + "\n\nno attempt is known";
        }
        text.push_str(&format!("\n\n{}\n\n{}", self.attempt_table(), self.provenance_table()));
        let earlier = self.attempts.iter().filter(|attempt| attempt.error.as_deref() != self.value("error").as_str());
        for (attempt, story) in earlier.filter_map(|attempt| Some((attempt.attempt, attempt.error.as_ref()?))) {
            text.push_str(&format!("\n\nerror of attempt {attempt}:\n{}", indented(story)));
        }
        text
    }

    /// A line for each column, below one another.
    fn values<'a>(&self, columns: impl Iterator<Item = &'a str>) -> String {
        let width = self.fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let line = |column: &str| {
            let value = self.value(column);
            format!("\n  {column:width$}  {}", or_dash((!value.is_null()).then(|| value.to_string())))
        };
        columns.map(line).collect()
    }

    fn attempt_table(&self) -> Table {
        let mut table = Table::new(&[
            "attempt",
            "what",
            "started",
            "ended",
            "time",
            "user",
            "system",
            "memory",
            "busy slots",
            "exit",
        ]);
        for AttemptReport { attempt, what, started, ended, figures, .. } in &self.attempts {
            let time =
                |of: fn(&Figures) -> f64| or_dash(figures.as_ref().map(|figures| duration(seconds(of(figures)))));
            table.row(vec![
                attempt.to_string(),
                what.clone(),
                or_dash(started.clone()),
                or_dash(ended.clone()),
                time(|figures| figures.wall_seconds),
                time(|figures| figures.user_seconds),
                time(|figures| figures.system_seconds),
                or_dash(figures.as_ref().and_then(|figures| figures.peak_bytes).map(size)),
                or_dash(figures.as_ref().map(|figures| count(figures.busy_slots.into()))),
                or_dash(figures.as_ref().and_then(|figures| figures.exit.clone())),
            ]);
        }
        table
    }

    fn provenance_table(&self) -> Table {
        let mut table = Table::new(&["attempt", "executer", "host", "pid", "program", "profile", "cpu", "slurm"]);
        for AttemptReport { attempt, provenance, .. } in &self.attempts {
            let Provenance { name, host, pid, program, profile, cpu, slurm } = provenance.clone().unwrap_or_default();
            // The beginning of a hash tells programs apart.
            let program = program.map(|hash| hash.chars().take(12).collect());
            let pid = pid.map(|pid| pid.to_string());
            let cells = [name, host, pid, program, profile, cpu, slurm].map(or_dash);
            table.row(std::iter::once(attempt.to_string()).chain(cells).collect());
        }
        table
    }

    fn as_json(&self) -> serde_json::Value {
        let object = |columns: &[String]| -> serde_json::Map<_, _> {
            columns.iter().map(|column| (column.clone(), self.value(column).to_json())).collect()
        };
        let mut json = json!({
            "ID": self.id,
            "status": self.value("status").to_json(),
            "keyfields": object(&self.keyfields),
            "results": object(&self.resultfields),
            "error": self.value("error").to_json(),
            "checkpoint": self.checkpoint.as_ref().map(|CheckpointReport { attempt, saved_at, bytes }| {
                json!({ "attempt": attempt, "saved_at": saved_at, "bytes": bytes })
            }),
            "attempts": self.attempts.iter().map(attempt_as_json).collect::<Vec<_>>(),
        });
        for column in TIMES {
            json[column] = self.value(column).to_json();
        }
        json
    }
}

fn attempt_as_json(report: &AttemptReport) -> serde_json::Value {
    let AttemptReport { attempt, what, started, ended, error, figures, provenance } = report;
    json!({
        "attempt": attempt,
        "what": what,
        "started": started,
        "ended": ended,
        "error": error,
        "figures": figures.as_ref().map(Figures::to_json),
        "executer": provenance.as_ref().map(|Provenance { name, host, pid, program, profile, cpu, slurm }| {
            json!({
                "name": name, "host": host, "pid": pid, "program": program, "profile": profile, "cpu": cpu,
                "slurm": slurm,
            })
        }),
    })
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn indented(story: &str) -> String {
    story.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
