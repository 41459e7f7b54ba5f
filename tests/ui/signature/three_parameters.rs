use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 },
)]
fn svm(_key: &SvmKey, _run: &mut SvmRun, _extra: i32) -> SvmResults {
    unreachable!()
}

fn main() {}
