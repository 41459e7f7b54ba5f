use experimenter::prelude::*;

struct Wrong;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 },
)]
fn svm(_key: &SvmKey) -> Result<SvmResults, Wrong> {
    unreachable!()
}

fn main() {}
