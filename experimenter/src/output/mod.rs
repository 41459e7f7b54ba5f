//! What the runs print: one append-only file per table and host, and not one per row, since a grid has millions.
//!
//! Executers append whole [records](record); a [`Capture`] bounds what a run may add; a [`Reader`] finds a row's records.

mod capture;
mod log;
mod reader;
mod record;

pub(crate) use capture::Capture;
pub(crate) use log::OutputLog;
pub(crate) use reader::{Found, Reader, RunOutput};
pub(crate) use record::TIME;

use std::path::{Path, PathBuf};

/// The folder of the output, in the working directory.
pub(crate) const FOLDER: &str = ".experimenter/output";

/// Where a host's output of a table is: `<table>.<host>.log`, and when that is full `<table>.<host>.2.log`.
fn file(folder: &Path, table: &str, host: &str, number: u32) -> PathBuf {
    let host = host.replace(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'), "_");
    folder.join(match number {
        1 => format!("{table}.{host}.log"),
        _ => format!("{table}.{host}.{number}.log"),
    })
}

/// The host and the number of a table's file, from its name.
fn host_and_number(table: &str, name: &str) -> Option<(String, u32)> {
    let name = name.strip_prefix(table)?.strip_prefix('.')?.strip_suffix(".log")?;
    let numbered = name.rsplit_once('.').and_then(|(host, number)| Some((host, number.parse().ok()?)));
    let numbered = numbered.filter(|(_, number)| *number > 1);
    let (host, number) = numbered.unwrap_or((name, 1));
    Some((host.to_owned(), number))
}

#[cfg(test)]
mod tests;
