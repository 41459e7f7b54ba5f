//! The checks that come first, at the user's own tokens.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::super::model::{Experiment, Field, FieldType, Kind};

/// Asks for each type's trait first, at its token: what follows from a wrong one is hard to read.
pub(super) fn of_types(experiment: &Experiment) -> TokenStream {
    let Experiment { keyfields, resultfields, logtables, .. } = experiment;
    let columns = logtables.iter().flat_map(|logtable| &logtable.columns);
    let fields = keyfields.iter().map(|keyfield| &keyfield.field).chain(resultfields).chain(columns);
    let mut seen = std::collections::HashSet::new();
    let fields = fields.filter(|field| !field.ty.is_primitive());
    let checks = fields.filter(|field| seen.insert(field.ty.inner.to_token_stream().to_string())).map(type_check);
    checks.collect()
}

fn type_check(Field { ty, .. }: &Field) -> TokenStream {
    let FieldType { inner, kind, .. } = ty;
    let check = match kind {
        Kind::Known(_) => quote!(is_field),
        Kind::Json | Kind::Text => quote!(is_text_field),
    };
    quote_spanned! {inner.span()=> const _: () = __p::#check::<#inner>(); }
}
