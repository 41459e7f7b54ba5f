//! The experiment as data.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::LitStr;
use syn::spanned::Spanned;

use super::super::model::{Domain, Experiment, Field, Keyfield, Logtable};

/// `Definition { … }`
pub(super) fn definition(experiment: &Experiment) -> TokenStream {
    let Experiment { names, visibility: _, table, result_timestamps, keyfields, resultfields, logtables, call: _ } =
        experiment;
    let name = text(&names.function);
    let keyfields = keyfields.iter().map(keyfield);
    let resultfields = resultfields.iter().map(column);
    let logtables = logtables.iter().map(logtable);
    quote! {
        __p::Definition {
            name: #name,
            table: #table,
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[#(#keyfields),*],
            resultfields: &[#(#resultfields),*],
            logtables: &[#(#logtables),*],
            result_timestamps: #result_timestamps,
        }
    }
}

/// The same without fields, for an attribute with mistakes.
pub(super) fn empty_definition(experiment: &Experiment) -> TokenStream {
    let (name, table) = (text(&experiment.names.function), &experiment.table);
    quote! {
        __p::Definition {
            name: #name,
            table: #table,
            file: ::core::file!(),
            line: ::core::line!(),
            keyfields: &[],
            resultfields: &[],
            logtables: &[],
            result_timestamps: false,
        }
    }
}

fn keyfield(Keyfield { field, domain }: &Keyfield) -> TokenStream {
    let Field { docs: _, name, ty, sql } = field;
    let (written, text, sql) = (&ty.written, text(name), sql_override(sql.as_ref()));
    let line = Literal::usize_unsuffixed(name.span().start().line);
    let over = values(domain, written);
    quote! { __p::Keyfield::new::<#written>(#text, #line) #sql #over }
}

/// `.over(…)`: each element at its own place, so that a wrong one is an error there.
fn values(domain: &Domain, ty: &syn::Type) -> Option<TokenStream> {
    let values = match domain {
        Domain::Elsewhere => return None,
        Domain::List(elements) => elements.iter().map(|element| with("with", element)).collect::<TokenStream>(),
        Domain::Iterator(values) => with("with_all", values),
    };
    Some(quote! { .over(|| __p::domain::<#ty>() #values .finish()) })
}

fn with(method: &str, values: &syn::Expr) -> TokenStream {
    let method = Ident::new(method, values.span());
    quote_spanned! {values.span()=> .#method(#values) }
}

fn column(Field { docs: _, name, ty, sql }: &Field) -> TokenStream {
    let (written, text, sql) = (&ty.written, text(name), sql_override(sql.as_ref()));
    quote! { __p::Column::new::<#written>(#text) #sql }
}

fn logtable(Logtable { docs: _, name, row_struct: _, columns }: &Logtable) -> TokenStream {
    let name = text(name);
    let columns = columns.iter().map(column);
    quote! { __p::Logtable { name: #name, columns: &[#(#columns),*] } }
}

fn sql_override(sql: Option<&LitStr>) -> Option<TokenStream> {
    sql.map(ToTokens::to_token_stream).map(|sql| quote! { .sql(#sql) })
}

/// A name as a string literal.
pub(super) fn text(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}
