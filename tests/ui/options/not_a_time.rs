use experimenter::prelude::*;

#[experiment(keyfields = { seed: i64 = 0..5 }, resultfields = { y: f64 }, timeout = "two hours")]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
