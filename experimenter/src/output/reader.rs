//! The reader: finds a row's records in the files of all hosts, seeking over the others.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;

use super::record::{Header, LONGEST_BODY, LONGEST_HEADER, MAGIC};

/// The files of a table's output, each read up to some place.
#[derive(Debug)]
pub(crate) struct Reader {
    folder: PathBuf,
    table: String,
    /// By host and number, which is the order of an attempt's records.
    files: BTreeMap<(String, u32), Scanner>,
}

/// A record that was found, its bytes not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) attempt: i64,
    /// When the first of its bytes came, local to the host.
    pub(crate) time: NaiveDateTime,
    file: (String, u32),
    offset: u64,
    length: u64,
    from: u64,
}

/// What one run of the row has printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunOutput {
    /// Its records, of which there is at least one.
    pub(crate) records: Vec<Found>,
    pub(crate) attempt: i64,
    pub(crate) started: NaiveDateTime,
}

impl RunOutput {
    /// The runs that these records are of. Attempts of the same number are several runs if the table was dropped between.
    pub(crate) fn of(records: Vec<Found>) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        for record in records {
            let own = runs.iter_mut().rfind(|run| run.continues_with(&record));
            match own {
                Some(run) => run.records.push(record),
                None => runs.push(Self { attempt: record.attempt, started: record.time, records: vec![record] }),
            }
        }
        runs
    }

    /// Whether a later record is of this run, too.
    pub(crate) fn continues_with(&self, record: &Found) -> bool {
        let same_host = self.records.first().is_some_and(|first| first.file.0 == record.file.0);
        self.attempt == record.attempt && same_host && record.from > 0
    }
}

impl Reader {
    /// A reader of what is in a folder, which need not be there.
    pub(crate) fn new(folder: &Path, table: &str) -> Self {
        Self { folder: folder.to_owned(), table: table.to_owned(), files: BTreeMap::new() }
    }

    /// The row's records that were appended since the last call; those of an attempt are in order.
    pub(crate) fn next(&mut self, id: i64) -> io::Result<Vec<Found>> {
        Ok(self.next_of(|other| other == id)?.remove(&id).unwrap_or_default())
    }

    /// The same of several rows, by their IDs.
    pub(crate) fn next_of(&mut self, wanted: impl Fn(i64) -> bool) -> io::Result<BTreeMap<i64, Vec<Found>>> {
        self.look_for_files()?;
        let mut found: BTreeMap<i64, Vec<Found>> = BTreeMap::new();
        for (file, scanner) in &mut self.files {
            while let Some((header, offset)) = scanner.next()? {
                if wanted(header.id) {
                    let Header { id, attempt, time, length, from, .. } = header;
                    found.entry(id).or_default().push(Found {
                        attempt,
                        time,
                        file: file.clone(),
                        offset,
                        length,
                        from,
                    });
                }
            }
        }
        Ok(found)
    }

    /// The last lines of a run.
    pub(crate) fn last_lines(&mut self, run: &RunOutput, lines: usize) -> io::Result<Vec<String>> {
        let mut text = Vec::new();
        for record in run.records.iter().rev() {
            let mut bytes = self.bytes(record)?;
            bytes.append(&mut text);
            text = bytes;
            if text.iter().filter(|byte| **byte == b'\n').count() > lines {
                break;
            }
        }
        let text = String::from_utf8_lossy(&text);
        let all: Vec<_> = text.lines().map(str::to_owned).collect();
        Ok(all[all.len().saturating_sub(lines)..].to_vec())
    }

    /// The bytes of a record.
    pub(crate) fn bytes(&mut self, found: &Found) -> io::Result<Vec<u8>> {
        let scanner = self.files.get_mut(&found.file).ok_or(io::ErrorKind::NotFound)?;
        scanner.bytes(found.offset, found.length)
    }

    fn look_for_files(&mut self) -> io::Result<()> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let file = entry.file_name().to_str().and_then(|name| super::host_and_number(&self.table, name));
            if let Some(file) = file
                && !self.files.contains_key(&file)
            {
                self.files.insert(file, Scanner::open(&entry.path())?);
            }
        }
        Ok(())
    }
}

/// Goes through a file, record by record.
#[derive(Debug)]
struct Scanner {
    file: BufReader<File>,
    /// Where the buffered file is.
    position: u64,
    /// Where the next record is looked for.
    next: u64,
}

impl Scanner {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufReader::new(File::open(path)?), position: 0, next: 0 })
    }

    /// The next whole record, and where its bytes begin. At the end `None`, and again what is appended after that.
    fn next(&mut self) -> io::Result<Option<(Header, u64)>> {
        let mut start = Some(self.next);
        while let Some(place) = start {
            if let Some((header, offset)) = self.record_at(place)? {
                self.next = offset + header.length + 1;
                return Ok(Some((header, offset)));
            }
            // It is torn; or it is being written, and will be whole when it is looked for again.
            start = self.find(place + 1)?;
        }
        Ok(None)
    }

    fn record_at(&mut self, start: u64) -> io::Result<Option<(Header, u64)>> {
        self.seek(start)?;
        let mut line = Vec::new();
        self.position += Read::by_ref(&mut self.file).take(LONGEST_HEADER).read_until(b'\n', &mut line)? as u64;
        let Some(header) = Header::parse(&line).filter(|header| header.length <= LONGEST_BODY) else { return Ok(None) };
        let offset = self.position;
        // A whole record is followed by its newline, and by another or nothing; a torn one by the middle of another.
        let after = self.bytes(offset + header.length, 1 + MAGIC.len() as u64)?;
        let is_whole = after.split_first().is_some_and(|(first, next)| *first == b'\n' && MAGIC.starts_with(next));
        Ok(is_whole.then_some((header, offset)))
    }

    /// So many bytes of a place, or as many as there are.
    fn bytes(&mut self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.seek(offset)?;
        self.position += Read::by_ref(&mut self.file).take(length).read_to_end(&mut bytes)? as u64;
        Ok(bytes)
    }

    /// Where the next header begins, from some place on.
    fn find(&mut self, from: u64) -> io::Result<Option<u64>> {
        self.seek(from)?;
        let mut window = Vec::new();
        loop {
            let read = self.file.fill_buf()?;
            if read.is_empty() {
                return Ok(None);
            }
            window.extend_from_slice(read);
            let length = read.len();
            self.file.consume(length);
            self.position += length as u64;
            if let Some(index) = window.windows(MAGIC.len()).position(|bytes| bytes == MAGIC) {
                return Ok(Some(self.position - (window.len() - index) as u64));
            }
            window.drain(..window.len().saturating_sub(MAGIC.len() - 1));
        }
    }

    /// Goes to a place, within the buffer if that has it.
    fn seek(&mut self, to: u64) -> io::Result<()> {
        self.file.seek_relative(to.wrapping_sub(self.position).cast_signed())?;
        self.position = to;
        Ok(())
    }
}
