//! The attribute `#[experiment]` and the derive `Field` of the crate
//! [`experimenter`](https://docs.rs/experimenter), which re-exports both. Use them from there.

mod errors;
mod experiment;
mod field;
mod manifest;
mod messages;
mod names;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

#[doc = include_str!("experiment.md")]
#[proc_macro_attribute]
pub fn experiment(attribute: TokenStream, item: TokenStream) -> TokenStream {
    shown(item.clone(), experiment::expand(attribute.into(), &item.into(), manifest::diesel()))
}

#[doc = include_str!("field.md")]
#[proc_macro_derive(Field, attributes(field))]
pub fn derive_field(item: TokenStream) -> TokenStream {
    shown(item.clone(), field::expand(item.into()))
}

/// The expansion, which is printed if `EXPERIMENTER_MACRO_DEBUG` has the name of the item.
fn shown(item: TokenStream, expansion: proc_macro2::TokenStream) -> TokenStream {
    if let Ok(wanted) = std::env::var("EXPERIMENTER_MACRO_DEBUG") {
        print_if(&wanted, item, &expansion);
    }
    expansion.into()
}

#[expect(clippy::print_stderr, reason = "it was asked for")]
fn print_if(wanted: &str, item: TokenStream, expansion: &proc_macro2::TokenStream) {
    let words: Vec<_> = item.into_iter().map(|token| token.to_string()).collect();
    let is_wanted = |pair: &[String]| matches!(pair[0].as_str(), "fn" | "enum") && pair[1] == wanted;
    if words.windows(2).any(is_wanted) {
        eprintln!("// the expansion of `{wanted}`\n{expansion}");
    }
}
