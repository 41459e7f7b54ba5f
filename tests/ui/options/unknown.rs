use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    color = 1,
    resultfield = { y: f64 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
