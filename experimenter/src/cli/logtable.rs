//! `logtable`: the entries that runs logged, as CSV or JSON.

use clap::Args;
use experimenter_diesel::{LogtableSpec, Record};

use super::context::Context;
use super::failure::{Failure, program};
use super::records::Destination;
use super::rows::Selection;
use crate::exit;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logtable epochs > epochs.csv
  logtable epochs --ids 3,7-9    the entries of these rows
  logtable epochs --keyfields --where kernel=rbf -o rbf.csv")]
pub(super) struct Logtable {
    /// The logtable's name, without the table's
    #[arg(value_name = "NAME")]
    name: String,

    /// Put each entry beside the keyfields of its row
    #[arg(long)]
    keyfields: bool,

    #[command(flatten)]
    destination: Destination,

    #[command(flatten)]
    selection: Selection,
}

pub(super) fn logtable(context: &mut Context<'_>, args: &Logtable) -> Result<u8, Failure> {
    let logtable = find(context, &args.name)?;
    let selector = context.selector(&args.selection)?;
    context.check()?;
    let keyfields = if args.keyfields { context.store.spec().keyfields.as_slice() } else { &[] };
    let keyfields: Vec<_> = keyfields.iter().map(|column| column.name.clone()).collect();
    // A keyfield may have the name of one of the entry's columns.
    let columns =
        ["experiment_id", "timestamp"].into_iter().chain(logtable.columns.iter().map(|column| column.name.as_str()));
    let columns: Vec<_> = columns.collect();
    let apart = |name: &String| if columns.contains(&name.as_str()) { format!("key_{name}") } else { name.clone() };
    let shown: Vec<_> = keyfields.iter().map(apart).collect();
    let (id, others) = columns.split_at(1);
    let names: Vec<_> =
        id.iter().copied().chain(shown.iter().map(String::as_str)).chain(others.iter().copied()).collect();
    let keyfields: Vec<_> = keyfields.iter().map(String::as_str).collect();
    args.destination.write(context, &names, "entry", |context, writer| {
        let Context { runtime, store, .. } = context;
        let each = |record: Record| writer.record(&record);
        runtime.block_on(store.entries(&logtable, &selector, &keyfields, each))?;
        Ok(())
    })?;
    Ok(exit::DONE)
}

fn find(context: &Context<'_>, name: &str) -> Result<LogtableSpec, Failure> {
    let logtables = &context.store.spec().logtables;
    if let Some(logtable) = logtables.iter().find(|logtable| logtable.name == name) {
        return Ok(logtable.clone());
    }
    let known: Vec<_> = logtables.iter().map(|logtable| format!("`{}`", logtable.name)).collect();
    let failure = Failure::usage(format!("`{}` has no logtable `{name}`", context.experiment.definition.name));
    Err(match known.as_slice() {
        [] => {
            failure.hint("it declares none: `logtables = { epochs: { epoch: u32, loss: f64 } }` in its attribute would")
        }
        _ => failure.hint(format!("its logtables are {}: {} logtable NAME", known.join(", "), program())),
    })
}
