use experimenter::prelude::*;

#[experiment(
    color = 3,
    keyfields = {
        seed: usize = 0..5,
        Seed: i64 = [],
        key: &str,
        c = [0.1],
    },
    resultfields = {
        y: f64 = [1.0],
        error: String,
    },
    logtables = { row: { attempt: i32 } },
    table = "no table",
    result_timestamps = 1,
)]
async fn svm(_key: &SvmKey, _run: &mut SvmRun) -> experimenter::Result<SvmResults> {
    _run.write(SvmPartial { y: Some(_key.seed as f64), error: None })?;
    Ok(SvmResults { y: 1.0, error: String::new() })
}

fn main() {}
