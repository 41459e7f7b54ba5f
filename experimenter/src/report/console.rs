//! The two streams.

use std::io::{self, IsTerminal, Write};

/// The standard output and error, with the user's wish for quiet or JSON.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    json: bool,
}

impl Console {
    pub(crate) fn new(quiet: bool, json: bool) -> Self {
        Self { quiet, json }
    }

    /// Whether results are to be JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress can be drawn.
    pub(crate) fn draws(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints what a command was asked for.
    pub(crate) fn result(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()
    }

    /// Makes place for what is printed anew: empties a terminal, leaves a line elsewhere.
    pub(crate) fn clear(&self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        if stdout.is_terminal() { write!(stdout, "\x1b[H\x1b[2J") } else { writeln!(stdout) }
    }

    /// Prints what a command was asked for, as JSON.
    pub(crate) fn json(&self, value: &serde_json::Value) -> io::Result<()> {
        self.result(&format!("{value:#}"))
    }

    /// Says what is going on.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says what went wrong, and what to do next.
    pub(crate) fn failure(&self, message: &str, hints: &[String]) {
        self.say(&format!("error: {message}"));
        for hint in hints {
            self.say(&format!("hint: {hint}"));
        }
    }

    fn say(&self, text: &str) {
        // There is no third stream to say that the second one is closed.
        let _said = writeln!(io::stderr().lock(), "{text}");
    }
}
