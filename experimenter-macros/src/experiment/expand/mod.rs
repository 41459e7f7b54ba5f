//! The tokens that an experiment adds beside its function: types, a Diesel schema, data, and one call.

mod checks;
mod definition;
mod impls;
mod schema;
mod structs;

use proc_macro2::TokenStream;
use quote::quote;

use super::model::Experiment;
use structs::Derives;

/// Everything, for an attribute without mistakes; the checks of types, in `impls`, stand first.
pub(super) fn experiment(experiment: &Experiment) -> TokenStream {
    let structs = structs::all(experiment, Derives::All);
    let schema = schema::module(experiment);
    let impls = impls::all(experiment);
    quote! { #impls #structs #schema }
}

/// What the function's signature and body name, so that a mistake in the attribute is not followed by one for each use.
pub(super) fn stub(experiment: Experiment) -> TokenStream {
    let experiment = experiment.without_clashes();
    let structs = structs::all(&experiment, Derives::WithoutDatabase);
    let impls = impls::stubs(&experiment);
    quote! { #structs #impls }
}
