//! What a column can hold: SQL types as they are written, and the fit of a value to them.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime};

use crate::Value;

/// The kind of database behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// `SQLite`, embedded in the program.
    Sqlite,
    /// `MySQL` or `MariaDB`.
    Mysql,
}

/// A column's SQL type: its text, as `CREATE TABLE` has it, and what it can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnType {
    sql: String,
    kind: Kind,
}

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `BOOL`, `TINYINT(1)`: 0 or 1.
    Bool,
    /// A whole number between two bounds.
    Int {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: u64,
    },
    /// `FLOAT`: single precision on `MySQL`, and rounded to it everywhere.
    Float,
    /// `DOUBLE`, `REAL`.
    Double,
    /// `DECIMAL(precision, scale)`.
    Decimal {
        /// Digits in all.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// Text of at most so many characters (`VARCHAR(n)`) or bytes (`TEXT`).
    Text {
        /// The limit.
        limit: u64,
        /// What the limit counts.
        unit: TextUnit,
    },
    /// `DATE`.
    Date,
    /// `DATETIME(fraction)`: a local time with so many digits of a second's fraction.
    DateTime {
        /// Digits of a second's fraction, 0 to 6.
        fraction: u32,
    },
}

/// What the limit of a text column counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextUnit {
    /// Characters, as in `VARCHAR(255)`.
    Characters,
    /// Bytes of UTF-8, as in `TEXT`.
    Bytes,
}

/// Why a value cannot be stored in a column as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit(String);

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misfit {}

impl ColumnType {
    /// Reads an SQL type such as `INT`, `VARCHAR(255)` or `DECIMAL(10, 2)`.
    ///
    /// # Errors
    /// When it is none that can hold a field; the message lists those that can.
    pub fn parse(sql: &str) -> Result<Self, Misfit> {
        let kind = parse_kind(sql).ok_or_else(|| {
            Misfit(format!(
                "`{sql}` is not a column type; use BOOL, TINYINT, SMALLINT, INT, BIGINT (UNSIGNED), FLOAT, DOUBLE, \
                 DECIMAL(p, s), VARCHAR(n), TEXT, MEDIUMTEXT, LONGTEXT, DATE or DATETIME(digits)"
            ))
        })?;
        Ok(Self { sql: sql.trim().to_owned(), kind })
    }

    /// The type as `CREATE TABLE` has it.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// What the column can hold.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether another type holds the same kind of value: a wider text or number is no other kind.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let group = |kind: Kind| match kind {
            Kind::Bool | Kind::Int { .. } => 0,
            Kind::Float | Kind::Double | Kind::Decimal { .. } => 1,
            Kind::Text { .. } => 2,
            Kind::Date | Kind::DateTime { .. } => 3,
        };
        group(self.kind) == group(other.kind)
    }

    /// The value as the column will return it.
    ///
    /// Numbers are rounded to the column's precision, which is what every database does to them; anything
    /// that would be changed beyond that does not fit.
    ///
    /// # Errors
    /// When the column would change the value or refuse it: the reason, in words that follow "is".
    pub fn fit(&self, value: &Value, backend: Backend) -> Result<Value, Misfit> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        match self.kind {
            Kind::Bool => self.fit_int(value, 0, 1),
            // SQLite stores any signed 64-bit number in any column.
            Kind::Int { .. } if backend == Backend::Sqlite => self.fit_int(value, i64::MIN, i64::MAX as u64),
            Kind::Int { min, max } => self.fit_int(value, min, max),
            Kind::Float => self.fit_float(value, backend, round_to_single),
            Kind::Double => self.fit_float(value, backend, |x| x),
            Kind::Decimal { precision, scale } => self.fit_decimal(value, backend, precision, scale),
            Kind::Text { limit, unit } => self.fit_text(value, backend, limit, unit),
            Kind::Date => self.fit_date(value),
            Kind::DateTime { fraction } => self.fit_datetime(value, fraction),
        }
    }

    /// A value that the database returned, in the form that [`ColumnType::fit`] gives.
    #[must_use]
    pub fn read(&self, value: Value) -> Value {
        match (self.kind, &value) {
            (Kind::Float | Kind::Double | Kind::Decimal { .. }, Value::Int(_) | Value::UInt(_)) => {
                value.as_f64().map_or(value, Value::Float)
            }
            (Kind::Float, Value::Float(x)) => Value::Float(round_to_single(*x)),
            (Kind::Decimal { .. }, Value::Text(text)) => text.parse().map_or(value, Value::Float),
            (Kind::Text { .. }, Value::Int(_) | Value::UInt(_) | Value::Float(_)) => Value::Text(value.to_string()),
            (Kind::Date, Value::Text(text)) => parse_date(text).map_or(value, date_value),
            (Kind::DateTime { .. }, Value::Text(text)) => parse_datetime(text).map_or(value, datetime_value),
            _ => value,
        }
    }

    fn fit_int(&self, value: &Value, min: i64, max: u64) -> Result<Value, Misfit> {
        let whole = match value {
            Value::Int(n) => Value::Int(*n),
            Value::UInt(n) => Value::UInt(*n),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the guard leaves whole numbers that f64 holds exactly"
            )]
            Value::Float(x) if x.fract() == 0.0 && x.abs() < 9e15 => Value::Int(*x as i64),
            Value::Text(text) => {
                let text = text.trim();
                text.parse::<i64>()
                    .map(Value::Int)
                    .or_else(|_| text.parse::<u64>().map(Value::from))
                    .map_err(|_| self.misfit("not a whole number"))?
            }
            _ => return Err(self.misfit("not a whole number")),
        };
        let in_range = match &whole {
            Value::Int(n) => *n >= min && u64::try_from(*n).map_or(*n < 0, |n| n <= max),
            Value::UInt(n) => *n <= max,
            _ => false,
        };
        if in_range { Ok(whole) } else { Err(self.misfit(&format!("outside of {min} to {max}"))) }
    }

    fn fit_float(&self, value: &Value, backend: Backend, round: impl Fn(f64) -> f64) -> Result<Value, Misfit> {
        let x = self.number(value)?;
        if x.is_nan() {
            return Err(self.misfit("not a number that a database holds"));
        }
        let rounded = round(x);
        if rounded.is_infinite() && (backend == Backend::Mysql || x.is_finite()) {
            return Err(self.misfit(if x.is_finite() { "too large" } else { "infinite" }));
        }
        // One zero: MySQL keeps the sign of -0.0, SQLite does not.
        Ok(Value::Float(if rounded == 0.0 { 0.0 } else { rounded }))
    }

    fn fit_decimal(&self, value: &Value, backend: Backend, precision: u32, scale: u32) -> Result<Value, Misfit> {
        let x = self.number(value)?;
        if !x.is_finite() {
            return Err(self.misfit("not a finite number"));
        }
        let text = format!("{x:.*}", scale as usize);
        let digits =
            text.trim_start_matches('-').split('.').next().map_or(0, |whole| whole.trim_start_matches('0').len());
        if backend == Backend::Mysql && digits > precision.saturating_sub(scale) as usize {
            return Err(self.misfit("too large"));
        }
        let rounded: f64 = text.parse().map_err(|_| self.misfit("not a number"))?;
        Ok(Value::Float(if rounded == 0.0 { 0.0 } else { rounded }))
    }

    fn fit_text(&self, value: &Value, backend: Backend, limit: u64, unit: TextUnit) -> Result<Value, Misfit> {
        let text = match value {
            Value::Bytes(_) => return Err(self.misfit("bytes, not text")),
            other => other.to_string(),
        };
        let (length, name) = match unit {
            TextUnit::Characters => (text.chars().count(), "characters"),
            TextUnit::Bytes => (text.len(), "bytes"),
        };
        if backend == Backend::Mysql && length as u64 > limit {
            return Err(self.misfit(&format!("{length} {name} long, and the limit is {limit}")));
        }
        if text.contains('\0') && backend == Backend::Sqlite {
            return Err(self.misfit("text with a NUL character, which SQLite cuts off"));
        }
        Ok(Value::Text(text))
    }

    fn fit_date(&self, value: &Value) -> Result<Value, Misfit> {
        value.as_str().and_then(parse_date).map(date_value).ok_or_else(|| self.misfit("not a date such as 2026-01-31"))
    }

    fn fit_datetime(&self, value: &Value, fraction: u32) -> Result<Value, Misfit> {
        let time = value
            .as_str()
            .and_then(parse_datetime)
            .ok_or_else(|| self.misfit("not a time such as 2026-01-31 12:00:00"))?;
        let step = 10_u32.pow(9 - fraction.min(6));
        if chrono::Timelike::nanosecond(&time) % step != 0 {
            return Err(self.misfit(&format!("a time with more than {fraction} digits of a second's fraction")));
        }
        Ok(datetime_value(time))
    }

    fn number(&self, value: &Value) -> Result<f64, Misfit> {
        match value {
            Value::Text(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        }
        .ok_or_else(|| self.misfit("not a number"))
    }

    fn misfit(&self, reason: &str) -> Misfit {
        Misfit(format!("{reason} (the column is {})", self.sql))
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

/// `BIGINT(20) UNSIGNED` → its name, its arguments, whether it is unsigned → what it holds.
fn parse_kind(sql: &str) -> Option<Kind> {
    let upper = sql.trim().to_ascii_uppercase();
    let unsigned = upper.ends_with("UNSIGNED");
    let upper = upper.trim_end_matches("UNSIGNED").trim();
    let (name, arguments) = match upper.split_once('(') {
        Some((name, rest)) => (name.trim(), parse_arguments(rest.strip_suffix(')')?)?),
        None => (upper, Vec::new()),
    };
    let first = arguments.first().copied();
    let int = |bits: u32| {
        Some(if unsigned {
            Kind::Int { min: 0, max: u64::MAX >> (64 - bits) }
        } else {
            Kind::Int { min: i64::MIN >> (64 - bits), max: (u64::MAX >> 1) >> (64 - bits) }
        })
    };
    let bytes = |limit: u64| Some(Kind::Text { limit, unit: TextUnit::Bytes });
    match name {
        "BOOL" | "BOOLEAN" => Some(Kind::Bool),
        "TINYINT" if first == Some(1) => Some(Kind::Bool),
        "TINYINT" => int(8),
        "SMALLINT" => int(16),
        "MEDIUMINT" => int(24),
        "INT" | "INTEGER" => int(32),
        "BIGINT" => int(64),
        "FLOAT" if first.is_none_or(|digits| digits <= 24) => Some(Kind::Float),
        "FLOAT" | "DOUBLE" | "DOUBLE PRECISION" | "REAL" => Some(Kind::Double),
        "DECIMAL" | "NUMERIC" | "DEC" => {
            Some(Kind::Decimal { precision: first.unwrap_or(10), scale: arguments.get(1).copied().unwrap_or(0) })
        }
        "CHAR" | "VARCHAR" => Some(Kind::Text { limit: first.unwrap_or(1).into(), unit: TextUnit::Characters }),
        "TINYTEXT" => bytes(255),
        "TEXT" => bytes(65_535),
        "MEDIUMTEXT" => bytes(16_777_215),
        "LONGTEXT" => bytes(4_294_967_295),
        "JSON" => bytes(4_294_967_295),
        "DATE" => Some(Kind::Date),
        "DATETIME" | "TIMESTAMP" => Some(Kind::DateTime { fraction: first.unwrap_or(0).min(6) }),
        _ => None,
    }
}

fn parse_arguments(text: &str) -> Option<Vec<u32>> {
    text.split(',').map(|argument| argument.trim().parse().ok()).collect()
}

/// The number that a column of single precision shows: 0.1 and not 0.10000000149011612, which is what it holds. So do the
/// clients that read a column as text, and SQLite, which holds the number as it was given.
#[expect(clippy::cast_possible_truncation, reason = "rounding to single precision is what the column does")]
fn round_to_single(x: f64) -> f64 {
    let single = x as f32;
    single.to_string().parse().unwrap_or_else(|_| f64::from(single))
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()
}

fn date_value(date: NaiveDate) -> Value {
    Value::Text(date.format("%Y-%m-%d").to_string())
}

fn parse_datetime(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| parse_date(text)?.and_hms_opt(0, 0, 0))
}

/// Without a fraction where there is none, else with six digits: as `MySQL`, `SQLite` and Diesel all read it.
fn datetime_value(time: NaiveDateTime) -> Value {
    let format = match chrono::Timelike::nanosecond(&time) {
        0 => "%Y-%m-%d %H:%M:%S",
        nanos if nanos % 1_000 == 0 => "%Y-%m-%d %H:%M:%S%.6f",
        _ => "%Y-%m-%d %H:%M:%S%.9f",
    };
    Value::Text(time.format(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(sql: &str, value: impl Into<Value>) -> Result<Value, String> {
        let column = ColumnType::parse(sql).expect("a known type");
        column.fit(&value.into(), Backend::Mysql).map_err(|misfit| misfit.to_string())
    }

    #[test]
    fn values_are_normalised_to_the_column() {
        assert_eq!(fit("INT", 3.0), Ok(Value::Int(3)));
        assert_eq!(fit("INT", "12"), Ok(Value::Int(12)));
        assert_eq!(fit("DOUBLE", 1_i64), Ok(Value::Float(1.0)));
        assert_eq!(fit("DOUBLE", -0.0), Ok(Value::Float(0.0)));
        assert_eq!(fit("FLOAT", 0.123_456_789), Ok(Value::Float(0.123_456_79)));
        assert_eq!(fit("DECIMAL(10, 2)", 0.125), Ok(Value::Float(0.12)));
        assert_eq!(fit("VARCHAR(5)", 1.5), Ok(Value::from("1.5")));
        assert_eq!(fit("DATETIME(6)", "2026-01-31T12:00:00"), Ok(Value::from("2026-01-31 12:00:00")));
        assert_eq!(fit("BIGINT UNSIGNED", u64::MAX), Ok(Value::UInt(u64::MAX)));
        assert_eq!(fit("TINYINT", -128_i64), Ok(Value::Int(-128)));
    }

    #[test]
    fn what_would_change_is_refused() {
        for (sql, value) in [
            ("INT", Value::Float(1.5)),
            ("INT", Value::Int(3_000_000_000)),
            ("TINYINT", Value::Int(-129)),
            ("BIGINT", Value::UInt(u64::MAX)),
            ("BOOL", Value::Int(2)),
            ("DOUBLE", Value::Float(f64::NAN)),
            ("DOUBLE", Value::Float(f64::INFINITY)),
            ("FLOAT", Value::Float(1e300)),
            ("DECIMAL(4, 2)", Value::Float(100.0)),
            ("VARCHAR(3)", Value::from("日本語!")),
            ("DATE", Value::from("tomorrow")),
            ("DATETIME", Value::from("2026-01-31 12:00:00.5")),
        ] {
            let refused = fit(sql, value.clone());
            assert!(refused.as_ref().is_err_and(|reason| reason.contains(sql)), "{value:?} in {sql}: {refused:?}");
        }
    }

    #[test]
    fn what_is_read_equals_what_was_fitted() {
        for (sql, fitted, read) in [
            ("DECIMAL(10, 2)", Value::Float(0.5), Value::from("0.50")),
            ("DOUBLE", Value::Float(2.0), Value::Int(2)),
            ("FLOAT", Value::Float(0.1), Value::Float(f64::from(0.1_f32))),
            ("VARCHAR(9)", Value::from("7"), Value::Int(7)),
            ("DATETIME(6)", Value::from("2026-01-31 12:00:00"), Value::from("2026-01-31 12:00:00.000000")),
        ] {
            assert_eq!(ColumnType::parse(sql).expect("a known type").read(read), fitted, "{sql}");
        }
    }

    #[test]
    fn an_unknown_type_lists_the_known_ones() {
        let error = ColumnType::parse("GEOMETRY").expect_err("no field type").to_string();
        assert!(error.contains("GEOMETRY") && error.contains("VARCHAR(n)"), "{error}");
    }
}
