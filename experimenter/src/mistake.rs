//! A mistake in what the user gave: an attribute's domain, an option, a file.

use std::fmt;
use std::rc::Rc;

/// What is wrong, with its place, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Mistake {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: shortened(message.into()), hint: shortened(hint.into()) }
    }
}

/// A text without its middle, if somebody wrote a book into a file: what is wrong stands at its ends.
fn shortened(text: String) -> String {
    const MOST: usize = 1_000;
    let length = text.chars().count();
    if length <= MOST {
        return text;
    }
    let (start, end) = (text.chars().take(MOST * 2 / 3), text.chars().skip(length - MOST / 3));
    start.chain(" … ".chars()).chain(end).collect()
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: Rc<str>,
    pub(crate) line: u32,
}

impl Place {
    pub(crate) fn new(file: &str, line: u32) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
