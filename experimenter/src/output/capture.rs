//! A run's output on its way to the log: small chunks are put together, and what is too much is left out.

use chrono::{Local, NaiveDateTime};

use super::log::OutputLog;
use super::record::Header;
use crate::report::size;

/// So much of a run is kept as it comes.
const FIRST: u64 = 4 << 20;

/// So much of its end is kept in any case, and this is a record's length.
const LAST: usize = 64 << 10;

/// No line of a [tail](Capture::tail) has more characters.
const LONGEST_LINE: usize = 500;

/// The output of one run.
#[derive(Debug)]
pub(crate) struct Capture {
    id: i64,
    attempt: i64,
    /// How many bytes the run has given.
    total: u64,
    /// How many are on their way to the file.
    sent: u64,
    /// Bytes on their way to a record, and when the first of them came.
    pending: Vec<u8>,
    since: NaiveDateTime,
    /// At least the last bytes; twice as many at most, so that they seldom move.
    recent: Vec<u8>,
}

impl Capture {
    pub(crate) fn new(id: i64, attempt: i64) -> Self {
        Self { id, attempt, total: 0, sent: 0, pending: Vec::new(), since: now(), recent: Vec::new() }
    }

    /// Takes a chunk.
    pub(crate) async fn push(&mut self, log: &OutputLog, bytes: &[u8]) {
        self.remember(bytes);
        let room = usize::try_from(FIRST.saturating_sub(self.total)).unwrap_or(usize::MAX);
        self.total += bytes.len() as u64;
        let mut bytes = &bytes[..bytes.len().min(room)];
        while !bytes.is_empty() {
            let (next, later) = bytes.split_at(bytes.len().min(LAST - self.pending.len()));
            self.append(next);
            if self.pending.len() == LAST {
                self.flush(log).await;
            }
            bytes = later;
        }
    }

    /// Sends what waits for more.
    pub(crate) async fn flush(&mut self, log: &OutputLog) {
        let body = std::mem::take(&mut self.pending);
        if !body.is_empty() {
            let Self { id, attempt, since: time, sent: from, .. } = *self;
            let length = body.len() as u64;
            self.sent += length;
            log.send(Header { id, attempt, time, length, from }, body).await;
        }
    }

    /// Sends the rest, after a run of much output its last part, and waits until it is written: who learns that a row
    /// has ended finds all of its output.
    pub(crate) async fn finish(mut self, log: &OutputLog) {
        self.flush(log).await;
        let beyond = self.total.saturating_sub(FIRST);
        let last = self.recent.len().min(LAST).min(usize::try_from(beyond).unwrap_or(LAST));
        let left_out = beyond - last as u64;
        if left_out > 0 {
            let notice = format!("\n[experimenter: {} of output not kept; the last 64 KiB follow]\n", size(left_out));
            self.append(notice.as_bytes());
        }
        let end = self.recent.split_off(self.recent.len() - last);
        self.append(&end);
        self.flush(log).await;
        if self.total > 0 {
            log.sync().await;
        }
    }

    /// The last lines, as text for people: of a line that was drawn over, its last state.
    pub(crate) fn tail(&self, lines: usize) -> String {
        let text = String::from_utf8_lossy(&self.recent[self.recent.len().saturating_sub(LAST)..]);
        let text = text.trim_end();
        let skipped = text.lines().count().saturating_sub(lines);
        text.lines().skip(skipped).map(last_state).collect::<Vec<_>>().join("\n")
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.pending.is_empty() {
            self.since = now();
        }
        self.pending.extend_from_slice(bytes);
    }

    fn remember(&mut self, bytes: &[u8]) {
        self.recent.extend_from_slice(&bytes[bytes.len().saturating_sub(LAST)..]);
        if self.recent.len() > 2 * LAST {
            self.recent.drain(..self.recent.len() - LAST);
        }
    }
}

/// What a terminal would show of a line, cut where it is too long.
fn last_state(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let state = line.rsplit('\r').next().unwrap_or_default();
    state.chars().filter(|c| *c == '\t' || !c.is_control()).take(LONGEST_LINE).collect()
}

fn now() -> NaiveDateTime {
    Local::now().naive_local()
}
