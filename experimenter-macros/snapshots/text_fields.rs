fn text(key: &TextKey) -> TextResults {}
#[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
    const _: () = __p::is_text_field::<Json<Vec<u32>>>();
    const _: () = __p::is_text_field::<a::Kernel>();
    const _: () = __p::is_text_field::<Json<Shape>>();
    const _: () = __p::is_field::<chrono::NaiveDate>();
    impl ::experimenter::Experiment for TextKey {
        type Results = TextResults;
        type Partial = TextPartial;
        type Row = TextRow;
        const DEFINITION: &'static __p::Definition = &__p::Definition {
            name: "text",
            table: "text",
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[
                __p::Keyfield::new::<Json<Vec<u32>>>("layers", 1)
                    .over(|| {
                        __p::domain::<Json<Vec<u32>>>().with(Json(vec![1])).finish()
                    }),
                __p::Keyfield::new::<Option<a::Kernel>>("kernel", 1),
            ],
            resultfields: &[
                __p::Column::new::<Json<Shape>>("shape", 1),
                __p::Column::new::<chrono::NaiveDate>("day", 1),
            ],
            logtables: &[],
            ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR"))
        };
        fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> {
            ::core::result::Result::Ok(Self {
                layers: __p::field(values, 0, "layers")?,
                kernel: __p::field(values, 1, "kernel")?,
            })
        }
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.layers), __value(& self.kernel)]
        }
        fn call(&self, run: &mut TextRun) -> __p::Ended<Self> {
            ::experimenter::IntoOutcome::<TextResults>::into_outcome(text(self))
        }
    }
    impl ::experimenter::Results for TextResults {
        fn to_values(&self) -> __p::Values {
            ::std::vec![__value(& self.shape), __value(& self.day)]
        }
    }
    impl ::experimenter::Partial for TextPartial {
        fn to_values(&self) -> __p::PartialValues {
            ::std::vec![__some(& self.shape), __some(& self.day)]
        }
    }
    __p::inventory::submit!(__p::Registration::of:: < TextKey > ());
};
/// The keyfields of the experiment `text`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = text_schema::text)]
struct TextKey {
    /// The keyfield `layers`.
    pub layers: Json<Vec<u32>>,
    /// The keyfield `kernel`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub kernel: Option<a::Kernel>,
}
/// The resultfields of the experiment `text`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
struct TextResults {
    /// The resultfield `shape`.
    pub shape: Json<Shape>,
    /// The resultfield `day`.
    pub day: chrono::NaiveDate,
}
/// Some of the resultfields of the experiment `text`; those that are `None` are not written.
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
struct TextPartial {
    /// The resultfield `shape`.
    pub shape: ::core::option::Option<Json<Shape>>,
    /// The resultfield `day`.
    pub day: ::core::option::Option<chrono::NaiveDate>,
}
/// A row of the table of the experiment `text`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(
    ::experimenter::__private::serde::Serialize,
    ::experimenter::__private::serde::Deserialize
)]
#[serde(crate = "::experimenter::__private::serde")]
#[derive(::diesel::Queryable, ::diesel::Selectable)]
#[diesel(table_name = text_schema::text)]
struct TextRow {
    /// The row's `ID`.
    pub id: i64,
    /// The keyfield `layers`.
    pub layers: Json<Vec<u32>>,
    /// The keyfield `kernel`.
    #[serde(with = "::experimenter::__private::field_serde")]
    pub kernel: Option<a::Kernel>,
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
    /// The resultfield `shape`.
    pub shape: ::core::option::Option<Json<Shape>>,
    /// The resultfield `day`.
    pub day: ::core::option::Option<chrono::NaiveDate>,
    /// When its last run ended.
    pub end_date: ::core::option::Option<::experimenter::__private::NaiveDateTime>,
    /// What went wrong.
    pub error: ::core::option::Option<::std::string::String>,
}
/// One run of the experiment `text`.
#[allow(dead_code, unreachable_pub)]
type TextRun = ::experimenter::Run<TextKey>;
/// The Diesel schema of the experiment `text`.
#[allow(
    dead_code,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    unused_qualifications
)]
#[allow(clippy::pedantic, clippy::nursery)]
mod text_schema {
    ::diesel::table! {
        #[doc = " The table of the experiment `text`."] #[sql_name = "text"] text(id) {
        #[doc = r" The row's `ID`."] #[sql_name = "ID"] id -> BigInt, #[doc =
        " The keyfield `layers`."] layers -> Text, #[doc = " The keyfield `kernel`."]
        kernel -> Nullable < Text >, #[doc = r" When the row was filled."] creation_date
        -> Nullable < Timestamp >, #[doc = r" Where the row stands."] status -> Text,
        #[doc = r" When its last run began."] start_date -> Nullable < Timestamp >, #[doc
        = r" The name of the executer that ran it."] name -> Nullable < Text >, #[doc =
        r" The machine that ran it."] machine -> Nullable < Text >, #[doc =
        " The resultfield `shape`."] shape -> Nullable < Text >, #[doc =
        " The resultfield `day`."] day -> Nullable < Date >, #[doc =
        r" When its last run ended."] end_date -> Nullable < Timestamp >, #[doc =
        r" What went wrong."] error -> Nullable < Text >, }
    }
}
