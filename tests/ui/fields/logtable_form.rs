use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    logtables = { folds: i32, epochs = { i: i32 } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
