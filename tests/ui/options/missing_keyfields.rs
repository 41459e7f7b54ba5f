use experimenter::prelude::*;

#[experiment(
    resultfields = { y: f64 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
