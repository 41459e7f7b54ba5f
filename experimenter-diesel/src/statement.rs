//! The dynamic core: SQL text with bound values, and rows of values, through either of Diesel's backends.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::mysql::{Mysql, MysqlType, MysqlValue};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::row::{Field, NamedRow};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, Date, Double, HasSqlType, Nullable, Text, Timestamp, Unsigned, Untyped};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};

use crate::Value;

/// One SQL statement with the values of its `?`.
///
/// No identifier or literal in our SQL contains a `?`: names are checked when a table is declared, and everything else
/// is bound.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) binds: Vec<Value>,
    /// Whether the connection keeps it prepared: right for texts that come again, wrong for lists of varying length.
    keep_prepared: bool,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>, binds: Vec<Value>) -> Self {
        let sql = sql.into();
        debug_assert_eq!(sql.matches('?').count(), binds.len(), "one value for each `?` of {sql}");
        Self { sql, binds, keep_prepared: true }
    }

    /// How many bytes it is about, the longest of text and values.
    pub(crate) fn bytes(&self) -> usize {
        let values = self.binds.iter().map(|value| match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Null | Value::Int(_) | Value::UInt(_) | Value::Float(_) => 8,
        });
        self.sql.len().max(values.sum())
    }

    /// The same statement, prepared anew each time.
    pub(crate) fn once(self) -> Self {
        Self { keep_prepared: false, ..self }
    }

    /// The SQL in pieces, each but the last followed by its value.
    fn walk<'b, DB: Backend>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
        bind: impl Fn(&mut AstPass<'_, 'b, DB>, &'b Value) -> QueryResult<()>,
    ) -> QueryResult<()> {
        if !self.keep_prepared {
            out.unsafe_to_cache_prepared();
        }
        let mut pieces = self.sql.split('?');
        out.push_sql(pieces.next().unwrap_or_default());
        for (piece, value) in pieces.zip(&self.binds) {
            bind(&mut out, value)?;
            out.push_sql(piece);
        }
        Ok(())
    }
}

/// Binds a value by the types that both databases know.
fn bind_common<'b, DB>(out: &mut AstPass<'_, 'b, DB>, value: &'b Value) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Double> + HasSqlType<Text> + HasSqlType<Binary>,
    i64: ToSql<BigInt, DB>,
    f64: ToSql<Double, DB>,
    String: ToSql<Text, DB>,
    Vec<u8>: ToSql<Binary, DB>,
    Option<String>: ToSql<Nullable<Text>, DB>,
{
    const NULL: &Option<String> = &None;
    match value {
        Value::Null => out.push_bind_param::<Nullable<Text>, _>(NULL),
        Value::Int(n) => out.push_bind_param::<BigInt, _>(n),
        Value::Float(x) => out.push_bind_param::<Double, _>(x),
        Value::Text(text) => out.push_bind_param::<Text, _>(text),
        Value::Bytes(bytes) => out.push_bind_param::<Binary, _>(bytes),
        Value::UInt(n) => Err(diesel::result::Error::SerializationError(
            format!("{n} is larger than any integer of this database").into(),
        )),
    }
}

impl QueryFragment<Mysql> for Statement {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        self.walk(out, |out, value| match value {
            Value::UInt(n) => out.push_bind_param::<Unsigned<BigInt>, _>(n),
            other => bind_common(out, other),
        })
    }
}

impl QueryFragment<Sqlite> for Statement {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk(out, bind_common)
    }
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<C> diesel::RunQueryDsl<C> for Statement {}

/// One row of a result, by position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    /// The value at a position; `NULL` beyond the end, which no caller asks for.
    pub(crate) fn take(&mut self, index: usize) -> Value {
        self.0.get_mut(index).map_or(Value::Null, |value| std::mem::replace(value, Value::Null))
    }

    pub(crate) fn int(&self, index: usize) -> Option<i64> {
        self.0.get(index).and_then(|value| match value {
            Value::Int(n) => Some(*n),
            // SUM() of integers is a decimal on MySQL.
            Value::Text(text) => text.parse().ok(),
            _ => None,
        })
    }

    pub(crate) fn text(&self, index: usize) -> Option<&str> {
        self.0.get(index).and_then(Value::as_str)
    }

    pub(crate) fn bytes(&self, index: usize) -> Option<&[u8]> {
        match self.0.get(index)? {
            Value::Bytes(bytes) => Some(bytes),
            Value::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }
}

impl QueryableByName<Mysql> for Row {
    fn build<'a>(row: &impl NamedRow<'a, Mysql>) -> deserialize::Result<Self> {
        let fields = (0..row.field_count()).filter_map(|index| diesel::row::Row::get(row, index));
        fields.map(|field| field.value().map_or(Ok(Value::Null), mysql_value)).collect::<Result<_, _>>().map(Self)
    }
}

impl QueryableByName<Sqlite> for Row {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let fields = (0..row.field_count()).filter_map(|index| diesel::row::Row::get(row, index));
        fields.map(|field| field.value().map_or(Ok(Value::Null), sqlite_value)).collect::<Result<_, _>>().map(Self)
    }
}

fn mysql_value(value: MysqlValue<'_>) -> deserialize::Result<Value> {
    match value.value_type() {
        MysqlType::Tiny
        | MysqlType::UnsignedTiny
        | MysqlType::Short
        | MysqlType::UnsignedShort
        | MysqlType::Long
        | MysqlType::UnsignedLong
        | MysqlType::LongLong => <i64 as FromSql<BigInt, Mysql>>::from_sql(value).map(Value::Int),
        MysqlType::UnsignedLongLong => <u64 as FromSql<Unsigned<BigInt>, Mysql>>::from_sql(value).map(Value::from),
        MysqlType::Float | MysqlType::Double => <f64 as FromSql<Double, Mysql>>::from_sql(value).map(Value::Float),
        MysqlType::Date => {
            <chrono::NaiveDate as FromSql<Date, Mysql>>::from_sql(value).map(|date| Value::Text(date.to_string()))
        }
        MysqlType::DateTime | MysqlType::Timestamp => {
            <chrono::NaiveDateTime as FromSql<Timestamp, Mysql>>::from_sql(value)
                .map(|time| Value::Text(time.to_string()))
        }
        // Text in a binary collation is told as a blob.
        _ => Ok(match String::from_utf8(value.as_bytes().to_vec()) {
            Ok(text) => Value::Text(text),
            Err(bytes) => Value::Bytes(bytes.into_bytes()),
        }),
    }
}

fn sqlite_value(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Value> {
    match value.value_type() {
        None => Ok(Value::Null),
        Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => {
            <i64 as FromSql<BigInt, Sqlite>>::from_sql(value).map(Value::Int)
        }
        Some(SqliteType::Float | SqliteType::Double) => {
            <f64 as FromSql<Double, Sqlite>>::from_sql(value).map(Value::Float)
        }
        Some(SqliteType::Binary) => <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value).map(Value::Bytes),
        Some(_) => <String as FromSql<Text, Sqlite>>::from_sql(value).map(Value::Text),
    }
}
