//! The traits, and the registration.

use proc_macro2::{Delimiter, Group, Ident, Literal, TokenStream};
use quote::quote;

use super::super::model::{Call, Experiment, Field, Keyfield, Logtable, Names, Parameters};
use super::checks;
use super::definition::{definition, empty_definition};

/// What each of the traits' functions does.
struct Bodies {
    checks: TokenStream,
    definition: TokenStream,
    from_values: TokenStream,
    key_values: TokenStream,
    call: TokenStream,
    result_values: TokenStream,
    partial_values: TokenStream,
    entry_values: Vec<TokenStream>,
    registration: Option<TokenStream>,
}

pub(super) fn all(experiment: &Experiment) -> TokenStream {
    let Experiment { names, keyfields, resultfields, logtables, .. } = experiment;
    let key = &names.key;
    let bodies = Bodies {
        checks: checks::of_types(experiment),
        definition: definition(experiment),
        from_values: from_values(keyfields),
        key_values: to_values(keyfields.iter().map(|keyfield| &keyfield.field)),
        call: call(names, &experiment.call),
        result_values: to_values(resultfields),
        partial_values: partial_values(resultfields),
        entry_values: logtables.iter().map(|logtable| to_values(&logtable.columns)).collect(),
        registration: Some(quote! {
            __p::inventory::submit!(__p::Registration::of::<#key>());
        }),
    };
    implement(experiment, &bodies)
}

/// The same traits with nothing in them, and without registration: the program does not compile.
pub(super) fn stubs(experiment: &Experiment) -> TokenStream {
    let nothing = || quote! { ::core::unreachable!() };
    let bodies = Bodies {
        checks: TokenStream::new(),
        definition: empty_definition(experiment),
        from_values: nothing(),
        key_values: nothing(),
        call: nothing(),
        result_values: nothing(),
        partial_values: nothing(),
        entry_values: experiment.logtables.iter().map(|_| nothing()).collect(),
        registration: None,
    };
    implement(experiment, &bodies)
}

/// One block, so that nothing but the traits leaves it.
fn implement(experiment: &Experiment, bodies: &Bodies) -> TokenStream {
    let Bodies { checks, result_values, partial_values, entry_values, registration, .. } = bodies;
    let Names { results, partial, key, .. } = &experiment.names;
    let main = implement_experiment(experiment, bodies);
    let entries = experiment.logtables.iter().zip(entry_values).enumerate();
    let entries = entries.map(|(index, (logtable, values))| implement_entry(logtable, index, key, values));
    quote! {
        #[allow(unused_imports, unused_qualifications, clippy::pedantic, clippy::nursery)]
        const _: () = {
            use ::experimenter::__private::{self as __p, some as __some, to_value as __value};
            #checks
            #main
            impl ::experimenter::Results for #results {
                fn to_values(&self) -> __p::Values { #result_values }
            }
            impl ::experimenter::Partial for #partial {
                fn to_values(&self) -> __p::PartialValues { #partial_values }
            }
            #(#entries)*
            #registration
        };
    }
}

fn implement_experiment(experiment: &Experiment, bodies: &Bodies) -> TokenStream {
    let Names { key, results, partial, row, run, .. } = &experiment.names;
    let Bodies { definition, from_values, key_values, call, .. } = bodies;
    quote! {
        impl ::experimenter::Experiment for #key {
            type Results = #results;
            type Partial = #partial;
            type Row = #row;
            const DEFINITION: &'static __p::Definition = &#definition;
            fn from_values(values: &[__p::Value]) -> __p::Fallible<Self> { #from_values }
            fn to_values(&self) -> __p::Values { #key_values }
            fn call(&self, run: &mut #run) -> __p::Ended<Self> {
                #call
            }
        }
    }
}

fn implement_entry(logtable: &Logtable, index: usize, key: &Ident, values: &TokenStream) -> TokenStream {
    let (row_struct, index) = (&logtable.row_struct, Literal::usize_unsuffixed(index));
    quote! {
        impl ::experimenter::LogEntry for #row_struct {
            type Experiment = #key;
            const LOGTABLE: usize = #index;
            fn to_values(&self) -> __p::Values { #values }
        }
    }
}

fn from_values(keyfields: &[Keyfield]) -> TokenStream {
    let fields = keyfields.iter().enumerate().map(|(index, Keyfield { field, .. })| {
        let index = Literal::usize_unsuffixed(index);
        let (name, text) = (&field.name, field.column_name());
        quote! { #name: __p::field(values, #index, #text)? }
    });
    quote! { ::core::result::Result::Ok(Self { #(#fields),* }) }
}

fn to_values<'a>(fields: impl IntoIterator<Item = &'a Field>) -> TokenStream {
    let names = fields.into_iter().map(|field| &field.name);
    quote! { ::std::vec![#(__value(&self.#names)),*] }
}

fn partial_values(fields: &[Field]) -> TokenStream {
    let names = fields.iter().map(|field| &field.name);
    quote! { ::std::vec![#(__some(&self.#names)),*] }
}

/// The call stands at the return type, so that a wrong one is an error there.
fn call(names: &Names, Call { parameters, output: (first, last) }: &Call) -> TokenStream {
    let Names { function, results, .. } = names;
    let function = Ident::new(&function.to_string(), function.span().located_at(*first));
    let arguments = match parameters {
        Parameters::Key => quote!(self),
        Parameters::KeyAndRun => quote!(self, run),
    };
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(function.span().located_at(*last));
    quote! { ::experimenter::IntoOutcome::<#results>::into_outcome(#function #arguments) }
}
