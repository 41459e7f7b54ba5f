//! Results that are on a disk before the database has them, so that neither a database that is away nor an executer that
//! is killed costs a result that a run gave.
//!
//! In the folder are, by names that begin with `<table>.<executer>.<number>`:
//!
//! | file | what it is |
//! |---|---|
//! | `.spool` | a log of results, written by its executer alone, one after the other; each is durable when `append` returns |
//! | `.acks` | which of them the database has, written by whoever delivers |
//! | `.delivered` | a log all of whose results the database has; it is kept for a week, for `deliver --replay` |
//!
//! An executer holds a lock on its log as long as it lives; others deliver a log whose lock is free. Some network file
//! systems have no locks, or none that reach other hosts. There two may deliver the same result, which changes nothing:
//! a finish is idempotent and fenced by the attempt. An acknowledgement that is lost costs another delivery, so that
//! it is not waited for until it is on the disk.

mod check;
mod delivery;
mod frame;
mod reader;
mod record;
mod writer;

pub use check::check;
pub use delivery::{Delivery, Place, Replay, Standing, deliver, look, replay};
pub use frame::Damage;
pub use reader::prune;
pub use record::{Header, Spooled, database};
pub use writer::Spool;

use std::io;
use std::path::Path;
use std::time::Duration;

/// The folder of the logs, in the working directory.
pub const FOLDER: &str = ".experimenter/spool";

/// How long a log is kept after its last acknowledgement.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A log of results.
const LOG: &str = "spool";
/// The acknowledgements of a log.
const ACKS: &str = "acks";
/// A log all of whose results are acknowledged.
const DELIVERED: &str = "delivered";

/// The same error, with the file that it is about.
fn at(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Does what may wait for a disk where it holds up no event loop.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests;
