use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 },
)]
fn svm(_key: &mut SvmKey, _run: &SvmRun) -> SvmResults {
    unreachable!()
}

fn main() {}
