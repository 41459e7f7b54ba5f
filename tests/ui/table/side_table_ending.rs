use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    table = "svm__claims",
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
