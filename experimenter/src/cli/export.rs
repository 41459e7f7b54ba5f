//! `export`: the table as CSV or JSON.

use std::collections::HashMap;

use clap::Args;
use experimenter_diesel::{Record, Store, Unfit, Value};

use super::context::Context;
use super::failure::Failure;
use super::records::Destination;
use super::rows::Selection;
use crate::exit;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  export > table.csv
  export --where \"kernel=rbf,c>=1\" --status done -o rbf.csv
  export --provenance --json     with what ran each row, and what it took")]
pub(super) struct Export {
    #[command(flatten)]
    destination: Destination,

    /// Further columns with each row's last attempt: its time, memory and end, and the program and machine that ran it
    #[arg(long)]
    provenance: bool,

    #[command(flatten)]
    selection: Selection,
}

pub(super) fn export(context: &mut Context<'_>, args: &Export) -> Result<u8, Failure> {
    let selector = context.selector(&args.selection)?;
    context.check()?;
    let columns = context.store.columns();
    let fields: Vec<_> = columns.iter().map(String::as_str).collect();
    let provenance = if args.provenance { provenance_names(&fields) } else { Vec::new() };
    let names: Vec<_> = fields.iter().copied().chain(provenance.iter().map(String::as_str)).collect();
    // Values that a column could not hold stand in the export, exact.
    let unfit = context.store(async |store| store.unfit(u32::MAX).await)?;
    let mut exact: HashMap<_, Vec<_>> = HashMap::new();
    for Unfit { id, field, value, .. } in unfit {
        exact.entry(id).or_default().push((field, value));
    }
    args.destination.write(context, &names, "row", |context, writer| {
        let each = |mut record: Record| {
            for (field, exact) in exact.get(&record.id).into_iter().flatten() {
                let value = fields.iter().zip(&mut record.values).find(|(name, _)| *name == field);
                if let Some((_, value)) = value.filter(|(_, value)| value.is_null()) {
                    *value = Value::from(exact.as_str());
                }
            }
            writer.record(&record)
        };
        let Context { runtime, store, .. } = context;
        if args.provenance {
            runtime.block_on(store.records_with_provenance(&selector, &fields, each))?;
        } else {
            runtime.block_on(store.records(&selector, &fields, each))?;
        }
        Ok(())
    })?;
    Ok(exit::DONE)
}

/// The names of the further columns, apart from those of the table.
fn provenance_names(fields: &[&str]) -> Vec<String> {
    let apart = |name: &str| if fields.contains(&name) { format!("experimenter_{name}") } else { name.to_owned() };
    Store::PROVENANCE.map(apart).into()
}
