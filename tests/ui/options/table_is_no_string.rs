use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    table = svm,
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
