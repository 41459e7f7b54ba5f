//! Records as CSV or JSON, to the standard output or to a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use experimenter_diesel::{Record, StoreError, Value};

use super::context::Context;
use super::failure::Failure;
use crate::report::{counted, csv_field};

/// Where records go, and in which form.
#[derive(Debug, Args)]
pub(super) struct Destination {
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,

    /// A file instead of the standard output; it appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated values, with a line of names
    Csv,
    /// One JSON array of objects
    Json,
}

impl Destination {
    /// Writes the records that `read` hands on, their fields under these names.
    pub(super) fn write(
        &self,
        context: &mut Context<'_>,
        names: &[&str],
        noun: &str,
        read: impl FnOnce(&mut Context<'_>, &mut Writer<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let format = if context.console.is_json() { Format::Json } else { self.format };
        let Some(path) = &self.output else {
            let mut out = BufWriter::new(io::stdout().lock());
            return Writer { out: &mut out, format, names, records: 0 }.write(context, read).map(drop);
        };
        // A reader never sees half a file, and a failure leaves the old one.
        let part = partial(path);
        let failed = |error: &io::Error| {
            Failure::new(format!("cannot write {}: {error}", path.display()))
                .hint("name another file by `--output FILE`")
        };
        let mut out = BufWriter::new(File::create(&part).map_err(|error| failed(&error))?);
        let written = Writer { out: &mut out, format, names, records: 0 }.write(context, read);
        let written =
            written.and_then(|records| std::fs::rename(&part, path).map(|()| records).map_err(|error| failed(&error)));
        if written.is_err() {
            // The failure is told; that its remains cannot be removed is not worth a second message.
            let _removed = std::fs::remove_file(&part);
        }
        context.console.note(&format!("{} in {}", counted(written?, noun), path.display()));
        Ok(())
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Why records stop before their end.
pub(super) enum Stop {
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

/// Takes one record after the other.
pub(super) struct Writer<'a> {
    out: &'a mut dyn Write,
    format: Format,
    names: &'a [&'a str],
    records: u64,
}

impl Writer<'_> {
    fn write(
        mut self,
        context: &mut Context<'_>,
        read: impl FnOnce(&mut Context<'_>, &mut Writer<'_>) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        match self.format {
            Format::Csv => writeln!(self.out, "ID,{}", self.names.join(","))?,
            Format::Json => write!(self.out, "[")?,
        }
        read(context, &mut self)?;
        if self.format == Format::Json {
            writeln!(self.out, "\n]")?;
        }
        self.out.flush()?;
        Ok(self.records)
    }

    pub(super) fn record(&mut self, record: &Record) -> Result<(), Stop> {
        self.put(record).map_err(Stop::Output)
    }

    fn put(&mut self, record: &Record) -> io::Result<()> {
        match self.format {
            Format::Csv => {
                write!(self.out, "{}", record.id)?;
                for value in &record.values {
                    match value {
                        Value::Text(text) => write!(self.out, ",{}", csv_field(text))?,
                        // None of the others has anything to quote.
                        other => write!(self.out, ",{other}")?,
                    }
                }
                writeln!(self.out)?;
            }
            Format::Json => {
                let fields = self.names.iter().zip(&record.values);
                let mut object = serde_json::Map::from_iter([("ID".to_owned(), record.id.into())]);
                object.extend(fields.map(|(name, value)| ((*name).to_owned(), value.to_json())));
                let comma = if self.records > 0 { "," } else { "" };
                write!(self.out, "{comma}\n  {}", serde_json::Value::from(object))?;
            }
        }
        self.records += 1;
        Ok(())
    }
}
