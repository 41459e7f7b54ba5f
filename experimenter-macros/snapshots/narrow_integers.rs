pub(crate) fn ints(key: &IntsKey) -> IntsResults {}
#[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
    impl ::experimenter::Experiment for IntsKey {
        type Results = IntsResults;
        type Partial = IntsPartial;
        type Row = IntsRow;
        const DEFINITION: &'static __p::Definition = &__p::Definition {
            name: "ints",
            table: "ints",
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[
                __p::Keyfield::new::<u8>("a", 1)
                    .over(|| __p::domain::<u8>().with_all(0..3).finish()),
                __p::Keyfield::new::<Option<u32>>("b", 1)
                    .over(|| {
                        __p::domain::<Option<u32>>().with(None).with(Some(1)).finish()
                    }),
                __p::Keyfield::new::<u64>("c", 1)
                    .over(|| __p::domain::<u64>().with(1).finish()),
            ],
            resultfields: &[
                __p::Column::new::<i8>("d", 1),
                __p::Column::new::<Option<u16>>("e", 1),
            ],
            logtables: &[],
            ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR"))
        };
        fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> {
            ::core::result::Result::Ok(Self {
                a: __p::field(values, 0, "a")?,
                b: __p::field(values, 1, "b")?,
                c: __p::field(values, 2, "c")?,
            })
        }
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.a), __value(& self.b), __value(& self.c)]
        }
        fn call(&self, run: &mut IntsRun) -> __p::Ended<Self> {
            ::experimenter::IntoOutcome::<IntsResults>::into_outcome(ints(self))
        }
    }
    impl ::experimenter::Results for IntsResults {
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.d), __value(& self.e)]
        }
    }
    impl ::experimenter::Partial for IntsPartial {
        fn to_values(&self) -> __p::PartialValues {
            ::std::vec![__some(& self.d), __some(& self.e)]
        }
    }
    __p::inventory::submit!(__p::Registration::of:: < IntsKey > ());
};
/// The keyfields of the experiment `ints`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = ints_schema::ints)]
pub(crate) struct IntsKey {
    #[diesel(deserialize_as = ::experimenter::__private::Narrow<u8>)]
    /// The keyfield `a`.
    pub a: u8,
    #[diesel(deserialize_as = ::experimenter::__private::NarrowOption<u32>)]
    /// The keyfield `b`.
    pub b: Option<u32>,
    #[diesel(deserialize_as = ::experimenter::__private::Narrow<u64>)]
    /// The keyfield `c`.
    pub c: u64,
}
/// The resultfields of the experiment `ints`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
pub(crate) struct IntsResults {
    /// The resultfield `d`.
    pub d: i8,
    /// The resultfield `e`.
    pub e: Option<u16>,
}
/// Some of the resultfields of the experiment `ints`; those that are `None` are not written.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::core::default::Default)]
#[serde(default)]
pub(crate) struct IntsPartial {
    /// The resultfield `d`.
    pub d: ::core::option::Option<i8>,
    /// The resultfield `e`.
    pub e: Option<u16>,
}
/// A row of the table of the experiment `ints`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = ints_schema::ints)]
pub(crate) struct IntsRow {
    /// The row's `ID`.
    pub id: i64,
    #[diesel(deserialize_as = ::experimenter::__private::Narrow<u8>)]
    /// The keyfield `a`.
    pub a: u8,
    #[diesel(deserialize_as = ::experimenter::__private::NarrowOption<u32>)]
    /// The keyfield `b`.
    pub b: Option<u32>,
    #[diesel(deserialize_as = ::experimenter::__private::Narrow<u64>)]
    /// The keyfield `c`.
    pub c: u64,
    /// When the row was filled.
    pub creation_date: ::core::option::Option<::experimenter::__private::NaiveDateTime>,
    /// Where the row stands.
    #[serde(with = "::experimenter::__private::status_serde")]
    pub status: ::experimenter::__private::Status,
    /// When its last run began.
    pub start_date: ::core::option::Option<::experimenter::__private::NaiveDateTime>,
    /// The name of the executer that ran it.
    pub name: ::core::option::Option<::std::string::String>,
    /// The machine that ran it.
    pub machine: ::core::option::Option<::std::string::String>,
    /// The resultfield `d`.
    #[diesel(deserialize_as = ::experimenter::__private::NarrowOption<i8>)]
    pub d: ::core::option::Option<i8>,
    /// The resultfield `e`.
    #[diesel(deserialize_as = ::experimenter::__private::NarrowOption<u16>)]
    pub e: Option<u16>,
    /// When its last run ended.
    pub end_date: ::core::option::Option<::experimenter::__private::NaiveDateTime>,
    /// What went wrong.
    pub error: ::core::option::Option<::std::string::String>,
}
/// One run of the experiment `ints`.
#[allow(dead_code, unreachable_pub)]
pub(crate) type IntsRun = ::experimenter::Run<IntsKey>;
/// The Diesel schema of the experiment `ints`.
#[allow(
    dead_code,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    unused_qualifications
)]
#[allow(clippy::pedantic, clippy::nursery)]
pub(crate) mod ints_schema {
    ::diesel::table! {
        #[doc = " The table of the experiment `ints`."] #[sql_name = "ints"] ints(id) {
        #[doc = r" The row's `ID`."] #[sql_name = "ID"] id -> BigInt, #[doc =
        " The keyfield `a`."] a -> SmallInt, #[doc = " The keyfield `b`."] b -> Nullable
        < BigInt >, #[doc = " The keyfield `c`."] c -> BigInt, #[doc =
        r" When the row was filled."] creation_date -> Nullable < Timestamp >, #[doc =
        r" Where the row stands."] status -> Text, #[doc = r" When its last run began."]
        start_date -> Nullable < Timestamp >, #[doc =
        r" The name of the executer that ran it."] name -> Nullable < Text >, #[doc =
        r" The machine that ran it."] machine -> Nullable < Text >, #[doc =
        " The resultfield `d`."] d -> Nullable < SmallInt >, #[doc =
        " The resultfield `e`."] e -> Nullable < Integer >, #[doc =
        r" When its last run ended."] end_date -> Nullable < Timestamp >, #[doc =
        r" What went wrong."] error -> Nullable < Text >, }
    }
}
