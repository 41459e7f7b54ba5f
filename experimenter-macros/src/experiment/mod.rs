//! `#[experiment]`: raw syntax, then the validated experiment, then its tokens.

mod check;
mod expand;
mod model;
mod parse;
mod signature;
mod types;

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::errors::Errors;
use crate::manifest::Diesel;
use crate::messages;

/// The expansion: the item as it was written, what the attribute adds, and an error for each mistake.
pub(crate) fn expand(attribute: TokenStream, item: &TokenStream, diesel: Diesel) -> TokenStream {
    let mut errors = Errors::new();
    if diesel == Diesel::Missing {
        errors.span(Span::call_site(), messages::missing_diesel());
    }
    let raw = parse::attribute(attribute, &mut errors);
    let generated = match parse::function(item.clone()) {
        Ok(function) => {
            let is_method = function.signature.receiver().is_some();
            let experiment = check::experiment(raw, function, &mut errors);
            if errors.is_empty() {
                expand::experiment(&experiment)
            } else if is_method {
                // No struct can stand beside a method.
                TokenStream::new()
            } else {
                expand::stub(experiment)
            }
        }
        Err(error) => {
            errors.push(error);
            TokenStream::new()
        }
    };
    let errors = errors.finish();
    quote! { #item #errors #generated }
}
