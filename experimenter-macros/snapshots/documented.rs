/// Mine.
fn docs(key: &DocsKey) -> Outcome<DocsResults> {}
#[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
    impl ::experimenter::Experiment for DocsKey {
        type Results = DocsResults;
        type Partial = DocsPartial;
        type Row = DocsRow;
        const DEFINITION: &'static __p::Definition = &__p::Definition {
            name: "docs",
            table: "docs",
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[
                __p::Keyfield::new::<String>("path", 2)
                    .sql("VARCHAR(40)")
                    .over(|| __p::domain::<String>().with_all(files("*.cnf")).finish()),
            ],
            resultfields: &[],
            logtables: &[
                __p::Logtable {
                    name: "steps",
                    columns: &[__p::Column::new::<f64>("i", 4).sql("DECIMAL(10, 2)")],
                    line: 3,
                },
            ],
            ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR"))
        };
        fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> {
            ::core::result::Result::Ok(Self {
                path: __p::field(values, 0, "path")?,
            })
        }
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.path)]
        }
        fn call(&self, run: &mut DocsRun) -> __p::Ended<Self> {
            ::experimenter::IntoOutcome::<DocsResults>::into_outcome(docs(self))
        }
    }
    impl ::experimenter::Results for DocsResults {
        fn to_values(&self) -> __p::Values {
            ::std::vec![]
        }
    }
    impl ::experimenter::Partial for DocsPartial {
        fn to_values(&self) -> __p::PartialValues {
            ::std::vec![]
        }
    }
    impl ::experimenter::LogEntry for DocsSteps {
        type Experiment = DocsKey;
        const LOGTABLE: usize = 0;
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.i)]
        }
    }
    __p::inventory::submit!(__p::Registration::of:: < DocsKey > ());
};
/// The keyfields of the experiment `docs`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = docs_schema::docs)]
struct DocsKey {
    /// The path.
    pub path: String,
}
/// The resultfields of the experiment `docs`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
struct DocsResults {}
/// Some of the resultfields of the experiment `docs`; those that are `None` are not written.
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
struct DocsPartial {}
/// A row of the table of the experiment `docs`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = docs_schema::docs)]
struct DocsRow {
    /// The row's `ID`.
    pub id: i64,
    /// The path.
    pub path: String,
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
/// One a step.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
struct DocsSteps {
    /// Which.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub i: f64,
}
/// One run of the experiment `docs`.
#[allow(dead_code, unreachable_pub)]
type DocsRun = ::experimenter::Run<DocsKey>;
/// The Diesel schema of the experiment `docs`.
#[allow(
    dead_code,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    unused_qualifications
)]
#[allow(clippy::pedantic, clippy::nursery)]
mod docs_schema {
    ::diesel::table! {
        #[doc = " The table of the experiment `docs`."] #[sql_name = "docs"] docs(id) {
        #[doc = r" The row's `ID`."] #[sql_name = "ID"] id -> BigInt, #[doc =
        " The path."] path -> Text, #[doc = r" When the row was filled."] creation_date
        -> Nullable < Timestamp >, #[doc = r" Where the row stands."] status -> Text,
        #[doc = r" When its last run began."] start_date -> Nullable < Timestamp >, #[doc
        = r" The name of the executer that ran it."] name -> Nullable < Text >, #[doc =
        r" The machine that ran it."] machine -> Nullable < Text >, #[doc =
        r" When its last run ended."] end_date -> Nullable < Timestamp >, #[doc =
        r" What went wrong."] error -> Nullable < Text >, }
    }
    ::diesel::table! {
        #[doc = " One a step."] #[sql_name = "docs__steps"] steps(id) { #[doc =
        r" The entry's `ID`."] #[sql_name = "ID"] id -> BigInt, #[doc =
        r" The `ID` of the row that it belongs to."] experiment_id -> BigInt, #[doc =
        r" When it was written."] timestamp -> Nullable < Timestamp >, #[doc = " Which."]
        i -> Nullable < Double >, #[doc = r" The attempt that wrote it."] attempt ->
        Nullable < BigInt >, }
    }
    ::diesel::joinable!(steps -> docs(experiment_id));
    ::diesel::allow_tables_to_appear_in_same_query!(docs, steps);
}
