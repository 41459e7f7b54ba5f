//! Statistics of results by group, in one pass.

use std::collections::HashMap;

use experimenter_diesel::Value;

/// The most groups that are kept.
const LIMIT: usize = 10_000;

/// Count, mean, standard deviation and range of numbers, by Welford's method.
///
/// B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", Technometrics 4 (1962).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Statistics {
    n: u64,
    mean: f64,
    squares: f64,
    range: Option<(f64, f64)>,
}

impl Statistics {
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    fn add(&mut self, x: f64) {
        self.n += 1;
        let delta = x - self.mean;
        self.mean += delta / self.n as f64;
        self.squares += delta * (x - self.mean);
        self.range = Some(self.range.map_or((x, x), |(min, max)| (min.min(x), max.max(x))));
    }

    pub(crate) fn n(&self) -> u64 {
        self.n
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean)
    }

    /// The sample's standard deviation, which one value does not have.
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    pub(crate) fn deviation(&self) -> Option<f64> {
        (self.n > 1).then(|| (self.squares / (self.n - 1) as f64).sqrt())
    }

    pub(crate) fn min(&self) -> Option<f64> {
        self.range.map(|(min, _)| min)
    }

    pub(crate) fn max(&self) -> Option<f64> {
        self.range.map(|(_, max)| max)
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
        assert_eq!((statistics.min(), statistics.max()), (Some(2.0), Some(9.0)));
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
