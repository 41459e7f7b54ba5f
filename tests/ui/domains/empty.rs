use experimenter::prelude::*;

#[experiment(
    keyfields = { c: f64 = [], seed: i64 = },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
