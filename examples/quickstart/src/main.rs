//! A study in one file: cross-validated support-vector classification over data sets × kernels × costs × seeds.
//!
//! ```text
//! cargo run -- run                                          fill, execute, show the results
//! cargo run -- summary --by kernel --value test_accuracy
//! ```

mod data;
mod score;
mod study;

use experimenter::prelude::*;

use crate::study::{Kernel, cross_validate};

/// Classifies one data set by one machine, and scores it by five-fold cross-validation.
#[experiment(
    keyfields = {
        /// The data set.
        dataset: String = data::NAMES,
        /// The similarity of two samples.
        kernel: Kernel,
        /// The cost of a margin violation: the larger, the weaker the regularisation.
        c: f64 = [0.1, 0.5, 2.0, 10.0],
        /// Decides how the samples are split.
        seed: u64 = 0..10,
    },
    resultfields = { train_accuracy: f64, test_accuracy: f64, train_f1: f64, test_f1: f64 },
    logtables = {
        /// The scores on each part that was held out.
        folds: { fold: i32, train_accuracy: f64, test_accuracy: f64 },
    },
)]
fn svm(key: &SvmKey, run: &mut SvmRun) -> experimenter::Result<SvmResults> {
    let data = data::load(&key.dataset)?;
    let scores = cross_validate(&data, key.kernel, key.c, key.seed, |fold, scores| {
        run.log(SvmFolds {
            fold: i32::try_from(fold)?,
            train_accuracy: scores.train_accuracy,
            test_accuracy: scores.test_accuracy,
        })
    })?;
    Ok(SvmResults {
        train_accuracy: scores.train_accuracy,
        test_accuracy: scores.test_accuracy,
        train_f1: scores.train_f1,
        test_f1: scores.test_f1,
    })
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn irises_are_told_apart() -> experimenter::Result<()> {
        let key = SvmKey { dataset: "iris".to_owned(), kernel: Kernel::Rbf, c: 2.0, seed: 0 };
        let mut run = SvmRun::offline();
        let results = svm(&key, &mut run)?;
        assert!(results.test_accuracy > 0.9, "{results:?}");
        assert_eq!(run.logged::<SvmFolds>().count(), study::FOLDS);
        Ok(())
    }

    #[test]
    fn an_unknown_data_set_is_an_error() {
        let key = SvmKey { dataset: "digits".to_owned(), kernel: Kernel::Linear, c: 1.0, seed: 0 };
        let error = svm(&key, &mut SvmRun::offline()).expect_err("no such data set");
        assert!(error.to_string().contains("iris, wine"), "{error}");
    }
}
