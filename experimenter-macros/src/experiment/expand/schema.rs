//! The module with the Diesel schema, written by `diesel::table!`.
//!
//! Diesel's macros name `::diesel` themselves, so that the user's crate must have it. Calling them by that path too makes
//! a missing one two errors, which say so; through a path of ours they would expand to 72.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::super::model::{Experiment, Field, FieldType, Keyfield, Logtable, Names};
use super::structs::docs_of;

/// `mod svm_schema`
pub(super) fn module(experiment: &Experiment) -> TokenStream {
    let Experiment { names: Names { function, schema, .. }, visibility, logtables, .. } = experiment;
    let docs = docs_of(&[], &format!("The Diesel schema of the experiment `{function}`."));
    let main = main_table(experiment);
    let tables = logtables.iter().map(|logtable| logtable_table(logtable, experiment));
    let names: Vec<_> = logtables.iter().map(|logtable| &logtable.name).collect();
    let together = (!names.is_empty()).then(|| {
        quote! {
            #(::diesel::joinable!(#names -> #function (experiment_id));)*
            ::diesel::allow_tables_to_appear_in_same_query!(#function, #(#names),*);
        }
    });
    quote! {
        #docs
        #[allow(dead_code, non_snake_case, unreachable_pub, unused_imports, unused_qualifications)]
        #[allow(clippy::pedantic, clippy::nursery)]
        #visibility mod #schema {
            #main
            #(#tables)*
            #together
        }
    }
}

fn main_table(experiment: &Experiment) -> TokenStream {
    let Experiment { names, table, result_timestamps, keyfields, resultfields, .. } = experiment;
    let function = &names.function;
    let docs = docs_of(&[], &format!("The table of the experiment `{function}`."));
    let keys = keyfields.iter().map(|Keyfield { field, .. }| column(field, "keyfield", field.ty.optional));
    let results = resultfields.iter().map(|field| {
        let value = column(field, "resultfield", true);
        let time = result_timestamps.then(|| {
            let name = format_ident!("{}_timestamp", field.name);
            let docs = format!(" When `{}` was written.", field.name);
            let sql_name = field.column.as_ref().map(|column| sql_name(&format!("{}_timestamp", column.value())));
            quote! { #[doc = #docs] #sql_name #name -> Nullable<Text>, }
        });
        quote! { #value #time }
    });
    quote! {
        ::diesel::table! {
            #docs
            #[sql_name = #table]
            #function (id) {
                /// The row's `ID`.
                #[sql_name = "ID"]
                id -> BigInt,
                #(#keys)*
                /// When the row was filled.
                creation_date -> Nullable<Timestamp>,
                /// Where the row stands.
                status -> Text,
                /// When its last run began.
                start_date -> Nullable<Timestamp>,
                /// The name of the executer that ran it.
                name -> Nullable<Text>,
                /// The machine that ran it.
                machine -> Nullable<Text>,
                #(#results)*
                /// When its last run ended.
                end_date -> Nullable<Timestamp>,
                /// What went wrong.
                error -> Nullable<Text>,
            }
        }
    }
}

fn logtable_table(logtable: &Logtable, experiment: &Experiment) -> TokenStream {
    let Logtable { docs, name, row_struct: _, columns } = logtable;
    let sql_name = format!("{}__{name}", experiment.table);
    let function = &experiment.names.function;
    let docs = docs_of(docs, &format!("The logtable `{name}` of the experiment `{function}`."));
    let columns = columns.iter().map(|field| column(field, "column", true));
    quote! {
        ::diesel::table! {
            #docs
            #[sql_name = #sql_name]
            #name (id) {
                /// The entry's `ID`.
                #[sql_name = "ID"]
                id -> BigInt,
                /// The `ID` of the row that it belongs to.
                experiment_id -> BigInt,
                /// When it was written.
                timestamp -> Nullable<Timestamp>,
                #(#columns)*
                /// The attempt that wrote it.
                attempt -> Nullable<BigInt>,
            }
        }
    }
}

fn column(field: &Field, what: &str, nullable: bool) -> TokenStream {
    let Field { docs, name, column, ty: FieldType { kind, .. }, sql: _ } = field;
    let sql_name = column.as_ref().map(|column| sql_name(&column.value()));
    let docs = docs_of(docs, &format!("The {what} `{name}`."));
    let sql_type = Ident::new(kind.diesel(), Span::call_site());
    let sql_type = if nullable { quote!(Nullable<#sql_type>) } else { quote!(#sql_type) };
    quote! { #docs #sql_name #name -> #sql_type, }
}

/// The name of a column that is not its field's.
fn sql_name(name: &str) -> TokenStream {
    quote! { #[sql_name = #name] }
}
