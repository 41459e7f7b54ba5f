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
/// The database cannot be reached.
pub const UNREACHABLE: u8 = 69;

pub(crate) fn code(code: u8) -> ExitCode {
    ExitCode::from(code)
}
