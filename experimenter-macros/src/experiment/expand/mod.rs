//! The tokens that an experiment adds beside its function: types, a Diesel schema, data, and one call.

mod definition;
mod impls;
mod schema;
mod structs;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Experiment, Field, FieldType, Kind};
use structs::Derives;

/// Everything, for an attribute without mistakes.
pub(super) fn experiment(experiment: &Experiment) -> TokenStream {
    let checks = type_checks(experiment);
    let structs = structs::all(experiment, Derives::All);
    let schema = schema::module(experiment);
    let impls = impls::all(experiment);
    quote! { #checks #structs #schema #impls }
}

/// What the function's signature and body name, so that a mistake in the attribute is not followed by one for each use.
pub(super) fn stub(experiment: &Experiment) -> TokenStream {
    let structs = structs::all(experiment, Derives::WithoutDatabase);
    let impls = impls::stubs(experiment);
    quote! { #structs #impls }
}

/// Asks for each type's trait first, at its token: what follows from a wrong one is hard to read.
fn type_checks(experiment: &Experiment) -> TokenStream {
    let Experiment { keyfields, resultfields, logtables, .. } = experiment;
    let columns = logtables.iter().flat_map(|logtable| &logtable.columns);
    let fields = keyfields.iter().map(|keyfield| &keyfield.field).chain(resultfields).chain(columns);
    let mut seen = std::collections::HashSet::new();
    let checks = fields.filter(|field| seen.insert(field.ty.inner.to_token_stream().to_string())).map(type_check);
    quote! {
        #[allow(unused_qualifications)]
        const _: () = { #(#checks)* };
    }
}

fn type_check(Field { ty, .. }: &Field) -> TokenStream {
    let FieldType { inner, kind, .. } = ty;
    let check = match kind {
        Kind::Known(_) => quote!(is_field),
        Kind::Json | Kind::Text => quote!(is_text_field),
    };
    quote_spanned! {inner.span()=> ::experimenter::__private::#check::<#inner>(); }
}
