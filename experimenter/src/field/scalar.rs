//! `Field` for the types that come with Rust and chrono.

use chrono::{NaiveDate, NaiveDateTime};
use experimenter_diesel::Value;

use super::{Field, FieldError};

macro_rules! integer_field {
    ($($type:ident $sql:literal),*) => {$(
        impl Field for $type {
            const KEY_SQL: &'static str = $sql;

            fn to_value(&self) -> Value {
                integer_field!(@value $type *self)
            }

            fn from_value(value: &Value) -> Result<Self, FieldError> {
                match value {
                    Value::Int(n) => Self::try_from(*n).ok(),
                    Value::UInt(n) => Self::try_from(*n).ok(),
                    _ => None,
                }
                .ok_or_else(|| mismatch(stringify!($type), value))
            }

            fn parse(text: &str) -> Result<Self, FieldError> {
                text.trim().replace('_', "").parse().map_err(|_| FieldError::expected(stringify!($type), &text))
            }

            /// A whole number may be written with a point: `5.0`, as by a range with a step.
            fn from_json(json: &serde_json::Value) -> Result<Self, FieldError> {
                match json {
                    serde_json::Value::Null => Self::from_value(&Value::Null),
                    serde_json::Value::String(text) => Self::parse(text),
                    other => Self::parse(other.to_string().trim_end_matches(".0")),
                }
            }
        }
    )*};
    (@value u64 $n:expr) => { Value::from($n) };
    (@value $type:ident $n:expr) => { Value::Int(i64::from($n)) };
}

// Unsigned types are stored in the next wider signed one, which is what Diesel has on SQLite.
integer_field!(
    i8 "SMALLINT", i16 "SMALLINT", i32 "INT", i64 "BIGINT",
    u8 "SMALLINT", u16 "INT", u32 "BIGINT", u64 "BIGINT"
);

impl Field for f64 {
    const KEY_SQL: &'static str = "DOUBLE";

    fn to_value(&self) -> Value {
        Value::Float(*self)
    }

    fn from_value(value: &Value) -> Result<Self, FieldError> {
        value.as_f64().ok_or_else(|| mismatch("a number", value))
    }

    fn parse(text: &str) -> Result<Self, FieldError> {
        text.trim().replace('_', "").parse().map_err(|_| FieldError::expected("a number", &text))
    }
}

impl Field for f32 {
    const KEY_SQL: &'static str = "FLOAT";

    fn to_value(&self) -> Value {
        Value::Float(f64::from(*self))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the column holds single precision")]
    fn from_value(value: &Value) -> Result<Self, FieldError> {
        f64::from_value(value).map(|x| x as Self)
    }

    fn parse(text: &str) -> Result<Self, FieldError> {
        text.trim().replace('_', "").parse().map_err(|_| FieldError::expected("a number", &text))
    }
}

impl Field for bool {
    const KEY_SQL: &'static str = "BOOL";

    fn to_value(&self) -> Value {
        Value::from(*self)
    }

    fn from_value(value: &Value) -> Result<Self, FieldError> {
        match value {
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            _ => Err(mismatch("0 or 1", value)),
        }
    }

    fn parse(text: &str) -> Result<Self, FieldError> {
        match text.trim() {
            "true" | "True" | "1" => Ok(true),
            "false" | "False" | "0" => Ok(false),
            _ => Err(FieldError::expected("true or false", &text)),
        }
    }
}

impl Field for String {
    const KEY_SQL: &'static str = "VARCHAR(255)";
    const RESULT_SQL: &'static str = "LONGTEXT";

    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn from_value(value: &Value) -> Result<Self, FieldError> {
        value.as_str().map(ToOwned::to_owned).ok_or_else(|| mismatch("text", value))
    }

    fn parse(text: &str) -> Result<Self, FieldError> {
        Ok(text.to_owned())
    }

    /// A whole number is its digits. Other values could be written in several ways, so that they need quotes.
    fn from_json(json: &serde_json::Value) -> Result<Self, FieldError> {
        match json {
            serde_json::Value::String(text) => Ok(text.clone()),
            serde_json::Value::Number(n) if !n.is_f64() => Ok(n.to_string()),
            serde_json::Value::Null => Self::from_value(&Value::Null),
            serde_json::Value::Number(_) | serde_json::Value::Bool(_) => {
                Err(FieldError::new(format!("expected text, found `{json}` (text that looks like it needs quotes)")))
            }
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Err(FieldError::expected("text", json)),
        }
    }
}

impl Field for NaiveDate {
    const KEY_SQL: &'static str = "DATE";

    fn to_value(&self) -> Value {
        Value::Text(self.format("%Y-%m-%d").to_string())
    }

    fn from_value(value: &Value) -> Result<Self, FieldError> {
        Self::parse(text_of("a date", value)?)
    }

    fn parse(text: &str) -> Result<Self, FieldError> {
        Self::parse_from_str(text.trim(), "%Y-%m-%d")
            .map_err(|_| FieldError::expected("a date such as 2026-01-31", &text))
    }
}

impl Field for NaiveDateTime {
    const KEY_SQL: &'static str = "DATETIME(6)";

    fn to_value(&self) -> Value {
        Value::Text(self.format("%Y-%m-%d %H:%M:%S%.f").to_string())
    }

    fn from_value(value: &Value) -> Result<Self, FieldError> {
        Self::parse(text_of("a time", value)?)
    }

    fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        Self::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
            .or_else(|_| Self::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"))
            .map_err(|_| FieldError::expected("a time such as 2026-01-31 12:00:00", &text))
    }
}

/// `None` is `NULL`.
impl<T: Field> Field for Option<T> {
    const KEY_SQL: &'static str = T::KEY_SQL;
    const RESULT_SQL: &'static str = T::RESULT_SQL;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Field::to_value)
    }

    fn from_value(value: &Value) -> Result<Self, FieldError> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }

    /// `null` is `None`; quote it (`"null"`) to mean the text.
    fn parse(text: &str) -> Result<Self, FieldError> {
        if text.trim() == "null" { Ok(None) } else { T::parse(text).map(Some) }
    }

    fn from_json(json: &serde_json::Value) -> Result<Self, FieldError> {
        if json.is_null() { Ok(None) } else { T::from_json(json).map(Some) }
    }

    fn every() -> Option<Vec<Self>> {
        Some(T::every()?.into_iter().map(Some).collect())
    }
}

pub(super) fn mismatch(expected: &str, value: &Value) -> FieldError {
    if value.is_null() {
        FieldError::new(format!("expected {expected}, found NULL (a field that may be NULL is an `Option`)"))
    } else {
        FieldError::expected(expected, value)
    }
}

pub(super) fn text_of<'value>(expected: &str, value: &'value Value) -> Result<&'value str, FieldError> {
    value.as_str().ok_or_else(|| mismatch(expected, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T: Field>(value: T) {
        assert_eq!(T::from_value(&value.to_value()), Ok(value));
    }

    #[test]
    fn every_type_round_trips() {
        round_trip(i8::MIN);
        round_trip(u32::MAX);
        round_trip(i64::MIN);
        round_trip(u64::MAX);
        round_trip(0.1_f32);
        round_trip(f64::MIN_POSITIVE);
        round_trip(true);
        round_trip(String::from("日本 \"quoted\""));
        round_trip(NaiveDate::from_ymd_opt(2026, 1, 31));
        round_trip(NaiveDate::from_ymd_opt(2026, 1, 31).and_then(|date| date.and_hms_micro_opt(1, 2, 3, 4)));
        round_trip(None::<String>);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert_eq!(u8::from_value(&Value::Int(300)), Err(FieldError::new("expected u8, found `300`")));
        assert!(i64::from_value(&Value::Null).is_err_and(|error| error.to_string().contains("`Option`")));
        assert!(bool::parse("yes").is_err());
        assert_eq!(u32::parse("1_000"), Ok(1000));
    }

    #[test]
    fn json_is_read_by_the_type() {
        fn read<T: Field>(text: &str) -> Result<T, String> {
            T::from_json(&serde_json::from_str(text).expect("JSON")).map_err(|error| error.to_string())
        }
        assert_eq!(read::<i64>("5.0"), Ok(5));
        assert_eq!(read::<u64>("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(read::<f64>("1"), Ok(1.0));
        assert_eq!(read::<f64>("\"inf\""), Ok(f64::INFINITY));
        assert_eq!(read::<bool>("true"), Ok(true));
        assert_eq!(read::<String>("12"), Ok("12".to_owned()));
        assert_eq!(read::<Option<String>>("null"), Ok(None));
        assert_eq!(read::<Option<String>>("\"null\""), Ok(Some("null".to_owned())));
        for (wrong, says) in [
            (read::<i64>("5.5").map(drop), "expected i64, found `5.5`"),
            (read::<i64>("true").map(drop), "expected i64, found `true`"),
            (read::<i64>("[5]").map(drop), "expected i64, found `[5]`"),
            (read::<u8>("300").map(drop), "expected u8, found `300`"),
            (read::<i64>("null").map(drop), "`Option`"),
            (read::<String>("0.10").map(drop), "needs quotes"),
            (read::<String>("false").map(drop), "needs quotes"),
            (read::<String>("{}").map(drop), "expected text, found `{}`"),
        ] {
            assert!(wrong.as_ref().is_err_and(|error| error.contains(says)), "{wrong:?} lacks {says}");
        }
    }
}
