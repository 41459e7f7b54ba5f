//! `Json<T>`: any serde type as a field.

use std::ops::{Deref, DerefMut};

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::sql_types::{SingleValue, Text};
use experimenter_diesel::Value;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Field, FieldError, TextField, scalar::text_of};

/// A field of any serde type, stored as JSON text.
///
/// Keys of maps are sorted, so that equal values are stored as equal text.
///
/// ```
/// use experimenter::prelude::*;
///
/// let layers = Json(vec![64, 32]);
/// assert_eq!(layers.to_value(), "[64,32]".into());
/// assert_eq!(layers.len(), 2);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> Field for Json<T>
where
    T: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + 'static,
{
    const KEY_SQL: &'static str = "LONGTEXT";

    /// # Panics
    /// When the value has no JSON form, such as a map whose keys are no text: an error of `fill`, or of the row.
    fn to_value(&self) -> Value {
        // Through `serde_json::Value`, whose maps are sorted.
        match serde_json::to_value(&self.0) {
            Ok(json) => Value::Text(json.to_string()),
            Err(error) => panic!("{self:?} has no JSON form: {error}"),
        }
    }

    fn from_value(value: &Value) -> Result<Self, FieldError> {
        Self::parse(text_of("JSON", value)?)
    }

    fn parse(text: &str) -> Result<Self, FieldError> {
        serde_json::from_str(text).map(Json).map_err(|error| FieldError::new(format!("not the JSON expected: {error}")))
    }

    /// The value itself, or a text that holds its JSON.
    fn from_json(json: &serde_json::Value) -> Result<Self, FieldError> {
        T::deserialize(json).map(Json).or_else(|error| match json {
            serde_json::Value::String(text) => Self::parse(text),
            _ => Err(FieldError::new(format!("not the JSON expected: {error}"))),
        })
    }
}

impl<T> TextField for Json<T> where Self: Field {}

impl<T, DB> FromSql<Text, DB> for Json<T>
where
    DB: Backend,
    String: FromSql<Text, DB>,
    T: DeserializeOwned,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(&String::from_sql(bytes)?)?))
    }
}

impl<T, ST, DB> Queryable<ST, DB> for Json<T>
where
    DB: Backend,
    ST: SingleValue,
    Self: FromSql<ST, DB>,
{
    type Row = Self;

    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}
