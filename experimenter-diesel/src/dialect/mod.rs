//! Where the two databases' SQL differs, and nowhere else.

pub(crate) mod mysql;
pub(crate) mod sqlite;

use crate::fault::{Mutant, mutant};
use crate::statement::Statement;
use crate::{Backend, Value};

/// One database's way to say what both can do.
///
/// Identifiers are quoted by backticks, which both take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// The column `ID`.
    pub(crate) id_column: &'static str,
    /// What follows the columns of a `CREATE TABLE`.
    pub(crate) table_options: &'static str,
    /// Whether an index is created inside `CREATE TABLE`.
    pub(crate) inline_index: bool,
    /// The present time of the database, UTC with microseconds.
    pub(crate) now: &'static str,
    /// The time a number of seconds after now; the number takes the place of `{}`, fractions included.
    pub(crate) now_plus_seconds: &'static str,
    /// The number of seconds since a time, which takes the place of `{}`.
    pub(crate) seconds_since: &'static str,
    /// Equality that holds for two NULLs.
    pub(crate) same: &'static str,
    /// A text, in the place of `{}`, as it is compared letter by letter.
    pub(crate) exact_text: &'static str,
    /// A given text, its one `?`, as it is written to a column of whatever character set.
    pub(crate) given_text: &'static str,
    /// The condition that a text, in the place of `{}`, is like the pattern that is its one `?`.
    pub(crate) like: &'static str,
    /// Writes that pattern, from one with `*` for any characters and `?` for one.
    pub(crate) like_pattern: fn(&str) -> String,
    /// What makes a SELECT lock its rows until the end of the transaction.
    pub(crate) for_update: &'static str,
    /// The condition of open rows, and their order, for those from an ID on.
    pub(crate) open_from_an_id: (&'static str, &'static str),
    /// A scalar that describes the columns of a table; its one `?` is the table's name.
    pub(crate) shape: &'static str,
    /// Table, column and type of each column of the tables whose names take the place of `{}`.
    pub(crate) columns: &'static str,
    /// The names of a table's indexes; its one `?` is the table's name.
    pub(crate) indexes: &'static str,
    /// The ID of the first row of the last multi-row INSERT (with its number of rows as `?`) and the step to the next.
    pub(crate) inserted: &'static str,
    /// Builds a fenced update.
    fenced: fn(&FencedUpdate) -> Vec<Statement>,
}

impl Dialect {
    pub(crate) fn of(backend: Backend) -> Self {
        match backend {
            Backend::Mysql => mysql::DIALECT,
            Backend::Sqlite => sqlite::DIALECT,
        }
    }

    /// The statements of a fenced update. They take effect together or not at all: run them in one transaction where
    /// they are several, and go on only while each matches a row.
    pub(crate) fn fenced(&self, update: &FencedUpdate) -> Vec<Statement> {
        let mut statements = (self.fenced)(update);
        if mutant(Mutant::Identity) {
            let bound = format!(" AND c.created {} e.creation_date", self.same);
            for statement in &mut statements {
                let sql = statement.sql.replace(&bound, "");
                statement.sql = sql.replace(&format!(" AND e.creation_date {} ?", self.same), " AND ? IS NOT NULL");
            }
        }
        statements
    }
}

/// A change of one row and of its claim that takes effect only while a condition holds on both.
///
/// In the condition the row is `e` and its claim `c`, and they are bound by identity: a line of the claims that belongs
/// to an earlier row of the same ID matches nothing.
#[derive(Debug)]
pub(crate) struct FencedUpdate {
    pub(crate) table: String,
    pub(crate) claims: String,
    pub(crate) id: i64,
    /// The row's creation date: another row under the same ID has another.
    pub(crate) created: Value,
    pub(crate) set_row: Assignments,
    pub(crate) set_claim: Assignments,
    pub(crate) condition: String,
    pub(crate) condition_binds: Vec<Value>,
}

/// The `column = expression` pairs of a SET, with their values.
#[derive(Debug, Default, Clone)]
pub(crate) struct Assignments {
    columns: Vec<(String, &'static str)>,
    binds: Vec<Value>,
}

impl Assignments {
    /// Sets a column to a value.
    pub(crate) fn value(self, column: &str, value: impl Into<Value>) -> Self {
        self.value_as(column, "?", value)
    }

    /// Sets a column to an SQL expression of a value, its one `?`.
    pub(crate) fn value_as(mut self, column: &str, expression: &'static str, value: impl Into<Value>) -> Self {
        self.columns.push((column.to_owned(), expression));
        self.binds.push(value.into());
        self
    }

    /// Sets a column to an SQL expression without values.
    pub(crate) fn expression(mut self, column: &str, expression: &'static str) -> Self {
        self.columns.push((column.to_owned(), expression));
        self
    }

    fn sql(&self, alias: &str) -> String {
        let pairs = self.columns.iter().map(|(column, expression)| format!("{alias}`{column}`={expression}"));
        pairs.collect::<Vec<_>>().join(", ")
    }
}
