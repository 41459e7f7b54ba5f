//! What a person sees: the only place that prints.
//!
//! Results go to the standard output; what a command does meanwhile, and failures, to the standard error.

mod console;
mod error_groups;
mod events;
mod live;
mod progress;
mod statistics;
mod table;
mod terminal;

use std::borrow::Cow;
use std::time::Duration;

pub(crate) use console::Console;
pub(crate) use error_groups::{ErrorGroup, ErrorGroups};
pub(crate) use live::RunReport;
pub(crate) use progress::Progress;
pub(crate) use statistics::{Group, Groups, Statistic, Statistics};
pub(crate) use table::Table;

/// A number as people read it: `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many things: `1 row`, `1,234 rows`, `2 entries`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if n == 1 => format!("1 {noun}"),
        Some(stem) => format!("{} {stem}ies", count(n)),
        None => format!("{} {noun}s", count(n)),
    }
}

/// So many rows.
pub(crate) fn rows(n: u64) -> String {
    counted(n, "row")
}

/// The verb for so many.
pub(crate) fn are(n: u64) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

/// A time as people read it: `0.35 s`, `12.0 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{:.2} s", time.as_secs_f64()),
        1..=59 => format!("{:.1} s", time.as_secs_f64()),
        60..=3_599 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A number of seconds as a time.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()
}

/// A size as people read it: `512 B`, `1.5 KiB`, `8.0 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).display().iec().to_string()
}

/// A field of CSV by RFC 4180.
pub(crate) fn csv_field(field: &str) -> Cow<'_, str> {
    if field.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        format!("\"{}\"", field.replace('"', "\"\"")).into()
    } else {
        field.into()
    }
}

/// A bar of how much is done.
pub(crate) fn bar(done: u64, total: u64) -> String {
    const WIDTH: u64 = 40;
    let filled = (done * WIDTH).checked_div(total).unwrap_or(0);
    let percent = (done * 100).checked_div(total).unwrap_or(0);
    let cells: String = (0..WIDTH).map(|cell| if cell < filled { '█' } else { '░' }).collect();
    format!("{cells} {percent} % done")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        let times = [0.351, 12.0, 200.0, 7_500.0, 273_600.0];
        let shown = times.map(|seconds| duration(Duration::from_secs_f64(seconds)));
        assert_eq!(shown, ["0.35 s", "12.0 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"]);
        assert_eq!([512, 1_536, 1 << 33].map(size), ["512 B", "1.5 KiB", "8.0 GiB"]);
        assert_eq!(bar(0, 0), format!("{} 0 % done", "░".repeat(40)));
    }
}
