fn wrong(key: &WrongKey) -> WrongResults {}
::core::compile_error! {
    "unknown option `colour`\nnote: the options are `keyfields`, `resultfields`, `logtables`, `table`, `result_timestamps`, `only`, `rows` and `timeout`"
}
::core::compile_error! {
    "`usize` cannot be the type of a field\nhelp: write `u64`"
}
::core::compile_error! {
    "`&str` cannot be the type of a field\nhelp: write `String`"
}
/// The keyfields of the experiment `wrong`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
struct WrongKey {
    /// The keyfield `seed`.
    pub seed: usize,
}
/// The resultfields of the experiment `wrong`.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
struct WrongResults {
    /// The resultfield `y`.
    pub y: f64,
}
/// Some of the resultfields of the experiment `wrong`; those that are `None` are not written.
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[derive(::core::default::Default)]
struct WrongPartial {
    /// The resultfield `y`.
    pub y: ::core::option::Option<f64>,
}
#[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
#[allow(clippy::pedantic, clippy::nursery)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
struct WrongRow {}
/// One run of the experiment `wrong`.
#[allow(dead_code, unreachable_pub)]
type WrongRun = ::experimenter::Run<WrongKey>;
#[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
    impl ::experimenter::Experiment for WrongKey {
        type Results = WrongResults;
        type Partial = WrongPartial;
        type Row = WrongRow;
        const DEFINITION: &'static __p::Definition = &__p::Definition {
            name: "wrong",
            table: "wrong",
            file: ::core::file!(),
            line: ::core::line!(),
            ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR"))
        };
        fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> {
            ::core::unreachable!()
        }
        fn to_values(&self) -> __p::Values {
            ::core::unreachable!()
        }
        fn call(&self, run: &mut WrongRun) -> __p::Ended<Self> {
            ::core::unreachable!()
        }
    }
    impl ::experimenter::Results for WrongResults {
        fn to_values(&self) -> __p::Values {
            ::core::unreachable!()
        }
    }
    impl ::experimenter::Partial for WrongPartial {
        fn to_values(&self) -> __p::PartialValues {
            ::core::unreachable!()
        }
    }
};
