//! Several experiments in one program: every kind of field, and every kind of domain.

use chrono::{NaiveDate, NaiveDateTime};
use experimenter::prelude::*;

/// Every type that a field can have.
#[experiment(
    keyfields = {
        i8: i8 = [-128, 127],
        u64: u64 = [9_000_000_000_000_000_000],
        u32: u32 = [4_294_967_295],
        f32: f32 = [0.1],
        f64: f64 = [-0.0, 1e300],
        flag: bool = [true],
        text: String = ["日本, \"quoted\"\nline"],
        day: NaiveDate = [NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default()],
        maybe: Option<i32> = [None, Some(7)],
        layers: Json<Vec<u16>> = [Json(vec![64, 32])],
    },
    resultfields = {
        big: u64,
        moment: NaiveDateTime,
        #[sql = "VARCHAR(8)"]
        short: String,
        copy: Json<Vec<u16>>,
        none: Option<f64>,
    },
    table = "all_kinds",
    result_timestamps = true,
)]
pub(crate) fn kinds(key: &KindsKey) -> KindsResults {
    let moment = key.day.and_hms_micro_opt(12, 30, 0, 250_000).unwrap_or_default();
    KindsResults {
        big: key.u64,
        moment,
        short: "short".to_owned(),
        copy: key.layers.clone(),
        none: key.maybe.map(f64::from),
    }
}

/// A keyfield whose values come from elsewhere.
#[experiment(keyfields = { seed: i64, base: f64 = linspace(0.0, 1.0, 3) }, resultfields = { y: f64 })]
fn open(key: &OpenKey, run: &mut OpenRun) -> experimenter::Result<OpenResults> {
    let scale: f64 = run.custom("scale")?;
    std::fs::write(run.dir()?.join("scale"), scale.to_string())?;
    Ok(OpenResults { y: key.base * scale })
}

/// Files that may not be there.
#[experiment(keyfields = { path: String = files("instances/*.cnf") }, resultfields = { size: u64 })]
fn sizes(key: &SizesKey) -> std::io::Result<SizesResults> {
    Ok(SizesResults { size: std::fs::metadata(&key.path)?.len() })
}

/// A domain that panics.
#[experiment(keyfields = { n: i32 = { assert!(std::env::args().count() == 0, "no domain today"); 0..1 } }, resultfields = {})]
fn broken(_key: &BrokenKey) -> BrokenResults {
    BrokenResults {}
}

/// Chosen combinations, a row beside them, and a keyfield that came later.
#[experiment(
    keyfields = { a: i32 = 0..4, b: i32 = 0..4, #[default = 1.0] scale: f64 },
    resultfields = { y: f64 },
    only = |key| key.a < key.b,
    rows = || [ChosenKey { a: 9, b: 9, scale: 2.0 }],
)]
fn chosen(key: &ChosenKey) -> ChosenResults {
    ChosenResults { y: f64::from(key.a + key.b) * key.scale }
}

/// Rows alone, which may not be there.
#[experiment(keyfields = { a: i32, b: String }, resultfields = { y: f64 }, rows = listed)]
fn listed_rows(key: &ListedRowsKey) -> ListedRowsResults {
    ListedRowsResults { y: f64::from(key.a) }
}

/// The rows of a file of lines such as `3 three`.
fn listed() -> experimenter::Result<Vec<ListedRowsKey>> {
    let row = |line: &str| {
        let (a, b) = line.split_once(' ').ok_or_else(|| experimenter::Error::msg(format!("`{line}` has one word")))?;
        Ok(ListedRowsKey { a: a.parse()?, b: b.to_owned() })
    };
    std::fs::read_to_string("listed")?.lines().map(row).collect()
}

/// Columns with names that Rust and SQL keep for themselves.
#[experiment(
    keyfields = { #[column = "type"] kind: String = ["a", "b"], #[column = "order"] rank: i32 = 0..2 },
    resultfields = { #[column = "class"] label: String },
    logtables = { steps: { #[column = "group"] batch: i32 } },
    result_timestamps = true,
)]
pub(crate) fn renamed(key: &RenamedKey, run: &mut RenamedRun) -> experimenter::Result<RenamedResults> {
    run.log(RenamedSteps { batch: key.rank })?;
    run.write(RenamedPartial { label: Some("begun".to_owned()) })?;
    Ok(RenamedResults { label: format!("{}{}", key.kind, key.rank) })
}

/// A value that its column cannot hold.
#[experiment(
    keyfields = {
        #[sql = "VARCHAR(3)"]
        label: String = ["abc", "abcd"],
        n: i32 = 0..2,
    },
    resultfields = { y: f64 },
)]
fn narrow(key: &NarrowKey) -> NarrowResults {
    NarrowResults { y: f64::from(key.n) }
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}
