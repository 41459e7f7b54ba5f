//! The rules for the functions that the options `only` and `rows` take.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Expr, ExprClosure, UnOp};

use crate::errors::Errors;
use crate::messages;

/// `only` is called with a combination's keyfields.
pub(super) fn only(written: Option<&Expr>, key: &Ident, errors: &mut Errors) {
    match written.map(bare) {
        Some(Expr::Closure(closure)) if closure.inputs.len() != 1 => {
            errors.over(parameters(closure), messages::only_parameters(closure.inputs.len(), &key.to_string()));
        }
        Some(value) if is_value(value) => errors.over(value, messages::only_value(&key.to_string())),
        _ => {}
    }
}

/// `rows` is called with nothing.
pub(super) fn rows(written: Option<&Expr>, key: &Ident, errors: &mut Errors) {
    match written.map(bare) {
        Some(Expr::Closure(closure)) if !closure.inputs.is_empty() => {
            errors.over(parameters(closure), messages::rows_parameters(closure.inputs.len(), &key.to_string()));
        }
        Some(value) if is_value(value) => errors.over(value, messages::rows_value(&key.to_string())),
        _ => {}
    }
}

/// The expression without parentheses, and without the invisible ones of a `macro_rules` variable.
fn bare(mut written: &Expr) -> &Expr {
    loop {
        written = match written {
            Expr::Group(group) => &group.expr,
            Expr::Paren(paren) => &paren.expr,
            _ => return written,
        };
    }
}

/// `|a, b|`
fn parameters(ExprClosure { inputs_begin, inputs, inputs_end, .. }: &ExprClosure) -> TokenStream {
    quote!(#inputs_begin #inputs #inputs_end)
}

/// Whether it can be seen that an expression is no function; the others are the compiler's to judge.
fn is_value(written: &Expr) -> bool {
    match written {
        Expr::Array(_)
        | Expr::Binary(_)
        | Expr::Lit(_)
        | Expr::Range(_)
        | Expr::Repeat(_)
        | Expr::Struct(_)
        | Expr::Tuple(_) => true,
        Expr::Unary(unary) => !matches!(unary.op, UnOp::Deref(_)),
        Expr::Macro(call) => call.mac.path.is_ident("vec") || call.mac.path.is_ident("matches"),
        _ => false,
    }
}
