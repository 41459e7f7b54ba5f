use experimenter::prelude::*;

#[experiment(
    keyfields = {},
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
