//! The rules for the tables: their names and their numbers of columns.

use proc_macro2::{Ident, Span};
use syn::LitStr;

use super::super::parse::{RawField, RawLogtable};
use crate::errors::Errors;
use crate::{messages, names};

/// The most columns that Diesel has tuples for.
const COLUMN_LIMIT: usize = if cfg!(feature = "128-column-tables") {
    128
} else if cfg!(feature = "64-column-tables") {
    64
} else {
    32
};

/// The table's name: the option's, or else the function's.
pub(super) fn name(option: Option<LitStr>, function: &Ident, logtables: &[RawLogtable], errors: &mut Errors) -> String {
    let (name, at) = match option {
        Some(literal) => (literal.value(), literal.span()),
        None => (function.to_string().trim_start_matches("r#").to_owned(), function.span()),
    };
    main_name(&name, at, errors);
    for RawLogtable { name: logtable, .. } in logtables {
        let logtable_name = logtable.to_string();
        if name.len() + "__".len() + logtable_name.len() > names::LONGEST_NAME {
            errors.at(logtable, messages::logtable_too_long(&name, &logtable_name, names::LONGEST_NAME));
        }
    }
    name
}

fn main_name(name: &str, at: Span, errors: &mut Errors) {
    let (prefix, longest_ending) = names::SIDE_TABLE;
    let longest = names::LONGEST_NAME - prefix.len() - longest_ending.len();
    let lower = name.to_ascii_lowercase();
    let ending = names::SIDE_TABLE_ENDINGS.iter().find(|ending| lower.ends_with(*ending));
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        errors.span(at, messages::table_characters(name));
    } else if lower.starts_with(prefix) {
        errors.span(at, messages::table_prefix(name));
    } else if let Some(ending) = ending {
        errors.span(at, messages::table_ending(name, ending));
    } else if name.len() > longest {
        errors.span(at, messages::side_table_too_long(name, longest));
    }
}

/// The main table's columns, with those that it has anyway.
pub(super) fn main_columns(
    keys: &[RawField],
    results: &[RawField],
    result_timestamps: bool,
    function: &Ident,
    errors: &mut Errors,
) {
    let per_result = if result_timestamps { 2 } else { 1 };
    let columns = keys.iter().map(|field| (field, 1)).chain(results.iter().map(|field| (field, per_result)));
    limit(columns, names::FIXED_COLUMNS.len(), function, errors);
}

/// A logtable's columns, with those that it has anyway.
pub(super) fn logtable_columns(name: &Ident, columns: &[RawField], errors: &mut Errors) {
    limit(columns.iter().map(|field| (field, 1)), names::LOGTABLE_COLUMNS.len(), name, errors);
}

/// One error, at the first field that does not fit.
fn limit<'a>(
    fields: impl Iterator<Item = (&'a RawField, usize)> + Clone,
    fixed: usize,
    table: &Ident,
    errors: &mut Errors,
) {
    let all = fixed + fields.clone().map(|(_, columns)| columns).sum::<usize>();
    let mut count = fixed;
    for (field, columns) in fields {
        count += columns;
        if count > COLUMN_LIMIT {
            errors.at(&field.name, messages::too_many_columns(&table.to_string(), all, fixed, COLUMN_LIMIT));
            return;
        }
    }
}
