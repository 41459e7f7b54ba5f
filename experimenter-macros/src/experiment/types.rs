//! From a field's Rust type to how it is stored; the rules for types are here, one a function.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

use super::model::{FieldType, Kind};
use crate::errors::Errors;
use crate::{messages, names};

/// A type as a field's; an unsupported one is reported.
pub(crate) fn field_type(written: Type, errors: &mut Errors) -> Option<FieldType> {
    let inner = option_argument(&written);
    let optional = inner.is_some();
    let inner = inner.unwrap_or_else(|| bare(&written)).clone();
    if optional && option_argument(&inner).is_some() {
        errors.over(&written, messages::option_of_option());
        return None;
    }
    match kind(&inner) {
        Ok(kind) => Some(FieldType { written, inner, optional, kind }),
        Err(message) => {
            errors.over(&inner, message);
            // A struct can have it all the same, so that the function's body has its field.
            stands_in_a_struct(&inner).then_some(FieldType { written, inner, optional, kind: Kind::Text })
        }
    }
}

/// The type without parentheses, and without the invisible ones of a `macro_rules` variable.
fn bare(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

/// `X` of `Option<X>`.
fn option_argument(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) if segment.ident == "Option" => match arguments.args.first()? {
            GenericArgument::Type(ty) => Some(bare(ty)),
            _ => None,
        },
        _ => None,
    }
}

/// The last segment of a type that is a path: by it a type is known.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

fn kind(ty: &Type) -> Result<Kind, String> {
    let Some(segment) = last_segment(ty) else { return Err(not_a_path(ty)) };
    let name = segment.ident.to_string();
    if let Some(known) = names::known_type(&name) {
        Ok(Kind::Known(known))
    } else if let Some(cure) = names::cure(&name) {
        let found = written(ty);
        let json = format!("`Json<{found}>`");
        Err(messages::unsupported_type(&found, Some(if cure.starts_with("`Json") { &json } else { cure })))
    } else if matches!(name.as_str(), "Self" | "Option") {
        Err(messages::unsupported_type(&written(ty), None))
    } else if name == "Json" {
        Ok(Kind::Json)
    } else {
        Ok(Kind::Text)
    }
}

/// The message for `&str`, a tuple, an array, …
fn not_a_path(ty: &Type) -> String {
    let found = written(ty);
    let json = format!("`Json<{found}>`");
    let slice = |slice: &syn::TypeSlice| Some(format!("`Json<Vec<{}>>`", written(&slice.elem)));
    let cure = match ty {
        Type::Reference(reference) => match (&*reference.elem, last_segment(&reference.elem)) {
            (Type::Slice(elements), _) => slice(elements),
            (_, Some(segment)) if segment.ident == "str" => Some("`String`".to_owned()),
            _ => Some(format!("the type without its reference: `{}`", written(&reference.elem))),
        },
        Type::Tuple(tuple) if tuple.elems.is_empty() => None,
        Type::Array(_) | Type::Tuple(_) => Some(json),
        Type::Slice(elements) => slice(elements),
        _ => None,
    };
    messages::unsupported_type(&found, cure.as_deref())
}

/// Whether a struct with the usual derives can have the type.
fn stands_in_a_struct(ty: &Type) -> bool {
    match ty {
        Type::Array(array) => stands_in_a_struct(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(stands_in_a_struct),
        Type::Path(_) => last_segment(ty).is_some_and(|segment| segment.ident != "str" && segment.ident != "Self"),
        _ => false,
    }
}

/// A type as a person writes it: tokens have spaces where nobody puts them.
fn written(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    let text = ["< ", " <", " >", "& ", " ,", "( ", " )", " ::", ":: ", " ;", "[ ", " ]"]
        .iter()
        .fold(text, |text, spaced| text.replace(spaced, spaced.trim()));
    text.replace(">->", "> ->").replace("dyn<", "dyn <")
}
