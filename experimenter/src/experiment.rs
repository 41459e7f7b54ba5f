//! The traits that the attribute implements: an experiment's typed edges.

use experimenter_diesel::Value;

use crate::field::{Fallible, FieldError};
use crate::{Definition, Failure, Outcome, Run};

/// An experiment, implemented by the struct of its keyfields.
///
/// `#[experiment]` implements it; nobody else does.
pub trait Experiment: Sized + Clone + 'static {
    /// The struct of the resultfields.
    type Results: Results;
    /// The struct of a subset of the resultfields, written while the function runs.
    type Partial: Partial;
    /// The struct of a whole row of the table.
    type Row;

    /// The experiment as data.
    const DEFINITION: &'static Definition;

    /// The keyfields from their values, in the attribute's order.
    ///
    /// # Errors
    /// The first field whose stored value is none of its type.
    fn from_values(values: &[Value]) -> Result<Self, FieldError>;

    /// The keyfields' values, in the attribute's order.
    fn to_values(&self) -> Vec<Value>;

    /// Calls the function.
    ///
    /// # Errors
    /// What the function returned as its error.
    fn call(&self, run: &mut Run<Self>) -> Result<Outcome<Self::Results>, Failure>;
}

/// The struct of an experiment's resultfields.
pub trait Results: 'static {
    /// The values, in the attribute's order.
    fn to_values(&self) -> Vec<Value>;
}

/// The struct of a subset of an experiment's resultfields.
pub trait Partial: 'static {
    /// The values in the attribute's order; `None` for a field that is not written.
    fn to_values(&self) -> Vec<Option<Value>>;
}

/// The struct of one entry of a logtable.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entry of a logtable",
    note = "help: an experiment `svm` with `logtables = {{ folds: {{ … }} }}` logs entries of the struct `SvmFolds`"
)]
pub trait LogEntry: 'static {
    /// The experiment whose logtable it is.
    type Experiment: Experiment;
    /// The logtable's place among the experiment's logtables.
    const LOGTABLE: usize;

    /// The values, in the attribute's order.
    fn to_values(&self) -> Vec<Value>;
}

/// Reads one field from a row of values; the expansion of the attribute calls it.
///
/// # Errors
/// When there is no such value, or when it is none of the field's type.
pub fn field<T: crate::field::Field>(values: &[Value], index: usize, name: &str) -> Result<T, FieldError> {
    let value = values.get(index).ok_or_else(|| FieldError::new("there is no value").of(name))?;
    T::from_value(value).map_err(|error| error.of(name))
}

/// Whether a combination of the product is a row; the expansion of `only` calls it.
///
/// # Errors
/// When a value is none of its field's type.
pub fn only<E: Experiment>(values: &[Value], only: impl Fn(&E) -> bool) -> Result<bool, FieldError> {
    E::from_values(values).map(|key| only(&key))
}

/// What the attribute's `rows` gave.
#[derive(Debug)]
pub struct Listed<I>(I);

/// Calls the attribute's `rows`; its expansion calls it.
pub fn listed<I>(rows: impl FnOnce() -> I) -> Listed<I> {
    Listed(rows())
}

/// The rows of an iterator; of a `Result` of one they are those of the method of the same name, which comes before this.
pub trait ListedRows<I> {
    /// The keyfields' values of each row.
    ///
    /// # Errors
    /// The first row that is an error.
    fn rows<E: Experiment>(self) -> Fallible<Vec<Vec<Value>>>
    where
        I: IntoIterator,
        I::Item: IntoKey<E>;
}

impl<I> ListedRows<I> for Listed<I> {
    fn rows<E: Experiment>(self) -> Fallible<Vec<Vec<Value>>>
    where
        I: IntoIterator,
        I::Item: IntoKey<E>,
    {
        self.0.into_iter().map(|row| row.into_key().map(|key| key.to_values())).collect()
    }
}

/// A `Result` can be iterated over too, and would lose its error.
impl<I, X: std::fmt::Display> Listed<Result<I, X>> {
    /// The keyfields' values of each row.
    ///
    /// # Errors
    /// The error in the place of rows, or the first row that is one.
    pub fn rows<E: Experiment>(self) -> Fallible<Vec<Vec<Value>>>
    where
        I: IntoIterator,
        I::Item: IntoKey<E>,
    {
        match self.0 {
            Ok(rows) => ListedRows::rows(Listed(rows)),
            Err(error) => Err(FieldError::new(error.to_string())),
        }
    }
}

/// An item of the attribute's `rows` that stands for a row: its keyfields, or an error.
#[diagnostic::on_unimplemented(
    message = "`rows` yields items of type `{Self}`, and the rows of this experiment are `{E}`",
    label = "not a `{E}`",
    note = "help: write `rows = || [{E} {{ … }}, …]`; each item can also be a `Result` of that"
)]
pub trait IntoKey<E> {
    /// The keyfields.
    ///
    /// # Errors
    /// Where the item is an error.
    fn into_key(self) -> Result<E, FieldError>;
}

impl<E: Experiment> IntoKey<E> for E {
    fn into_key(self) -> Result<E, FieldError> {
        Ok(self)
    }
}

impl<E: Experiment, X: std::fmt::Display> IntoKey<E> for Result<E, X> {
    fn into_key(self) -> Result<E, FieldError> {
        self.map_err(|error| FieldError::new(error.to_string()))
    }
}
