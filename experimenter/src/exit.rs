//! The program's exit codes.

use std::process::ExitCode;

/// All is done, also when nothing was left to do.
pub const DONE: u8 = 0;
/// A failure, with a message and a hint.
pub const FAILURE: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// Rows ended in error: `run`, and `execute --strict`. For plain `execute` an error is data.
pub const ROWS_FAILED: u8 = 4;
/// A signal or the wall time stopped it; unfinished rows are open again.
pub const STOPPED: u8 = 5;
/// The database cannot be reached.
pub const UNREACHABLE: u8 = 69;
/// Results wait in the spool for the database; `deliver` brings them when it is back.
pub const WAITING: u8 = 75;
/// Interrupted twice by hand: what still ran was killed, and is open again.
pub const INTERRUPTED: u8 = 130;

pub(crate) fn code(code: u8) -> ExitCode {
    ExitCode::from(code)
}
