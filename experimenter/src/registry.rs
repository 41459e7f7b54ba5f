//! The experiments of the program.

use experimenter_diesel::{Column, LogtableSpec, TableSpec, Value};

use crate::definition::{Keyfield, Registration};
use crate::mistake::Mistake;
use crate::{Definition, definition, panics};

/// Every registered experiment, by name.
///
/// # Errors
/// When two experiments would use one table, or have one name: both places.
pub(crate) fn experiments() -> Result<Vec<&'static Registration>, String> {
    let mut experiments: Vec<_> = inventory::iter::<Registration>.into_iter().collect();
    // The registry has no order of its own.
    experiments.sort_by_key(|experiment| (experiment.definition.name, experiment.definition.file));
    check(&experiments.iter().map(|experiment| experiment.definition).collect::<Vec<_>>())?;
    Ok(experiments)
}

fn check(definitions: &[&'static Definition]) -> Result<(), String> {
    for (index, second) in definitions.iter().enumerate() {
        for first in &definitions[..index] {
            let places = format!("{} and {}", place(first), place(second));
            if first.name == second.name {
                return Err(format!("two experiments have the name `{}`: {places}; rename one function", first.name));
            }
            let tables = tables(first);
            if let Some(table) = self::tables(second).into_iter().find(|table| tables.contains(table)) {
                return Err(format!(
                    "the experiments `{}` and `{}` would both use the table `{table}`: {places}; give one of them another \
                     by `table = \"…\"`",
                    first.name, second.name
                ));
            }
        }
    }
    Ok(())
}

/// Where the attribute stands: `src/main.rs:10`.
pub(crate) fn place(definition: &Definition) -> String {
    format!("{}:{}", definition.file, definition.line)
}

/// The names of an experiment's tables; those of a database do not differ by case alone.
fn tables(definition: &Definition) -> Vec<String> {
    let main = definition.table.to_lowercase();
    let logtables = definition.logtables.iter().map(|logtable| format!("{main}__{}", logtable.name.to_lowercase()));
    logtables.chain([main.clone()]).collect()
}

/// The tables of an experiment as the store takes them.
///
/// # Errors
/// When an SQL type of the attribute is none, or when a default cannot be evaluated.
pub(crate) fn table_spec(definition: &Definition) -> Result<TableSpec, Mistake> {
    let column = |column: &definition::Column| {
        Column::new(column.name, column.sql).map_err(|error| {
            Mistake::new(format!("{error} ({}:{})", definition.file, column.line), "change its `#[sql = \"…\"]`")
        })
    };
    let keyfield = |field: &Keyfield| Ok(column(&field.column)?.with_default(default_of(definition, field)?));
    let logtable = |logtable: &definition::Logtable| {
        let columns = logtable.columns.iter().map(column).collect::<Result<_, _>>()?;
        Ok(LogtableSpec { name: logtable.name.to_owned(), columns })
    };
    Ok(TableSpec {
        name: definition.table.to_owned(),
        keyfields: definition.keyfields.iter().map(keyfield).collect::<Result<_, Mistake>>()?,
        resultfields: definition.resultfields.iter().map(column).collect::<Result<_, _>>()?,
        result_timestamps: definition.result_timestamps,
        logtables: definition.logtables.iter().map(logtable).collect::<Result<_, Mistake>>()?,
    })
}

/// The default of a keyfield that has one.
///
/// # Errors
/// When it cannot be evaluated.
pub(crate) fn default_of(definition: &Definition, field: &Keyfield) -> Result<Option<Value>, Mistake> {
    let Some(default) = field.default else { return Ok(None) };
    let wrong = |reason: &dyn std::fmt::Display| {
        let (name, file, line) = (field.column.name, definition.file, field.column.line);
        Mistake::new(
            format!("the default of keyfield `{name}`: {reason} ({file}:{line})"),
            "change its `#[default = …]`",
        )
    };
    match panics::catch(default) {
        Ok(value) => value.map(Some).map_err(|error| wrong(&error)),
        Err(panic) => Err(wrong(&panic.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Logtable;

    const fn definition(name: &'static str, table: &'static str, line: u32) -> Definition {
        const LOGTABLES: &[Logtable] = &[Logtable { name: "folds", columns: &[], line: 5 }];
        Definition { name, table, file: "src/main.rs", line, logtables: LOGTABLES, ..Definition::EMPTY }
    }

    #[test]
    fn two_experiments_with_one_table_are_refused_with_both_places() {
        static SVM: Definition = definition("svm", "study", 3);
        static TREE: Definition = definition("tree", "Study", 9);
        static FOLDS: Definition = definition("folds", "study__folds", 12);
        static OTHER: Definition = definition("other", "other", 20);
        let error = check(&[&SVM, &TREE]).expect_err("one table");
        assert!(error.contains("src/main.rs:3") && error.contains("src/main.rs:9"), "{error}");
        assert!(check(&[&SVM, &FOLDS]).is_err());
        assert_eq!(check(&[&SVM, &OTHER]), Ok(()));
    }
}
