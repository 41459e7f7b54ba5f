use experimenter::prelude::*;

#[derive(Debug, Clone, PartialEq)]
struct Shape;

#[experiment(
    keyfields = { shape: Shape },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
