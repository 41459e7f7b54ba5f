//! What happens while rows are executed, as it happens: a line for each slot on a terminal, lines elsewhere, or JSON.
//!
//! It has a thread of its own: a terminal that takes its time must not hold up the executer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use experimenter_diesel::{Dead, Death, Reaped, Suspect, Value};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::events::as_json;
use super::{Console, are, count, duration, rows, terminal};
use crate::executer::{End, Event};

/// How often a line is printed where nothing can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How often slots are drawn.
const DRAW_EVERY: Duration = Duration::from_millis(200);

/// How many failed rows are told one by one.
const TOLD_ERRORS: u64 = 20;

/// Up to so many rows are told one by one.
const FEW: u64 = 10;

/// While so many events wait for the terminal, those that only pass by are left out.
const BACKLOG: u64 = 4_096;

/// The way of the events to their report.
#[derive(Debug)]
pub(crate) struct Events {
    sender: Sender<Event>,
    waiting: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

impl Events {
    /// Passes an event on. Nobody waits for the terminal, and what is counted is never left out.
    pub(crate) fn tell(&self, event: Event) {
        if self.waiting.load(Ordering::Relaxed) >= BACKLOG {
            match event {
                Event::Progress { .. } => return,
                Event::Said { .. } => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                _ => {}
            }
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // The report listens until nobody can tell anything.
        let _heard = self.sender.send(event);
    }
}

/// Tells what happens while rows are executed.
#[derive(Debug)]
pub(crate) struct RunReport<'a> {
    console: &'a Console,
    /// The keyfields' names.
    names: Vec<String>,
    events: Receiver<Event>,
    /// How many events wait, and how many were left out.
    waiting: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
    screen: Screen,
    total: u64,
    ended: u64,
    errors: u64,
    running: u64,
    started: Instant,
    last_line: Instant,
    /// Whether events go to the standard output as JSON, which may have been closed.
    json: bool,
}

impl<'a> RunReport<'a> {
    pub(crate) fn new(console: &'a Console, names: Vec<String>, total: u64, json: bool) -> (Self, Events) {
        let (sender, events) = channel();
        let (waiting, lost) = <(Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let now = Instant::now();
        let report = Self {
            console,
            names,
            events,
            waiting: Arc::clone(&waiting),
            lost: Arc::clone(&lost),
            screen: Screen::new(console.draws() && !json, total),
            total,
            ended: 0,
            errors: 0,
            running: 0,
            started: now,
            last_line: now,
            json,
        };
        (report, Events { sender, waiting, lost })
    }

    /// Tells events until there are no more.
    pub(crate) fn listen(mut self) {
        loop {
            match self.events.recv_timeout(DRAW_EVERY) {
                Ok(event) => {
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    self.event(event);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.screen.draw();
            self.line();
        }
        self.screen.clear();
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            self.console.note(&format!("{} messages were left out: what shows them was too slow", count(lost)));
        }
    }

    fn event(&mut self, event: Event) {
        if self.json
            && let Some(object) = as_json(&event, &self.names)
        {
            // Nobody reads any more; the rows go on.
            self.json = self.console.result(&object.to_string()).is_ok();
        }
        match event {
            Event::Started { slot, id, attempt, key } => {
                self.running += 1;
                if self.each() && attempt > 1 {
                    self.say(&format!("row {id}: attempt {attempt}"));
                }
                self.screen.begin(slot, format!("row {id} · {}", self.key(&key)));
            }
            Event::Progress { slot, done, total } => self.screen.progress(slot, done, total),
            Event::Idle { slot } => {
                self.running = self.running.saturating_sub(1);
                self.screen.end(slot);
            }
            Event::Said { id, text } => self.say(&format!("row {id}: {text}")),
            Event::Ended { id, end, elapsed } => self.ended(id, &end, elapsed),
            Event::Fenced(error) => {
                self.say(&format!("{error}; its result is kept beside the table"));
                self.advance();
            }
            event => {
                let sentence = sentence(&event);
                self.say(&sentence);
            }
        }
    }

    fn ended(&mut self, id: i64, end: &End, elapsed: Duration) {
        match end {
            End::Error(headline) => {
                self.errors += 1;
                if self.errors <= TOLD_ERRORS {
                    self.say(&format!("row {id}: error: {headline}"));
                }
                if self.errors == TOLD_ERRORS {
                    self.say("further errors are counted only; the column `error` has each of them");
                }
            }
            End::Done if self.each() => self.say(&format!("row {id}: done in {}", duration(elapsed))),
            End::Paused if self.each() => self.say(&format!("row {id}: paused after {}", duration(elapsed))),
            End::Done | End::Paused => {}
        }
        self.advance();
    }

    /// Few rows are told one by one.
    fn each(&self) -> bool {
        self.total <= FEW
    }

    fn advance(&mut self) {
        self.ended += 1;
        self.screen.total.set_position(self.ended);
    }

    fn key(&self, key: &[Value]) -> String {
        let pairs = self.names.iter().zip(key).map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    }

    /// Says something without spoiling what is drawn.
    fn say(&self, text: &str) {
        self.screen.lines.suspend(|| self.console.note(text));
    }

    /// From time to time a line on how far the rows are, where that is not drawn.
    fn line(&mut self) {
        if self.screen.drawn || self.json || self.last_line.elapsed() < LINE_EVERY {
            return;
        }
        self.last_line = Instant::now();
        let mut line = format!("executing: {} of {}", count(self.ended), rows(self.total));
        if self.errors > 0 {
            line.push_str(&format!(", {} in error", count(self.errors)));
        }
        line.push_str(&format!(" · {} running", self.running));
        if let Some(left) = left(self.started.elapsed(), self.ended, self.total) {
            line.push_str(&format!(" · {} left", duration(left)));
        }
        self.console.note(&line);
    }
}

/// How long the rest takes, at the pace so far.
fn left(elapsed: Duration, ended: u64, total: u64) -> Option<Duration> {
    let ended = u32::try_from(ended).ok().filter(|ended| *ended > 0)?;
    let rest = u32::try_from(total.saturating_sub(ended.into())).ok()?;
    Some(elapsed / ended * rest)
}

/// What is said of an event that is no row's beginning or end.
fn sentence(event: &Event) -> String {
    match event {
        Event::GivenBack { id } => format!("row {id}: stopped, and open again"),
        Event::OutOfTime { least } => {
            format!("no more rows are begun: less than {} of the wall time is left", humantime::format_duration(*least))
        }
        Event::Stopping { why, running, grace } => {
            let (running, grace) = (rows((*running).into()), duration(*grace));
            format!("{why}: no more rows are begun; {running} may run on for {grace} (Ctrl-C again: at once)")
        }
        Event::SlowSlot { waited } => format!(
            "a slot is not ready after {}: what `main` does before `experimenter::main()` is done in each slot, where there \
             is no standard input",
            duration(*waited)
        ),
        Event::Unfit(unfit) => format!(
            "row {}: `{}` = {}: {}; it is kept beside the table (see status, export)",
            unfit.id, unfit.field, unfit.value, unfit.reason
        ),
        Event::Silent(reason) => format!("the database did not take a sign of life, rows run on: {reason}"),
        Event::Reaped { dead, reaped } => reaping(dead, reaped),
        Event::Lapsed { rows: lapsed, observation } => format!(
            "{} {} held by executers that are not heard of, and open again if that lasts for {} \
             (--no-wait ends without them)",
            rows(*lapsed),
            are(*lapsed),
            duration(*observation)
        ),
        Event::DeclaredDead { rows: running } => format!(
            "others have declared this executer dead, since it was not heard of; it takes back what it still runs ({})",
            rows(*running as u64)
        ),
        Event::Lost { id } => format!("row {id} was reset or claimed again: its run here is ended"),
        Event::Away(reason) => format!("the database is away; rows run on, and what is for it waits: {reason}"),
        Event::Back { after } => format!("the database is back after {}", duration(*after)),
        Event::Unlogged { id, reason } => format!("row {id}: log entries are refused: {reason}"),
        Event::Waiting { id, reason } => {
            format!("row {id}: what it gave waits for the database: {reason}")
        }
        Event::Blocked(reason) => format!("a claim is tried again: {reason}"),
        Event::Unspooled { reason } => {
            format!("results cannot be kept on the disk, and go to the database alone: {reason}")
        }
        Event::Uncaptured { reason } => format!("what runs print is not kept: {reason}"),
        other => format!("{other:?}"),
    }
}

fn reaping(dead: &Dead, reaped: &Reaped) -> String {
    let Suspect { name, host, pid, heard, .. } = &dead.executer;
    let what = match dead.death {
        Death::Left => "left rows behind".to_owned(),
        Death::Ended => "has ended without a word".to_owned(),
        Death::Silent | Death::Declared => {
            format!("is not heard of since {}", heard.as_deref().unwrap_or("its beginning"))
        }
    };
    let mut text = format!("the executer {name} (process {pid} on {host}) {what}");
    if !reaped.opened.is_empty() {
        let opened = reaped.opened.len() as u64;
        text.push_str(&format!("; {} {} open again", rows(opened), are(opened)));
    }
    for id in &reaped.given_up {
        text.push_str(&format!("; row {id} has crashed too often, and is in error"));
    }
    text
}

/// The lines that are drawn: one for each slot, and one for all rows.
#[derive(Debug)]
struct Screen {
    drawn: bool,
    lines: MultiProgress,
    slots: Vec<Line>,
    total: ProgressBar,
    last: Instant,
}

/// The line of a slot.
#[derive(Debug)]
struct Line {
    bar: ProgressBar,
    /// What runs in it, and since when.
    row: Option<(String, Instant)>,
    /// How far that is.
    progress: Option<(u64, u64)>,
}

impl Screen {
    fn new(drawn: bool, rows: u64) -> Self {
        let lines = MultiProgress::with_draw_target(terminal::draw_target(drawn));
        let total = lines.add(ProgressBar::new(rows));
        let template = "executing {wide_bar} {human_pos}/{human_len} · {per_sec} · {eta} left";
        // The template is a constant, and a bar in another style still counts.
        total.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { drawn, lines, slots: Vec::new(), total, last: Instant::now() }
    }

    fn begin(&mut self, slot: usize, row: String) {
        while self.drawn && self.slots.len() <= slot {
            let bar = self.lines.insert_before(&self.total, ProgressBar::new_spinner());
            bar.set_style(ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.slots.push(Line { bar, row: None, progress: None });
        }
        if let Some(line) = self.slots.get_mut(slot) {
            (line.row, line.progress) = (Some((row, Instant::now())), None);
        }
    }

    fn progress(&mut self, slot: usize, done: u64, total: u64) {
        if let Some(line) = self.slots.get_mut(slot) {
            line.progress = Some((done, total));
        }
    }

    fn end(&mut self, slot: usize) {
        if let Some(line) = self.slots.get_mut(slot) {
            line.row = None;
        }
    }

    fn draw(&mut self) {
        if !self.drawn || self.last.elapsed() < DRAW_EVERY {
            return;
        }
        self.last = Instant::now();
        for (number, line) in self.slots.iter().enumerate() {
            line.bar.set_message(line.text(number));
        }
    }

    fn clear(&self) {
        for line in &self.slots {
            line.bar.finish_and_clear();
        }
        self.total.finish_and_clear();
    }
}

impl Line {
    fn text(&self, number: usize) -> String {
        let Some((row, since)) = &self.row else { return format!("{number:>3}  idle") };
        let mut text = format!("{number:>3}  {:>10}  ", duration(since.elapsed()));
        if let Some((done, total)) = self.progress {
            let percent = (done.saturating_mul(100)).checked_div(total).unwrap_or(0);
            text.push_str(&format!("{percent:>3} %  "));
        }
        text.push_str(row);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_the_pace_says() {
        assert_eq!(left(Duration::from_secs(10), 5, 15), Some(Duration::from_secs(20)));
        assert_eq!(left(Duration::from_secs(10), 0, 15), None);
    }

    #[test]
    fn a_report_that_nobody_hears_holds_up_nobody() {
        let console = Console::new(true, false);
        let (report, events) = RunReport::new(&console, Vec::new(), 0, false);
        for id in 0..10_000 {
            events.tell(Event::Idle { slot: 0 });
            events.tell(Event::Progress { slot: 0, done: 1, total: 2 });
            events.tell(Event::Said { id, text: String::new() });
        }
        assert!(report.lost.load(Ordering::Relaxed) > 8_000);
        let told = report.events.try_iter().filter(|event| matches!(event, Event::Idle { .. })).count();
        assert_eq!(told, 10_000, "none is left out that counts");
    }
}
