//! Serde for fields by their [`Value`]s: for enums, which need not know serde, and for NaN, which JSON does not know.

use std::fmt;

use experimenter_diesel::Value;
use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;

use super::{Field, FieldError};

/// `#[serde(with = …)]` of a field that serde itself does not know, or not well.
pub mod field_serde {
    use super::{Deserializer, Field, Serializer, from_shown, serialize_value, shown};

    /// The field's value; a number that JSON does not have is text.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<T: Field, S: Serializer>(field: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_value(&field.to_value(), serializer)
    }

    /// The field from its value.
    ///
    /// # Errors
    /// The deserializer's, and when the value is none of the field's type.
    pub fn deserialize<'de, T: Field, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let value = shown(deserializer)?;
        from_shown(&value).map_err(serde::de::Error::custom)
    }
}

/// `#[serde(with = …)]` of a row's status.
pub mod status_serde {
    use super::{Deserializer, Serializer};
    use experimenter_diesel::Status;

    /// The status as the table has it.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(status.as_str())
    }

    /// The status of that name.
    ///
    /// # Errors
    /// The deserializer's, and when there is no such status.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn serialize_value<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Value::Null => serializer.serialize_none(),
        Value::Int(n) => serializer.serialize_i64(*n),
        Value::UInt(n) => serializer.serialize_u64(*n),
        Value::Float(x) if x.is_finite() || !serializer.is_human_readable() => serializer.serialize_f64(*x),
        Value::Float(_) => serializer.collect_str(value),
        Value::Text(text) => serializer.serialize_str(text),
        Value::Bytes(bytes) => serializer.serialize_bytes(bytes),
    }
}

/// Text can also be a number that JSON does not have.
fn from_shown<T: Field>(value: &Value) -> Result<T, FieldError> {
    T::from_value(value).or_else(|error| value.as_str().and_then(|text| T::parse(text).ok()).ok_or(error))
}

fn shown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    deserializer.deserialize_any(ValueVisitor)
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, text or nothing")
    }

    fn visit_bool<E: de::Error>(self, b: bool) -> Result<Value, E> {
        Ok(b.into())
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_f64<E: de::Error>(self, x: f64) -> Result<Value, E> {
        Ok(x.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        shown(deserializer)
    }
}
