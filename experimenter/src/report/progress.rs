//! Progress: a bar on a terminal, lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Console, count, duration};
use crate::executer::{End, Event};

/// How often a line is printed where no bar can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How many failed rows are told one by one.
const TOLD_ERRORS: u64 = 20;

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
        let target = if console.draws() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
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

    fn advance(&mut self) {
        self.at(self.bar.position() + 1);
    }

    /// Says something without spoiling the bar.
    fn say(&self, text: &str) {
        self.bar.suspend(|| self.console.note(text));
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Tells what happens while rows are executed.
#[derive(Debug)]
pub(crate) struct RunReport<'a> {
    progress: Progress<'a>,
    errors: u64,
    /// Few rows are told one by one.
    each: bool,
}

impl<'a> RunReport<'a> {
    pub(crate) fn new(console: &'a Console, rows: u64) -> Self {
        Self { progress: Progress::new(console, "executing", rows), errors: 0, each: rows <= 10 && !console.is_quiet() }
    }

    pub(crate) fn event(&mut self, event: Event) {
        match event {
            Event::Started { id, attempt } if self.each && attempt > 1 => {
                self.progress.say(&format!("row {id}: attempt {attempt}"));
            }
            Event::Started { .. } => {}
            Event::Ended { id, end, elapsed } => {
                self.tell_end(id, &end, elapsed);
                self.progress.advance();
            }
            Event::Unfit(unfit) => self.progress.say(&format!(
                "row {}: `{}` = {} is {}; the column is NULL, the exact value is kept (see status, export)",
                unfit.id, unfit.field, unfit.value, unfit.reason
            )),
            Event::Fenced(error) => {
                self.progress.say(&format!("{error}; its result is kept beside the table"));
                self.progress.advance();
            }
            Event::Silent(reason) => {
                self.progress.say(&format!("the database does not answer, the run goes on: {reason}"));
            }
            Event::Unlogged { id, reason } => {
                self.progress.say(&format!("row {id}: log entries are refused: {reason}"));
            }
            Event::Waiting { id, reason } => {
                self.progress.say(&format!("row {id}: its results wait for the database: {reason}"));
            }
        }
    }

    fn tell_end(&mut self, id: i64, end: &End, elapsed: Duration) {
        match end {
            End::Error(headline) => {
                self.errors += 1;
                if self.errors <= TOLD_ERRORS {
                    self.progress.say(&format!("row {id}: error: {headline}"));
                }
                if self.errors == TOLD_ERRORS {
                    self.progress.say("further errors are counted only; the column `error` has each of them");
                }
            }
            End::Done if self.each => self.progress.say(&format!("row {id}: done in {}", duration(elapsed))),
            End::Paused if self.each => self.progress.say(&format!("row {id}: paused after {}", duration(elapsed))),
            End::Done | End::Paused => {}
        }
    }

    pub(crate) fn finish(&self) {
        self.progress.finish();
    }
}
