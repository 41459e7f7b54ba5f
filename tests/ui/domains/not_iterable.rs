use experimenter::prelude::*;

#[experiment(
    keyfields = { c: f64 = std::f64::consts::PI },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
