use experimenter::prelude::*;

#[experiment(
    keyfields = { größe: f64 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
