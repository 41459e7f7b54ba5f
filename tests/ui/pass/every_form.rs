//! Every form of the attribute and of the derive, in a crate that forbids unsafe code.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unused_results, unreachable_pub, unused_qualifications)]

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use experimenter::prelude::*;

/// A fieldless enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Field)]
pub enum Kernel {
    /// By its own name.
    Linear,
    /// By another.
    #[field(name = "radial basis")]
    Rbf,
    /// A raw identifier.
    r#Box,
}

/// No traits but those that a field needs.
#[derive(Debug, Clone, PartialEq, Field)]
pub enum Single {
    /// The only one.
    Only,
}

const SEEDS: [u32; 3] = [1, 2, 3];

fn rates() -> Vec<f64> {
    vec![0.1, 0.2]
}

/// Every option and every type.
#[experiment(
    keyfields = {
        /// The dataset.
        ///
        /// In two paragraphs.
        dataset: String = ["iris", "wine"],
        kernel: Kernel,
        kernel_list: Kernel = [Kernel::Linear, Kernel::Rbf],
        maybe_kernel: Option<Kernel> = [None, Some(Kernel::Rbf)],
        single: Single,
        tiny: i8 = -3..3,
        small: i16 = (0..10).step_by(2),
        #[sql = "MEDIUMINT"]
        medium: i32 = [1, 2],
        large: i64 = 0..=4,
        utiny: u8 = 0..3,
        usmall: u16 = [65_535],
        seed: u32 = SEEDS,
        ularge: u64 = [1, 2],
        maybe: Option<u32> = [None, Some(3)],
        rate: f64 = rates(),
        single_precision: f32 = [0.5, 1.0],
        flag: bool = [true, false],
        day: chrono::NaiveDate = [chrono::NaiveDate::from_ymd_opt(2026, 1, 31).unwrap()],
        moment: NaiveDateTime,
        layers: Json<Vec<u32>> = [Json(vec![64, 32]), Json(vec![8])],
        /// An instance.
        #[sql = "VARCHAR(40)"]
        instance: String = files("cnf/*.xz"),
    },
    resultfields = {
        /// How good it is.
        accuracy: f64,
    },
    logtables = {
        /// One entry a fold.
        folds: {
            /// Which fold.
            fold: u8,
            accuracy: Option<f64>,
            kernel: Kernel,
            #[sql = "DECIMAL(10, 2)"]
            cost: f64,
        },
        no_columns: {},
    },
    table = "every_form_of_it",
)]
pub fn every_form(key: &EveryFormKey, run: &mut EveryFormRun) -> experimenter::Result<EveryFormResults> {
    run.log(EveryFormFolds { fold: 1, accuracy: None, kernel: key.kernel, cost: 1.0 })?;
    run.write(EveryFormPartial { accuracy: Some(0.5) })?;
    Ok(EveryFormResults { accuracy: key.rate })
}

mod private {
    use super::*;

    #[experiment(
        keyfields = { seed: u32 = 0..5 },
        resultfields = {
            /// Documented.
            a: f64, note: Option<String>, kernel: Kernel, count: u64, maybe: Option<u8>,
            json: Json<BTreeMap<String, f64>>, taken: NaiveDateTime, maybe_json: Option<Json<u8>>,
        },
        result_timestamps = true
    )]
    fn timestamps(key: &TimestampsKey) -> TimestampsResults {
        TimestampsResults {
            a: f64::from(key.seed),
            note: None,
            kernel: Kernel::Rbf,
            count: 1,
            maybe: Some(1),
            json: Json(BTreeMap::new()),
            taken: NaiveDateTime::default(),
            maybe_json: None,
        }
    }

    #[test]
    fn it_is_called() {
        let _ = timestamps(&TimestampsKey { seed: 1 });
    }
}

#[experiment(keyfields = { seed: u32 }, resultfields = {}, logtables = {}, result_timestamps = false)]
pub(crate) fn paused(_: &PausedKey, _: &mut experimenter::Run<PausedKey>) -> Outcome<PausedResults> {
    Outcome::Paused
}

/// A filter and rows by closures, and defaults of every kind.
#[experiment(
    keyfields = {
        /// How much of the last step is kept.
        #[default = 0.9]
        momentum: f64 = [0.9, 0.99],
        #[default = Kernel::Linear]
        kernel: Kernel,
        #[sql = "VARCHAR(40)"]
        #[default = "adam"]
        optimizer: String,
        #[default = None]
        decay: Option<f64>,
        #[default = SEEDS[0]]
        seed: u32 = SEEDS,
        #[default = Json(vec![64])]
        layers: Json<Vec<u32>>,
    },
    only = |key| key.kernel == Kernel::Rbf || key.momentum == 0.9,
    rows = || (0..3).map(|seed| ClosuresKey {
        momentum: 0.5,
        kernel: Kernel::Box,
        optimizer: "sgd".to_owned(),
        decay: Some(0.1),
        seed,
        layers: Json(vec![8]),
    }),
)]
fn closures(key: &ClosuresKey) -> ClosuresResults {
    let _ = key;
    ClosuresResults {}
}

fn is_even(key: &PathsKey) -> bool {
    key.seed % 2 == 0
}

fn read_rows() -> Vec<Result<PathsKey, std::num::ParseIntError>> {
    ["1", "2"].iter().map(|seed| seed.parse().map(|seed| PathsKey { seed })).collect()
}

#[experiment(keyfields = { seed: i64 }, only = is_even, rows = read_rows)]
fn paths(_key: &PathsKey) -> PathsResults {
    PathsResults {}
}

/// Called as the expansion calls a parameter of its own, which nobody sees.
fn __values() -> i64 {
    2
}

/// Columns of an existing table, and names in another case.
#[experiment(
    keyfields = {
        #[column = "type"]
        kind: String = ["a"],
        #[column = "order"]
        rank: i32 = 0..2,
        maxDepth: i32 = [3],
        C: f64 = [0.1],
    },
    resultfields = { #[column = "class"] label: String, #[column = "function"] function: f64 },
    logtables = { steps: { #[column = "group"] batch: i32, bestLoss: f64 } },
    result_timestamps = true,
)]
fn renamed(key: &RenamedKey, run: &mut RenamedRun) -> experimenter::Result<RenamedResults> {
    run.log(RenamedSteps { batch: key.rank, bestLoss: key.C })?;
    Ok(RenamedResults { label: key.kind.clone(), function: f64::from(key.maxDepth) })
}

fn try_rows() -> std::io::Result<[HygienicKey; 1]> {
    Ok([HygienicKey { seed: 7 }])
}

#[experiment(keyfields = { seed: i64 = 0..5 }, only = |key| key.seed > __values(), rows = try_rows)]
fn hygienic(_key: &HygienicKey) -> HygienicResults {
    HygienicResults {}
}

#[experiment(
    keyfields = { seed: i64, shift: i64 },
    resultfields = { y: i64 },
    result_timestamps = true,
    only = |&PatternsKey { seed, shift }| seed > shift,
    rows = move || -> [PatternsKey; 1] { [PatternsKey { seed: 1, shift: 2 }] },
)]
fn patterns(key: &PatternsKey) -> PatternsResults {
    PatternsResults { y: key.seed + key.shift }
}

#[experiment(keyfields = { seed: i64, })]
fn boxed(key: &BoxedKey) -> Result<BoxedResults, Box<dyn std::error::Error>> {
    if key.seed < 0 { Err("negative".into()) } else { Ok(BoxedResults {}) }
}

#[experiment(keyfields = { seed: i64 })]
fn outcome_or_error(
    _key: &OutcomeOrErrorKey,
    run: &mut OutcomeOrErrorRun,
) -> Result<Outcome<OutcomeOrErrorResults>, std::io::Error> {
    let _ = run.seed();
    Ok(Outcome::Done(OutcomeOrErrorResults {}))
}

/// Typed queries over the schema.
pub fn queries(connection: &mut SqliteConnection) -> QueryResult<Vec<EveryFormRow>> {
    use every_form_schema::{every_form, folds};

    let _: Vec<(Kernel, Option<f64>)> = every_form::table
        .inner_join(folds::table)
        .filter(every_form::kernel.eq(Kernel::Rbf))
        .filter(folds::kernel.eq(&Kernel::Rbf))
        .filter(every_form::maybe_kernel.eq_any([Kernel::Rbf]))
        .group_by(every_form::kernel)
        .select((every_form::kernel, diesel::dsl::max(folds::accuracy)))
        .load(connection)?;
    let _: Vec<EveryFormKey> = every_form::table.select(EveryFormKey::as_select()).load(connection)?;
    every_form::table.select(EveryFormRow::as_select()).load(connection)
}

fn main() {
    let _ = boxed(&BoxedKey { seed: 1 });
    let _ = Single::Only;
    let _ = (closures as fn(&_) -> _, paths as fn(&_) -> _, hygienic as fn(&_) -> _, patterns as fn(&_) -> _);
    let mut run = OutcomeOrErrorRun::offline();
    let _ = outcome_or_error(&OutcomeOrErrorKey { seed: 1 }, &mut run);
}
