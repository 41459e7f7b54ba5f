//! The Rust types that a field can have, and their way to and from a column.

mod domain;
mod enumeration;
mod json;
mod narrow;
mod scalar;
mod with_serde;

use std::fmt;

use experimenter_diesel::Value;

pub use domain::{Domain, IntoElement, element};
pub use enumeration::{Enumeration, TextField, from_variant_name, is_text_field, variant_from_value};
pub use json::Json;
pub use narrow::{Narrow, NarrowOption};
pub use with_serde::{field_serde, status_serde};

/// A type that a keyfield, a resultfield or a logtable's column can have.
///
/// It is implemented for the integers up to 64 bit, `f32`, `f64`, `bool`, `String`, [`chrono::NaiveDate`],
/// [`chrono::NaiveDateTime`], [`Json<T>`](Json) for any serde type, and `Option` of all of these. A fieldless enum gets
/// it by `#[derive(Field)]`, and is stored by the name of its variant.
///
/// ```
/// use experimenter::prelude::*;
///
/// #[derive(Debug, Clone, Copy, PartialEq, Field)]
/// enum Kernel {
///     Linear,
///     #[field(name = "radial basis")]
///     Rbf,
/// }
///
/// assert_eq!(Kernel::Rbf.to_value(), "radial basis".into());
/// assert_eq!(Kernel::parse("linear"), Ok(Kernel::Linear));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a field",
    label = "not a field type",
    note = "field types are the integers up to 64 bit, `f32`, `f64`, `bool`, `String`, `NaiveDate`, `NaiveDateTime`, \
            `Json<T>`, and `Option` of these",
    note = "help: give a fieldless enum `#[derive(Debug, Clone, PartialEq, Field)]`; wrap any other serde type in \
            `Json<T>`"
)]
pub trait Field: Sized + Clone + fmt::Debug + PartialEq + 'static {
    /// The SQL type of a keyfield's column, unless the attribute says another.
    const KEY_SQL: &'static str;
    /// The SQL type of a resultfield's or logtable's column, unless the attribute says another.
    const RESULT_SQL: &'static str = Self::KEY_SQL;

    /// This value for the database.
    fn to_value(&self) -> Value;

    /// The value that the database returned.
    ///
    /// # Errors
    /// When the stored value is none of this type.
    fn from_value(value: &Value) -> Result<Self, FieldError>;

    /// The value that a person typed, as in `--set seed=3`.
    ///
    /// # Errors
    /// When the text is none of this type.
    fn parse(text: &str) -> Result<Self, FieldError>;

    /// The value in a file of JSON or YAML.
    ///
    /// Unless a type says otherwise, text and numbers are read as if a person had typed them.
    ///
    /// # Errors
    /// When it is none of this type.
    fn from_json(json: &serde_json::Value) -> Result<Self, FieldError> {
        match json {
            serde_json::Value::String(text) => Self::parse(text),
            serde_json::Value::Null => Self::from_value(&Value::Null),
            other => Self::parse(&other.to_string()),
        }
    }

    /// Every value of the type, where they can be listed: what a keyfield without a domain ranges over.
    #[must_use]
    fn every() -> Option<Vec<Self>> {
        None
    }
}

/// Compiles if the type is a field's: the attribute asks this first, at the type's token.
pub const fn is_field<T: Field>() {}

/// What was read, or why it is none of a field's type.
pub type Fallible<T> = Result<T, FieldError>;

/// Why a value is none of a field's type: the reason, and the field where it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    field: Option<String>,
    reason: String,
}

impl FieldError {
    /// An error that says `reason`, of a field yet unknown.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { field: None, reason: reason.into() }
    }

    /// A text that was `found` where something else was `expected`.
    pub(crate) fn expected(expected: &str, found: &dyn fmt::Display) -> Self {
        Self::new(format!("expected {expected}, found `{found}`"))
    }

    /// The same error, said of `field`.
    #[must_use]
    pub fn of(mut self, field: &str) -> Self {
        self.field.get_or_insert_with(|| field.to_owned());
        self
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "`{field}`: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for FieldError {}
