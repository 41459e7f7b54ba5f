use experimenter::prelude::*;

#[experiment(
    keyfields = { "iris": String, 5 },
    resultfields = { y: f64, + },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
