use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    logtables = { wide: {
        c0: f64, c1: f64, c2: f64, c3: f64, c4: f64, c5: f64, c6: f64, c7: f64, c8: f64, c9: f64, c10: f64, c11: f64, c12: f64, c13: f64, c14: f64,
        d0: f64, d1: f64, d2: f64, d3: f64, d4: f64, d5: f64, d6: f64, d7: f64, d8: f64, d9: f64, d10: f64, d11: f64, d12: f64, d13: f64, d14: f64,
    } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
