//! The grid: the product of the keyfields' values, and where these came from.

use std::fmt;

use experimenter_diesel::{Backend, TableSpec, Value};

use crate::definition::Keyfield;
use crate::field::FieldError;
use crate::{Definition, panics};

/// The product of each keyfield's values.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    axes: Vec<Axis>,
}

/// A keyfield's values, and where they came from.
#[derive(Debug, Clone)]
struct Axis {
    values: Vec<Value>,
    source: String,
}

/// Why there is no grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GridError {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Grid {
    /// Evaluates the domains of an experiment, or what `--set` says in their place.
    ///
    /// # Errors
    /// All that is wrong with a domain or an option, before anything is written: field, value, place.
    pub(crate) fn new(definition: &Definition, settings: &[String]) -> Result<Self, GridError> {
        let settings = settings.iter().map(|text| Setting::parse(definition, text)).collect::<Result<Vec<_>, _>>()?;
        let axes = definition
            .keyfields
            .iter()
            .map(|field| values_of(definition, field, &settings).map(|(values, source)| Axis { values, source }));
        axes.collect::<Result<_, _>>().map(|axes| Self { axes })
    }

    /// Fits each value to its column; values that are equal there are one.
    ///
    /// # Errors
    /// The first value that its column would change.
    pub(crate) fn fit(&mut self, spec: &TableSpec, backend: Backend) -> Result<(), GridError> {
        for (axis, column) in self.axes.iter_mut().zip(&spec.keyfields) {
            let mut fitted = Vec::with_capacity(axis.values.len());
            let mut seen = std::collections::HashSet::new();
            for value in &axis.values {
                let value = column.fit(value, backend).map_err(|reason| GridError {
                    message: format!("keyfield `{}`: `{value}` is {reason} ({})", column.name, axis.source),
                    hint: "change the value, or give the field a wider column by `#[sql = \"…\"]`".to_owned(),
                })?;
                if seen.insert(format!("{value:?}")) {
                    fitted.push(value);
                }
            }
            axis.values = fitted;
        }
        Ok(())
    }

    /// The number of rows; `None` where it is beyond counting.
    pub(crate) fn len(&self) -> Option<u64> {
        self.axes.iter().try_fold(1_u64, |product, axis| product.checked_mul(axis.values.len() as u64))
    }

    /// The rows, one at a time: the first keyfield changes slowest.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Vec<Value>> {
        let mut position = (!self.axes.iter().any(|axis| axis.values.is_empty())).then(|| vec![0; self.axes.len()]);
        std::iter::from_fn(move || {
            let current = position.clone()?;
            position = self.after(current.clone());
            Some(current.iter().zip(&self.axes).map(|(index, axis)| axis.values[*index].clone()).collect())
        })
    }

    fn after(&self, mut position: Vec<usize>) -> Option<Vec<usize>> {
        for (index, axis) in position.iter_mut().zip(&self.axes).rev() {
            *index += 1;
            if *index < axis.values.len() {
                return Some(position);
            }
            *index = 0;
        }
        None
    }
}

/// A field's values and where they came from.
fn values_of(
    definition: &Definition,
    field: &'static Keyfield,
    settings: &[Setting],
) -> Result<(Vec<Value>, String), GridError> {
    let name = field.column.name;
    let set: Vec<_> = settings.iter().filter(|setting| setting.field.column.name == name).collect();
    if !set.is_empty() {
        return Ok((set.iter().flat_map(|setting| setting.values.iter().cloned()).collect(), "from --set".to_owned()));
    }
    let place = format!("{}:{}", definition.file, field.line);
    let error = |reason: &dyn fmt::Display| GridError {
        message: format!("keyfield `{name}`: {reason} ({place})"),
        hint: format!("change the field's domain, or give its values by `--set {name}=…`"),
    };
    let domain = panics::catch(field.domain).map_err(|panic| error(&panic.message))?;
    match domain.map_err(|reason: FieldError| error(&reason))? {
        None => Err(GridError {
            message: format!("keyfield `{name}` has no values ({place})"),
            hint: format!("write `{name}: … = [a, b]` in the attribute, or give them by `--set {name}=a,b`"),
        }),
        Some(values) if values.is_empty() => Err(error(&"its domain is empty")),
        Some(values) => Ok((values, place)),
    }
}

/// One `--set field=values`.
#[derive(Debug)]
struct Setting {
    field: &'static Keyfield,
    values: Vec<Value>,
}

impl Setting {
    fn parse(definition: &Definition, text: &str) -> Result<Self, GridError> {
        let form = "write `--set seed=0..3,7` or `--set kernel=linear,rbf`";
        let wrong = |message: String| GridError { message, hint: form.to_owned() };
        let Some((name, items)) = text.split_once('=') else {
            return Err(wrong(format!("`--set {text}` lacks its `=`")));
        };
        let name = name.trim();
        let Some(field) = definition.keyfields.iter().find(|field| field.column.name == name) else {
            let known: Vec<_> = definition.keyfields.iter().map(|field| format!("`{}`", field.column.name)).collect();
            return Err(GridError {
                message: format!("`--set {text}`: `{}` has no keyfield `{name}`", definition.name),
                hint: format!("its keyfields are {}", known.join(", ")),
            });
        };
        let items = split(items).ok_or_else(|| wrong(format!("`--set {text}` has a quote without its end")))?;
        let mut values = Vec::new();
        for item in items {
            item.values(field, &mut values).map_err(|error| wrong(format!("`--set {text}`: {}", error.of(name))))?;
        }
        Ok(Self { field, values })
    }
}

/// The most values of one range: each is kept while the grid is filled.
const LONGEST_RANGE: u64 = 10_000_000;

/// One element of a list: as typed, or between double quotes.
#[derive(Debug, PartialEq)]
struct Item {
    text: String,
    quoted: bool,
}

impl Item {
    fn values(&self, field: &Keyfield, values: &mut Vec<Value>) -> Result<(), FieldError> {
        if !self.quoted && self.text.is_empty() {
            return Err(FieldError::new("an element of the list is empty (write `\"\"` for an empty text)"));
        }
        if let Some((first, last)) = self.range(field) {
            if first > last {
                return Err(FieldError::new(format!("the range `{}` is empty", self.text)));
            }
            if last.abs_diff(first) >= LONGEST_RANGE {
                return Err(FieldError::new(format!("the range `{}` has more than {LONGEST_RANGE} values", self.text)));
            }
            for n in first..=last {
                values.push((field.parse)(&n.to_string())?);
            }
            return Ok(());
        }
        if self.quoted && self.text == "null" {
            let text = Value::from("null");
            (field.check)(&text)?;
            values.push(text);
            return Ok(());
        }
        values.push((field.parse)(&self.text)?);
        Ok(())
    }

    /// `0..3` and `0..=2`, of a field of whole numbers.
    fn range(&self, field: &Keyfield) -> Option<(i64, i64)> {
        let takes_integers = (field.check)(&Value::Int(1)).is_ok() && (field.check)(&Value::Float(1.5)).is_err();
        if self.quoted || !takes_integers {
            return None;
        }
        let (first, last) = self.text.split_once("..")?;
        let (last, included) = last.strip_prefix('=').map_or((last, false), |last| (last, true));
        let (first, last): (i64, i64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        Some((first, if included { last } else { last.checked_sub(1)? }))
    }
}

/// Splits at commas outside of double quotes; `None` if a quote does not end.
fn split(text: &str) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let (item, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (inside, after) = quoted.split_once('"')?;
                (Item { text: inside.to_owned(), quoted: true }, after.trim_start())
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (Item { text: rest[..end].trim().to_owned(), quoted: false }, &rest[end..])
            }
        };
        items.push(item);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(items),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Domain;
    use crate::registry::table_spec;

    static DEFINITION: Definition = Definition {
        name: "svm",
        table: "svm",
        file: "src/main.rs",
        line: 1,
        keyfields: &[
            Keyfield::new::<String>("kernel", 2).over(|| Domain::<String>::new().with("linear").with("rbf").finish()),
            Keyfield::new::<f64>("c", 3).over(|| Domain::<f64>::new().with_all([0.1, 1.0, 0.1]).finish()),
            Keyfield::new::<u8>("seed", 4),
        ],
        resultfields: &[],
        logtables: &[],
        result_timestamps: false,
    };

    fn grid(settings: &[&str]) -> Result<Vec<String>, GridError> {
        let spec = table_spec(&DEFINITION).expect("known types");
        let settings: Vec<_> = settings.iter().map(|text| (*text).to_owned()).collect();
        let mut grid = Grid::new(&DEFINITION, &settings)?;
        grid.fit(&spec, Backend::Mysql)?;
        let rows: Vec<_> =
            grid.rows().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(grid.len(), Some(rows.len() as u64));
        Ok(rows)
    }

    #[test]
    fn the_first_field_changes_slowest_and_equal_values_count_once() {
        let rows = grid(&["seed=1..3"]).expect("a grid");
        assert_eq!(rows.len(), 8);
        assert_eq!(rows[..3], ["linear 0.1 1", "linear 0.1 2", "linear 1 1"]);
    }

    #[test]
    fn settings_take_lists_ranges_and_quotes() {
        assert_eq!(
            grid(&["seed=0..=1, 7", "c=5", "kernel=\"a, b\""]),
            Ok(vec!["a, b 5 0".to_owned(), "a, b 5 1".to_owned(), "a, b 5 7".to_owned()])
        );
    }

    #[test]
    fn mistakes_name_the_field_and_the_right_form() {
        for (settings, says) in [
            (&[][..], "keyfield `seed` has no values (src/main.rs:4)"),
            (&["seed=300"], "expected u8, found `300`"),
            (&["seed=x"], "expected u8, found `x`"),
            (&["seed=3..1"], "the range `3..1` is empty"),
            (&["seed=0..-9223372036854775808"], "expected u8"),
            (&["seed=0..=99999999999"], "more than 10000000 values"),
            (&["seed"], "lacks its `=`"),
            (&["sed=1"], "has no keyfield `sed`"),
            (&["seed=1,,2"], "element of the list is empty"),
            (&["kernel=\"x"], "quote without its end"),
            (&["seed=1", "c=inf"], "`inf` is infinite (the column is DOUBLE) (from --set)"),
        ] {
            let error = grid(settings).expect_err(says);
            assert!(error.message.contains(says), "{settings:?}: {error}");
            assert!(!error.hint.is_empty());
        }
    }
}
