//! An axis of the grid: the values of one keyfield, or rows of several at once.

use std::collections::HashSet;
use std::fmt;

use experimenter_diesel::{Backend, Column, Value};

use super::origin::{Origin, Source};
use super::setting::{self, Setting};
use crate::config::{At, Config};
use crate::definition::{Definition, Keyfield, Located};
use crate::field::FieldError;
use crate::mistake::{Mistake, Place};
use crate::panics;

/// The values of some keyfields, which stand for themselves: each is combined with those of the other axes.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// The keyfields' places among all.
    fields: Vec<usize>,
    /// One value for each of these keyfields, and where they were written.
    tuples: Vec<(Vec<Value>, Source)>,
}

impl Axis {
    /// Tuples of values; those that are equal are one.
    pub(super) fn new(fields: Vec<usize>, mut tuples: Vec<(Vec<Value>, Source)>) -> Self {
        let mut seen = HashSet::new();
        tuples.retain(|(values, _)| seen.insert(format!("{values:?}")));
        Self { fields, tuples }
    }

    /// The values of one keyfield.
    pub(super) fn of_one(field: usize, values: Vec<(Value, Source)>) -> Self {
        Self::new(vec![field], values.into_iter().map(|(value, source)| (vec![value], source)).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.tuples.len()
    }

    /// How many keyfields it has values for.
    pub(super) fn width(&self) -> usize {
        self.fields.len()
    }

    /// Writes a tuple's values to their places in a row.
    pub(super) fn put(&self, tuple: usize, row: &mut [Value]) {
        let Some((values, _)) = self.tuples.get(tuple) else { return };
        for (field, value) in self.fields.iter().zip(values) {
            row[*field].clone_from(value);
        }
    }

    /// Fits each value to its column.
    pub(super) fn fit(&mut self, columns: &[Column], backend: Backend) -> Result<(), Mistake> {
        for (values, source) in &mut self.tuples {
            for (field, value) in self.fields.iter().zip(values) {
                let column = &columns[*field];
                *value = column.fit(value, backend).map_err(|reason| {
                    Mistake::new(
                        format!("keyfield `{}`: `{value}` is {reason} ({source})", column.name),
                        "change the value, or give the field a wider column by `#[sql = \"…\"]`",
                    )
                })?;
            }
        }
        Ok(())
    }
}

/// Whether somebody gave a keyfield values of its own.
pub(super) fn is_given(field: &Keyfield, config: Option<&Config>, settings: &[Setting]) -> bool {
    field.domain.is_some()
        || settings.iter().any(|setting| setting.sets(field))
        || config.is_some_and(|config| config.values(field).is_some())
}

/// Evaluates what a source says.
type Evaluate<'a> = Box<dyn FnOnce() -> Result<Axis, Mistake> + 'a>;

/// A keyfield's values: of the command line, else of the configuration, else of the attribute. What is overridden is not
/// evaluated: it may need files that are not here.
pub(super) fn of_field(
    definition: &'static Definition,
    index: usize,
    config: Option<&Config>,
    settings: &[Setting],
) -> Result<(Axis, Origin), Mistake> {
    let field = &definition.keyfields[index];
    let attribute = Place::new(definition.file, field.column.line);
    let mut candidates: Vec<(Source, Evaluate<'_>)> = Vec::new();
    if let Some(set) = setting::axis(index, field, settings) {
        candidates.push((Source::set(), Box::new(|| Ok(set))));
    }
    if let Some(At { value, place }) = config.and_then(|config| config.values(field)) {
        let read = move || Ok(Axis::of_one(index, read_all(field, value)?));
        candidates.push((Source::Place(place.clone()), Box::new(read)));
    }
    if field.domain.is_some() || field.default.is_some() || (field.every)().is_some() {
        let source = Source::Place(attribute.clone());
        let evaluate = || {
            let values = domain(field, &attribute)?.into_iter().map(|value| (value, Source::Place(attribute.clone())));
            Ok(Axis::of_one(index, values.collect()))
        };
        candidates.push((source, Box::new(evaluate)));
    }
    let mut candidates = candidates.into_iter();
    let (source, axis) = candidates.next().ok_or_else(|| no_values(field, &attribute))?;
    let axis = axis()?;
    let sources = std::iter::once(source).chain(candidates.map(|(source, _)| source)).collect();
    let origin = Origin::new(field.column.name, axis.len(), sources);
    Ok((axis, origin))
}

/// Nobody has given a keyfield values.
fn no_values(field: &Keyfield, attribute: &Place) -> Mistake {
    let name = field.column.name;
    Mistake::new(
        format!("keyfield `{name}` has no values ({attribute})"),
        format!(
            "write `{name}: … = [a, b]` in the attribute, give them by `--set {name}=a,b`, or write `{name}: {{ values: \
             [a, b] }}` into {}",
            crate::config::DEFAULT_CONFIG
        ),
    )
}

/// The rows that the attribute lists.
pub(super) fn of_rows(definition: &'static Definition) -> Result<Option<(Axis, Source)>, Mistake> {
    let Some(Located { line, function: rows }) = definition.rows else { return Ok(None) };
    let place = Place::new(definition.file, line);
    let wrong = |reason: &dyn fmt::Display| {
        Mistake::new(format!("`rows` ({place}): {reason}"), "correct what the attribute's `rows` yields")
    };
    let rows = panics::catch(rows).map_err(|panic| wrong(&panic.message))?.map_err(|error| wrong(&error))?;
    if rows.is_empty() {
        return Err(wrong(&"it yields no row"));
    }
    let source = Source::Place(place);
    let tuples = rows.into_iter().map(|row| (row, source.clone())).collect();
    Ok(Some((Axis::new((0..definition.keyfields.len()).collect(), tuples), source)))
}

/// The values that the configuration file gives, by the field's type.
fn read_all(field: &Keyfield, values: &[At<serde_json::Value>]) -> Result<Vec<(Value, Source)>, Mistake> {
    let read = |At { value, place }: &At<serde_json::Value>| {
        let read = panics::catch(|| (field.read)(value)).unwrap_or_else(|panic| Err(FieldError::new(panic.message)));
        read.map(|value| (value, Source::Place(place.clone()))).map_err(|error| {
            Mistake::new(
                format!("{place}: keyfield {}", error.of(field.column.name)),
                "change the value in the file, or the field's type in the attribute",
            )
        })
    };
    values.iter().map(read).collect()
}

/// The values of the attribute: after `=`, or else the default alone, or else every value of the type.
fn domain(field: &Keyfield, place: &Place) -> Result<Vec<Value>, Mistake> {
    let name = field.column.name;
    let wrong = |reason: &dyn fmt::Display| {
        Mistake::new(
            format!("keyfield `{name}`: {reason} ({place})"),
            format!("change the field's domain, or give its values by `--set {name}=…`"),
        )
    };
    let evaluate = || match (field.domain, field.default) {
        (Some(domain), _) => domain(),
        (None, Some(default)) => default().map(|default| vec![default]),
        (None, None) => Ok((field.every)().unwrap_or_default()),
    };
    let values = panics::catch(evaluate).map_err(|panic| wrong(&panic.message))?.map_err(|error| wrong(&error))?;
    if values.is_empty() { Err(wrong(&"its domain is empty")) } else { Ok(values) }
}
