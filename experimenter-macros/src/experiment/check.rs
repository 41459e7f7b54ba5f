//! From what was written to an experiment without mistakes.

mod field;
mod functions;
mod naming;
mod table;

use std::time::Duration;

use proc_macro2::Ident;
use syn::LitStr;

use super::model::{Experiment, Field, Keyfield, Logtable, Names};
use super::parse::{RawAttribute, RawBlock, RawField, RawFunction, RawLogtable};
use super::signature;
use crate::errors::Errors;
use crate::{messages, names};
use field::Place;

/// Checks everything; what is beyond repair is left out of the experiment and reported.
pub(crate) fn experiment(raw: RawAttribute, function: RawFunction, errors: &mut Errors) -> Experiment {
    let RawAttribute { keyfields, resultfields, logtables, table, result_timestamps, only, rows, timeout, incomplete } =
        raw;
    let (names, visibility, call) = signature::check(function, errors);
    if !incomplete {
        some_keyfields(keyfields.as_ref(), &names, errors);
    }
    let result_timestamps = result_timestamps.is_some_and(|literal| literal.value);
    let (mut keys, mut results) = (entries(keyfields), entries(resultfields));
    field::columns(keys.iter_mut().chain(&mut results), errors);
    naming::main_table(&keys, &results, result_timestamps, &names.function, errors);
    table::main_columns(&keys, &results, result_timestamps, &names.function, errors);
    let mut logs = entries(logtables);
    field::columns(logs.iter_mut().flat_map(|logtable| &mut logtable.columns), errors);
    naming::logtables(&logs, &names, errors);
    let table = table::name(table, &names.function, &logs, errors);
    functions::only(only.as_ref(), &names.key, errors);
    functions::rows(rows.as_ref(), &names.key, errors);
    let timeout = timeout.and_then(|literal| time(&literal, errors));

    let keyfields = keys.into_iter().filter_map(|raw| keyfield(raw, errors)).collect();
    let resultfields =
        results.into_iter().filter_map(|raw| field::column(raw, Place::Resultfield, errors)).collect::<Vec<Field>>();
    let logtables = logs.into_iter().map(|raw| logtable(raw, &names, errors)).collect();
    Experiment {
        names,
        visibility,
        table,
        result_timestamps,
        keyfields,
        resultfields,
        logtables,
        only,
        rows,
        timeout,
        call,
    }
}

/// A time that is some.
fn time(literal: &LitStr, errors: &mut Errors) -> Option<Duration> {
    match humantime::parse_duration(&literal.value()) {
        Ok(time) if !time.is_zero() => Some(time),
        _ => {
            errors.at(literal, messages::not_a_time(&literal.value()));
            None
        }
    }
}

fn entries<T>(block: Option<RawBlock<T>>) -> Vec<T> {
    block.map_or_else(Vec::new, |RawBlock { braces: _, entries, incomplete: _ }| entries)
}

/// There is something to fill.
fn some_keyfields(keyfields: Option<&RawBlock<RawField>>, names: &Names, errors: &mut Errors) {
    match keyfields {
        None => errors.span(proc_macro2::Span::call_site(), messages::missing_keyfields(&names.function.to_string())),
        Some(RawBlock { braces, entries, incomplete: false }) if entries.is_empty() => {
            errors.span(*braces, messages::empty_keyfields());
        }
        Some(_) => {}
    }
}

fn keyfield(mut raw: RawField, errors: &mut Errors) -> Option<Keyfield> {
    let domain = field::domain(raw.domain.take(), &raw.name, errors);
    let default = field::default(&mut raw, errors);
    Some(Keyfield { field: field::column(raw, Place::Keyfield, errors)?, domain, default })
}

fn logtable(raw: RawLogtable, names: &Names, errors: &mut Errors) -> Logtable {
    let RawLogtable { attributes, name, columns } = raw;
    let docs = field::docs(attributes, messages::logtable_attribute, errors);
    let row_struct = logtable_struct(&names.function, &name);
    naming::logtable_columns(&name, &columns, errors);
    table::logtable_columns(&name, &columns, errors);
    let columns = columns.into_iter().filter_map(|raw| field::column(raw, Place::Logtable, errors)).collect();
    Logtable { docs, name, row_struct, columns }
}

/// `SvmFolds` for the logtable `folds` of `svm`.
fn logtable_struct(function: &Ident, logtable: &Ident) -> Ident {
    let text = |ident: &Ident| names::camel_case(ident.to_string().trim_start_matches("r#"));
    Ident::new(&format!("{}{}", text(function), text(logtable)), logtable.span())
}
