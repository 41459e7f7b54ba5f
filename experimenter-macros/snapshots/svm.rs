fn svm(key: &SvmKey, run: &mut SvmRun) -> experimenter::Result<SvmResults> {
    body!(key, run)
}
#[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
    const _: () = __p::is_text_field::<Kernel>();
    impl ::experimenter::Experiment for SvmKey {
        type Results = SvmResults;
        type Partial = SvmPartial;
        type Row = SvmRow;
        const DEFINITION: &'static __p::Definition = &__p::Definition {
            name: "svm",
            table: "svm",
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[
                __p::Keyfield::new::<String>("dataset", 3)
                    .over(|| __p::domain::<String>().with("iris").with("wine").finish()),
                __p::Keyfield::new::<Kernel>("kernel", 4),
                __p::Keyfield::new::<f64>("c", 5)
                    .over(|| {
                        __p::domain::<f64>().with(0.1).with(1.0).with(10.0).finish()
                    }),
                __p::Keyfield::new::<i64>("seed", 6)
                    .over(|| __p::domain::<i64>().with_all(0..5).finish()),
            ],
            resultfields: &[
                __p::Column::new::<f64>("train_accuracy", 8),
                __p::Column::new::<f64>("test_accuracy", 8),
            ],
            logtables: &[
                __p::Logtable {
                    name: "folds",
                    columns: &[
                        __p::Column::new::<i32>("fold", 9),
                        __p::Column::new::<f64>("accuracy", 9),
                    ],
                    line: 9,
                },
            ],
            ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR"))
        };
        fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> {
            ::core::result::Result::Ok(Self {
                dataset: __p::field(values, 0, "dataset")?,
                kernel: __p::field(values, 1, "kernel")?,
                c: __p::field(values, 2, "c")?,
                seed: __p::field(values, 3, "seed")?,
            })
        }
        fn to_values(&self) -> __p::Values {
            ::std::vec![
                __value(& self.dataset), __value(& self.kernel), __value(& self.c),
                __value(& self.seed)
            ]
        }
        fn call(&self, run: &mut SvmRun) -> __p::Ended<Self> {
            ::experimenter::IntoOutcome::<SvmResults>::into_outcome(svm(self, run))
        }
    }
    impl ::experimenter::Results for SvmResults {
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.train_accuracy), __value(& self.test_accuracy)]
        }
    }
    impl ::experimenter::Partial for SvmPartial {
        fn to_values(&self) -> __p::PartialValues {
            ::std::vec![__some(& self.train_accuracy), __some(& self.test_accuracy)]
        }
    }
    impl ::experimenter::LogEntry for SvmFolds {
        type Experiment = SvmKey;
        const LOGTABLE: usize = 0;
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.fold), __value(& self.accuracy)]
        }
    }
    __p::inventory::submit!(__p::Registration::of:: < SvmKey > ());
};
/// The keyfields of the experiment `svm`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = svm_schema::svm)]
struct SvmKey {
    /// The keyfield `dataset`.
    pub dataset: String,
    /// The keyfield `kernel`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub kernel: Kernel,
    /// The keyfield `c`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub c: f64,
    /// The keyfield `seed`.
    pub seed: i64,
}
/// The resultfields of the experiment `svm`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
struct SvmResults {
    /// The resultfield `train_accuracy`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub train_accuracy: f64,
    /// The resultfield `test_accuracy`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub test_accuracy: f64,
}
/// Some of the resultfields of the experiment `svm`; those that are `None` are not written.
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
struct SvmPartial {
    /// The resultfield `train_accuracy`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub train_accuracy: ::core::option::Option<f64>,
    /// The resultfield `test_accuracy`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub test_accuracy: ::core::option::Option<f64>,
}
/// A row of the table of the experiment `svm`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = svm_schema::svm)]
struct SvmRow {
    /// The row's `ID`.
    pub id: i64,
    /// The keyfield `dataset`.
    pub dataset: String,
    /// The keyfield `kernel`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub kernel: Kernel,
    /// The keyfield `c`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub c: f64,
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
    /// The resultfield `train_accuracy`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub train_accuracy: ::core::option::Option<f64>,
    /// The resultfield `test_accuracy`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub test_accuracy: ::core::option::Option<f64>,
    /// When its last run ended.
    pub end_date: ::core::option::Option<::experimenter::__private::NaiveDateTime>,
    /// What went wrong.
    pub error: ::core::option::Option<::std::string::String>,
}
/// An entry of the logtable `folds` of the experiment `svm`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
struct SvmFolds {
    /// The column `fold`.
    pub fold: i32,
    /// The column `accuracy`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub accuracy: f64,
}
/// One run of the experiment `svm`.
#[allow(dead_code, unreachable_pub)]
type SvmRun = ::experimenter::Run<SvmKey>;
/// The Diesel schema of the experiment `svm`.
#[allow(
    dead_code,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    unused_qualifications
)]
#[allow(clippy::pedantic, clippy::nursery)]
mod svm_schema {
    ::diesel::table! {
        #[doc = " The table of the experiment `svm`."] #[sql_name = "svm"] svm(id) {
        #[doc = r" The row's `ID`."] #[sql_name = "ID"] id -> BigInt, #[doc =
        " The keyfield `dataset`."] dataset -> Text, #[doc = " The keyfield `kernel`."]
        kernel -> Text, #[doc = " The keyfield `c`."] c -> Double, #[doc =
        " The keyfield `seed`."] seed -> BigInt, #[doc = r" When the row was filled."]
        creation_date -> Nullable < Timestamp >, #[doc = r" Where the row stands."]
        status -> Text, #[doc = r" When its last run began."] start_date -> Nullable <
        Timestamp >, #[doc = r" The name of the executer that ran it."] name -> Nullable
        < Text >, #[doc = r" The machine that ran it."] machine -> Nullable < Text >,
        #[doc = " The resultfield `train_accuracy`."] train_accuracy -> Nullable < Double
        >, #[doc = " The resultfield `test_accuracy`."] test_accuracy -> Nullable <
        Double >, #[doc = r" When its last run ended."] end_date -> Nullable < Timestamp
        >, #[doc = r" What went wrong."] error -> Nullable < Text >, }
    }
    ::diesel::table! {
        #[doc = " The logtable `folds` of the experiment `svm`."] #[sql_name =
        "svm__folds"] folds(id) { #[doc = r" The entry's `ID`."] #[sql_name = "ID"] id ->
        BigInt, #[doc = r" The `ID` of the row that it belongs to."] experiment_id ->
        BigInt, #[doc = r" When it was written."] timestamp -> Nullable < Timestamp >,
        #[doc = " The column `fold`."] fold -> Nullable < Integer >, #[doc =
        " The column `accuracy`."] accuracy -> Nullable < Double >, #[doc =
        r" The attempt that wrote it."] attempt -> Nullable < BigInt >, }
    }
    ::diesel::joinable!(folds -> svm(experiment_id));
    ::diesel::allow_tables_to_appear_in_same_query!(svm, folds);
}
