//! A study in miniature, for typed queries over its table.

use experimenter::prelude::*;

/// The similarity of two samples.
#[derive(Debug, Clone, Copy, PartialEq, Field)]
pub(crate) enum Kernel {
    /// A plane.
    #[field(name = "linear")]
    Linear,
    /// A hill.
    #[field(name = "rbf")]
    Rbf,
}

/// Scores that can be told beforehand.
#[experiment(
    keyfields = { kernel: Kernel, seed: u32 = 0..4 },
    resultfields = { score: f64, note: Option<String> },
    logtables = { folds: { fold: u8, accuracy: f64 } },
)]
pub(crate) fn svm(key: &SvmKey, run: &mut SvmRun) -> experimenter::Result<SvmResults> {
    for fold in 0..2 {
        run.log(SvmFolds { fold, accuracy: 0.5 + f64::from(fold) / 10.0 })?;
    }
    let score = if key.kernel == Kernel::Rbf { 0.75 } else { 0.5 };
    Ok(SvmResults { score: score + f64::from(key.seed) / 100.0, note: None })
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}
