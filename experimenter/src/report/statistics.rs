//! Statistics of results by group, in one pass.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use experimenter_diesel::Value;

/// The most groups that are kept.
const LIMIT: usize = 10_000;

/// Count, mean, standard deviation and quantiles of numbers; mean and deviation by Welford's method.
///
/// B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", Technometrics 4 (1962).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Statistics {
    mean: f64,
    squares: f64,
    /// All of them, for the quantiles.
    numbers: Vec<f64>,
}

/// One number that stands for many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Statistic {
    /// How many they are.
    N,
    Mean,
    /// The sample's standard deviation.
    Deviation,
    Min,
    Max,
    /// What so many percent of them do not exceed.
    Quantile(f64),
}

impl Statistic {
    /// What is told of a value where nothing else is asked for.
    pub(crate) const USUAL: [Self; 8] = [
        Self::N,
        Self::Mean,
        Self::Deviation,
        Self::Min,
        Self::Quantile(25.0),
        Self::Quantile(50.0),
        Self::Quantile(75.0),
        Self::Max,
    ];
}

impl FromStr for Statistic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let percent = text.strip_prefix('q').and_then(|percent| percent.parse::<f64>().ok());
        Ok(match text {
            "n" => Self::N,
            "mean" => Self::Mean,
            "sd" => Self::Deviation,
            "min" => Self::Min,
            "max" => Self::Max,
            "median" => Self::Quantile(50.0),
            _ => Self::Quantile(
                percent
                    .filter(|percent| (0.0..=100.0).contains(percent))
                    .ok_or("write n, mean, sd, min, max, median, or a quantile such as q25 or q97.5")?,
            ),
        })
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::N => f.write_str("n"),
            Self::Mean => f.write_str("mean"),
            Self::Deviation => f.write_str("sd"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Quantile(50.0) => f.write_str("median"),
            Self::Quantile(percent) => write!(f, "q{percent}"),
        }
    }
}

impl Statistics {
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    fn add(&mut self, x: f64) {
        self.numbers.push(x);
        let delta = x - self.mean;
        self.mean += delta / self.n() as f64;
        self.squares += delta * (x - self.mean);
    }

    pub(crate) fn n(&self) -> u64 {
        self.numbers.len() as u64
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.n() > 0).then_some(self.mean)
    }

    /// The sample's standard deviation, which one value does not have.
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    pub(crate) fn deviation(&self) -> Option<f64> {
        (self.n() > 1).then(|| (self.squares / (self.n() - 1) as f64).sqrt())
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    pub(crate) fn get(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::N => Some(self.n() as f64),
            Statistic::Mean => self.mean(),
            Statistic::Deviation => self.deviation(),
            Statistic::Min => self.quantile(0.0),
            Statistic::Max => self.quantile(100.0),
            Statistic::Quantile(percent) => self.quantile(percent),
        }
    }

    /// Between two numbers it is interpolated, as by `NumPy` and R: type 7 of R. J. Hyndman and Y. Fan, "Sample Quantiles
    /// in Statistical Packages", The American Statistician 50 (1996). The numbers have to be [sorted](Self::sort).
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place among rows"
    )]
    fn quantile(&self, percent: f64) -> Option<f64> {
        let last = self.numbers.len().checked_sub(1)?;
        let place = last as f64 * percent / 100.0;
        let below = self.numbers.get(place.floor() as usize)?;
        let above = self.numbers.get(place.ceil() as usize)?;
        Some(if below == above { *below } else { below + (above - below) * place.fract() })
    }

    fn sort(&mut self) {
        self.numbers.sort_by(f64::total_cmp);
    }
}

/// The rows with equal values of the keyfields grouped by.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) key: Vec<Value>,
    /// Rows in all.
    pub(crate) rows: u64,
    /// Rows that are done.
    pub(crate) done: u64,
    /// The statistics of each resultfield over the rows that are done.
    pub(crate) values: Vec<Statistics>,
}

/// Groups as they are met.
#[derive(Debug)]
pub(crate) struct Groups {
    by_key: HashMap<String, Group>,
    values: usize,
}

impl Groups {
    pub(crate) fn new(values: usize) -> Self {
        Self { by_key: HashMap::new(), values }
    }

    /// Counts a row, with the results of one that is done. Says whether there was room for its group.
    #[must_use]
    pub(crate) fn add(&mut self, key: Vec<Value>, results: &[Value]) -> bool {
        let name = format!("{key:?}");
        if self.by_key.len() >= LIMIT && !self.by_key.contains_key(&name) {
            return false;
        }
        let group = self.by_key.entry(name).or_insert_with(|| Group {
            key,
            rows: 0,
            done: 0,
            values: vec![Statistics::default(); self.values],
        });
        group.rows += 1;
        if !results.is_empty() || self.values == 0 {
            group.done += 1;
        }
        for (statistics, value) in group.values.iter_mut().zip(results) {
            if let Some(x) = value.as_f64() {
                statistics.add(x);
            }
        }
        true
    }

    /// The groups in the order of their keys: numbers by size, text by letter.
    pub(crate) fn sorted(self) -> Vec<Group> {
        let mut groups: Vec<_> = self.by_key.into_values().collect();
        groups.iter_mut().flat_map(|group| &mut group.values).for_each(Statistics::sort);
        groups.sort_by(|a, b| {
            let pairs = a.key.iter().zip(&b.key);
            pairs.map(|(a, b)| compare(a, b)).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        groups
    }
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.to_string().cmp(&b.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_are_those_of_the_sample() {
        let mut statistics = Statistics::default();
        assert_eq!((statistics.mean(), statistics.deviation()), (None, None));
        for x in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            statistics.add(x);
        }
        assert_eq!(statistics.mean(), Some(5.0));
        assert!(statistics.deviation().is_some_and(|sd| (sd - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12));
        statistics.sort();
        let told = ["min", "q25", "median", "q90", "max", "n"].map(|name| {
            let statistic: Statistic = name.parse().expect("a statistic");
            assert_eq!(statistic.to_string(), name);
            statistics.get(statistic).expect("a number")
        });
        // What NumPy's `quantile` gives.
        assert_eq!(told, [2.0, 4.0, 4.5, 7.6, 9.0, 8.0]);
        assert!("q101".parse::<Statistic>().is_err() && "mode".parse::<Statistic>().is_err());
    }

    #[test]
    fn groups_are_sorted_and_count_what_is_expected() {
        let mut groups = Groups::new(1);
        for (key, result) in [(10_i64, Some(1.0)), (2, None), (10, Some(3.0)), (10, None)] {
            let results: Vec<_> = result.map(Value::Float).into_iter().collect();
            assert!(groups.add(vec![Value::Int(key)], &results));
        }
        let groups = groups.sorted();
        assert_eq!(groups.iter().map(|group| (group.rows, group.done)).collect::<Vec<_>>(), [(1, 0), (3, 2)]);
        assert_eq!(groups[1].values[0].mean(), Some(2.0));
    }
}
