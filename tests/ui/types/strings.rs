use experimenter::prelude::*;

#[experiment(
    keyfields = { a: &'static str, b: char, c: std::path::PathBuf, d: str },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
