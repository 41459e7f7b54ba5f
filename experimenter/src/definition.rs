//! An experiment as data: what the attribute registers, and all that the runtime knows of it.

use experimenter_diesel::Value;

use crate::{
    Experiment,
    field::{Field, FieldError},
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
    /// Input columns, in the attribute's order.
    pub keyfields: &'static [Keyfield],
    /// Output columns.
    pub resultfields: &'static [Column],
    /// Side tables of time-stamped entries.
    pub logtables: &'static [Logtable],
    /// Whether each resultfield has a column with the time when it was written.
    pub result_timestamps: bool,
}

/// A keyfield: a column and its values.
#[derive(Debug)]
pub struct Keyfield {
    /// The column.
    pub column: Column,
    /// The field's line in the attribute's file.
    pub line: u32,
    /// The values that the attribute gives; `None` where it gives none.
    pub domain: fn() -> Result<Option<Vec<Value>>, FieldError>,
    /// The value that a person typed.
    pub parse: fn(&str) -> Result<Value, FieldError>,
    /// Checks that a value is one of the field's type.
    pub check: fn(&Value) -> Result<(), FieldError>,
}

impl Keyfield {
    /// A keyfield of type `T` whose values come from elsewhere, or are all values of the type where those can be
    /// listed.
    #[must_use]
    pub const fn new<T: Field>(name: &'static str, line: u32) -> Self {
        Self {
            column: Column { name, sql: T::KEY_SQL },
            line,
            domain: || Ok(T::every().map(|values| values.iter().map(Field::to_value).collect())),
            parse: |text| T::parse(text).map(|value| value.to_value()),
            check: |value| T::from_value(value).map(drop),
        }
    }

    /// The same keyfield, ranging over what the attribute's expression yields.
    #[must_use]
    pub const fn over(self, domain: fn() -> Result<Option<Vec<Value>>, FieldError>) -> Self {
        Self { domain, ..self }
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
}

impl Column {
    /// The column of a resultfield or of a logtable.
    #[must_use]
    pub const fn new<T: Field>(name: &'static str) -> Self {
        Self { name, sql: T::RESULT_SQL }
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
