//! `--set FIELD=VALUES`.

use experimenter_diesel::Value;

use super::LONGEST_RANGE;
use super::axis::Axis;
use super::origin::Source;
use crate::Definition;
use crate::definition::Keyfield;
use crate::field::FieldError;
use crate::mistake::Mistake;

/// One `--set field=values`.
#[derive(Debug)]
pub(super) struct Setting {
    field: &'static Keyfield,
    values: Vec<Value>,
}

/// The values of a field that the command line sets.
pub(super) fn axis(index: usize, field: &Keyfield, settings: &[Setting]) -> Option<Axis> {
    let set = settings.iter().filter(|setting| setting.sets(field)).flat_map(|setting| &setting.values);
    let source = Source::set();
    let values: Vec<_> = set.map(|value| (value.clone(), source.clone())).collect();
    (!values.is_empty()).then(|| Axis::of_one(index, values))
}

impl Setting {
    pub(super) fn parse_all(definition: &'static Definition, texts: &[String]) -> Result<Vec<Self>, Mistake> {
        texts.iter().map(|text| Self::parse(definition, text)).collect()
    }

    /// Whether it is about the field.
    pub(super) fn sets(&self, field: &Keyfield) -> bool {
        self.field.column.name == field.column.name
    }

    fn parse(definition: &Definition, text: &str) -> Result<Self, Mistake> {
        let form = "write `--set seed=0..3,7` or `--set kernel=linear,rbf`";
        let wrong = |message: String| Mistake::new(message, form);
        let Some((name, items)) = text.split_once('=') else {
            return Err(wrong(format!("`--set {text}` lacks its `=`")));
        };
        let name = name.trim();
        let Some(field) = definition.keyfields.iter().find(|field| field.column.name == name) else {
            let known: Vec<_> = definition.keyfields.iter().map(|field| format!("`{}`", field.column.name)).collect();
            return Err(Mistake::new(
                format!("`--set {text}`: `{}` has no keyfield `{name}`", definition.name),
                format!("its keyfields are {}", known.join(", ")),
            ));
        };
        let items = split(items).ok_or_else(|| wrong(format!("`--set {text}` has a quote without its end")))?;
        let mut values = Vec::new();
        for item in items {
            item.values(field, &mut values).map_err(|error| wrong(format!("`--set {text}`: {}", error.of(name))))?;
        }
        Ok(Self { field, values })
    }
}

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
            if last.abs_diff(first) >= LONGEST_RANGE.into() {
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
