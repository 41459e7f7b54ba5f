use experimenter::prelude::*;

#[experiment(
    keyfields = { id: i64, status: String },
    resultfields = { Error: f64 },
    logtables = { folds: { timestamp: i64, attempt: i64 } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
