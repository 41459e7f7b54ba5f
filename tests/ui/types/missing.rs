use experimenter::prelude::*;

#[experiment(
    keyfields = { seed = 0..5, c: = [0.1] },
    resultfields = { y },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
