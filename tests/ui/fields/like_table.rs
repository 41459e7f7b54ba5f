use experimenter::prelude::*;

#[experiment(
    keyfields = { svm: i64 },
    logtables = { folds: { folds: i32 } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
