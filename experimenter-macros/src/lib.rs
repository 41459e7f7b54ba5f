//! x
use proc_macro::TokenStream;
/// x
#[proc_macro_attribute]
pub fn experiment(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    item
}
/// x
#[proc_macro_derive(Field, attributes(field))]
pub fn derive_field(_item: TokenStream) -> TokenStream {
    TokenStream::new()
}
