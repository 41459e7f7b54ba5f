use experimenter::prelude::*;

type Seed = i64;

#[experiment(
    keyfields = { seed: Seed = [1] },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
