use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 = [0.1, 0.2] },
    logtables = { folds: { fold: i32 = 0..5 } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
