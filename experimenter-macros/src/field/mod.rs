//! `#[derive(Field)]`: syntax, rules, tokens.

mod check;
mod expand;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;

/// The expansion, or an error for each mistake.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let enumeration = match syn::parse2(item) {
        Ok(input) => check::enumeration(input, &mut errors),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let generated = enumeration.map(|enumeration| expand::enumeration(&enumeration));
    let errors = errors.finish();
    quote! { #errors #generated }
}
