use experimenter::prelude::*;

#[experiment(
    keyfields = { key: i64, order: i64 },
    resultfields = { rank: f64, Group: f64 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
