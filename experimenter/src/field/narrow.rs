//! Integers that are stored in a wider column, on their way out of a typed Diesel query.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::sql_types::{BigInt, Integer, Nullable, SingleValue, SmallInt};

/// What `#[diesel(deserialize_as = …)]` names for an `i8`, `u8`, `u16`, `u32` or `u64`.
#[derive(Debug)]
pub struct Narrow<T>(i64, std::marker::PhantomData<T>);

/// The same for an `Option` of them.
#[derive(Debug)]
pub struct NarrowOption<T>(Option<T>);

macro_rules! narrow {
    ($($type:ident),*) => {$(
        impl TryFrom<Narrow<$type>> for $type {
            type Error = std::num::TryFromIntError;

            fn try_from(wide: Narrow<$type>) -> Result<Self, Self::Error> {
                Self::try_from(wide.0)
            }
        }
    )*};
}

narrow!(i8, u8, u16, u32, u64);

impl<T> From<NarrowOption<T>> for Option<T> {
    fn from(wide: NarrowOption<T>) -> Self {
        wide.0
    }
}

macro_rules! from_sql {
    ($($sql:ident $wide:ident),*) => {$(
        impl<T, DB> FromSql<$sql, DB> for Narrow<T>
        where
            DB: Backend,
            $wide: FromSql<$sql, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(Self(i64::from($wide::from_sql(bytes)?), std::marker::PhantomData))
            }
        }

        impl<T, DB> FromSql<Nullable<$sql>, DB> for NarrowOption<T>
        where
            DB: Backend,
            $wide: FromSql<$sql, DB>,
            T: TryFrom<i64, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let wide = i64::from($wide::from_sql(bytes)?);
                Ok(Self(Some(T::try_from(wide).map_err(Into::into)?)))
            }

            fn from_nullable_sql(bytes: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
                bytes.map_or(Ok(Self(None)), <Self as FromSql<Nullable<$sql>, DB>>::from_sql)
            }
        }
    )*};
}

from_sql!(SmallInt i16, Integer i32, BigInt i64);

impl<T, ST, DB> Queryable<ST, DB> for Narrow<T>
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

impl<T, ST, DB> Queryable<ST, DB> for NarrowOption<T>
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
