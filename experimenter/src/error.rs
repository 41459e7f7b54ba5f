//! The error of an experiment's function, which knows the place of its `?`.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

/// The result of an experiment's function, and of what it calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, with the file and line where `?` turned it into this one.
///
/// A plain `Box<dyn Error>` does not know where it came from; this does, and the place is stored with the message in the
/// row's `error`.
///
/// ```
/// fn read() -> experimenter::Result<String> {
///     Ok(std::fs::read_to_string("no such file")?)
/// }
///
/// let error = read().unwrap_err();
/// assert!(error.location().file().ends_with(".rs"));
/// println!("{error:?}"); // the message, its causes, and `at src/main.rs:2:8`
/// ```
pub struct Error(Box<Located>);

/// What an [`Error`] is made of, and what it becomes as a `Box<dyn Error>`.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) source: Box<dyn StdError + Send + Sync>,
    pub(crate) location: &'static Location<'static>,
}

impl Error {
    /// An error that is a message alone.
    ///
    /// ```
    /// use experimenter::{Error, Result};
    ///
    /// fn root(x: f64) -> Result<f64> {
    ///     if x < 0.0 {
    ///         return Err(Error::msg(format!("{x} has no real root")));
    ///     }
    ///     Ok(x.sqrt())
    /// }
    /// assert!(root(-1.0).is_err());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn msg(message: impl Into<String>) -> Self {
        Self::located(message.into().into())
    }

    /// Where the error was made, or turned into this type by `?`.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }

    #[track_caller]
    fn located(source: Box<dyn StdError + Send + Sync>) -> Self {
        Self(Box::new(Located { source, location: Location::caller() }))
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::located(Box::new(error))
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync> {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The message, its causes and the place: what `main` prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    at {}", chain(&*self.0.source), self.0.location)
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl StdError for Located {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}

/// An error's message and those of its causes, one a line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str("\n    caused by: ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
