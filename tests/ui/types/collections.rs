use experimenter::prelude::*;

#[experiment(
    keyfields = { a: Vec<f64> },
    resultfields = { b: std::collections::HashMap<String, f64>, c: Option<Vec<u8>>, d: (f64, f64), e: [f64; 3], f: &[f64] },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
