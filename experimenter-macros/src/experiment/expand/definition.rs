//! The experiment as data.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, LitStr, Type};

use super::super::model::{Domain, Experiment, Field, Keyfield, Logtable};

/// `Definition { … }`
pub(super) fn definition(experiment: &Experiment) -> TokenStream {
    let Experiment {
        names,
        visibility: _,
        table: _,
        result_timestamps,
        keyfields,
        resultfields,
        logtables,
        only,
        rows,
        timeout,
        call: _,
    } = experiment;
    let keyfields = keyfields.iter().map(keyfield);
    let resultfields = resultfields.iter().map(column);
    let logtables = logtables.iter().map(logtable);
    let result_timestamps = result_timestamps.then(|| quote! { result_timestamps: true, });
    let only = only.as_ref().map(|function| only_option(function, &names.key));
    let rows = rows.as_ref().map(|function| rows_option(function, &names.key));
    let timeout = timeout.map(|time| {
        let milliseconds = Literal::u64_unsuffixed(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        quote! { timeout: Some(__p::Duration::from_millis(#milliseconds)), }
    });
    // Clippy minds a base that nothing is taken from.
    let is_complete = result_timestamps.is_some() && only.is_some() && rows.is_some() && timeout.is_some();
    let base = (!is_complete).then(base);
    let fields = quote! {
        keyfields: &[#(#keyfields),*],
        resultfields: &[#(#resultfields),*],
        logtables: &[#(#logtables),*],
        #result_timestamps
        #only
        #rows
        #timeout
        #base
    };
    definition_of(experiment, &fields)
}

/// The same without fields, for an attribute with mistakes.
pub(super) fn empty_definition(experiment: &Experiment) -> TokenStream {
    definition_of(experiment, &base())
}

/// What the attribute does not say.
fn base() -> TokenStream {
    quote! { ..__p::Definition::built_in(::core::option_env!("CARGO_MANIFEST_DIR")) }
}

fn definition_of(Experiment { names, table, .. }: &Experiment, fields: &TokenStream) -> TokenStream {
    let name = text(&names.function);
    quote! {
        __p::Definition {
            name: #name,
            table: #table,
            file: ::core::file!(),
            line: ::core::line!(),
            #fields
        }
    }
}

/// `only: …`: called at the user's function, so that a wrong one is an error there; it cannot see our parameter.
fn only_option(function: &Expr, key: &Ident) -> TokenStream {
    let values = Ident::new("__values", Span::mixed_site());
    let call = quote_spanned! {function.span()=> __p::only::<#key>(#values, #function) };
    let line = line_of(function);
    quote! { only: ::core::option::Option::Some(__p::Located { line: #line, function: |#values| #call }), }
}

/// `rows: …`: called at the user's function, so that a wrong one is an error there.
fn rows_option(function: &Expr, key: &Ident) -> TokenStream {
    let key = Ident::new(&key.to_string(), key.span().located_at(function.span()));
    let call = quote_spanned! {function.span()=> __p::listed(#function).rows::<#key>() };
    let line = line_of(function);
    let call = quote! { || { use __p::ListedRows as _; #call } };
    quote! { rows: ::core::option::Option::Some(__p::Located { line: #line, function: #call }), }
}

fn line_of(tokens: &impl Spanned) -> Literal {
    Literal::usize_unsuffixed(tokens.span().start().line)
}

fn keyfield(Keyfield { field, domain, default }: &Keyfield) -> TokenStream {
    let Field { docs: _, name, column: _, ty, sql } = field;
    let (written, text, line, sql) = (&ty.written, field.column_name(), line(name), sql_override(sql.as_ref()));
    let over = values(domain, written);
    let default = default.as_ref().map(|value| default_value(value, written));
    quote! { __p::Keyfield::new::<#written>(#text, #line) #sql #over #default }
}

/// `.over(…)`: each element at its own place, so that a wrong one is an error there.
fn values(domain: &Domain, ty: &Type) -> Option<TokenStream> {
    let values = match domain {
        Domain::Elsewhere => return None,
        Domain::List(elements) => elements.iter().map(|element| with("with", element)).collect::<TokenStream>(),
        Domain::Iterator(values) => with("with_all", values),
    };
    Some(quote! { .over(|| __p::domain::<#ty>() #values .finish()) })
}

fn with(method: &str, values: &Expr) -> TokenStream {
    let method = Ident::new(method, values.span());
    quote_spanned! {values.span()=> .#method(#values) }
}

/// `.default(…)`: the value at its own place, so that a wrong one is an error there.
fn default_value(value: &Expr, ty: &Type) -> TokenStream {
    let element = quote_spanned! {value.span()=> __p::element::<#ty, _>(#value) };
    quote! { .default(|| #element) }
}

fn column(field: &Field) -> TokenStream {
    let Field { docs: _, name, column: _, ty, sql } = field;
    let (written, text, line, sql) = (&ty.written, field.column_name(), line(name), sql_override(sql.as_ref()));
    quote! { __p::Column::new::<#written>(#text, #line) #sql }
}

fn logtable(Logtable { docs: _, name, row_struct: _, columns }: &Logtable) -> TokenStream {
    let (text, line) = (text(name), line(name));
    let columns = columns.iter().map(column);
    quote! { __p::Logtable { name: #text, columns: &[#(#columns),*], line: #line } }
}

fn sql_override(sql: Option<&LitStr>) -> Option<TokenStream> {
    sql.map(ToTokens::to_token_stream).map(|sql| quote! { .sql(#sql) })
}

/// The line that a name stands in.
fn line(name: &Ident) -> Literal {
    Literal::usize_unsuffixed(name.span().start().line)
}

/// A name as a string literal.
pub(super) fn text(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}
