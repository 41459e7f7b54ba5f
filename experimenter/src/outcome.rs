//! What an experiment's function may return, and what becomes of it.

use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Results;
use crate::error::{Located, chain};

/// How a run ended that did not fail.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<R> {
    /// With its results: the row is `done`.
    Done(R),
    /// Without: the row is `paused` until it is reset.
    Paused,
}

/// Why a run failed: what is stored in the row's `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub(crate) message: String,
    pub(crate) place: Option<String>,
    pub(crate) backtrace: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n    at {place}")?;
        }
        if let Some(backtrace) = &self.backtrace {
            write!(f, "\n\nbacktrace:\n{backtrace}")?;
        }
        Ok(())
    }
}

impl Failure {
    fn from_error(error: Box<dyn StdError>) -> Self {
        match error.downcast::<Located>() {
            Ok(located) => {
                Self { message: chain(&*located.source), place: Some(located.location.to_string()), backtrace: None }
            }
            Err(error) => Self { message: chain(&*error), place: None, backtrace: None },
        }
    }
}

/// What an experiment's function may return: its results, an [`Outcome`], or a `Result` of either.
#[diagnostic::on_unimplemented(
    message = "an experiment cannot return `{Self}`",
    label = "not what the experiment's function returns",
    note = "help: return `{R}`, `experimenter::Result<{R}>`, `Result<{R}, E>` where `E: Into<Box<dyn Error>>`, or \
            `Outcome<{R}>` in place of the results"
)]
pub trait IntoOutcome<R> {
    /// The outcome, or why there is none.
    ///
    /// # Errors
    /// The error that the function returned.
    fn into_outcome(self) -> Result<Outcome<R>, Failure>;
}

impl<R: Results> IntoOutcome<R> for R {
    fn into_outcome(self) -> Result<Outcome<R>, Failure> {
        Ok(Outcome::Done(self))
    }
}

impl<R: Results> IntoOutcome<R> for Outcome<R> {
    fn into_outcome(self) -> Result<Self, Failure> {
        Ok(self)
    }
}

impl<R: Results, T: IntoOutcome<R>, E: Into<Box<dyn StdError>>> IntoOutcome<R> for Result<T, E> {
    fn into_outcome(self) -> Result<Outcome<R>, Failure> {
        self.map_err(|error| Failure::from_error(error.into()))?.into_outcome()
    }
}
