use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 other: i64 = [1] }
    resultfields = { y: f64 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
