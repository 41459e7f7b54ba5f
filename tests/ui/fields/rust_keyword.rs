use experimenter::prelude::*;

#[experiment(
    keyfields = { type: i64, fn: i64 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
