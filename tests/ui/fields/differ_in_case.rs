use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64, Seed: i64 },
    resultfields = { SEED: f64 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
