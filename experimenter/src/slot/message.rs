//! What an executer and its slots tell each other: frames of a length and a message in CBOR, which keeps NaN.

use std::fmt;
use std::io::{self, Write};

use experimenter_diesel::{Entry, StoreError, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::run::{Cost, Custom, Ending, Task};

/// The version of the messages. Both sides are the same program; a slot that says another is none of ours.
pub(crate) const VERSION: u32 = 2;

/// The longest message, in bytes.
const LONGEST: usize = 1 << 30;

/// The bytes of a frame's length.
const HEAD: usize = 4;

/// What an executer tells a slot.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToSlot {
    /// What holds for all rows; the first message.
    Begin { experiment: String, custom: Custom },
    /// Run the function on a row.
    Run(Box<Task>),
    /// What became of partial results, or of a checkpoint.
    Written(Result<(), StoreError>),
    /// Log entries were refused; the next one is told so.
    Unlogged(StoreError),
    /// The run should come to an end.
    Stop,
    /// There are no more rows.
    Leave,
}

/// What a slot tells its executer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromSlot {
    /// It waits for rows; the first message.
    Ready { version: u32 },
    /// The function runs: what becomes of the process from now on is the run's.
    Began,
    /// Partial results, to which it awaits a reply.
    Write(Vec<Option<Value>>),
    /// The run's state, to which it awaits a reply.
    Checkpoint(#[serde(with = "serde_bytes")] Vec<u8>),
    /// A log entry.
    Log(Entry),
    /// How far the run is.
    Progress { done: u64, total: u64 },
    /// A word to whoever watches.
    Said(String),
    /// The run has ended.
    Ended(Ending, Cost),
}

/// Bytes that are no message.
#[derive(Debug)]
pub(crate) struct Nonsense(String);

impl fmt::Display for Nonsense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message as its frame.
pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; HEAD];
    ciborium::into_writer(message, &mut frame).map_err(|error| io::Error::other(error.to_string()))?;
    let length = frame.len() - HEAD;
    match u32::try_from(length) {
        Ok(head) if length <= LONGEST => frame[..HEAD].copy_from_slice(&head.to_le_bytes()),
        _ => return Err(io::Error::other(format!("a message of {length} bytes is too long"))),
    }
    Ok(frame)
}

/// Writes a message to a blocking stream.
pub(crate) fn write(mut stream: impl Write, message: &impl Serialize) -> io::Result<()> {
    stream.write_all(&encode(message)?)
}

/// Frames out of the bytes of a stream, as they come.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    buffer: Vec<u8>,
    /// Where the first frame begins that was not taken yet.
    start: usize,
}

impl Frames {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if all of it is there.
    pub(crate) fn next<M: DeserializeOwned>(&mut self) -> Result<Option<M>, Nonsense> {
        let Some((head, rest)) = self.buffer[self.start..].split_first_chunk::<HEAD>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > LONGEST {
            return Err(Nonsense(format!("a message of {length} bytes")));
        }
        let Some(mut message) = rest.get(..length) else { return Ok(None) };
        let decoded = ciborium::from_reader(&mut message).map_err(|error| Nonsense(error.to_string()))?;
        if !message.is_empty() {
            return Err(Nonsense(format!("{} bytes behind a message", message.len())));
        }
        self.start += HEAD + length;
        Ok(Some(decoded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_of_any_pieces_as_they_went_in() {
        let values = vec![Some(Value::Float(f64::NAN)), Some(Value::Float(f64::NEG_INFINITY)), None, Some(Value::Null)];
        let bytes = [
            encode(&FromSlot::Ready { version: VERSION }).expect("a frame"),
            encode(&FromSlot::Write(values)).expect("a frame"),
        ]
        .concat();
        for size in 1..bytes.len() {
            let mut frames = Frames::default();
            let mut shown = Vec::new();
            for piece in bytes.chunks(size) {
                frames.push(piece);
                while let Some(message) = frames.next::<FromSlot>().expect("a message") {
                    shown.push(format!("{message:?}"));
                }
            }
            assert_eq!(
                shown,
                ["Ready { version: 2 }", "Write([Some(Float(NaN)), Some(Float(-inf)), None, Some(Null)])"]
            );
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        let nonsense: [&[u8]; 3] = [&[255; 64], &[1, 0, 0, 0, 0xff], b"\x05\0\0\0hello"];
        for bytes in nonsense {
            let mut frames = Frames::default();
            frames.push(bytes);
            assert!(frames.next::<FromSlot>().is_err(), "{bytes:?}");
        }
    }
}
