//! `output`: what a row printed while it ran.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use experimenter_diesel::{Selector, Status, StoreError, Value};
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use crate::exit;
use crate::output::{FOLDER, Found, Reader, RunOutput, TIME};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  output 17                      what its latest attempt printed
  output 17 --follow             the same, while it runs
  output 17 --attempt 1 --timestamps")]
pub(super) struct Output {
    /// The row's ID
    #[arg(value_name = "ID")]
    pub(super) id: i64,

    /// An earlier attempt instead of the latest
    #[arg(long, value_name = "N")]
    pub(super) attempt: Option<i64>,

    /// Go on with what is printed, until the attempt ends
    #[arg(short, long)]
    pub(super) follow: bool,

    /// Put before each line when it came
    #[arg(long)]
    pub(super) timestamps: bool,
}

/// How often `--follow` looks for more.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn output(context: &mut Context<'_>, args: &Output) -> Result<u8, Failure> {
    if args.follow && context.console.is_json() {
        return Err(Failure::usage("`--follow` has no end to close a JSON array at").hint("leave out `--json`"));
    }
    context.check()?;
    let mut reader = Reader::new(Path::new(FOLDER), &context.store.spec().name);
    let run = find(context, &mut reader, args)?;
    if context.console.is_json() {
        let records = run.records.iter().map(|record| as_json(&mut reader, record));
        context.console.json(&records.collect::<Result<_, _>>()?)?;
        return Ok(exit::DONE);
    }
    context.console.note(&format!("row {} · attempt {} · {}", args.id, run.attempt, run.started.format(TIME)));
    let mut printer = Printer { out: io::stdout().lock(), timestamps: args.timestamps, in_line: false };
    printer.print(&mut reader, &run.records)?;
    if args.follow {
        follow(context, &mut reader, (args.id, &run), &mut printer)?;
    }
    Ok(exit::DONE)
}

/// The run that is asked for: the latest one, of the attempt if that is given. With `--follow` it may still be silent.
fn find(context: &mut Context<'_>, reader: &mut Reader, args: &Output) -> Result<RunOutput, Failure> {
    loop {
        // The row is asked first: one that has ended prints nothing after that.
        let row = row(context, args.id)?;
        let runs = RunOutput::of(reader.next(args.id).map_err(unreadable)?);
        let asked = runs.into_iter().filter(|run| args.attempt.is_none_or(|attempt| run.attempt == attempt));
        match asked.max_by_key(|run| run.started) {
            Some(run) => return Ok(run),
            None if args.follow && row.is_running => std::thread::sleep(PAUSE),
            None => return Err(nothing(args, &row, context)),
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
    row.ok_or_else(|| Failure::new(format!("there is no row {id} in the table `{}`", context.store.spec().name)))
}

fn nothing(args: &Output, row: &Row, context: &Context<'_>) -> Failure {
    let folder = std::path::absolute(FOLDER).unwrap_or_else(|_| FOLDER.into());
    let attempt = args.attempt.map_or_else(String::new, |attempt| format!(", attempt {attempt}"));
    let message = format!(
        "no output of row {}{attempt} is in {}",
        args.id,
        folder.join(format!("{}.*.log", context.store.spec().name)).display()
    );
    let failure = Failure::new(message);
    match &row.machine {
        Some(machine) => failure
            .hint(format!(
                "the row is {}, and ran on {machine}: look there, in the directory of its `execute`",
                row.status
            ))
            .hint("a run that printed nothing, or was executed with `--no-capture`, has no output"),
        None => failure.hint(format!("the row is {}: it has not run", row.status)),
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
            }
        }
        Ok(self.out.flush()?)
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

fn as_json(reader: &mut Reader, record: &Found) -> Result<serde_json::Value, Failure> {
    let bytes = reader.bytes(record).map_err(unreadable)?;
    let time = record.time.format(TIME).to_string();
    Ok(json!({ "attempt": record.attempt, "time": time, "text": String::from_utf8_lossy(&bytes) }))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` wants")]
fn unreadable(error: io::Error) -> Failure {
    Failure::new(format!("cannot read {FOLDER}: {error}"))
}
