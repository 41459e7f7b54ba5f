use experimenter::prelude::*;

#[experiment(
    keyfields = { a: fn(i32) -> i32, b: impl Copy, c: dyn Copy, d: _, e: (), f: Self },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
