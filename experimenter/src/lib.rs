//! Runs a grid of experiments on a laptop or a cluster.
//!
//! Annotate a function with [`#[experiment]`](macro@experiment), give the program [`main`], and the program is the tool:
//! `fill` writes the grid into a table, `execute` runs its rows on as many machines as there are, `summary` shows what
//! came of them.
//!
//! ```no_run
//! use experimenter::prelude::*;
//!
//! #[experiment(
//!     keyfields = { base: f64 = [2.0, 10.0], exponent: i32 = 0..5 },
//!     resultfields = { value: f64 },
//! )]
//! fn power(key: &PowerKey) -> PowerResults {
//!     PowerResults { value: key.base.powi(key.exponent) }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     experimenter::main()
//! }
//! ```
//!
//! The table is a plain SQL table, with the columns that `PyExperimenter` gives it. It lives in an `SQLite` file unless
//! `--database` or `EXPERIMENTER_DATABASE` names another database, such as `mysql://user:password@host/database`.

// The attribute writes `::experimenter`, which this name makes true in our own tests.
extern crate self as experimenter;

pub mod definition;
pub mod exit;
pub mod field;
// For the rig, which writes logs as executers that were killed leave them.
#[doc(hidden)]
pub mod spool;

mod cli;
mod config;
mod domains;
mod error;
mod executer;
mod experiment;
mod grid;
mod machine;
mod mistake;
mod outcome;
mod output;
mod panics;
mod registry;
mod report;
mod run;
mod slot;

pub use cli::main;
pub use definition::Definition;
pub use domains::{files, linspace, logspace};
pub use error::{Error, Result};
pub use experiment::{Experiment, LogEntry, Partial, Results};
pub use experimenter_macros::{Field, experiment};
pub use field::{Field, Json};
pub use outcome::{Failure, IntoOutcome, Outcome};
pub use run::{Custom, Run};

/// What an experiment's file needs: `use experimenter::prelude::*;`.
pub mod prelude {
    pub use crate::{Experiment, Field, Json, Outcome, experiment, files, linspace, logspace};
}

/// What the expansion of the attribute names; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::definition::{Column, Definition, Keyfield, Located, Logtable, Registration};
    pub use crate::experiment::{ListedRows, field, listed, only};
    pub use crate::field::{
        Domain, Enumeration, Fallible, Field, FieldError, Narrow, NarrowOption, TextField, element, field_serde,
        from_variant_name, is_field, is_text_field, status_serde, variant_from_value,
    };
    pub use chrono::NaiveDateTime;
    pub use diesel;
    pub use experimenter_diesel::{Status, Value};
    pub use inventory;
    pub use serde;
    pub use std::time::Duration;

    /// The values of a struct's fields.
    pub type Values = Vec<Value>;
    /// The values of some of a struct's fields.
    pub type PartialValues = Vec<Option<Value>>;
    /// What became of a call.
    pub type Ended<E> = Result<crate::Outcome<<E as crate::Experiment>::Results>, crate::Failure>;

    /// A domain without values yet.
    #[must_use]
    pub fn domain<T: Field>() -> Domain<T> {
        Domain::new()
    }

    /// The value of a field that is written, if it is.
    pub fn some<T: Field>(field: &Option<T>) -> Option<Value> {
        field.as_ref().map(Field::to_value)
    }

    /// A field's value.
    pub fn to_value<T: Field>(field: &T) -> Value {
        field.to_value()
    }
}
