//! `list`: the experiments of the program.

use serde_json::json;

use super::failure::Failure;
use crate::definition::{Definition, Registration};
use crate::report::{Console, Table};
use crate::{exit, registry};

pub(super) fn list(experiments: &[&'static Registration], console: &Console) -> Result<u8, Failure> {
    let definitions = experiments.iter().map(|experiment| experiment.definition);
    if console.is_json() {
        console.json(&definitions.map(as_json).collect())?;
        return Ok(exit::DONE);
    }
    let mut table = Table::new(&["experiment", "table", "keyfields", "resultfields", "logtables", "place"]);
    for definition in definitions {
        let names = |names: Vec<&str>| names.join(", ");
        table.row(vec![
            definition.name.to_owned(),
            definition.table.to_owned(),
            names(definition.keyfields.iter().map(|field| field.column.name).collect()),
            names(definition.resultfields.iter().map(|field| field.name).collect()),
            names(definition.logtables.iter().map(|logtable| logtable.name).collect()),
            registry::place(definition),
        ]);
    }
    console.result(&table.to_string())?;
    Ok(exit::DONE)
}

fn as_json(definition: &Definition) -> serde_json::Value {
    let column = |column: &crate::definition::Column| json!({ "name": column.name, "sql": column.sql });
    json!({
        "experiment": definition.name,
        "table": definition.table,
        "file": definition.file,
        "line": definition.line,
        "keyfields": definition.keyfields.iter().map(|field| column(&field.column)).collect::<Vec<_>>(),
        "resultfields": definition.resultfields.iter().map(column).collect::<Vec<_>>(),
        "logtables": definition.logtables.iter().map(|logtable| json!({
            "name": logtable.name,
            "columns": logtable.columns.iter().map(column).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
