use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    keyfields = { other: i64 },
    table = "a",
    table = "b",
    only = |key| key.seed > 1,
    only = |key| key.seed < 4,
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
