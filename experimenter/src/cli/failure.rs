//! A failure of a command: what is wrong, and what to type next.

use std::io;

use experimenter_diesel::StoreError;

use crate::exit;
use crate::mistake::Mistake;
use crate::report::Console;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads our output any more: not a failure.
    ClosedPipe,
    /// A failure to tell.
    Message { code: u8, message: String, hints: Vec<String> },
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Message { code: exit::FAILURE, message: message.into(), hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(message).code(exit::USAGE)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Message { hints, .. } = &mut self {
            hints.push(hint.into());
        }
        self
    }

    /// The same failure, said of something.
    pub(crate) fn prefixed(mut self, subject: &dyn std::fmt::Display) -> Self {
        if let Self::Message { message, .. } = &mut self {
            *message = format!("{subject}: {message}");
        }
        self
    }

    /// Tells of it; gives the exit code.
    pub(crate) fn tell(self, console: &Console) -> u8 {
        match self {
            Self::ClosedPipe => exit::DONE,
            Self::Message { code, message, hints } => {
                console.failure(&message, &hints);
                code
            }
        }
    }

    pub(crate) fn code(mut self, new: u8) -> Self {
        if let Self::Message { code, .. } = &mut self {
            *code = new;
        }
        self
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::new(format!("cannot write the output: {error}")),
        }
    }
}

impl From<Mistake> for Failure {
    fn from(mistake: Mistake) -> Self {
        Self::usage(mistake.message).hint(mistake.hint)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Url(_) => Self::usage(message),
            StoreError::Unreachable(_) | StoreError::Deadline { .. } => Self::new(message).code(exit::UNREACHABLE).hint(
                "check that the server runs and that host and port are right in `--database` or EXPERIMENTER_DATABASE; \
                 without either, the database is the file experiments.db",
            ),
            StoreError::AccessDenied(reason) if reason.contains("peer certificate") => Self::new(message).hint(
                "name the host as the certificate does; or take any certificate by `?require_ssl=true&verify_ca=false` at \
                 the end of the database's URL: encrypted, but whoever is in between could read it",
            ),
            StoreError::AccessDenied(_) => Self::new(message)
                .hint(
                    "check user, password and database name in `--database mysql://user:password@host/database` or \
                     EXPERIMENTER_DATABASE",
                )
                .hint("a server may let the user in by TLS alone: add `?require_ssl=true` to the URL"),
            StoreError::NotPermitted(_) => {
                Self::new(message).hint("ask for the privilege, or name another database by `--database`")
            }
            StoreError::NoTable(_) => Self::new(message).hint(format!("fill it first: {} fill", program())),
            StoreError::Columns { .. } => Self::new(message),
            StoreError::Retired(program) => {
                let hash = short(&program);
                Self::new(message)
                    .hint("build it anew, and start it again")
                    .hint(format!("or let it go on as it is: {} retire --undo {hash}", self::program()))
            }
            StoreError::Misfit { .. } => {
                Self::new(message).hint("change the value, or give the field a wider column by `#[sql = \"…\"]`")
            }
            StoreError::Conflict(_) => Self::new(message).hint("another program holds a lock; try again"),
            StoreError::Duplicate(_)
            | StoreError::Declaration(_)
            | StoreError::Refused(_)
            | StoreError::LeaseLost { .. }
            | StoreError::CheckpointTooLarge { .. }
            | StoreError::Database(_) => Self::new(message),
        }
    }
}

/// As much of a program's hash as tells it apart.
pub(crate) fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// How the user calls this program: what the hints begin with.
pub(crate) fn program() -> String {
    if std::env::var_os("CARGO").is_some() {
        return "cargo run --".to_owned();
    }
    std::env::args().next().unwrap_or_else(|| "the program".to_owned())
}
