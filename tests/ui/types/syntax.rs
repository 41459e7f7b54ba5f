use experimenter::prelude::*;

#[experiment(
    keyfields = { a: Option<, b: f64 },
    resultfields = { c: 5 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
