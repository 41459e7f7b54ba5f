use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 },
)]
fn svm(_key: &SvmKey) -> impl Sized {
    unreachable!()
}

fn main() {}
