use experimenter::prelude::*;

#[experiment(
    keyfields = { a: std::time::Duration, b: std::time::SystemTime, c: Box<f64> },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
