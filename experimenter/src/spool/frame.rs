//! Frames: records in CBOR, which keeps NaN, each with its length and its checksum.
//!
//! `"\xEFxp1"`, the length of the body, the CRC-32 of the body, the CRC-32 of these twelve bytes; then the body. All
//! numbers are little-endian. The head has a checksum of its own, so that a frame that was not written to its end is
//! told from one that was damaged later, and the next one is found behind either.

use std::io;
use std::ops::Range;

use super::record::Record;

/// What each frame begins with. The last byte is the version of the records.
const MAGIC: [u8; 4] = *b"\xEFxp1";

const HEAD: usize = 16;

/// A record as its frame.
pub(super) fn encode(record: &Record) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; HEAD];
    ciborium::into_writer(record, &mut frame).map_err(|error| io::Error::other(error.to_string()))?;
    let body = &frame[HEAD..];
    let length = u32::try_from(body.len()).map_err(|_| io::Error::other("a result of more than 4 GiB"))?;
    let mut head = [MAGIC, length.to_le_bytes(), crc32fast::hash(body).to_le_bytes()].concat();
    head.extend(crc32fast::hash(&head).to_le_bytes());
    frame[..HEAD].copy_from_slice(&head);
    Ok(frame)
}

/// Bytes that are no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where they are.
    pub bytes: Range<usize>,
    /// Whether they are the beginning of a frame at the end of the file: it was never durable, since its writer ended
    /// in the middle of it.
    pub is_torn: bool,
}

/// All that can be read of a file: its records, and what is none.
///
/// # Errors
/// When another version of the program wrote it.
pub(super) fn decode(bytes: &[u8]) -> io::Result<(Vec<Record>, Vec<Damage>)> {
    if bytes.starts_with(&MAGIC[..3]) && bytes.get(3).is_some_and(|version| *version != MAGIC[3]) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "written by another version of the program"));
    }
    let (mut records, mut damages) = (Vec::new(), Vec::new());
    let mut start = 0;
    while start < bytes.len() {
        match frame_at(&bytes[start..]) {
            Frame::Whole(record, length) => {
                records.push(record);
                start += length;
            }
            broken => {
                let next = (start + 1..bytes.len()).find(|next| is_whole(&bytes[*next..]));
                let is_torn = next.is_none() && matches!(broken, Frame::Short);
                let end = next.unwrap_or(bytes.len());
                damages.push(Damage { bytes: start..end, is_torn });
                start = end;
            }
        }
    }
    Ok((records, damages))
}

fn is_whole(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) && matches!(frame_at(bytes), Frame::Whole(..))
}

enum Frame {
    Whole(Record, usize),
    /// The bytes end before the frame does, or what came of a file that grew before its bytes were written.
    Short,
    Damaged,
}

fn frame_at(bytes: &[u8]) -> Frame {
    let Some((head, body)) = bytes.split_at_checked(HEAD) else {
        let is_beginning = bytes.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic);
        return if is_beginning || is_empty(bytes) { Frame::Short } else { Frame::Damaged };
    };
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if head[..4] != MAGIC || crc32fast::hash(&head[..12]) != number(12) {
        return if is_empty(bytes) { Frame::Short } else { Frame::Damaged };
    }
    let length = number(4) as usize;
    let Some(mut body) = body.get(..length) else { return Frame::Short };
    if crc32fast::hash(body) != number(8) {
        return if is_empty(body) { Frame::Short } else { Frame::Damaged };
    }
    match ciborium::from_reader(&mut body) {
        Ok(record) if body.is_empty() => Frame::Whole(record, HEAD + length),
        _ => Frame::Damaged,
    }
}

/// What a file system shows where nothing was written yet.
fn is_empty(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
