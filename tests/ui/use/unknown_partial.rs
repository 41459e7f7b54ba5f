use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 },
    logtables = { folds: { fold: i32 } },
)]
fn svm(_: &SvmKey, _run: &mut SvmRun) -> experimenter::Result<SvmResults> {
    _run.write(SvmPartial { z: Some(1.0), ..SvmPartial::default() })?;
    _run.log(SvmResults { y: 1.0 })?;
    Ok(SvmResults { y: 1.0 })
}

fn main() {}
