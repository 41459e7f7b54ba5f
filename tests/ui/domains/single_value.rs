use experimenter::prelude::*;

#[experiment(
    keyfields = { c: f64 = 0.1, dataset: String = "iris" },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
