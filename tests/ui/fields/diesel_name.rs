use experimenter::prelude::*;

#[experiment(
    keyfields = { table: i64, columns: i64, dsl: i64 },
    resultfields = { all_columns: f64, SqlType: f64 },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
