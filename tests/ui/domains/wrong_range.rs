use experimenter::prelude::*;

#[experiment(
    keyfields = { c: f64 = 0..5, seed: u32 = linspace(0.0, 1.0, 3) },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
