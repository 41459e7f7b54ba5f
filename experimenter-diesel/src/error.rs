//! What can go wrong with a store, told apart by what the caller can do about it.

use std::fmt;

use crate::Misfit;

/// The result of a call of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a call of the store failed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum StoreError {
    /// The database's URL is malformed: the reason and the right form.
    Url(String),
    /// The database cannot be reached, or the connection was lost.
    Unreachable(String),
    /// User, password or database name are refused, or we refuse the server's certificate.
    AccessDenied(String),
    /// The user lacks a privilege, or the database is read-only.
    NotPermitted(String),
    /// The database did not answer within the deadline; whether the statement took effect is unknown.
    Deadline {
        /// How long it was waited for, in seconds.
        seconds: u64,
    },
    /// Another transaction was in the way; the same call may succeed now.
    Conflict(String),
    /// A key exists already.
    Duplicate(String),
    /// There is no such table; `fill` creates it.
    NoTable(String),
    /// The table's columns are not the experiment's: what differs, one by one.
    Columns {
        /// The table.
        table: String,
        /// What is missing, extra or different.
        differences: Vec<String>,
    },
    /// The program of this executer, by its hash, is to claim no more rows.
    Retired(String),
    /// A keyfield's value does not fit its column.
    Misfit {
        /// The keyfield.
        field: String,
        /// The value.
        value: String,
        /// Why it does not fit.
        reason: String,
    },
    /// A declaration that no table can have, such as an unknown column type.
    Declaration(String),
    /// This attempt does not own its row any more.
    LeaseLost {
        /// The row.
        id: i64,
        /// The attempt that was written for.
        attempt: i64,
        /// The row's present attempt; `None` where the row is gone.
        current: Option<i64>,
    },
    /// A checkpoint is larger than the database takes.
    CheckpointTooLarge {
        /// How large it is, in bytes.
        bytes: usize,
        /// How large it can be.
        most: usize,
    },
    /// We do not do it, since it could cost results: the reason and the way out.
    Refused(String),
    /// Anything else that the database said.
    Database(String),
}

impl StoreError {
    /// Whether the same idempotent call may succeed at once or on a new connection.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Deadline { .. } | Self::Conflict(_))
    }

    /// Whether the database serves nobody now, or takes nothing: nobody's beat may have arrived meanwhile.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Deadline { .. } | Self::NotPermitted(_) | Self::AccessDenied(_))
    }

    /// Whether a statement has waited in vain for a row that another transaction has locked; it did nothing.
    pub(crate) fn is_lock_wait(&self) -> bool {
        matches!(self, Self::Conflict(reason) if reason.contains(LOCK_WAIT))
    }

    pub(crate) fn misfit(field: &str, value: &crate::Value, reason: &Misfit) -> Self {
        let mut value = value.to_string();
        if value.chars().count() > 60 {
            value = value.chars().take(57).chain("...".chars()).collect();
        }
        Self::Misfit { field: field.to_owned(), value, reason: reason.to_string() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(reason)
            | Self::AccessDenied(reason)
            | Self::NotPermitted(reason)
            | Self::Conflict(reason)
            | Self::Duplicate(reason)
            | Self::Declaration(reason)
            | Self::Refused(reason)
            | Self::Database(reason) => f.write_str(reason),
            Self::Unreachable(reason) => write!(f, "cannot reach the database: {reason}"),
            Self::Deadline { seconds } => write!(f, "the database did not answer within {seconds} s"),
            Self::NoTable(table) => write!(f, "there is no table `{table}`"),
            Self::Columns { table, differences } => {
                write!(f, "the table `{table}` has other columns than the experiment")?;
                differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
            }
            Self::Retired(program) => {
                let program: String = program.chars().take(12).collect();
                write!(f, "this program ({program}) is retired, and claims no more rows")
            }
            Self::Misfit { field, value, reason } => write!(f, "keyfield `{field}`: `{value}` is {reason}"),
            Self::LeaseLost { id, attempt, current: Some(current) } if attempt == current => {
                write!(f, "row {id} is not held by attempt {attempt} any more: somebody else changed its status")
            }
            Self::LeaseLost { id, attempt, current: Some(current) } => {
                write!(f, "row {id} was reset or claimed again: this is attempt {attempt}, the row is at {current}")
            }
            Self::LeaseLost { id, attempt, current: None } => {
                write!(f, "row {id} of attempt {attempt} is not in the table any more")
            }
            Self::CheckpointTooLarge { bytes, most } => write!(
                f,
                "the checkpoint has {bytes} bytes, {most} are the most; write large data to a file in `run.dir()` and \
                 checkpoint its name"
            ),
        }
    }
}

impl std::error::Error for StoreError {}

/// What MySQL says to who has waited in vain for a row's lock.
const LOCK_WAIT: &str = "Lock wait timeout";

/// Diesel tells few errors apart by type, so the server's English message decides; `lc_messages` is set to it.
impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error};
        match error {
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Duplicate(info.message().to_owned())
            }
            Error::DatabaseError(DatabaseErrorKind::SerializationFailure, info) => {
                Self::Conflict(info.message().to_owned())
            }
            Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, info) => {
                Self::NotPermitted(info.message().to_owned())
            }
            Error::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Self::Unreachable(info.message().to_owned())
            }
            Error::DatabaseError(_, info) => Self::from_message(info.message()),
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        match error {
            diesel::ConnectionError::CouldntSetupConfiguration(error) => Self::from(error),
            diesel::ConnectionError::BadConnection(reason) => match Self::from_message(&reason) {
                Self::Database(reason) => Self::Unreachable(reason),
                known => known,
            },
            other => Self::Unreachable(other.to_string()),
        }
    }
}

impl StoreError {
    fn from_message(message: &str) -> Self {
        let has = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
        let message = message.to_owned();
        if has(&[
            "Deadlock found",
            LOCK_WAIT,
            "Record has changed since",
            "database is locked",
            "was interrupted",
            "max_statement_time exceeded",
            "needs to be re-prepared",
            "is full",
            "Disk full",
            "error during COMMIT",
            "Too many active concurrent transactions",
            "max_prepared_stmt_count",
            "disk I/O error",
            "WSREP has not yet prepared",
        ]) {
            Self::Conflict(message)
        } else if has(&["Access denied for user", "Unknown database", "is not allowed to connect", "peer certificate"])
        {
            Self::AccessDenied(message)
        } else if has(&["command denied to user", "read-only", "readonly database", "Access denied; you need"]) {
            Self::NotPermitted(message)
        } else if has(&["doesn't exist", "no such table"]) {
            Self::NoTable(message)
        } else if has(&[
            "Server has gone away",
            "Lost connection",
            "Broken pipe",
            "Connection reset",
            "Connection refused",
            "connection closed",
            "Connection to the server is closed",
            "Connection was killed",
            "communication packets",
            "unable to open database file",
            "Input/output error",
            "shutdown in progress",
            "Too many connections",
            "max_user_connections",
            "max_connections_per_hour",
            "resource (current value",
            "is blocked because of many connection errors",
            "unexpected end of file",
        ]) {
            Self::Unreachable(message)
        } else {
            Self::Database(message)
        }
    }
}
