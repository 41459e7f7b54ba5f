pub fn timed(key: &TimedKey) -> Result<TimedResults, E> {}
#[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
    impl ::experimenter::Experiment for TimedKey {
        type Results = TimedResults;
        type Partial = TimedPartial;
        type Row = TimedRow;
        const DEFINITION: &'static __p::Definition = &__p::Definition {
            name: "timed",
            table: "t",
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[
                __p::Keyfield::new::<i32>("n", 1)
                    .over(|| __p::domain::<i32>().with_all(SIZES).finish()),
            ],
            resultfields: &[
                __p::Column::new::<f64>("y", 1),
                __p::Column::new::<Option<String>>("note", 1),
            ],
            logtables: &[],
            result_timestamps: true,
            ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR"))
        };
        fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> {
            ::core::result::Result::Ok(Self {
                n: __p::field(values, 0, "n")?,
            })
        }
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.n)]
        }
        fn call(&self, run: &mut TimedRun) -> __p::Ended<Self> {
            ::experimenter::IntoOutcome::<TimedResults>::into_outcome(timed(self))
        }
    }
    impl ::experimenter::Results for TimedResults {
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.y), __value(& self.note)]
        }
    }
    impl ::experimenter::Partial for TimedPartial {
        fn to_values(&self) -> __p::PartialValues {
            ::std::vec![__some(& self.y), __some(& self.note)]
        }
    }
    __p::inventory::submit!(__p::Registration::of:: < TimedKey > ());
};
/// The keyfields of the experiment `timed`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = timed_schema::timed)]
pub struct TimedKey {
    /// The keyfield `n`.
    pub n: i32,
}
/// The resultfields of the experiment `timed`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
pub struct TimedResults {
    /// The resultfield `y`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub y: f64,
    /// The resultfield `note`.
    pub note: Option<String>,
}
/// Some of the resultfields of the experiment `timed`; those that are `None` are not written.
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
pub struct TimedPartial {
    /// The resultfield `y`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub y: ::core::option::Option<f64>,
    /// The resultfield `note`.
    pub note: Option<String>,
}
/// A row of the table of the experiment `timed`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = timed_schema::timed)]
pub struct TimedRow {
    /// The row's `ID`.
    pub id: i64,
    /// The keyfield `n`.
    pub n: i32,
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
    /// The resultfield `y`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub y: ::core::option::Option<f64>,
    /// When `y` was written.
    pub y_timestamp: ::core::option::Option<::std::string::String>,
    /// The resultfield `note`.
    pub note: Option<String>,
    /// When `note` was written.
    pub note_timestamp: ::core::option::Option<::std::string::String>,
    /// When its last run ended.
    pub end_date: ::core::option::Option<::experimenter::__private::NaiveDateTime>,
    /// What went wrong.
    pub error: ::core::option::Option<::std::string::String>,
}
/// One run of the experiment `timed`.
#[allow(dead_code, unreachable_pub)]
pub type TimedRun = ::experimenter::Run<TimedKey>;
/// The Diesel schema of the experiment `timed`.
#[allow(
    dead_code,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    unused_qualifications
)]
#[allow(clippy::pedantic, clippy::nursery)]
pub mod timed_schema {
    ::diesel::table! {
        #[doc = " The table of the experiment `timed`."] #[sql_name = "t"] timed(id) {
        #[doc = r" The row's `ID`."] #[sql_name = "ID"] id -> BigInt, #[doc =
        " The keyfield `n`."] n -> Integer, #[doc = r" When the row was filled."]
        creation_date -> Nullable < Timestamp >, #[doc = r" Where the row stands."]
        status -> Text, #[doc = r" When its last run began."] start_date -> Nullable <
        Timestamp >, #[doc = r" The name of the executer that ran it."] name -> Nullable
        < Text >, #[doc = r" The machine that ran it."] machine -> Nullable < Text >,
        #[doc = " The resultfield `y`."] y -> Nullable < Double >, #[doc =
        " When `y` was written."] y_timestamp -> Nullable < Text >, #[doc =
        " The resultfield `note`."] note -> Nullable < Text >, #[doc =
        " When `note` was written."] note_timestamp -> Nullable < Text >, #[doc =
        r" When its last run ended."] end_date -> Nullable < Timestamp >, #[doc =
        r" What went wrong."] error -> Nullable < Text >, }
    }
}
