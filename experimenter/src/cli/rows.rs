//! Which rows a command is about.

use clap::Args;
use experimenter_diesel::{Backend, Condition, Ids, Selector, Status, TableSpec};

use super::context::Context;
use super::failure::Failure;

/// Which rows, whatever their status.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rows")]
pub(super) struct Rows {
    /// Only these rows: 3,7-9
    #[arg(long)]
    pub(super) ids: Option<Ids>,

    /// Only rows for which this holds: "kernel=rbf,linear,c>=1,dataset=wine*,loss!=null"
    ///
    /// Of any column of the table: =, !=, <, <=, > and >= with a value, a list of values, `*` and `?` for any characters and
    /// one, or `null`. All that commas separate has to hold; a value with a comma stands in quotation marks.
    #[arg(long = "where", value_name = "CONDITIONS")]
    pub(super) conditions: Vec<String>,
}

impl Rows {
    pub(super) fn selector(&self, spec: &TableSpec, backend: Backend) -> Result<Selector, Failure> {
        let conditions = self.conditions.iter().map(|text| Condition::parse(text, spec, backend));
        let conditions = conditions
            .collect::<Result<Vec<_>, _>>()
            .map_err(|malformed| Failure::usage(format!("`--where`: {}", malformed.message)).hint(malformed.hint))?;
        Ok(Selector { ids: self.ids.clone(), conditions: conditions.concat(), ..Selector::default() })
    }
}

/// Which rows: their IDs alone, or else what a selection says.
#[derive(Debug, Clone, Args)]
pub(super) struct Chosen {
    /// The rows' IDs, such as 17 or 3,7-9
    #[arg(value_name = "IDS")]
    positional: Option<Ids>,

    #[command(flatten)]
    selection: Selection,
}

impl Chosen {
    /// The row, if it is one by its ID.
    pub(super) fn single(&self) -> Option<i64> {
        self.positional.as_ref().filter(|_| self.selection.is_empty()).and_then(Ids::single)
    }

    /// The selector of a command that has to be told which rows.
    pub(super) fn selector(&self, context: &Context<'_>, command: &str) -> Result<Selector, Failure> {
        let selector = context.selector(&self.selection)?;
        match (&self.positional, &selector.ids) {
            (Some(_), Some(_)) => Err(Failure::usage("there are two lists of IDs: one alone, and one by `--ids`")
                .hint(format!("give one list: {command} 3,7-9"))),
            (Some(ids), None) => Ok(Selector { ids: Some(ids.clone()), ..selector }),
            (None, _) if self.selection.is_empty() => Err(Failure::usage(format!(
                "{command} needs to know which rows"
            ))
            .hint(format!("write `{command} 17`, `{command} --where FIELD=VALUE`, or `{command} --status error`"))),
            (None, _) => Ok(selector),
        }
    }
}

/// Which rows, by their status and error too.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rows")]
pub(super) struct Selection {
    /// Only rows of these statuses: created, running, done, error, paused
    #[arg(long, value_delimiter = ',')]
    pub(super) status: Vec<Status>,

    #[command(flatten)]
    pub(super) rows: ErrorRows,
}

/// Which rows, by their error too.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rows")]
pub(super) struct ErrorRows {
    #[command(flatten)]
    rows: Rows,

    /// Only rows whose error contains this
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
}

impl ErrorRows {
    pub(super) fn selector(&self, spec: &TableSpec, backend: Backend) -> Result<Selector, Failure> {
        Ok(Selector { error: self.error.clone(), ..self.rows.selector(spec, backend)? })
    }

    fn is_empty(&self) -> bool {
        self.rows.ids.is_none() && self.rows.conditions.is_empty() && self.error.is_none()
    }
}

impl Selection {
    pub(super) fn selector(&self, spec: &TableSpec, backend: Backend) -> Result<Selector, Failure> {
        Ok(Selector { statuses: self.status.clone(), ..self.rows.selector(spec, backend)? })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.status.is_empty() && self.rows.is_empty()
    }
}
