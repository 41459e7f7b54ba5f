//! A record: a header line, that many bytes, and a newline.
//!
//! ```text
//! === row 17, attempt 2, 2026-03-01 14:03:22.118, 14 bytes from 0 ===
//! epoch 1 of 20
//! ```

use chrono::NaiveDateTime;

/// How every header begins: what a reader looks for behind a torn record.
pub(super) const MAGIC: &[u8] = b"=== row ";

/// No header line is longer.
pub(super) const LONGEST_HEADER: u64 = 200;

/// No record has more bytes: what claims it is none.
pub(super) const LONGEST_BODY: u64 = 1 << 20;

/// How times are written.
pub(crate) const TIME: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// What the header line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: i64,
    pub(super) attempt: i64,
    /// When the first of the bytes came, local.
    pub(super) time: NaiveDateTime,
    pub(super) length: u64,
    /// How many bytes of the run are before these.
    pub(super) from: u64,
}

impl Header {
    /// Reads a header line, with its newline.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line.strip_prefix(MAGIC)?).ok()?;
        let mut parts = line.strip_suffix(" ===\n")?.split(", ");
        let id = parts.next()?.parse().ok()?;
        let attempt = parts.next()?.strip_prefix("attempt ")?.parse().ok()?;
        let time = NaiveDateTime::parse_from_str(parts.next()?, TIME).ok()?;
        let (length, from) = parts.next()?.split_once(" bytes from ")?;
        let (length, from) = (length.parse().ok()?, from.parse().ok()?);
        parts.next().is_none().then_some(Self { id, attempt, time, length, from })
    }

    /// The whole record.
    pub(super) fn record(&self, body: &[u8]) -> Vec<u8> {
        let Self { id, attempt, time, length, from } = self;
        let time = time.format(TIME);
        let header = format!("=== row {id}, attempt {attempt}, {time}, {length} bytes from {from} ===\n");
        [header.as_bytes(), body, b"\n"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_written() {
        let time = NaiveDateTime::parse_from_str("2026-03-01 14:03:22.118", TIME).expect("a time");
        let header = Header { id: 17, attempt: 2, time, length: 3, from: 9 };
        let record = header.record(b"a\0b");
        assert_eq!(record, b"=== row 17, attempt 2, 2026-03-01 14:03:22.118, 3 bytes from 9 ===\na\0b\n");
        assert_eq!(Header::parse(&record[..record.len() - 4]), Some(header));
        for wrong in ["", "=== row 17\n", "=== row x, attempt 2, 2026-03-01 14:03:22.118, 3 bytes from 9 ===\n"] {
            assert_eq!(Header::parse(wrong.as_bytes()), None, "{wrong}");
        }
        let longest =
            Header { id: i64::MIN, attempt: i64::MIN, time: NaiveDateTime::MAX, length: u64::MAX, from: u64::MAX };
        assert!((longest.record(b"").len() as u64) < LONGEST_HEADER);
    }
}
