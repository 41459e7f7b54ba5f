//! The configuration laid over what the attribute says: names and types must agree, the rest of the file wins.

use experimenter_diesel::{Column, ColumnType, TableSpec};

use super::{At, ColumnConfig, Config};
use crate::definition::{self, Definition, Keyfield};
use crate::mistake::{Mistake, Place};
use crate::registry;

impl Config {
    /// Whether the file is about an experiment: it names its table, or none of the program's.
    pub(crate) fn is_about(&self, definition: &Definition) -> bool {
        self.table.as_ref().is_some_and(|table| table.value.eq_ignore_ascii_case(definition.table))
    }

    /// Checks that a table of several experiments is one of theirs: two of them must not share one.
    pub(crate) fn check_table(&self, definitions: &[&Definition]) -> Result<(), Mistake> {
        let Some(At { value, place }) = &self.table else { return Ok(()) };
        if definitions.iter().any(|definition| self.is_about(definition)) {
            return Ok(());
        }
        let tables: Vec<_> = definitions.iter().map(|definition| format!("`{}`", definition.table)).collect();
        Err(Mistake::new(
            format!("{place}: none of this program's experiments has the table `{value}`"),
            format!("they have {}; give one of them this table by `table = \"{value}\"`", tables.join(", ")),
        ))
    }

    /// Forgets what the file says of its experiment: another one takes from it the database and the custom values.
    pub(crate) fn keep_the_database(&mut self) {
        self.table = None;
        self.keyfields.clear();
        self.resultfields.clear();
        self.logtables.clear();
        self.result_timestamps = None;
    }

    /// The values that the file gives a keyfield.
    pub(crate) fn values(&self, field: &Keyfield) -> Option<&At<Vec<At<serde_json::Value>>>> {
        self.keyfields.iter().find(|other| other.column.name.value == field.column.name)?.values.as_ref()
    }

    /// Lays the file over the tables of an experiment.
    ///
    /// # Errors
    /// What contradicts the attribute: both places.
    pub(crate) fn apply(&self, definition: &Definition, spec: &mut TableSpec) -> Result<(), Mistake> {
        if let Some(At { value, place }) = &self.table {
            TableSpec::check_name(value).map_err(|reason| {
                Mistake::new(format!("{place}: `{value}` {reason}"), "write another name: `name: my_study`")
            })?;
            spec.name.clone_from(value);
        }
        let keyfields: Vec<_> = self.keyfields.iter().map(|field| &field.column).collect();
        let declared: Vec<_> = definition.keyfields.iter().map(|field| field.column).collect();
        fields("keyfield", definition, &keyfields, &declared, &mut spec.keyfields)?;
        let resultfields: Vec<_> = self.resultfields.iter().collect();
        fields("resultfield", definition, &resultfields, definition.resultfields, &mut spec.resultfields)?;
        for (name, columns) in &self.logtables {
            let found = definition.logtables.iter().zip(&mut spec.logtables);
            let (logtable, spec) = found
                .into_iter()
                .find(|(logtable, _)| logtable.name == name.value)
                .ok_or_else(|| unknown("logtable", definition, name, definition.logtables.iter().map(|l| l.name)))?;
            let columns: Vec<_> = columns.iter().collect();
            fields(
                &format!("column of the logtable `{}`", logtable.name),
                definition,
                &columns,
                logtable.columns,
                &mut spec.columns,
            )?;
        }
        self.apply_timestamps(definition, spec)
    }

    fn apply_timestamps(&self, definition: &Definition, spec: &mut TableSpec) -> Result<(), Mistake> {
        let Some(At { value, place }) = &self.result_timestamps else { return Ok(()) };
        if definition.result_timestamps && !value {
            let attribute = registry::place(definition);
            return Err(Mistake::new(
                format!("{place}: `result_timestamps: False` contradicts {attribute}, where it is `true`"),
                "change one of them",
            ));
        }
        spec.result_timestamps = *value;
        Ok(())
    }
}

/// Lays columns of the file over those of the attribute.
fn fields(
    kind: &str,
    definition: &Definition,
    columns: &[&ColumnConfig],
    declared: &[definition::Column],
    spec: &mut [Column],
) -> Result<(), Mistake> {
    for ColumnConfig { name, sql } in columns {
        let mut found = declared.iter().zip(&mut *spec);
        let (declared, column) = found
            .find(|(declared, _)| declared.name == name.value)
            .ok_or_else(|| unknown(kind, definition, name, declared.iter().map(|column| column.name)))?;
        let Some(At { value: sql, place }) = sql else { continue };
        let declaration = Place::new(definition.file, declared.line);
        let found = ColumnType::parse(sql).map_err(|reason| {
            Mistake::new(format!("{place}: {kind} `{}`: {reason}", name.value), "write one of those types")
        })?;
        if !found.is_like(&column.column_type) {
            return Err(Mistake::new(
                format!(
                    "{place}: {kind} `{}` is {sql}, which contradicts {declaration}, where its type gives {}",
                    name.value, column.column_type
                ),
                format!("write `{}` in the file, or change the type in the attribute", column.column_type),
            ));
        }
        column.column_type = found;
    }
    Ok(())
}

/// A name in the file that the attribute does not have.
fn unknown<'a>(
    kind: &str,
    definition: &Definition,
    name: &At<String>,
    known: impl Iterator<Item = &'a str>,
) -> Mistake {
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Mistake::new(
        format!(
            "{}: `{}` is no {kind} of the experiment `{}` ({})",
            name.place,
            name.value,
            definition.name,
            registry::place(definition)
        ),
        format!("it has {known}; add the field to the attribute, or take it out of the file"),
    )
}
