use experimenter::prelude::*;

struct OtherKey;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 },
)]
fn svm(_key: &OtherKey, _run: &mut SvmRun) -> SvmResults {
    unreachable!()
}

fn main() {}
