use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 },
)]
fn svm<'a, T, const N: usize>(_key: &'a SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
