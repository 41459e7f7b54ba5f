//! How right a classifier is.

/// The true class of a sample and the class it was given.
pub(crate) type Answer = (usize, usize);

/// The share of `answers` that are right.
pub(crate) fn accuracy(answers: &[Answer]) -> f64 {
    mean(answers.iter().map(|(truth, given)| f64::from(truth == given)))
}

/// The mean, over every class that is the truth or was given, of the F1 score
/// of telling that class from the rest.
pub(crate) fn macro_f1(answers: &[Answer]) -> f64 {
    let classes = answers.iter().map(|&(truth, given)| truth.max(given) + 1).max();
    mean((0..classes.unwrap_or(0)).filter_map(|class| f1(answers, class)))
}

/// The arithmetic mean; of nothing, not a number.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// The harmonic mean of precision and recall, twice the hits over the number of
/// times that `class` was the truth or was given. Nothing if it never was.
fn f1(answers: &[Answer], class: usize) -> Option<f64> {
    let count = |of: fn(bool, bool) -> u32| -> u32 {
        answers.iter().map(|&(truth, given)| of(truth == class, given == class)).sum()
    };
    let hits = count(|truth, given| u32::from(truth && given));
    let mentions = count(|truth, given| u32::from(truth) + u32::from(given));
    (mentions > 0).then(|| f64::from(2 * hits) / f64::from(mentions))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: class 0 has 2 hits, 1 miss and 1 false alarm, so F1 = 4/6; class
    /// 1 has 1 hit, 1 miss and 2 false alarms, so 2/5; class 2 has 1 hit and 1
    /// miss, so 2/3.
    const ANSWERS: [Answer; 7] = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (2, 2), (2, 1)];

    #[test]
    fn scores_agree_with_a_case_worked_by_hand() {
        assert!((accuracy(&ANSWERS) - 4.0 / 7.0).abs() < 1e-12);
        let expected = (4.0 / 6.0 + 2.0 / 5.0 + 2.0 / 3.0) / 3.0;
        assert!((macro_f1(&ANSWERS) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_class_never_mentioned_does_not_count() {
        assert_eq!(macro_f1(&[(0, 0), (2, 2)]), 1.0);
    }

    #[test]
    fn a_class_never_hit_scores_nothing() {
        assert_eq!(macro_f1(&[(0, 0), (0, 0), (1, 0)]), 0.4);
    }
}
