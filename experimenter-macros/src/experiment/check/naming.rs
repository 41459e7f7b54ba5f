//! The rules for names of columns and logtables.

use proc_macro2::Ident;
use syn::LitStr;

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
    let fields: Vec<_> = keys.iter().chain(results).collect();
    distinct(&fields, errors);
    for field in &fields {
        let _ = column(field, names::FIXED_COLUMNS, errors) && unlike_table(&field.name, function, errors);
    }
    if result_timestamps {
        let results: Vec<_> = results.iter().collect();
        unlike_timestamps(&fields, &results, errors);
    }
}

/// The names of one logtable's columns.
pub(super) fn logtable_columns(logtable: &Ident, columns: &[RawField], errors: &mut Errors) {
    let fields: Vec<_> = columns.iter().collect();
    distinct(&fields, errors);
    for field in fields {
        let _ = column(field, names::LOGTABLE_COLUMNS, errors) && unlike_table(&field.name, logtable, errors);
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
            identifier(name, &[], errors);
        }
    }
}

/// The name of a field's column.
fn column_name(field: &RawField) -> String {
    field.column.as_ref().map_or_else(|| field.name.to_string(), LitStr::value)
}

/// Reports at a field's column, where it has a name of its own, or else at the field.
fn report(field: &RawField, message: String, errors: &mut Errors) {
    match &field.column {
        Some(literal) => errors.at(literal, message),
        None => errors.at(&field.name, message),
    }
}

/// To SQL, names that differ in case alone are one; to Rust, equal ones are.
fn distinct(fields: &[&RawField], errors: &mut Errors) {
    for (index, field) in fields.iter().enumerate() {
        let (before, text) = (&fields[..index], column_name(field));
        let same = |first: &&&RawField| column_name(first).eq_ignore_ascii_case(&text);
        if let Some(first) = before.iter().find(same) {
            report(field, messages::duplicate_field(&text, &column_name(first)), errors);
        } else if before.iter().any(|first| first.name == field.name) {
            let name = field.name.to_string();
            errors.at(&field.name, messages::duplicate_field(&name, &name));
        }
    }
}

/// A column that SQL takes, of a field that Diesel and Rust take.
fn column(field: &RawField, fixed: &[&str], errors: &mut Errors) -> bool {
    let Some(literal) = &field.column else { return identifier(&field.name, fixed, errors) };
    let name = literal.value();
    let message = if fixed.iter().any(|fixed| fixed.eq_ignore_ascii_case(&name)) {
        messages::fixed_column(&name, fixed)
    } else if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        messages::column_characters(&name)
    } else if name.len() > names::LONGEST_NAME {
        messages::name_too_long(&name, names::LONGEST_NAME)
    } else {
        return field_name(&field.name, fixed, errors);
    };
    errors.at(literal, message);
    false
}

/// The name of a field whose column has another.
fn field_name(name: &Ident, fixed: &[&str], errors: &mut Errors) -> bool {
    match unusable(name, fixed) {
        Some(message) => {
            errors.at(name, message);
            false
        }
        None => true,
    }
}

/// A name that SQL, Diesel and Rust all take.
fn identifier(name: &Ident, fixed: &[&str], errors: &mut Errors) -> bool {
    let text = name.to_string();
    let message = if let Some(message) = unusable(name, fixed) {
        message
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

/// Why a name can be no field of the structs and of the schema, whatever its column is called.
fn unusable(name: &Ident, fixed: &[&str]) -> Option<String> {
    let text = name.to_string();
    if let Some(raw) = text.strip_prefix("r#") {
        Some(messages::raw_identifier(raw))
    } else if fixed.iter().any(|fixed| fixed.eq_ignore_ascii_case(&text)) {
        Some(messages::fixed_column(&text, fixed))
    } else if names::is_diesel_name(&text) {
        Some(messages::diesel_name(&text))
    } else if names::is_rust_keyword(name) {
        Some(messages::rust_keyword(&text))
    } else {
        None
    }
}

/// `diesel::table!` refuses a column that is called like its table.
fn unlike_table(name: &Ident, table: &Ident, errors: &mut Errors) -> bool {
    let like = name == table;
    if like {
        errors.at(name, messages::named_like_table(&name.to_string(), &table.to_string()));
    }
    !like
}

/// `result_timestamps` adds columns, and fields of the struct.
fn unlike_timestamps(fields: &[&RawField], results: &[&RawField], errors: &mut Errors) {
    for field in fields {
        let (name, column) = (field.name.to_string(), column_name(field));
        let like = |result: &&&RawField| {
            format!("{}_timestamp", column_name(result)).eq_ignore_ascii_case(&column)
                || format!("{}_timestamp", result.name) == name
        };
        if let Some(result) = results.iter().find(like) {
            report(field, messages::timestamp_column(&column, &column_name(result)), errors);
        }
    }
    for result in results {
        let column = column_name(result);
        let added = format!("{column}_timestamp");
        if added.len() > names::LONGEST_NAME && column.len() <= names::LONGEST_NAME {
            report(result, messages::name_too_long(&added, names::LONGEST_NAME), errors);
        }
    }
}
