//! The rules for an enum that is a field.

use proc_macro2::{Ident, Span};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, Generics, LitStr, Variant};

use crate::errors::Errors;
use crate::messages;

/// The longest name that a keyfield's column, a `VARCHAR(255)`, holds.
const LONGEST_VARIANT: usize = 255;

/// A fieldless enum and the names of its variants.
pub(super) struct Enumeration {
    pub(super) name: Ident,
    pub(super) variants: Vec<Named>,
}

/// A variant and the text by which it is stored.
pub(super) struct Named {
    pub(super) variant: Ident,
    pub(super) text: String,
    span: Span,
}

/// An enum, if it is one; mistakes in its variants leave it one, so that its uses are not mistakes as well.
pub(super) fn enumeration(input: DeriveInput, errors: &mut Errors) -> Option<Enumeration> {
    let DeriveInput { attrs, vis: _, ident: name, generics, data } = input;
    let variants = match data {
        Data::Enum(DataEnum { variants, .. }) => variants,
        Data::Struct(data) => {
            errors.at(&data.struct_token, messages::not_an_enum("struct"));
            return None;
        }
        Data::Union(data) => {
            errors.at(&data.union_token, messages::not_an_enum("union"));
            return None;
        }
    };
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
        errors.over(&attribute.meta, messages::field_on_enum());
    }
    if variants.is_empty() {
        errors.at(&name, messages::no_variants(&name.to_string()));
    }
    let is_plain = not_generic(&generics, errors) & fieldless(variants.iter(), errors);
    let variants: Vec<_> = variants.into_iter().map(|variant| named(variant, errors)).collect();
    distinct(&variants, errors);
    is_plain.then_some(Enumeration { name, variants })
}

fn not_generic(generics: &Generics, errors: &mut Errors) -> bool {
    let Generics { params, where_clause, .. } = generics;
    if !params.is_empty() {
        errors.over(params, messages::generic_enum());
    } else if where_clause.is_some() {
        errors.over(where_clause, messages::generic_enum());
    }
    params.is_empty() && where_clause.is_none()
}

fn fieldless<'a>(variants: impl Iterator<Item = &'a Variant>, errors: &mut Errors) -> bool {
    let mut all = true;
    for Variant { ident, fields, .. } in variants {
        if !matches!(fields, Fields::Unit) {
            errors.over(fields, messages::variant_with_fields(&ident.to_string()));
            all = false;
        }
    }
    all
}

fn named(variant: Variant, errors: &mut Errors) -> Named {
    let Variant { attrs, ident, .. } = variant;
    let mut name: Option<LitStr> = None;
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
        name_option(attribute, &mut name, errors);
    }
    let (text, span) = match name {
        Some(literal) => (literal.value(), literal.span()),
        None => (ident.to_string().trim_start_matches("r#").to_owned(), ident.span()),
    };
    if text.is_empty() || text.chars().count() > LONGEST_VARIANT {
        errors.span(span, messages::variant_name_length(LONGEST_VARIANT));
    }
    Named { variant: ident, text, span }
}

/// `#[field(name = "…")]`
fn name_option(attribute: &Attribute, name: &mut Option<LitStr>, errors: &mut Errors) {
    let mut found = false;
    let parsed = attribute.parse_nested_meta(|meta| {
        found = true;
        if !meta.path.is_ident("name") {
            let path = &meta.path;
            let text = quote::quote!(#path).to_string();
            return Err(syn::Error::new(meta.path.span(), messages::unknown_field_option(&text)));
        }
        let at = meta.path.span();
        let literal: LitStr = meta
            .value()
            .and_then(syn::parse::ParseBuffer::parse)
            .map_err(|_| syn::Error::new(at, messages::field_form()))?;
        if name.is_some() {
            return Err(syn::Error::new(at, messages::field_name_twice()));
        }
        *name = Some(literal);
        Ok(())
    });
    match parsed {
        Ok(()) if found => {}
        Ok(()) => errors.over(&attribute.meta, messages::field_form()),
        Err(error) if found => errors.push(error),
        Err(_) => errors.over(&attribute.meta, messages::field_form()),
    }
}

/// Many databases compare text without regard to case.
fn distinct(variants: &[Named], errors: &mut Errors) {
    for (index, Named { variant: _, text, span }) in variants.iter().enumerate() {
        let first = variants.iter().take(index).find(|first| first.text.to_lowercase() == text.to_lowercase());
        if let Some(first) = first {
            errors.span(*span, messages::duplicate_variant(text, &first.text));
        }
    }
}
