use experimenter::prelude::*;

#[experiment(
    keyfields = { r#type: i64 },
    logtables = { r#loop: { i: i32 } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
