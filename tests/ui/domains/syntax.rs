use experimenter::prelude::*;

#[experiment(
    keyfields = { c: f64 = [0.1, , 1.0], seed: i64 = 0..5 },
    resultfields = { y: usize },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
