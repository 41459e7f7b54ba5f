use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    result_timestamps = "yes",
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
