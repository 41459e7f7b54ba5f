//! An experiment as data: what the attribute registers, and all that the runtime knows of it.

use std::time::Duration;

use experimenter_diesel::Value;

use crate::{
    Experiment,
    field::{Fallible, Field},
    run::{Attachment, Ending, Task},
};

/// One experiment: the annotated function and its table.
#[derive(Debug)]
pub struct Definition {
    /// The function's name, which names the experiment on the command line.
    pub name: &'static str,
    /// The table's name.
    pub table: &'static str,
    /// The file of the attribute, as `file!()` gives it.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// The folder of the package, where Cargo built it.
    pub folder: Option<&'static str>,
    /// Input columns, in the attribute's order.
    pub keyfields: &'static [Keyfield],
    /// Output columns.
    pub resultfields: &'static [Column],
    /// Side tables of time-stamped entries.
    pub logtables: &'static [Logtable],
    /// Whether each resultfield has a column with the time when it was written.
    pub result_timestamps: bool,
    /// Which combinations of the product are rows; all, if `None`.
    pub only: Option<Located<Only>>,
    /// Rows beside the product, or instead of it.
    pub rows: Option<Located<Rows>>,
    /// How long a row may run.
    pub timeout: Option<Duration>,
}

impl Definition {
    /// A definition of nothing, in the folder where Cargo built the package; the attribute says what differs from it.
    #[must_use]
    pub const fn built_in(folder: Option<&'static str>) -> Self {
        Self { folder, ..Self::EMPTY }
    }

    /// A definition of nothing.
    pub const EMPTY: Self = Self {
        name: "",
        table: "",
        file: "",
        line: 0,
        folder: None,
        keyfields: &[],
        resultfields: &[],
        logtables: &[],
        result_timestamps: false,
        only: None,
        rows: None,
        timeout: None,
    };
}

/// A function of the attribute, and its place.
#[derive(Debug, Clone, Copy)]
pub struct Located<F> {
    /// The line in the attribute's file.
    pub line: u32,
    /// The function.
    pub function: F,
}

/// Whether a combination of the keyfields' values is a row.
pub type Only = fn(&[Value]) -> Fallible<bool>;

/// The keyfields' values of rows that an attribute lists.
pub type Rows = fn() -> Fallible<Vec<Vec<Value>>>;

/// A keyfield: a column and its values.
#[derive(Debug)]
pub struct Keyfield {
    /// The column.
    pub column: Column,
    /// The values that the attribute gives after `=`.
    pub domain: Option<fn() -> Fallible<Vec<Value>>>,
    /// Every value of the type, where they can be listed.
    pub every: fn() -> Option<Vec<Value>>,
    /// The value that rows without this keyfield count as having.
    pub default: Option<fn() -> Fallible<Value>>,
    /// The value that a person typed.
    pub parse: fn(&str) -> Fallible<Value>,
    /// The value in a file of JSON or YAML.
    pub read: fn(&serde_json::Value) -> Fallible<Value>,
    /// Checks that a value is one of the field's type.
    pub check: fn(&Value) -> Fallible<()>,
}

impl Keyfield {
    /// A keyfield of type `T` whose values come from elsewhere, or are all values of the type where those can be
    /// listed.
    #[must_use]
    pub const fn new<T: Field>(name: &'static str, line: u32) -> Self {
        Self {
            column: Column { name, sql: T::KEY_SQL, line },
            domain: None,
            every: || T::every().map(|values| values.iter().map(Field::to_value).collect()),
            default: None,
            parse: |text| T::parse(text).map(|value| value.to_value()),
            read: |json| T::from_json(json).map(|value| value.to_value()),
            check: |value| T::from_value(value).map(drop),
        }
    }

    /// The same keyfield, ranging over what the attribute's expression yields.
    #[must_use]
    pub const fn over(self, domain: fn() -> Fallible<Vec<Value>>) -> Self {
        Self { domain: Some(domain), ..self }
    }

    /// The same keyfield with a default.
    #[must_use]
    pub const fn default(self, default: fn() -> Fallible<Value>) -> Self {
        Self { default: Some(default), ..self }
    }

    /// The same keyfield in a column of another SQL type.
    #[must_use]
    pub const fn sql(self, sql: &'static str) -> Self {
        Self { column: Column { sql, ..self.column }, ..self }
    }
}

/// A column: its name and SQL type.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The name, of the column as of the field.
    pub name: &'static str,
    /// The SQL type.
    pub sql: &'static str,
    /// The field's line in the attribute's file.
    pub line: u32,
}

impl Column {
    /// The column of a resultfield or of a logtable.
    #[must_use]
    pub const fn new<T: Field>(name: &'static str, line: u32) -> Self {
        Self { name, sql: T::RESULT_SQL, line }
    }

    /// The same column with another SQL type.
    #[must_use]
    pub const fn sql(self, sql: &'static str) -> Self {
        Self { sql, ..self }
    }
}

/// A logtable: its name, without the table's, and its columns.
#[derive(Debug)]
pub struct Logtable {
    /// The name in the attribute; the table is called `<table>__<name>`.
    pub name: &'static str,
    /// The columns.
    pub columns: &'static [Column],
    /// The logtable's line in the attribute's file.
    pub line: u32,
}

/// What the attribute submits to the registry.
#[derive(Debug)]
pub struct Registration {
    /// The experiment.
    pub definition: &'static Definition,
    /// Runs the function on one row.
    pub(crate) execute: fn(&Task, Box<dyn Attachment>) -> Ending,
}

impl Registration {
    /// The registration of the experiment whose keyfields are `E`.
    #[must_use]
    pub const fn of<E: Experiment>() -> Self {
        Self { definition: E::DEFINITION, execute: crate::run::execute::<E> }
    }
}

inventory::collect!(Registration);
