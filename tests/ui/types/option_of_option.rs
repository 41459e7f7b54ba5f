use experimenter::prelude::*;

#[experiment(
    keyfields = { a: Option<Option<f64>> },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
