//! Where values came from, for messages and for what `fill` reports.

use std::fmt;
use std::rc::Rc;

use super::axis::Axis;
use crate::mistake::Place;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A line of a file.
    Place(Place),
    /// A whole file, or an option of the command line.
    Named(Rc<str>),
}

impl Source {
    /// The option `--set`.
    pub(super) fn set() -> Self {
        Self::Named("--set".into())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => place.fmt(f),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// How many values something has, and where they came from: `seed 10 (study.yml:14 overrides src/main.rs:10)`.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) what: String,
    pub(crate) count: usize,
    /// Of how many, where some were chosen.
    pub(crate) of: Option<u64>,
    /// The source that holds, and those that it overrides.
    pub(crate) sources: Vec<Source>,
}

impl Origin {
    pub(super) fn new(what: &str, count: usize, sources: Vec<Source>) -> Self {
        Self { what: what.to_owned(), count, of: None, sources }
    }

    /// Rows that are listed one by one.
    pub(super) fn of_rows(rows: &Axis, source: Source) -> Self {
        Self::new("rows", rows.len(), vec![source])
    }

    /// The combinations that `only` leaves.
    pub(super) fn of_choice(count: usize, of: u64, place: Place) -> Self {
        Self { of: Some(of), ..Self::new("only", count, vec![Source::Place(place)]) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, count, of, sources } = self;
        write!(f, "{what} {count}")?;
        if let Some(of) = of {
            write!(f, " of {of}")?;
        }
        let sources: Vec<_> = sources.iter().map(ToString::to_string).collect();
        write!(f, " ({})", sources.join(" overrides "))
    }
}
