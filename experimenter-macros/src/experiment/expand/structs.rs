//! The row structs, and the alias of the run.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Visibility};

use super::super::model::{Experiment, Field, FieldType, Keyfield, Logtable, Names};

/// What the structs derive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Derives {
    All,
    /// What can be derived of fields that have mistakes.
    WithoutDatabase,
}

/// Every struct, with the function's visibility.
pub(super) fn all(experiment: &Experiment, derives: Derives) -> TokenStream {
    let key = key(experiment, derives);
    let results = results(experiment, derives);
    let partial = partial(experiment, derives);
    let row = row(experiment, derives);
    let logtables = experiment.logtables.iter().map(|logtable| entry(logtable, experiment, derives));
    let Names { function, key: key_name, run, .. } = &experiment.names;
    let (docs, visibility) = (format!(" One run of the experiment `{function}`."), &experiment.visibility);
    quote! {
        #key
        #results
        #partial
        #row
        #(#logtables)*
        #[doc = #docs]
        #[allow(dead_code, unreachable_pub)]
        #visibility type #run = ::experimenter::Run<#key_name>;
    }
}

fn key(experiment: &Experiment, derives: Derives) -> TokenStream {
    let Experiment { names, visibility, keyfields, .. } = experiment;
    let fields = keyfields.iter().map(|Keyfield { field, .. }| keyfield(field, derives));
    let docs = docs_of(&[], &format!("The keyfields of the experiment `{}`.", names.function));
    structure(&docs, &database(names, derives), visibility, &names.key, quote!(#(#fields)*))
}

fn results(experiment: &Experiment, derives: Derives) -> TokenStream {
    let Experiment { names, visibility, resultfields, .. } = experiment;
    let fields = resultfields.iter().map(|field| value(field, "resultfield", derives));
    let docs = docs_of(&[], &format!("The resultfields of the experiment `{}`.", names.function));
    structure(&docs, &plain(derives), visibility, &names.results, quote!(#(#fields)*))
}

fn partial(experiment: &Experiment, derives: Derives) -> TokenStream {
    let Experiment { names, visibility, resultfields, .. } = experiment;
    let fields = resultfields.iter().map(|field| optional(field, derives, Use::Written));
    let text = format!(
        "Some of the resultfields of the experiment `{}`; those that are `None` are not written.",
        names.function
    );
    let plain = plain(derives);
    let default = (derives == Derives::All).then(|| quote!(#[serde(default)]));
    let attributes = quote! { #plain #[derive(::core::default::Default)] #default };
    structure(&docs_of(&[], &text), &attributes, visibility, &names.partial, quote!(#(#fields)*))
}

fn row(experiment: &Experiment, derives: Derives) -> TokenStream {
    let Experiment { names, visibility, result_timestamps, keyfields, resultfields, .. } = experiment;
    if derives == Derives::WithoutDatabase {
        // Its fields could have each other's names, and the function does not use it.
        return structure(&TokenStream::new(), &TokenStream::new(), visibility, &names.row, TokenStream::new());
    }
    let keys = keyfields.iter().map(|Keyfield { field, .. }| keyfield(field, derives));
    let results = resultfields.iter().map(|field| {
        let value = optional(field, derives, Use::Read);
        let time = result_timestamps.then(|| {
            let name = format_ident!("{}_timestamp", field.name);
            let docs = format!(" When `{}` was written.", field.name);
            quote! { #[doc = #docs] pub #name: ::core::option::Option<::std::string::String>, }
        });
        quote! { #value #time }
    });
    let time = quote!(::core::option::Option<::experimenter::__private::NaiveDateTime>);
    let text = quote!(::core::option::Option<::std::string::String>);
    let fields = quote! {
        /// The row's `ID`.
        pub id: i64,
        #(#keys)*
        /// When the row was filled.
        pub creation_date: #time,
        /// Where the row stands.
        #[serde(with = "::experimenter::__private::status_serde")]
        pub status: ::experimenter::__private::Status,
        /// When its last run began.
        pub start_date: #time,
        /// The name of the executer that ran it.
        pub name: #text,
        /// The machine that ran it.
        pub machine: #text,
        #(#results)*
        /// When its last run ended.
        pub end_date: #time,
        /// What went wrong.
        pub error: #text,
    };
    let docs = docs_of(&[], &format!("A row of the table of the experiment `{}`.", names.function));
    structure(&docs, &database(names, derives), visibility, &names.row, fields)
}

fn entry(logtable: &Logtable, experiment: &Experiment, derives: Derives) -> TokenStream {
    let Logtable { docs, name, row_struct, columns } = logtable;
    let Experiment { names, visibility, .. } = experiment;
    let docs = docs_of(docs, &format!("An entry of the logtable `{name}` of the experiment `{}`.", names.function));
    let fields = columns.iter().map(|field| value(field, "column", derives));
    structure(&docs, &plain(derives), visibility, row_struct, quote!(#(#fields)*))
}

#[expect(clippy::needless_pass_by_value, reason = "tokens made for this call")]
fn structure(
    docs: &TokenStream,
    attributes: &TokenStream,
    visibility: &Visibility,
    name: &Ident,
    fields: TokenStream,
) -> TokenStream {
    quote! {
        #docs
        #[allow(dead_code, non_snake_case, unreachable_pub, unused_qualifications)]
        #[allow(clippy::pedantic, clippy::nursery)]
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
        #attributes
        #visibility struct #name { #fields }
    }
}

/// Serde for a struct.
fn plain(derives: Derives) -> TokenStream {
    match derives {
        Derives::WithoutDatabase => TokenStream::new(),
        Derives::All => quote! {
            #[derive(::experimenter::__private::serde::Serialize, ::experimenter::__private::serde::Deserialize)]
            #[serde(crate = "::experimenter::__private::serde")]
        },
    }
}

/// Serde for a struct, and Diesel's way out of the main table.
fn database(names: &Names, derives: Derives) -> TokenStream {
    let Names { function, schema, .. } = names;
    let plain = plain(derives);
    match derives {
        Derives::WithoutDatabase => plain,
        Derives::All => quote! {
            #plain
            #[derive(::diesel::Queryable, ::diesel::Selectable)]
            #[diesel(table_name = #schema::#function)]
        },
    }
}

/// A keyfield in a struct that comes from the table.
fn keyfield(field: &Field, derives: Derives) -> TokenStream {
    let Field { ty: FieldType { inner, optional, kind, .. }, .. } = field;
    let narrow = (derives == Derives::All && kind.is_narrow()).then(|| narrow(*optional, inner));
    let value = value(field, "keyfield", derives);
    quote! { #narrow #value }
}

/// A field with its type as written.
fn value(field: &Field, kind: &str, derives: Derives) -> TokenStream {
    let Field { docs, name, column: _, ty, sql: _ } = field;
    let docs = docs_of(docs, &format!("The {kind} `{name}`."));
    let serde = serde(ty, derives);
    let written = &ty.written;
    quote! { #docs #serde pub #name: #written, }
}

/// Whether a resultfield stands in a struct that is read from the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Written,
}

/// A resultfield that may be `None`; an `Option` stays one.
fn optional(field: &Field, derives: Derives, usage: Use) -> TokenStream {
    let Field { docs, name, column: _, ty, sql: _ } = field;
    let FieldType { written, inner, optional, kind } = ty;
    let docs = docs_of(docs, &format!("The resultfield `{name}`."));
    let serde = serde(ty, derives);
    let narrow = (usage == Use::Read && derives == Derives::All && kind.is_narrow()).then(|| narrow(true, inner));
    let ty = if *optional { quote!(#written) } else { quote!(::core::option::Option<#inner>) };
    quote! { #docs #serde #narrow pub #name: #ty, }
}

fn serde(ty: &FieldType, derives: Derives) -> Option<TokenStream> {
    (derives == Derives::All && ty.kind.needs_serde_help())
        .then(|| quote!(#[serde(with = "::experimenter::__private::field_serde")]))
}

fn narrow(optional: bool, inner: &syn::Type) -> TokenStream {
    let wrapper = if optional { quote!(NarrowOption) } else { quote!(Narrow) };
    quote! { #[diesel(deserialize_as = ::experimenter::__private::#wrapper<#inner>)] }
}

/// The user's words, or ours where there are none.
pub(super) fn docs_of(docs: &[Attribute], otherwise: &str) -> TokenStream {
    if docs.is_empty() {
        let text = format!(" {otherwise}");
        quote!(#[doc = #text])
    } else {
        quote!(#(#docs)*)
    }
}
