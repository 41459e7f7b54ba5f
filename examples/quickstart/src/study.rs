//! How well a support-vector machine classifies a data set, by cross-validation.

use experimenter::Field;
use libsvm_rs::{
    KernelType, SvmError, SvmModel, SvmNode, SvmParameter, SvmProblem, check_parameter, predict::predict, set_quiet,
    train::svm_train,
};

use crate::{
    data::Dataset,
    score::{Answer, accuracy, macro_f1, mean},
};

/// The number of parts that [`cross_validate`] holds out in turn.
pub(crate) const FOLDS: usize = 5;

/// Fits a support-vector classifier on all but one of [`FOLDS`] parts of `data`
/// and scores it, for each part in turn; returns the mean of the scores.
///
/// Every part has its fair share of each class. Features are standardised by
/// what is fitted on alone; of more than two classes, each pair is told apart
/// and the votes are counted. `c` is the cost of a margin violation: the
/// larger, the weaker the regularisation.
///
/// Only the parts are random, and `seed` alone decides them: equal arguments
/// give equal scores, and every kernel and cost is tried on the same parts.
/// `each` sees every fold, counted from 0, as soon as it is scored.
///
/// # Errors
///
/// When `c` is not a positive number or there is nothing to fit on in `data`,
/// and whatever `each` returns, at once.
pub(crate) fn cross_validate<E: From<SvmError>>(
    data: &Dataset,
    kernel: Kernel,
    c: f64,
    seed: u64,
    mut each: impl FnMut(usize, &Fold) -> Result<(), E>,
) -> Result<Fold, E> {
    let parts = stratify(&data.labels, seed);
    let mut folds = Vec::with_capacity(FOLDS);
    for held_out in 0..FOLDS {
        let fold = score_fold(data, &parts, held_out, kernel, c)?;
        each(held_out, &fold)?;
        folds.push(fold);
    }
    Ok(Fold::mean(&folds))
}

/// What a support-vector machine takes for the similarity of `x` and `y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub(crate) enum Kernel {
    /// `x·y`
    #[field(name = "linear")]
    Linear,
    /// `exp(-‖x - y‖² / features)`
    #[field(name = "rbf")]
    Rbf,
    /// `(x·y / features + 1)³`
    #[field(name = "poly")]
    Poly,
}

/// The scores of one fold, or the mean of several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fold {
    /// The share of the samples fitted on that are classified rightly.
    pub(crate) train_accuracy: f64,
    /// The share of the samples held out that are classified rightly.
    pub(crate) test_accuracy: f64,
    /// The mean F1 score of the classes, on the samples fitted on.
    pub(crate) train_f1: f64,
    /// The mean F1 score of the classes, on the samples held out.
    pub(crate) test_f1: f64,
}

impl Fold {
    fn mean(folds: &[Self]) -> Self {
        let mean_of = |score: fn(&Self) -> f64| mean(folds.iter().map(score));
        Self {
            train_accuracy: mean_of(|fold| fold.train_accuracy),
            test_accuracy: mean_of(|fold| fold.test_accuracy),
            train_f1: mean_of(|fold| fold.train_f1),
            test_f1: mean_of(|fold| fold.test_f1),
        }
    }
}

/// The part that each sample belongs to, such that neither the sizes of the
/// parts nor their shares of a class differ by more than one.
fn stratify(labels: &[usize], seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    SplitMix64(seed).shuffle(&mut order);
    order.sort_by_key(|&sample| labels[sample]);
    let mut parts = vec![0; labels.len()];
    for (position, sample) in order.into_iter().enumerate() {
        parts[sample] = position % FOLDS;
    }
    parts
}

/// Fits on every part but `held_out`, and scores.
fn score_fold(data: &Dataset, parts: &[usize], held_out: usize, kernel: Kernel, c: f64) -> Result<Fold, SvmError> {
    let (test, train): (Vec<usize>, Vec<usize>) = (0..parts.len()).partition(|&sample| parts[sample] == held_out);
    let scaler = Scaler::fit(data, &train);
    let (train, test) = (scaler.apply(data, &train), scaler.apply(data, &test));
    let model = fit(&train, &parameters(kernel, c, scaler.columns.len()))?;
    let (on_train, on_test) = (classify(&model, &train), classify(&model, &test));
    Ok(Fold {
        train_accuracy: accuracy(&on_train),
        test_accuracy: accuracy(&on_test),
        train_f1: macro_f1(&on_train),
        test_f1: macro_f1(&on_test),
    })
}

fn parameters(kernel: Kernel, c: f64, features: usize) -> SvmParameter {
    SvmParameter {
        kernel_type: match kernel {
            Kernel::Linear => KernelType::Linear,
            Kernel::Rbf => KernelType::Rbf,
            Kernel::Poly => KernelType::Polynomial,
        },
        degree: 3,
        gamma: 1.0 / features as f64,
        coef0: 1.0,
        c,
        ..SvmParameter::default()
    }
}

fn fit(problem: &SvmProblem, parameters: &SvmParameter) -> Result<SvmModel, SvmError> {
    check_parameter(problem, parameters)?;
    if !parameters.c.is_finite() {
        return Err(SvmError::InvalidParameter(format!("C = {}", parameters.c)));
    }
    set_quiet(true);
    Ok(svm_train(problem, parameters))
}

fn classify(model: &SvmModel, problem: &SvmProblem) -> Vec<Answer> {
    let truths = problem.labels.iter().map(|&label| label as usize);
    let given = problem.instances.iter().map(|instance| predict(model, instance) as usize);
    truths.zip(given).collect()
}

/// Brings every feature to mean 0 and standard deviation 1.
struct Scaler {
    /// The mean and the standard deviation of each feature.
    columns: Vec<(f64, f64)>,
}

impl Scaler {
    /// Learns from the samples `chosen` alone.
    fn fit(data: &Dataset, chosen: &[usize]) -> Self {
        let features = data.samples.first().map_or(0, Vec::len);
        let column = |feature: usize| {
            let values = || chosen.iter().map(|&sample| data.samples[sample][feature]);
            let mean_value = mean(values());
            let variance = mean(values().map(|value| (value - mean_value).powi(2)));
            (mean_value, if variance > 0.0 { variance.sqrt() } else { 1.0 })
        };
        Self { columns: (0..features).map(column).collect() }
    }

    /// The samples `chosen`, scaled, in the form that the solver takes.
    fn apply(&self, data: &Dataset, chosen: &[usize]) -> SvmProblem {
        let scale = |sample: &[f64]| {
            let scaled = sample.iter().zip(&self.columns).map(|(value, (mean, sd))| (value - mean) / sd);
            (1..).zip(scaled).map(|(index, value)| SvmNode { index, value }).collect()
        };
        SvmProblem {
            labels: chosen.iter().map(|&sample| data.labels[sample] as f64).collect(),
            instances: chosen.iter().map(|&sample| scale(&data.samples[sample])).collect(),
        }
    }
}

/// Steele, Lea and Flood's generator of pseudo-random numbers.
struct SplitMix64(u64);

impl SplitMix64 {
    /// Puts `items` in random order, by Fisher and Yates.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, (self.next() % (end as u64 + 1)) as usize);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::load;

    #[test]
    fn parts_cover_everything_once_in_fair_shares() {
        let labels = load("wine").expect("a known name").labels;
        let parts = stratify(&labels, 7);
        assert_eq!(parts.len(), labels.len());
        assert_fair(parts.iter().copied());
        for class in 0..3 {
            let members = parts.iter().zip(&labels).filter(|&(_, &label)| label == class);
            assert_fair(members.map(|(&part, _)| part));
        }
    }

    /// Every part below [`FOLDS`] has as many members as any other, give or take one.
    fn assert_fair(parts: impl Iterator<Item = usize>) {
        let mut sizes = [0; FOLDS];
        parts.for_each(|part| sizes[part] += 1);
        let fair = sizes.iter().sum::<usize>() / FOLDS;
        assert!(sizes.iter().all(|size| (fair..=fair + 1).contains(size)), "{sizes:?}");
    }

    #[test]
    fn the_seed_decides_the_parts() {
        let labels = load("iris").expect("a known name").labels;
        assert_eq!(stratify(&labels, 1), stratify(&labels, 1));
        assert_ne!(stratify(&labels, 1), stratify(&labels, 2));
    }

    #[test]
    fn equal_arguments_give_equal_scores_and_each_fold_is_seen_once() {
        let run = || {
            let mut seen = Vec::new();
            let mean = cross_validate(&load("iris").expect("a known name"), Kernel::Rbf, 1.0, 3, |number, fold| {
                seen.push((number, *fold));
                Ok::<_, SvmError>(())
            });
            (seen, mean.expect("scores"))
        };
        let (seen, mean) = run();
        assert_eq!((seen.clone(), mean), run());
        assert_eq!(seen.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert!((0.9..1.0).contains(&mean.test_accuracy), "{mean:?}");
    }

    #[test]
    fn an_error_of_the_caller_ends_it_at_once() {
        let mut calls = 0;
        let stopped = cross_validate(&load("iris").expect("a known name"), Kernel::Linear, 1.0, 0, |_, _| {
            calls += 1;
            Err(SvmError::InvalidParameter("enough".to_owned()))
        });
        assert!(stopped.is_err());
        assert_eq!(calls, 1);
    }

    #[test]
    fn a_cost_that_is_no_positive_number_and_an_empty_data_set_are_errors() {
        let fails = |data: &Dataset, c| cross_validate(data, Kernel::Rbf, c, 0, |_, _| Ok::<_, SvmError>(())).is_err();
        let iris = load("iris").expect("a known name");
        assert!([0.0, -1.0, f64::NAN, f64::INFINITY].into_iter().all(|c| fails(&iris, c)));
        assert!(fails(&Dataset::default(), 1.0));
    }

    #[test]
    fn scaling_looks_only_at_the_chosen_samples() {
        let samples = vec![vec![1.0, 5.0], vec![3.0, 5.0], vec![900.0, 6.0]];
        let scaler = Scaler::fit(&Dataset { samples, labels: vec![0, 1, 0] }, &[0, 1]);
        assert_eq!(scaler.columns, [(2.0, 1.0), (5.0, 1.0)]);
    }
}
