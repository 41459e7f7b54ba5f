fn sgd(key: &SgdKey) -> SgdResults {}
#[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
    impl ::experimenter::Experiment for SgdKey {
        type Results = SgdResults;
        type Partial = SgdPartial;
        type Row = SgdRow;
        const DEFINITION: &'static __p::Definition = &__p::Definition {
            name: "sgd",
            table: "sgd",
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[
                __p::Keyfield::new::<f64>("momentum", 1)
                    .over(|| __p::domain::<f64>().with(0.9).with(0.99).finish())
                    .default(|| __p::element::<f64, _>(0.9)),
                __p::Keyfield::new::<u8>("n", 1)
                    .sql("INT")
                    .default(|| __p::element::<u8, _>(0)),
            ],
            resultfields: &[],
            logtables: &[],
            only: ::core::option::Option::Some(__p::Located {
                line: 1,
                function: |__values| __p::only::<
                    SgdKey,
                >(__values, |key| key.n > 1 || key.momentum == 0.9),
            }),
            rows: ::core::option::Option::Some(__p::Located {
                line: 1,
                function: || {
                    use __p::ListedRows as _;
                    __p::listed(read_instances).rows::<SgdKey>()
                },
            }),
            ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR"))
        };
        fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> {
            ::core::result::Result::Ok(Self {
                momentum: __p::field(values, 0, "momentum")?,
                n: __p::field(values, 1, "n")?,
            })
        }
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.momentum), __value(& self.n)]
        }
        fn call(&self, run: &mut SgdRun) -> __p::Ended<Self> {
            ::experimenter::IntoOutcome::<SgdResults>::into_outcome(sgd(self))
        }
    }
    impl ::experimenter::Results for SgdResults {
        fn to_values(&self) -> __p::Values {
            ::std::vec![]
        }
    }
    impl ::experimenter::Partial for SgdPartial {
        fn to_values(&self) -> __p::PartialValues {
            ::std::vec![]
        }
    }
    __p::inventory::submit!(__p::Registration::of:: < SgdKey > ());
};
/// The keyfields of the experiment `sgd`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = sgd_schema::sgd)]
struct SgdKey {
    /// The keyfield `momentum`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub momentum: f64,
    #[diesel(deserialize_as = ::experimenter::__private::Narrow<u8>)]
    /// The keyfield `n`.
    pub n: u8,
}
/// The resultfields of the experiment `sgd`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
struct SgdResults {}
/// Some of the resultfields of the experiment `sgd`; those that are `None` are not written.
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
struct SgdPartial {}
/// A row of the table of the experiment `sgd`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = sgd_schema::sgd)]
struct SgdRow {
    /// The row's `ID`.
    pub id: i64,
    /// The keyfield `momentum`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub momentum: f64,
    #[diesel(deserialize_as = ::experimenter::__private::Narrow<u8>)]
    /// The keyfield `n`.
    pub n: u8,
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
/// One run of the experiment `sgd`.
#[allow(dead_code, unreachable_pub)]
type SgdRun = ::experimenter::Run<SgdKey>;
/// The Diesel schema of the experiment `sgd`.
#[allow(
    dead_code,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    unused_qualifications
)]
#[allow(clippy::pedantic, clippy::nursery)]
mod sgd_schema {
    ::diesel::table! {
        #[doc = " The table of the experiment `sgd`."] #[sql_name = "sgd"] sgd(id) {
        #[doc = r" The row's `ID`."] #[sql_name = "ID"] id -> BigInt, #[doc =
        " The keyfield `momentum`."] momentum -> Double, #[doc = " The keyfield `n`."] n
        -> SmallInt, #[doc = r" When the row was filled."] creation_date -> Nullable <
        Timestamp >, #[doc = r" Where the row stands."] status -> Text, #[doc =
        r" When its last run began."] start_date -> Nullable < Timestamp >, #[doc =
        r" The name of the executer that ran it."] name -> Nullable < Text >, #[doc =
        r" The machine that ran it."] machine -> Nullable < Text >, #[doc =
        r" When its last run ended."] end_date -> Nullable < Timestamp >, #[doc =
        r" What went wrong."] error -> Nullable < Text >, }
    }
}
