use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64, c: f64, seed: u32 },
    resultfields = { c: f64 },
    logtables = { folds: { fold: i32, fold: i32 }, folds: { x: i32 } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
