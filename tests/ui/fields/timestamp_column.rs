use experimenter::prelude::*;

#[experiment(
    keyfields = { y_timestamp: i64 },
    resultfields = { y: f64 },
    result_timestamps = true,
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
