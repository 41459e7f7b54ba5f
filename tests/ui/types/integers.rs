use experimenter::prelude::*;

#[experiment(
    keyfields = { a: usize, b: isize, c: u128, d: i128 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
