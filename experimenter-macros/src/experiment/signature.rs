//! The rules for the annotated function: one message says all that is wrong with it, and the right signature.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, ReturnType, Safety, Signature, Type, Visibility};

use super::model::{Call, Names, Parameters};
use super::parse::RawFunction;
use super::types::last_segment;
use crate::errors::Errors;
use crate::{messages, names};

/// What is wrong with a function, each with its place.
type Problems = Vec<(TokenStream, String)>;

/// How the function is called; whatever is wrong with it is one error.
pub(crate) fn check(raw: RawFunction, errors: &mut Errors) -> (Names, Visibility, Call) {
    let RawFunction { visibility, signature, has_body } = raw;
    let names = Names::of(&signature.ident);
    let mut problems = Problems::new();
    name(&signature.ident, &mut problems);
    qualifiers(&signature, &mut problems);
    generics(&signature, &mut problems);
    let parameters = parameters(&signature, &names, &mut problems);
    let output = output(&signature, &mut problems);
    if !has_body {
        problems.push((signature.ident.to_token_stream(), messages::problem_no_body()));
    }
    report(&names, problems, errors);
    (names, visibility, Call { parameters, output })
}

fn report(names: &Names, problems: Problems, errors: &mut Errors) {
    let Some((at, _)) = problems.first() else { return };
    let at = at.clone();
    let texts: Vec<_> = problems.into_iter().map(|(_, text)| text).collect();
    let function = names.function.to_string();
    let function = function.trim_start_matches("r#");
    errors.over(at, messages::wrong_signature(function, &names::camel_case(function), &texts));
}

/// The function's name is the table's in the schema.
fn name(ident: &Ident, problems: &mut Problems) {
    if let Some(name) = ident.to_string().strip_prefix("r#") {
        problems.push((ident.to_token_stream(), messages::problem_raw_name(name)));
    }
}

/// `async`, `const`, `unsafe` and `extern` do not go with how it is called.
fn qualifiers(signature: &Signature, problems: &mut Problems) {
    if let Some(token) = &signature.asyncness {
        problems.push((token.to_token_stream(), messages::problem_keyword("async")));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        problems.push((token.to_token_stream(), messages::problem_keyword("unsafe")));
    }
    if let Some(abi) = &signature.abi {
        problems.push((abi.to_token_stream(), messages::problem_keyword("extern")));
    }
    if let Some(variadic) = &signature.variadic {
        problems.push((variadic.to_token_stream(), messages::problem_variadic()));
    }
}

/// There is one experiment, not one for each type.
fn generics(signature: &Signature, problems: &mut Problems) {
    for parameter in &signature.generics.params {
        let name = match parameter {
            GenericParam::Lifetime(lifetime) => lifetime.lifetime.to_string(),
            GenericParam::Type(ty) => ty.ident.to_string(),
            GenericParam::Const(constant) => constant.ident.to_string(),
        };
        problems.push((parameter.to_token_stream(), messages::problem_generic(&name)));
    }
    if let Some(clause) = &signature.generics.where_clause {
        problems.push((clause.to_token_stream(), messages::problem_where()));
    }
}

/// `&<Name>Key`, and perhaps `&mut <Name>Run`.
fn parameters(signature: &Signature, names: &Names, problems: &mut Problems) -> Parameters {
    let Signature { inputs, ident, .. } = signature;
    if let Some(receiver) = signature.receiver() {
        problems.push((receiver.to_token_stream(), messages::problem_method()));
        return Parameters::KeyAndRun;
    }
    if !(1..=2).contains(&inputs.len()) {
        let at = if inputs.is_empty() { ident.to_token_stream() } else { inputs.to_token_stream() };
        problems.push((at, messages::problem_count(inputs.len())));
        return Parameters::KeyAndRun;
    }
    let types: Vec<_> = inputs.iter().filter_map(typed).collect();
    if !types.first().is_some_and(|ty| is_reference(ty, Reference::Shared, &[&names.key])) {
        problems
            .push((types.first().to_token_stream(), messages::problem_parameter("first", &format!("&{}", names.key))));
    }
    let Some(run) = types.get(1) else { return Parameters::Key };
    if !is_reference(run, Reference::Exclusive, &[&names.run, &Ident::new("Run", Span::call_site())]) {
        problems.push((run.to_token_stream(), messages::problem_parameter("second", &format!("&mut {}", names.run))));
    }
    Parameters::KeyAndRun
}

fn typed(argument: &FnArg) -> Option<&Type> {
    match argument {
        FnArg::Typed(argument) => Some(&argument.ty),
        FnArg::Receiver(_) => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reference {
    Shared,
    Exclusive,
}

/// Whether a type is such a reference to a path that ends in one of the names.
fn is_reference(ty: &Type, expected: Reference, names: &[&Ident]) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let found = if reference.mutability.is_some() { Reference::Exclusive } else { Reference::Shared };
    found == expected && last_segment(&reference.elem).is_some_and(|last| names.iter().any(|name| **name == last.ident))
}

/// Something is returned, and it has a name.
fn output(signature: &Signature, problems: &mut Problems) -> (Span, Span) {
    match &signature.output {
        ReturnType::Default => {
            problems.push((signature.ident.to_token_stream(), messages::problem_no_output()));
            (Span::call_site(), Span::call_site())
        }
        ReturnType::Type(_, ty) => {
            if matches!(**ty, Type::ImplTrait(_)) {
                problems.push((ty.to_token_stream(), messages::problem_impl_output()));
            }
            (ty.span(), last_span(ty))
        }
    }
}

fn last_span(tokens: &impl ToTokens) -> Span {
    tokens.to_token_stream().into_iter().last().as_ref().map_or_else(Span::call_site, TokenTree::span)
}
