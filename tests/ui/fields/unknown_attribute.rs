use experimenter::prelude::*;

#[experiment(
    keyfields = {
        #[serde(rename = "x")]
        seed: i64,
        #[sql = "MONEY"]
        cost: f64,
        #[sql(TEXT)]
        text: String,
        #[sql = "INT"]
        #[sql = "BIGINT"]
        n: i32,
    },
    logtables = {
        #[sql = "TEXT"]
        folds: { fold: i32 },
    },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
