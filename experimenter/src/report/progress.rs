//! Progress: a bar on a terminal, lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Console, count, duration, terminal};

/// How often a line is printed where no bar can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How far a piece of work is.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    console: &'a Console,
    bar: ProgressBar,
    verb: &'static str,
    last_line: Instant,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(console: &'a Console, verb: &'static str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), terminal::draw_target(console.draws()));
        let template = "{msg} {wide_bar} {human_pos}/{human_len} · {per_sec} · {eta} left";
        // The template is a constant, and a bar in another style still counts.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(verb);
        Self { console, bar, verb, last_line: Instant::now() }
    }

    pub(crate) fn at(&mut self, position: u64) {
        self.bar.set_position(position);
        if self.bar.is_hidden() && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let total = self.bar.length().unwrap_or(position);
            let left = duration(self.bar.eta());
            self.console.note(&format!("{}: {} of {} · {left} left", self.verb, count(position), count(total)));
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
