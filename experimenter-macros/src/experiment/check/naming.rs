//! The rules for names of columns and logtables.

use proc_macro2::Ident;

use super::super::model::Names;
use super::super::parse::{RawField, RawLogtable};
use super::logtable_struct;
use crate::errors::Errors;
use crate::{messages, names};

/// The names of keyfields and resultfields, which are the columns of one table.
pub(super) fn main_table(
    keys: &[RawField],
    results: &[RawField],
    result_timestamps: bool,
    function: &Ident,
    errors: &mut Errors,
) {
    let fields: Vec<_> = keys.iter().chain(results).map(|field| &field.name).collect();
    distinct(&fields, errors);
    for name in &fields {
        let _ = column(name, names::FIXED_COLUMNS, errors) && unlike_table(name, function, errors);
    }
    if result_timestamps {
        let results: Vec<_> = results.iter().map(|field| &field.name).collect();
        unlike_timestamps(&fields, &results, errors);
    }
}

/// The names of one logtable's columns.
pub(super) fn logtable_columns(logtable: &Ident, columns: &[RawField], errors: &mut Errors) {
    let fields: Vec<_> = columns.iter().map(|field| &field.name).collect();
    distinct(&fields, errors);
    for name in fields {
        let _ = column(name, names::LOGTABLE_COLUMNS, errors) && unlike_table(name, logtable, errors);
    }
}

/// The names of the logtables: each is a table in the schema, and has a struct.
pub(super) fn logtables(logtables: &[RawLogtable], names: &Names, errors: &mut Errors) {
    for (index, RawLogtable { name, .. }) in logtables.iter().enumerate() {
        let text = name.to_string();
        let row_struct = logtable_struct(&names.function, name);
        let same = |other: &&RawLogtable| {
            other.name.to_string().eq_ignore_ascii_case(&text)
                || logtable_struct(&names.function, &other.name) == row_struct
        };
        if let Some(first) = logtables.iter().take(index).find(same) {
            errors.at(name, messages::duplicate_logtable(&text, &first.name.to_string()));
        } else if text.eq_ignore_ascii_case(&names.function.to_string()) {
            errors.at(name, messages::logtable_like_experiment(&text));
        } else if names::STRUCT_ENDINGS.iter().any(|ending| *ending == names::camel_case(&text)) {
            errors.at(name, messages::logtable_struct(&text, &row_struct.to_string()));
        } else {
            column(name, &[], errors);
        }
    }
}

/// To SQL, names that differ in case alone are one.
fn distinct(fields: &[&Ident], errors: &mut Errors) {
    for (index, name) in fields.iter().enumerate() {
        let text = name.to_string();
        let first = fields.iter().take(index).find(|first| first.to_string().eq_ignore_ascii_case(&text));
        if let Some(first) = first {
            errors.at(name, messages::duplicate_field(&text, &first.to_string()));
        }
    }
}

/// A name that SQL, Diesel and Rust all take.
fn column(name: &Ident, fixed: &[&str], errors: &mut Errors) -> bool {
    let text = name.to_string();
    let message = if let Some(raw) = text.strip_prefix("r#") {
        messages::raw_identifier(raw)
    } else if fixed.iter().any(|fixed| fixed.eq_ignore_ascii_case(&text)) {
        messages::fixed_column(&text, fixed)
    } else if names::is_diesel_name(&text) {
        messages::diesel_name(&text)
    } else if names::is_rust_keyword(name) {
        messages::rust_keyword(&text)
    } else if names::is_reserved_word(&text) {
        messages::reserved_word(&text, &names::instead_of(&text))
    } else if !text.is_ascii() {
        messages::not_ascii(&text)
    } else if text.len() > names::LONGEST_NAME {
        messages::name_too_long(&text, names::LONGEST_NAME)
    } else {
        return true;
    };
    errors.at(name, message);
    false
}

/// `diesel::table!` refuses a column that is called like its table.
fn unlike_table(name: &Ident, table: &Ident, errors: &mut Errors) -> bool {
    let like = name == table;
    if like {
        errors.at(name, messages::named_like_table(&name.to_string(), &table.to_string()));
    }
    !like
}

/// `result_timestamps` adds columns.
fn unlike_timestamps(fields: &[&Ident], results: &[&Ident], errors: &mut Errors) {
    for name in fields {
        let text = name.to_string();
        let like = |result: &&&Ident| format!("{result}_timestamp").eq_ignore_ascii_case(&text);
        if let Some(result) = results.iter().find(like) {
            errors.at(name, messages::timestamp_column(&text, &result.to_string()));
        }
    }
    for result in results {
        let added = format!("{result}_timestamp");
        if added.len() > names::LONGEST_NAME && result.to_string().len() <= names::LONGEST_NAME {
            errors.at(result, messages::name_too_long(&added, names::LONGEST_NAME));
        }
    }
}
