//! Fieldless enums as fields: what `#[derive(Field)]` builds on.

use experimenter_diesel::Value;

use super::{Field, FieldError, scalar::text_of};

/// A field type that is stored as text under a Rust name that the attribute does not know: an enum, or [`Json`].
///
/// [`Json`]: super::Json
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that the attribute knows by its name",
    label = "unknown field type",
    note = "help: write a known type itself instead of an alias of it (`i64`, not `type Seed = i64`); give a fieldless \
            enum `#[derive(Debug, Clone, PartialEq, Field)]`; wrap any other serde type in `Json<T>`"
)]
pub trait TextField: Field {}

/// Compiles if the type is such a one: the attribute asks this first, at the type's token.
pub const fn is_text_field<T: TextField>() {}

/// A fieldless enum and the names of its variants; `#[derive(Field)]` implements it.
pub trait Enumeration: Sized + Clone + 'static {
    /// Each variant with the name that it is stored by, in the order of the declaration.
    const VARIANTS: &'static [(&'static str, Self)];
}

/// The variant of that name: exactly, or else the only one that differs in case alone.
///
/// # Errors
/// When there is none; the message lists the names.
pub fn from_variant_name<E: Enumeration>(text: &str) -> Result<E, FieldError> {
    let exact = E::VARIANTS.iter().find(|(name, _)| *name == text);
    let mut similar = E::VARIANTS.iter().filter(|(name, _)| name.eq_ignore_ascii_case(text));
    let found = exact.or_else(|| similar.next().filter(|_| similar.next().is_none()));
    found.map(|(_, variant)| variant.clone()).ok_or_else(|| {
        let names: Vec<_> = E::VARIANTS.iter().map(|(name, _)| format!("`{name}`")).collect();
        FieldError::new(format!("expected {}, found `{text}`", names.join(" or ")))
    })
}

/// The variant that the database returned.
///
/// # Errors
/// When the value is no variant's name.
pub fn variant_from_value<E: Enumeration>(value: &Value) -> Result<E, FieldError> {
    from_variant_name(text_of("the name of a variant", value)?)
}
