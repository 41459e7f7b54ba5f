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
    /// The ID, if it is only one.
    #[must_use]
    pub fn single(&self) -> Option<i64> {
        match &self.0[..] {
            [range] if range.start() == range.end() => Some(*range.start()),
            _ => None,
        }
    }
}

/// A text that is no list of IDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedIds(String);

impl fmt::Display for MalformedIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an ID or a range of IDs; write `3`, `7-9` or `3,7-9`", self.0)
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
        let ranges = text.split(',').map(|item| range(item).ok_or_else(|| MalformedIds(item.trim().to_owned())));
        ranges.collect::<Result<_, _>>().map(Self)
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
            Some(Ids(ranges)) => {
                conditions.push(format!("({})", vec!["e.ID BETWEEN ? AND ?"; ranges.len()].join(" OR ")));
                binds.extend(ranges.iter().flat_map(|range| [Value::Int(*range.start()), Value::Int(*range.end())]));
            }
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
    fn an_empty_list_selects_nothing() {
        let nothing = Selector { ids: Some(Ids(Vec::new())), ..Selector::default() };
        assert_eq!(nothing.condition(Dialect::of(Backend::Sqlite)), ("1=0".to_owned(), Vec::new()));
    }
}
