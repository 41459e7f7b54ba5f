use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    table = "my table",
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
