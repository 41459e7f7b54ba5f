//! `show`: one row, and every attempt at it.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use experimenter_diesel::{
    AttemptReport, CheckpointReport, Column, Figures, Provenance, Record, Selector, Status, StoreError, Value,
};
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, program};
use super::output::unreadable;
use super::rows::Chosen;
use crate::exit;
use crate::output::{FOLDER, Reader, RunOutput};
use crate::report::{Table, count, counted, duration, seconds, size};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  show 17                        all about one row
  show 3,7-9                     several
  show --error \"out of memory\"   those whose error says so")]
pub(super) struct Show {
    #[command(flatten)]
    chosen: Chosen,
}

/// How many rows are shown as text.
const LIMIT: usize = 20;

/// How many lines of a row's output.
const LINES: usize = 10;

pub(super) fn show(context: &mut Context<'_>, args: &Show) -> Result<u8, Failure> {
    let selector = args.chosen.selector(context, "show")?;
    context.check()?;
    let is_json = context.console.is_json();
    let mut records = records(context, &selector)?;
    let total = records.len();
    if total == 0 {
        return Err(no_row(context, args.chosen.single()));
    }
    if !is_json {
        records.truncate(LIMIT);
    }
    let mut reader = Reader::new(Path::new(FOLDER), &context.store.spec().name);
    let ids: BTreeSet<_> = records.iter().map(|record| record.id).collect();
    let mut outputs = reader.next_of(|id| ids.contains(&id)).map_err(unreadable)?;
    let mut rows = Vec::new();
    for record in records {
        let runs = RunOutput::of(outputs.remove(&record.id).unwrap_or_default());
        let latest = runs.iter().max_by_key(|run| run.started);
        let lines = latest.map(|run| reader.last_lines(run, LINES)).transpose().map_err(unreadable)?;
        rows.push(Row::of(context, record, lines)?);
    }
    if is_json {
        let json: Vec<_> = rows.iter().map(Row::as_json).collect();
        match (args.chosen.single(), json.as_slice()) {
            (Some(_), [row]) => context.console.json(row)?,
            _ => context.console.json(&json.into())?,
        }
        return Ok(exit::DONE);
    }
    let text: Vec<_> = rows.iter().map(Row::as_text).collect();
    context.console.result(&text.join("\n\n\n"))?;
    if total > LIMIT {
        let more = counted((total - LIMIT) as u64, "more row");
        context.console.note(&format!("\nand {more}: choose fewer, or see all by `--json`"));
    }
    Ok(exit::DONE)
}

/// The failure to find a row that was asked for.
pub(super) fn no_row(context: &Context<'_>, id: Option<i64>) -> Failure {
    let table = &context.store.spec().name;
    match id {
        Some(id) => Failure::new(format!("there is no row {id} in the table `{table}`")),
        None => Failure::new(format!("no row of the table `{table}` is selected")),
    }
    .hint(format!("see which rows there are: {} export", program()))
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

fn records(context: &mut Context<'_>, selector: &Selector) -> Result<Vec<Record>, Failure> {
    let columns = context.store.columns();
    let names: Vec<_> = columns.iter().map(String::as_str).collect();
    let mut records = Vec::new();
    context.store(async |store| {
        store
            .records(selector, &names, |record| {
                records.push(record);
                Ok::<_, StoreError>(())
            })
            .await
    })?;
    Ok(records)
}

struct Row {
    id: i64,
    fields: Vec<(String, Value)>,
    keyfields: Vec<String>,
    resultfields: Vec<String>,
    checkpoint: Option<CheckpointReport>,
    attempts: Vec<AttemptReport>,
    /// The logtables with their numbers of entries.
    entries: Vec<(String, u64)>,
    /// The last lines of what its latest run has printed, if that is here.
    output: Option<Vec<String>>,
}

/// The columns that are neither keyfields nor results, and are told as they are.
const TIMES: [&str; 5] = ["creation_date", "start_date", "end_date", "name", "machine"];

impl Row {
    fn of(context: &mut Context<'_>, record: Record, output: Option<Vec<String>>) -> Result<Self, Failure> {
        let Record { id, values } = record;
        let spec = context.store.spec();
        let logtables: Vec<_> = spec.logtables.iter().map(|logtable| logtable.name.clone()).collect();
        let (keyfields, resultfields) = (names(&spec.keyfields), names(&spec.resultfields));
        let entries = context.store(async |store| store.entry_counts(id).await)?;
        Ok(Self {
            id,
            fields: context.store.columns().into_iter().zip(values).collect(),
            keyfields,
            resultfields,
            checkpoint: context.store(async |store| store.last_checkpoint(id).await)?,
            attempts: context.store(async |store| store.attempts(id).await)?,
            entries: logtables.into_iter().zip(entries).collect(),
            output,
        })
    }

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
        text.push_str(&self.entries_text());
        if let Some(lines) = &self.output {
            let (id, program) = (self.id, program());
            text.push_str(&format!(
                "\n\nlast output (all of it: {program} output {id}):\n{}",
                indented(&lines.join("\n"))
            ));
        }
        if self.attempts.is_empty() {
            text.push_str("\n\nno attempt is known");
        } else {
            text.push_str(&format!("\n\n{}\n\n{}", self.attempt_table(), self.provenance_table()));
        }
        let earlier = self.attempts.iter().filter(|attempt| attempt.error.as_deref() != self.value("error").as_str());
        for (attempt, story) in earlier.filter_map(|attempt| Some((attempt.attempt, attempt.error.as_ref()?))) {
            text.push_str(&format!("\n\nerror of attempt {attempt}:\n{}", indented(story)));
        }
        text.push_str("\n\nnext:");
        for (what, command) in self.next() {
            text.push_str(&format!("\n  {what:24}  {} {command}", program()));
        }
        text
    }

    fn entries_text(&self) -> String {
        let logged: Vec<_> = self.entries.iter().filter(|(_, entries)| *entries > 0).collect();
        let shown = logged.iter().map(|(name, entries)| format!("{name} {}", count(*entries))).collect::<Vec<_>>();
        match logged.first() {
            Some((name, _)) => {
                format!("\n\nlog entries: {} (see: {} logtable {name} --ids {})", shown.join(", "), program(), self.id)
            }
            None => String::new(),
        }
    }

    /// What one may do with the row now, and the command for it.
    fn next(&self) -> Vec<(&'static str, String)> {
        let id = self.id;
        let try_here = ("run it here, unrecorded", format!("try {id}"));
        let again = ("open it again", format!("reset --ids {id}"));
        match self.value("status").as_str().and_then(|status| status.parse().ok()) {
            Some(Status::Created) => vec![("execute it", format!("execute --ids {id}")), try_here],
            Some(Status::Running) => vec![("see what it prints", format!("output {id} --follow")), again],
            Some(Status::Paused) => vec![("let it go on", format!("unpause --ids {id}")), again],
            Some(Status::Error) => {
                let same = ("see rows that fail alike", "errors".to_owned());
                let again = ("execute it again", format!("execute --ids {id} --retry-errors"));
                vec![try_here, same, again]
            }
            Some(Status::Done) | None => vec![try_here, again],
        }
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
        let mut table =
            Table::new(&["attempt", "executer", "host", "pid", "program", "profile", "git", "cpu", "slurm"]);
        for AttemptReport { attempt, provenance, .. } in &self.attempts {
            let Provenance { name, host, pid, program, profile, git, cpu, slurm } =
                provenance.clone().unwrap_or_default();
            // The beginning of a hash tells programs apart.
            let program = program.map(|hash| hash.chars().take(12).collect());
            let pid = pid.map(|pid| pid.to_string());
            let cells = [name, host, pid, program, profile, git, cpu, slurm].map(or_dash);
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
            "entries": self.entries.iter().map(|(name, entries)| (name.clone(), (*entries).into())).collect::<serde_json::Map<_, _>>(),
            "output": self.output,
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
        "executer": provenance.as_ref().map(|Provenance { name, host, pid, program, profile, git, cpu, slurm }| {
            json!({
                "name": name, "host": host, "pid": pid, "program": program, "profile": profile, "git": git,
                "cpu": cpu, "slurm": slurm,
            })
        }),
    })
}

pub(super) fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

pub(super) fn indented(story: &str) -> String {
    story.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
