//! The rules for one field: its attributes, type and domain.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Attribute, Expr, ExprArray, ExprLit, LitStr, Meta};

use super::super::model::{Domain, Field};
use super::super::parse::{RawDomain, RawField};
use super::super::types;
use crate::errors::Errors;
use crate::{messages, names};

/// Where a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Keyfield,
    Resultfield,
    Logtable,
}

impl Place {
    fn as_str(self) -> &'static str {
        match self {
            Self::Keyfield => "keyfield",
            Self::Resultfield => "resultfield",
            Self::Logtable => "logtable's column",
        }
    }
}

/// A field with a type.
pub(super) fn column(raw: RawField, place: Place, errors: &mut Errors) -> Option<Field> {
    let RawField { mut attributes, name, column, ty, domain } = raw;
    if let Some(RawDomain { eq, values }) = domain {
        errors.over(quote::quote!(#eq #values), messages::domain_elsewhere(&name.to_string(), place.as_str()));
    }
    for default in take(&mut attributes, "default") {
        errors.over(default.meta, messages::default_elsewhere(&name.to_string(), place.as_str()));
    }
    let sql = sql(&mut attributes, errors);
    let docs = docs(attributes, messages::unknown_attribute, errors);
    Some(Field { docs, name, column, ty: types::field_type(ty?, errors)?, sql })
}

/// Takes `#[column = "…"]` out of the fields' attributes.
pub(super) fn columns<'a>(fields: impl Iterator<Item = &'a mut RawField>, errors: &mut Errors) {
    for RawField { attributes, column, .. } in fields {
        for attribute in take(attributes, "column") {
            match string(&attribute) {
                None => errors.over(&attribute.meta, messages::column_form()),
                Some(_) if column.is_some() => errors.over(&attribute.meta, messages::column_twice()),
                name => *column = name,
            }
        }
    }
}

/// Doc comments, and nothing else.
pub(super) fn docs(attributes: Vec<Attribute>, message: fn(&str) -> String, errors: &mut Errors) -> Vec<Attribute> {
    let (docs, others): (Vec<_>, Vec<_>) =
        attributes.into_iter().partition(|attribute| attribute.path().is_ident("doc"));
    for other in others {
        errors.over(other.path(), message(&other.path().to_token_stream().to_string()));
    }
    docs
}

/// Takes `#[default = …]` out of a keyfield's attributes.
pub(super) fn default(RawField { attributes, name, .. }: &mut RawField, errors: &mut Errors) -> Option<Expr> {
    let mut found = None;
    for attribute in take(attributes, "default") {
        let Meta::NameValue(pair) = &attribute.meta else {
            errors.over(&attribute.meta, messages::default_form(&name.to_string()));
            continue;
        };
        if found.is_some() {
            errors.over(&attribute.meta, messages::default_twice(&name.to_string()));
        } else {
            found = Some(pair.value.clone());
        }
    }
    found
}

/// Takes `#[sql = "…"]` out of the attributes.
fn sql(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Option<LitStr> {
    let mut found = None;
    for attribute in take(attributes, "sql") {
        let Some(literal) = string(&attribute) else {
            errors.over(&attribute.meta, messages::sql_form());
            continue;
        };
        if !is_sql_type(&literal.value()) {
            errors.at(&literal, messages::sql_type(&literal.value()));
        } else if found.is_some() {
            errors.over(&attribute.meta, messages::sql_twice());
        } else {
            found = Some(literal);
        }
    }
    found
}

/// Takes the attributes of one name out.
fn take<'a>(attributes: &'a mut Vec<Attribute>, name: &'static str) -> impl Iterator<Item = Attribute> + 'a {
    attributes.extract_if(.., move |attribute| attribute.path().is_ident(name))
}

fn string(attribute: &Attribute) -> Option<LitStr> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        Expr::Lit(ExprLit { lit: syn::Lit::Str(literal), .. }) => Some(literal.clone()),
        _ => None,
    }
}

/// A known type, perhaps with `(n)` or `(p, s)`, perhaps `UNSIGNED`.
fn is_sql_type(text: &str) -> bool {
    let text = text.trim();
    let (name, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let rest = rest.trim_start();
    let (arguments, rest) = match rest.strip_prefix('(').map(|rest| rest.split_once(')')) {
        Some(Some((arguments, rest))) => (Some(arguments), rest),
        Some(None) => return false,
        None => (None, rest),
    };
    let numbers = arguments.is_none_or(|arguments| {
        let numbers = arguments.split(',').map(|number| number.trim().parse::<u32>());
        numbers.clone().count() <= 2 && numbers.clone().all(|number| number.is_ok())
    });
    names::is_sql_type(name) && numbers && (rest.trim().is_empty() || rest.trim().eq_ignore_ascii_case("unsigned"))
}

/// A list with elements, or something that may be iterated over.
pub(super) fn domain(raw: Option<RawDomain>, name: &Ident, errors: &mut Errors) -> Domain {
    let Some(RawDomain { eq: _, values }) = raw else { return Domain::Elsewhere };
    match values {
        Expr::Array(list) if list.elems.is_empty() => {
            errors.over(&list, messages::empty_domain(&name.to_string()));
            Domain::Elsewhere
        }
        Expr::Array(ExprArray { elems, .. }) => Domain::List(elems.into_iter().collect()),
        Expr::Lit(literal) => {
            errors.over(&literal, messages::single_value(&literal.to_token_stream().to_string()));
            Domain::Elsewhere
        }
        values => Domain::Iterator(Box::new(values)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_sql_type;

    #[test]
    fn sql_types_are_checked_lightly() {
        for right in ["INT", "varchar(40)", " DECIMAL(10, 2) ", "BIGINT UNSIGNED", "INT(10) unsigned"] {
            assert!(is_sql_type(right), "{right}");
        }
        for wrong in ["", "STRING", "VARCHAR(", "VARCHAR(x)", "DECIMAL(1,2,3)", "INT; DROP", "INT NOT NULL", "CHAR()"] {
            assert!(!is_sql_type(wrong), "{wrong}");
        }
    }
}
