fn tiny(key: &TinyKey) -> TinyResults {
    TinyResults {}
}
#[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
    impl ::experimenter::Experiment for TinyKey {
        type Results = TinyResults;
        type Partial = TinyPartial;
        type Row = TinyRow;
        const DEFINITION: &'static __p::Definition = &__p::Definition {
            name: "tiny",
            table: "tiny",
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[__p::Keyfield::new::<i64>("seed", 1)],
            resultfields: &[],
            logtables: &[],
            ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR"))
        };
        fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> {
            ::core::result::Result::Ok(Self {
                seed: __p::field(values, 0, "seed")?,
            })
        }
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.seed)]
        }
        fn call(&self, run: &mut TinyRun) -> __p::Ended<Self> {
            ::experimenter::IntoOutcome::<TinyResults>::into_outcome(tiny(self))
        }
    }
    impl ::experimenter::Results for TinyResults {
        fn to_values(&self) -> __p::Values {
            ::std::vec![]
        }
    }
    impl ::experimenter::Partial for TinyPartial {
        fn to_values(&self) -> __p::PartialValues {
            ::std::vec![]
        }
    }
    __p::inventory::submit!(__p::Registration::of:: < TinyKey > ());
};
/// The keyfields of the experiment `tiny`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = tiny_schema::tiny)]
struct TinyKey {
    /// The keyfield `seed`.
    pub seed: i64,
}
/// The resultfields of the experiment `tiny`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
struct TinyResults {}
/// Some of the resultfields of the experiment `tiny`; those that are `None` are not written.
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
struct TinyPartial {}
/// A row of the table of the experiment `tiny`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = tiny_schema::tiny)]
struct TinyRow {
    /// The row's `ID`.
    pub id: i64,
    /// The keyfield `seed`.
    pub seed: i64,
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
    /// When its last run ended.
    pub end_date: ::core::option::Option<::experimenter::__private::NaiveDateTime>,
    /// What went wrong.
    pub error: ::core::option::Option<::std::string::String>,
}
/// One run of the experiment `tiny`.
#[allow(dead_code, unreachable_pub)]
type TinyRun = ::experimenter::Run<TinyKey>;
/// The Diesel schema of the experiment `tiny`.
#[allow(
    dead_code,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    unused_qualifications
)]
#[allow(clippy::pedantic, clippy::nursery)]
mod tiny_schema {
    ::diesel::table! {
        #[doc = " The table of the experiment `tiny`."] #[sql_name = "tiny"] tiny(id) {
        #[doc = r" The row's `ID`."] #[sql_name = "ID"] id -> BigInt, #[doc =
        " The keyfield `seed`."] seed -> BigInt, #[doc = r" When the row was filled."]
        creation_date -> Nullable < Timestamp >, #[doc = r" Where the row stands."]
        status -> Text, #[doc = r" When its last run began."] start_date -> Nullable <
        Timestamp >, #[doc = r" The name of the executer that ran it."] name -> Nullable
        < Text >, #[doc = r" The machine that ran it."] machine -> Nullable < Text >,
        #[doc = r" When its last run ended."] end_date -> Nullable < Timestamp >, #[doc =
        r" What went wrong."] error -> Nullable < Text >, }
    }
}
