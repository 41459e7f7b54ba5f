//! Collects all mistakes of one macro call, so that one compile reports them all.

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;

/// The mistakes found so far; [`Errors::finish`] must be called.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    found: Vec<syn::Error>,
    read: bool,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A mistake at the tokens of `at`.
    pub(crate) fn at(&mut self, at: &impl Spanned, message: impl Into<String>) {
        self.push(syn::Error::new(at.span(), message.into()));
    }

    /// A mistake at all of `tokens`, underlined from the first to the last.
    pub(crate) fn over(&mut self, tokens: impl quote::ToTokens, message: impl Into<String>) {
        self.push(syn::Error::new_spanned(tokens, message.into()));
    }

    /// A mistake at a span.
    pub(crate) fn span(&mut self, span: Span, message: impl Into<String>) {
        self.push(syn::Error::new(span, message.into()));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What makes the compiler report every mistake; nothing where there is none.
    pub(crate) fn finish(mut self) -> TokenStream {
        self.read = true;
        std::mem::take(&mut self.found).iter().map(syn::Error::to_compile_error).collect()
    }
}

/// Mistakes that nobody reads would let a wrong attribute compile.
impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(self.read || std::thread::panicking(), "the errors of a macro call were dropped unread");
    }
}
