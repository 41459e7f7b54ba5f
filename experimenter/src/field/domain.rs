//! The values that a keyfield ranges over.

use experimenter_diesel::Value;

use super::{Field, FieldError};

/// Collects the values of one keyfield: what the attribute's expression yields.
#[derive(Debug)]
pub struct Domain<T> {
    values: Vec<Value>,
    error: Option<FieldError>,
    element: std::marker::PhantomData<T>,
}

impl<T: Field> Domain<T> {
    /// A domain without values yet.
    #[must_use]
    pub fn new() -> Self {
        Self { values: Vec::new(), error: None, element: std::marker::PhantomData }
    }

    /// Adds one element of a list.
    #[must_use]
    pub fn with<S: IntoElement<T>>(mut self, element: S) -> Self {
        self.push(element);
        self
    }

    /// Adds everything that an expression iterates over.
    #[must_use]
    pub fn with_all<I>(mut self, elements: I) -> Self
    where
        I: IntoIterator,
        I::Item: IntoElement<T>,
    {
        for element in elements {
            self.push(element);
        }
        self
    }

    /// The values, in the form that [`Keyfield::over`](crate::definition::Keyfield::over) takes.
    ///
    /// # Errors
    /// The first element that has no value, such as a pattern of [`files`](crate::files) that matches nothing.
    pub fn finish(self) -> Result<Vec<Value>, FieldError> {
        self.error.map_or(Ok(self.values), Err)
    }

    fn push<S: IntoElement<T>>(&mut self, element: S) {
        match element.into_element() {
            Ok(element) => self.values.push(element.to_value()),
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }
}

impl<T: Field> Default for Domain<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// An element of a domain that stands for a value of the field's type `T`: the value itself, a reference to it, or a
/// string literal for a `String`.
#[diagnostic::on_unimplemented(
    message = "a keyfield of type `{T}` is given a value of type `{Self}`",
    label = "not a `{T}`",
    note = "help: write the values in the field's type, such as `1.0` for `f64` or `\"iris\"` for `String`"
)]
pub trait IntoElement<T> {
    /// The value of the field's type.
    ///
    /// # Errors
    /// Where the element is the error of a domain function, such as [`files`](crate::files).
    fn into_element(self) -> Result<T, FieldError>;
}

impl<T: Field> IntoElement<T> for T {
    fn into_element(self) -> Result<T, FieldError> {
        Ok(self)
    }
}

impl<T: Field> IntoElement<T> for &T {
    fn into_element(self) -> Result<T, FieldError> {
        Ok(self.clone())
    }
}

impl IntoElement<String> for &str {
    fn into_element(self) -> Result<String, FieldError> {
        Ok(self.to_owned())
    }
}

impl IntoElement<String> for &&str {
    fn into_element(self) -> Result<String, FieldError> {
        Ok((*self).to_owned())
    }
}

impl<T: Field, S: IntoElement<T>> IntoElement<T> for Result<S, FieldError> {
    fn into_element(self) -> Result<T, FieldError> {
        self.and_then(IntoElement::into_element)
    }
}

/// The value that one element stands for.
///
/// # Errors
/// Where the element is the error of a domain function.
pub fn element<T: Field, S: IntoElement<T>>(element: S) -> Result<Value, FieldError> {
    element.into_element().map(|element| element.to_value())
}
