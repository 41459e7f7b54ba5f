use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    logtables = { key: { i: i32 }, results: { i: i32 }, row: { i: i32 }, svm: { i: i32 }, a_b: { i: i32 }, a__b: { i: i32 } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
