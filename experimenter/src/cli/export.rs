//! `export`: the table as CSV or JSON.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use experimenter_diesel::{Record, Selector, Store, StoreError, Value};

use super::context::Context;
use super::failure::Failure;
use super::rows::Selection;
use crate::exit;
use crate::report::{count, csv_field};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  export > table.csv
  export --where \"kernel=rbf,c>=1\" --status done -o rbf.csv")]
pub(super) struct Export {
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(super) format: Format,

    /// A file instead of the standard output; it appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Further columns with each row's last attempt: its time, memory and end, and the program and machine that ran it
    #[arg(long)]
    pub(super) provenance: bool,

    #[command(flatten)]
    pub(super) selection: Selection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values, with a line of names
    Csv,
    /// One JSON array of objects
    Json,
}

pub(super) fn export(context: &mut Context<'_>, args: &Export) -> Result<u8, Failure> {
    let selector = context.selector(&args.selection)?;
    context.check()?;
    let Some(path) = &args.output else {
        let stdout = io::stdout().lock();
        write_rows(context, args, &selector, &mut BufWriter::new(stdout))?;
        return Ok(exit::DONE);
    };
    // A reader never sees half a file, and a failure leaves the old one.
    let part = partial(path);
    let failed = |error: &io::Error| {
        Failure::new(format!("cannot write {}: {error}", path.display())).hint("name another file by `--output FILE`")
    };
    let mut file = BufWriter::new(File::create(&part).map_err(|error| failed(&error))?);
    let rows = write_rows(context, args, &selector, &mut file);
    let rows = rows.and_then(|rows| {
        file.flush().and_then(|()| std::fs::rename(&part, path)).map(|()| rows).map_err(|error| failed(&error))
    });
    if rows.is_err() {
        // The failure is told; that its remains cannot be removed is not worth a second message.
        let _removed = std::fs::remove_file(&part);
    }
    context.console.note(&format!("{} rows in {}", count(rows?), path.display()));
    Ok(exit::DONE)
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn write_rows(
    context: &mut Context<'_>,
    args: &Export,
    selector: &Selector,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let columns = context.store.columns();
    let fields: Vec<_> = columns.iter().map(String::as_str).collect();
    let provenance = if args.provenance { provenance_names(&fields) } else { Vec::new() };
    let names: Vec<_> = fields.iter().copied().chain(provenance.iter().map(String::as_str)).collect();
    // Values that a column could not hold stand in the export, exact.
    let unfit = context.store(async |store| store.unfit(u32::MAX).await)?;
    let exact: HashMap<_, _> = unfit.into_iter().map(|unfit| ((unfit.id, unfit.field), unfit.value)).collect();
    let format = if context.console.is_json() { Format::Json } else { args.format };
    let mut writer = Writer { out, format, names: &names, rows: 0 };
    writer.begin()?;
    let each = |mut record: Record| {
        for (name, value) in fields.iter().zip(&mut record.values).filter(|(_, value)| value.is_null()) {
            if let Some(text) = exact.get(&(record.id, (*name).to_owned())) {
                *value = Value::from(text.as_str());
            }
        }
        writer.row(&record).map_err(Stop::Output)
    };
    let Context { runtime, store, .. } = context;
    if args.provenance {
        runtime.block_on(store.records_with_provenance(selector, &fields, each))?;
    } else {
        runtime.block_on(store.records(selector, &fields, each))?;
    }
    writer.end()?;
    Ok(writer.rows)
}

/// The names of the further columns, apart from those of the table.
fn provenance_names(fields: &[&str]) -> Vec<String> {
    let apart = |name: &str| if fields.contains(&name) { format!("experimenter_{name}") } else { name.to_owned() };
    Store::PROVENANCE.map(apart).into()
}

/// Why the rows stop before their end.
enum Stop {
    Store(StoreError),
    Output(io::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Store(error) => error.into(),
            Stop::Output(error) => error.into(),
        }
    }
}

struct Writer<'a> {
    out: &'a mut dyn Write,
    format: Format,
    names: &'a [&'a str],
    rows: u64,
}

impl Writer<'_> {
    fn begin(&mut self) -> io::Result<()> {
        match self.format {
            Format::Csv => writeln!(self.out, "ID,{}", self.names.join(",")),
            Format::Json => write!(self.out, "["),
        }
    }

    fn row(&mut self, record: &Record) -> io::Result<()> {
        match self.format {
            Format::Csv => {
                write!(self.out, "{}", record.id)?;
                for value in &record.values {
                    write!(self.out, ",{}", csv_field(&value.to_string()))?;
                }
                writeln!(self.out)?;
            }
            Format::Json => {
                let fields = self.names.iter().zip(&record.values);
                let mut object = serde_json::Map::from_iter([("ID".to_owned(), record.id.into())]);
                object.extend(fields.map(|(name, value)| ((*name).to_owned(), value.to_json())));
                let comma = if self.rows > 0 { "," } else { "" };
                write!(self.out, "{comma}\n  {}", serde_json::Value::from(object))?;
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.format == Format::Json {
            writeln!(self.out, "\n]")?;
        }
        self.out.flush()
    }
}
