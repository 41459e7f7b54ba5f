use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields { y: f64 },
    logtables: { folds: { fold: i32 } },
    result_timestamps,
    only(|key| key.seed > 2),
    rows = ,
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
