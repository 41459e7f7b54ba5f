use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 },
    "text",
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
