//! A value on its way to or from a database: the dynamic core's one currency.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One field's value, independent of the database and of the Rust type it came from.
///
/// Dates and times travel as text (`2026-01-31`, `2026-01-31 12:00:00.5`), booleans as 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// A whole number.
    Int(i64),
    /// A whole number above `i64::MAX`; smaller ones are [`Value::Int`].
    UInt(u64),
    /// A floating-point number, NaN and the infinities included.
    Float(f64),
    /// Text, a date, or a date with a time.
    Text(String),
    /// Bytes, such as a hash.
    Bytes(Vec<u8>),
}

impl Value {
    /// Whether this is SQL `NULL`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number that this is, for statistics; `None` for text, bytes and `NULL`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics are computed in f64")]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::UInt(n) => Some(*n as f64),
            Self::Float(x) => Some(*x),
            Self::Null | Self::Text(_) | Self::Bytes(_) => None,
        }
    }

    /// The whole number that this is.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The text that this is.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// This value as JSON; NaN, the infinities and bytes as text, since JSON has no form for them.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Int(n) => (*n).into(),
            Self::UInt(n) => (*n).into(),
            Self::Float(x) if x.is_finite() => (*x).into(),
            Self::Float(_) | Self::Bytes(_) => self.to_string().into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

/// As a person would type it; `NULL` is empty.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Int(n) => n.fmt(f),
            Self::UInt(n) => n.fmt(f),
            // The shortest form that reads back as the same number: 0.1, 1e300, NaN, inf.
            Self::Float(x) if x.is_finite() && (x.abs() >= 1e16 || (x.abs() < 1e-5 && *x != 0.0)) => {
                write!(f, "{x:e}")
            }
            Self::Float(x) => x.fmt(f),
            Self::Text(text) => f.pad(text),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<u64> for Value {
    fn from(n: u64) -> Self {
        i64::try_from(n).map_or(Self::UInt(n), Self::Int)
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Self::Float(x)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Int(i64::from(b))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_typed() {
        let shown = |x: f64| Value::Float(x).to_string();
        assert_eq!(shown(0.1), "0.1");
        assert_eq!(shown(1.0), "1");
        assert_eq!(shown(1e-7), "1e-7");
        assert_eq!(shown(1e300), "1e300");
        assert_eq!(shown(f64::NAN), "NaN");
        assert_eq!(shown(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn large_unsigned_numbers_stay_exact() {
        assert_eq!(Value::from(7_u64), Value::Int(7));
        assert_eq!(Value::from(u64::MAX), Value::UInt(u64::MAX));
    }
}
