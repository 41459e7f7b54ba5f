//! `output`: what a row printed while it ran.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use experimenter_diesel::{Record, Selector, Status, StoreError, Value};
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::rows::Chosen;
use super::show::no_row;
use crate::exit;
use crate::output::{FOLDER, Found, Reader, RunOutput, TIME};
use crate::report::rows;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  output 17                      what its latest attempt printed
  output 17 --follow             the same, while it runs
  output 17 --attempt 1 --timestamps
  output --status error          what each row printed that failed")]
pub(super) struct Output {
    #[command(flatten)]
    chosen: Chosen,

    /// An earlier attempt instead of the latest
    #[arg(long, value_name = "N")]
    attempt: Option<i64>,

    /// Go on with what is printed, until the attempt ends
    #[arg(short, long)]
    follow: bool,

    /// Put before each line when it came
    #[arg(long)]
    timestamps: bool,
}

/// How often `--follow` looks for more.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn output(context: &mut Context<'_>, args: &Output) -> Result<u8, Failure> {
    if args.follow && context.console.is_json() {
        return Err(Failure::usage("`--follow` has no end to close a JSON array at").hint("leave out `--json`"));
    }
    let selector = args.chosen.selector(context, "output")?;
    let Some(id) = args.chosen.single() else { return output_of_several(context, args, &selector) };
    context.check()?;
    let mut reader = Reader::new(Path::new(FOLDER), &context.store.spec().name);
    let run = find(context, &mut reader, (id, args))?;
    if context.console.is_json() {
        let records = run.records.iter().map(|record| as_json(&mut reader, id, record));
        context.console.json(&records.collect::<Result<_, _>>()?)?;
        return Ok(exit::DONE);
    }
    context.console.note(&heading(id, &run));
    let mut printer = Printer { out: io::stdout().lock(), timestamps: args.timestamps, in_line: false };
    printer.print(&mut reader, &run.records)?;
    if args.follow {
        follow(context, &mut reader, (id, &run), &mut printer)?;
    }
    Ok(exit::DONE)
}

/// What several rows have printed, one after the other, each under a heading.
fn output_of_several(context: &mut Context<'_>, args: &Output, selector: &Selector) -> Result<u8, Failure> {
    if args.follow {
        return Err(Failure::usage("`--follow` follows one row").hint("name it: output 17 --follow"));
    }
    context.check()?;
    let mut ids = BTreeSet::new();
    let each = |record: Record| {
        ids.insert(record.id);
        Ok::<_, StoreError>(())
    };
    context.store(async |store| store.records(selector, &[], each).await)?;
    if ids.is_empty() {
        return Err(no_row(context, None));
    }
    let mut reader = Reader::new(Path::new(FOLDER), &context.store.spec().name);
    let found = reader.next_of(|id| ids.contains(&id)).map_err(unreadable)?;
    let runs = found.into_iter().filter_map(|(id, records)| Some((id, asked(records, args)?)));
    let runs: Vec<_> = runs.collect();
    let silent = (ids.len() - runs.len()) as u64;
    if context.console.is_json() {
        let records = runs.iter().flat_map(|(id, run)| run.records.iter().map(move |record| (*id, record)));
        let records = records.map(|(id, record)| as_json(&mut reader, id, record));
        context.console.json(&records.collect::<Result<_, _>>()?)?;
        return Ok(exit::DONE);
    }
    for (id, run) in &runs {
        context.console.result(&format!("==> {} <==", heading(*id, run)))?;
        let mut printer = Printer { out: io::stdout().lock(), timestamps: args.timestamps, in_line: false };
        printer.print(&mut reader, &run.records)?;
        printer.end_line()?;
    }
    if silent > 0 {
        context.console.note(&format!("no output of {} is in {FOLDER} here", rows(silent)));
    }
    Ok(exit::DONE)
}

fn heading(id: i64, run: &RunOutput) -> String {
    format!("row {id} · attempt {} · {}", run.attempt, run.started.format(TIME))
}

/// The latest run, of the attempt if that is given.
fn asked(records: Vec<Found>, args: &Output) -> Option<RunOutput> {
    let runs = RunOutput::of(records).into_iter();
    runs.filter(|run| args.attempt.is_none_or(|attempt| run.attempt == attempt)).max_by_key(|run| run.started)
}

/// The run that is asked for. With `--follow` it may still be silent.
fn find(context: &mut Context<'_>, reader: &mut Reader, (id, args): (i64, &Output)) -> Result<RunOutput, Failure> {
    loop {
        // The row is asked first: one that has ended prints nothing after that.
        let row = row(context, id)?;
        match asked(reader.next(id).map_err(unreadable)?, args) {
            Some(run) => return Ok(run),
            None if args.follow && row.is_running => std::thread::sleep(PAUSE),
            None => return Err(nothing(id, args.attempt, &row, context)),
        }
    }
}

/// Prints what is appended, until the row's run ends or another begins.
fn follow(
    context: &mut Context<'_>,
    reader: &mut Reader,
    (id, run): (i64, &RunOutput),
    printer: &mut Printer<impl Write>,
) -> Result<(), Failure> {
    loop {
        let is_running = row(context, id)?.is_running;
        let more = reader.next(id).map_err(unreadable)?;
        let has_another = more.iter().any(|record| !run.continues_with(record));
        let own: Vec<_> = more.into_iter().take_while(|record| run.continues_with(record)).collect();
        printer.print(reader, &own)?;
        if !is_running || has_another {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
}

struct Row {
    is_running: bool,
    status: String,
    machine: Option<String>,
}

fn row(context: &mut Context<'_>, id: i64) -> Result<Row, Failure> {
    let selector = Selector { ids: Some(id.into()), ..Selector::default() };
    let mut row = None;
    context.store(async |store| {
        store
            .records(&selector, &["status", "machine"], |record| {
                let mut texts = record.values.iter().map(Value::as_str);
                let status = texts.next().flatten().unwrap_or_default().to_owned();
                let machine = texts.next().flatten().map(str::to_owned);
                row = Some(Row { is_running: status.parse() == Ok(Status::Running), status, machine });
                Ok::<_, StoreError>(())
            })
            .await
    })?;
    row.ok_or_else(|| no_row(context, Some(id)))
}

fn nothing(id: i64, attempt: Option<i64>, row: &Row, context: &Context<'_>) -> Failure {
    let folder = std::path::absolute(FOLDER).unwrap_or_else(|_| FOLDER.into());
    let attempt = attempt.map_or_else(String::new, |attempt| format!(", attempt {attempt}"));
    let message = format!(
        "no output of row {id}{attempt} is in {}",
        folder.join(format!("{}.*.log", context.store.spec().name)).display()
    );
    let failure = Failure::new(message);
    match &row.machine {
        Some(machine) => failure
            .hint(format!(
                "its status is `{}`, and it ran on {machine}: look there, in the directory of its `execute`",
                row.status
            ))
            .hint("a run that printed nothing, or was executed with `--no-capture`, has no output"),
        None => failure.hint(format!("its status is `{}`: it has not run", row.status)),
    }
}

/// Prints records as they were captured, or each line with its time.
struct Printer<W> {
    out: W,
    timestamps: bool,
    /// Whether the last record ended within a line.
    in_line: bool,
}

impl<W: Write> Printer<W> {
    fn print(&mut self, reader: &mut Reader, records: &[Found]) -> Result<(), Failure> {
        for record in records {
            let bytes = reader.bytes(record).map_err(unreadable)?;
            if self.timestamps {
                self.lines(&bytes, &record.time.format(TIME).to_string())?;
            } else {
                self.out.write_all(&bytes)?;
                self.in_line = bytes.last().is_some_and(|byte| *byte != b'\n');
            }
        }
        Ok(self.out.flush()?)
    }

    /// What comes next begins on a line of its own.
    fn end_line(&mut self) -> Result<(), Failure> {
        if self.in_line {
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn lines(&mut self, bytes: &[u8], time: &str) -> io::Result<()> {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.in_line {
                write!(self.out, "{time}  ")?;
            }
            self.out.write_all(line)?;
            self.in_line = !line.ends_with(b"\n");
        }
        Ok(())
    }
}

fn as_json(reader: &mut Reader, id: i64, record: &Found) -> Result<serde_json::Value, Failure> {
    let bytes = reader.bytes(record).map_err(unreadable)?;
    let time = record.time.format(TIME).to_string();
    Ok(json!({ "ID": id, "attempt": record.attempt, "time": time, "text": String::from_utf8_lossy(&bytes) }))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` wants")]
pub(super) fn unreadable(error: io::Error) -> Failure {
    Failure::new(format!("cannot read {FOLDER}: {error}"))
}
