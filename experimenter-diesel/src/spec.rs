//! The tables of one experiment, as data.

use crate::{Backend, ColumnType, Misfit, Result, StoreError, Value};

/// The main table and the logtables of one experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSpec {
    /// The main table's name.
    pub name: String,
    /// The input columns, in order.
    pub keyfields: Vec<Column>,
    /// The output columns, in order.
    pub resultfields: Vec<Column>,
    /// Whether each resultfield is followed by a column with the time when it was written.
    pub result_timestamps: bool,
    /// The side tables of time-stamped entries.
    pub logtables: Vec<LogtableSpec>,
}

/// A column: its name and type.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The SQL type.
    pub column_type: ColumnType,
    /// A keyfield's declared default: a row that has it counts as one without the keyfield.
    pub default: Option<Value>,
}

/// A logtable: its name, without the main table's, and its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct LogtableSpec {
    /// The name; the table is `<main table>__<name>`.
    pub name: String,
    /// The columns.
    pub columns: Vec<Column>,
}

impl Column {
    /// A column of an SQL type as it is written.
    ///
    /// # Errors
    /// When the type is none that can hold a field.
    pub fn new(name: &str, sql: &str) -> Result<Self> {
        let column_type =
            ColumnType::parse(sql).map_err(|reason| StoreError::Declaration(format!("field `{name}`: {reason}")))?;
        Ok(Self { name: name.to_owned(), column_type, default: None })
    }

    /// The same column with a default.
    #[must_use]
    pub fn with_default(self, default: impl Into<Option<Value>>) -> Self {
        Self { default: default.into(), ..self }
    }

    /// Fits a value to this column of a database.
    ///
    /// # Errors
    /// When the column would change the value or refuse it.
    pub fn fit(&self, value: &Value, backend: Backend) -> Result<Value, Misfit> {
        self.column_type.fit(value, backend)
    }
}

/// The columns that every main table has beside its fields.
pub(crate) const FIXED_BEFORE_RESULTS: [(&str, &str); 5] = [
    ("creation_date", "DATETIME"),
    ("status", "VARCHAR(255)"),
    ("start_date", "DATETIME"),
    ("name", "LONGTEXT"),
    ("machine", "VARCHAR(255)"),
];
pub(crate) const FIXED_AFTER_RESULTS: [(&str, &str); 2] = [("end_date", "DATETIME"), ("error", "LONGTEXT")];

/// The longest name of a table in `MySQL`.
const LONGEST_NAME: usize = 64;

impl TableSpec {
    /// Checks a table's name that does not come from an attribute, which checks its own.
    ///
    /// # Errors
    /// When it cannot name a table, or is that of a side table; the reason, in words that follow the name.
    pub fn check_name(name: &str) -> Result<(), String> {
        let longest = LONGEST_NAME - PREFIX.len() - "__checkpoints".len();
        let lower = name.to_ascii_lowercase();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err("cannot name a table: use the letters `A` to `Z` and `a` to `z`, digits and `_`".to_owned());
        }
        if lower.starts_with(PREFIX) || Side::ALL.iter().any(|side| lower.ends_with(&format!("__{}", side.as_str()))) {
            return Err("is the name of a side table: use another".to_owned());
        }
        if name.len() > longest {
            return Err(format!(
                "has {} characters, and {longest} are the most, since side tables add to it",
                name.len()
            ));
        }
        Ok(())
    }

    /// What reads values of these columns.
    pub(crate) fn reader(&self, columns: &[&str]) -> Reader {
        let fields = || self.keyfields.iter().chain(&self.resultfields);
        let type_of = |name: &&str| fields().find(|field| field.name == *name).map(|field| field.column_type.clone());
        Reader(columns.iter().map(type_of).collect())
    }

    /// The name of a logtable in the database.
    #[must_use]
    pub fn logtable(&self, logtable: &LogtableSpec) -> String {
        format!("{}__{}", self.name, logtable.name)
    }

    /// The name of one of the side tables.
    pub(crate) fn side(&self, kind: Side) -> String {
        format!("{PREFIX}{}__{}", self.name, kind.as_str())
    }

    /// The main table `e` joined with its claims `c`. They are bound by identity: a line that belongs to an earlier row of
    /// the same ID is not joined.
    pub(crate) fn joined(&self, join: &str, same: &str) -> String {
        format!(
            "`{}` e {join} `{}` c ON c.experiment_id=e.ID AND c.created {same} e.creation_date",
            self.name,
            self.side(Side::Claims)
        )
    }

    /// Every column of the main table but `ID`, in order, with its SQL type.
    pub(crate) fn columns(&self) -> Vec<(String, String)> {
        let fixed = |columns: &[(&str, &str)]| -> Vec<(String, String)> {
            columns.iter().map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned())).collect()
        };
        let named = |column: &Column| (column.name.clone(), column.column_type.sql().to_owned());
        let mut columns: Vec<_> = self.keyfields.iter().map(named).collect();
        columns.extend(fixed(&FIXED_BEFORE_RESULTS));
        for column in &self.resultfields {
            columns.push(named(column));
            if self.result_timestamps {
                columns.push((timestamp_of(&column.name), "VARCHAR(255)".to_owned()));
            }
        }
        columns.extend(fixed(&FIXED_AFTER_RESULTS));
        columns
    }

    /// The names of the main table's columns that are no keyfields.
    #[must_use]
    pub fn other_columns(&self) -> Vec<String> {
        let others = self.columns().into_iter().skip(self.keyfields.len()).map(|(name, _)| name);
        std::iter::once("ID".to_owned()).chain(others).collect()
    }

    /// The result columns, each followed by its time where there is one.
    pub(crate) fn result_columns(&self) -> Vec<String> {
        let names = self.resultfields.iter().map(|column| &column.name);
        if self.result_timestamps {
            names.flat_map(|name| [name.clone(), timestamp_of(name)]).collect()
        } else {
            names.cloned().collect()
        }
    }
}

/// Reads the values of some columns, each by its type; those of no field are as they are.
#[derive(Debug)]
pub(crate) struct Reader(Vec<Option<ColumnType>>);

impl Reader {
    pub(crate) fn read(&self, values: &mut [Value]) {
        for (column_type, value) in self.0.iter().zip(values) {
            if let Some(column_type) = column_type {
                *value = column_type.read(std::mem::replace(value, Value::Null));
            }
        }
    }
}

pub(crate) fn timestamp_of(field: &str) -> String {
    format!("{field}_timestamp")
}

/// What the names of the side tables begin with.
const PREFIX: &str = "experimenter__";

/// The tables beside the main table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// One line per row: who owns it, and the fencing token.
    Claims,
    /// One line per `execute` process.
    Executers,
    /// Earlier attempts, and values that a column could not hold.
    Attempts,
    /// What a row's attempts go on from.
    Checkpoints,
    /// What is known of the tables themselves.
    Meta,
}

impl Side {
    pub(crate) const ALL: [Self; 5] = [Self::Claims, Self::Executers, Self::Attempts, Self::Checkpoints, Self::Meta];

    fn as_str(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::Executers => "executers",
            Self::Attempts => "attempts",
            Self::Checkpoints => "checkpoints",
            Self::Meta => "meta",
        }
    }
}
