//! The labelled data sets of the study, embedded in the binary.

use std::{error, fmt};

/// The names [`load`] knows.
pub(crate) const NAMES: [&str; 2] = ["iris", "wine"];

/// A classification problem: one row of features and one class per sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dataset {
    /// The features of each sample, unscaled, all rows of one length.
    pub(crate) samples: Vec<Vec<f64>>,
    /// The class of each sample, counted from 0.
    pub(crate) labels: Vec<usize>,
}

/// Loads the data set called `name`.
///
/// * `iris`: Fisher's irises, 150 flowers × 4 features, 50 of each of three
///   species.
/// * `wine`: every third of the 1599 red wines of the UCI wine quality data, 11
///   features each. The tasters' scores, 3 to 8, are banded as poor (5 or
///   less), fair (6) and good (7 or more).
///
/// # Errors
///
/// When `name` is none of [`NAMES`].
pub(crate) fn load(name: &str) -> Result<Dataset, Unknown> {
    match name {
        "iris" => Ok(iris()),
        "wine" => Ok(wine()),
        _ => Err(Unknown(name.to_owned())),
    }
}

fn iris() -> Dataset {
    let source = linfa_datasets::iris();
    Dataset { samples: source.records.outer_iter().map(|row| row.to_vec()).collect(), labels: source.targets.to_vec() }
}

fn wine() -> Dataset {
    let source = linfa_datasets::winequality();
    let rows = source.records.outer_iter().step_by(WINE_STRIDE);
    let scores = source.targets.iter().step_by(WINE_STRIDE);
    Dataset {
        samples: rows.map(|row| row.to_vec()).collect(),
        labels: scores.map(|score| score.clamp(&5, &7) - 5).collect(),
    }
}

/// One wine in this many is kept, since the time to fit a support-vector
/// machine grows with more than the square of the number of samples.
const WINE_STRIDE: usize = 3;

/// A name that no data set has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown(String);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown data set {:?}, expected one of: {}", self.0, NAMES.join(", "))
    }
}

impl error::Error for Unknown {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classes_have_the_documented_sizes() {
        for (name, features, sizes) in [("iris", 4, [50, 50, 50]), ("wine", 11, [247, 216, 70])] {
            let data = load(name).expect("a known name");
            let count = |class| data.labels.iter().filter(|&&label| label == class).count();
            assert_eq!([0, 1, 2].map(count), sizes, "{name}");
            assert_eq!(data.samples.len(), sizes.iter().sum::<usize>(), "{name}");
            assert!(data.samples.iter().all(|row| row.len() == features), "{name}");
        }
    }

    #[test]
    fn every_listed_name_loads() {
        assert!(NAMES.iter().all(|name| load(name).is_ok()));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let message = load("digits").expect_err("an unknown name").to_string();
        assert_eq!(message, r#"unknown data set "digits", expected one of: iris, wine"#);
    }
}
