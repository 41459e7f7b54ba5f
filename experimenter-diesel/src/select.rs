//! The one place where rows are chosen.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::dialect::Dialect;
use crate::{Condition, Status, Value};

/// Which rows of a table: those of which all holds that is said; all rows, where nothing is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selector {
    /// Only rows of these statuses; of any where empty.
    pub statuses: Vec<Status>,
    /// Only these IDs; any where `None`.
    pub ids: Option<Ids>,
    /// Only rows that meet each of these.
    pub conditions: Vec<Condition>,
    /// Only rows whose `error` contains this text, letter by letter.
    pub error: Option<String>,
}

/// A list of IDs as a person types it: `3,7-9`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids(Vec<RangeInclusive<i64>>);

impl Ids {
    /// The condition on `e.ID`. The numbers stand in it: there may be more than a statement can have values.
    fn condition(&self) -> String {
        let is_one = |range: &&RangeInclusive<i64>| range.start() == range.end();
        let (ones, ranges): (Vec<_>, Vec<_>) = self.0.iter().partition(is_one);
        let ones: Vec<_> = ones.iter().map(|range| range.start().to_string()).collect();
        let ones = (!ones.is_empty()).then(|| format!("e.ID IN ({})", ones.join(",")));
        let between = |range: &&RangeInclusive<i64>| format!("e.ID BETWEEN {} AND {}", range.start(), range.end());
        // SQLite bounds how deep an expression is, and each `OR` of a sequence lies one deeper.
        let groups = ranges.chunks(DEEPEST).map(|ranges| ranges.iter().map(between).collect::<Vec<_>>().join(" OR "));
        let groups = groups.map(|group| format!("({group})"));
        format!("({})", ones.into_iter().chain(groups).collect::<Vec<_>>().join(" OR "))
    }

    /// The ID, if it is only one.
    #[must_use]
    pub fn single(&self) -> Option<i64> {
        match &self.0[..] {
            [range] if range.start() == range.end() => Some(*range.start()),
            _ => None,
        }
    }
}

/// The most IDs and ranges in a list: an SQL statement has its bounds.
const MOST: usize = 40_000;

/// The most ranges that lie one within the other in an SQL statement.
const DEEPEST: usize = 500;

/// A text that is no list of IDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MalformedIds {
    /// This part of it is none.
    Part(String),
    /// It has so many parts, which are too many.
    Length(usize),
}

impl fmt::Display for MalformedIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => write!(f, "`{part}` is not an ID or a range of IDs; write `3`, `7-9` or `3,7-9`"),
            Self::Length(parts) => {
                write!(f, "a list of {parts} IDs and ranges is too long, {MOST} are the most; choose by `--where`")
            }
        }
    }
}

impl std::error::Error for MalformedIds {}

impl FromStr for Ids {
    type Err = MalformedIds;

    fn from_str(text: &str) -> Result<Self, MalformedIds> {
        let range = |item: &str| {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (1 <= first && first <= last).then_some(first..=last)
        };
        let malformed = |item: &str| MalformedIds::Part(item.trim().to_owned());
        let ranges = text.split(',').map(|item| range(item).ok_or_else(|| malformed(item)));
        let ranges = ranges.collect::<Result<Vec<_>, _>>()?;
        if ranges.len() > MOST { Err(MalformedIds::Length(ranges.len())) } else { Ok(Self(ranges)) }
    }
}

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match (range.start(), range.end()) {
                (first, last) if first == last => write!(f, "{comma}{first}")?,
                (first, last) => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl From<i64> for Ids {
    fn from(id: i64) -> Self {
        Self(vec![id..=id])
    }
}

impl From<&[i64]> for Ids {
    fn from(ids: &[i64]) -> Self {
        let mut ranges: Vec<RangeInclusive<i64>> = Vec::new();
        for id in ids {
            match ranges.last_mut() {
                Some(range) if range.end().checked_add(1) == Some(*id) => *range = *range.start()..=*id,
                _ => ranges.push(*id..=*id),
            }
        }
        Self(ranges)
    }
}

impl Selector {
    /// The condition on the alias `e`, and its values.
    pub(crate) fn condition(&self, dialect: Dialect) -> (String, Vec<Value>) {
        let mut conditions = Vec::new();
        let mut binds = Vec::new();
        if !self.statuses.is_empty() {
            let marks = crate::store::placeholders(self.statuses.len());
            conditions.push(format!("e.status IN ({marks})"));
            binds.extend(self.statuses.iter().map(|status| Value::from(status.as_str())));
        }
        match &self.ids {
            Some(Ids(ranges)) if ranges.is_empty() => conditions.push("1=0".to_owned()),
            Some(ids) => conditions.push(ids.condition()),
            None => {}
        }
        for condition in &self.conditions {
            let (sql, values) = condition.sql(dialect);
            conditions.push(sql);
            binds.extend(values);
        }
        if let Some(text) = &self.error {
            conditions.push(format!("INSTR({}, ?) > 0", dialect.exact_text.replace("{}", "e.error")));
            binds.push(Value::from(text.as_str()));
        }
        if conditions.is_empty() {
            conditions.push("1=1".to_owned());
        }
        (conditions.join(" AND "), binds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backend;

    #[test]
    fn ids_are_read_as_typed() {
        let ids: Ids = "3, 7-9,12".parse().expect("a list");
        assert_eq!(ids.to_string(), "3,7-9,12");
        assert_eq!(Ids::from(&[3, 7, 8, 9, 12][..]), ids);
        for wrong in ["", "x", "9-7", "-3", "1,,2", "1-"] {
            assert!(wrong.parse::<Ids>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_list_is_a_condition_that_is_not_deep() {
        let ids: Ids = "3,7-9,12".parse().expect("a list");
        assert_eq!(ids.condition(), "(e.ID IN (3,12) OR (e.ID BETWEEN 7 AND 9))");
        let many = |n: usize| (0..n).map(|i| format!("{}-{}", 3 * i + 1, 3 * i + 2)).collect::<Vec<_>>().join(",");
        let ids: Ids = many(1_200).parse().expect("a list");
        assert_eq!(ids.condition().matches(") OR (").count(), 2);
        assert_eq!(many(MOST + 1).parse::<Ids>(), Err(MalformedIds::Length(MOST + 1)));
    }

    #[test]
    fn an_empty_list_selects_nothing() {
        let nothing = Selector { ids: Some(Ids(Vec::new())), ..Selector::default() };
        assert_eq!(nothing.condition(Dialect::of(Backend::Sqlite)), ("1=0".to_owned(), Vec::new()));
    }
}
