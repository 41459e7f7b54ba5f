//! Writers and readers over a folder of their own.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;

use super::{Capture, OutputLog, Reader, RunOutput};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn open(folder: &TempDir, host: &str) -> OutputLog {
    OutputLog::open(folder.path(), "study", host).expect("a log")
}

/// Writes chunks of a run, each as a record.
async fn write(log: &OutputLog, id: i64, attempt: i64, chunks: &[&[u8]]) {
    let mut capture = Capture::new(id, attempt);
    for chunk in chunks {
        capture.push(log, chunk).await;
        capture.flush(log).await;
    }
    capture.finish(log).await;
}

/// What the runs of a row have printed: attempt, number of records, bytes.
fn runs(folder: &Path, id: i64) -> Vec<(i64, usize, Vec<u8>)> {
    let mut reader = Reader::new(folder, "study");
    let found = reader.next(id).expect("readable");
    let runs = RunOutput::of(found).into_iter().map(|run| {
        let bytes = run.records.iter().flat_map(|record| reader.bytes(record).expect("readable")).collect();
        (run.attempt, run.records.len(), bytes)
    });
    runs.collect()
}

fn first_file(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("study.n1.log")
}

#[test]
fn any_bytes_come_back_from_every_host_by_row_and_attempt() {
    let folder = folder();
    let all: Vec<u8> = (0..=255).collect();
    block_on(async {
        let (first, second) = (open(&folder, "n1"), open(&folder, "n2.example.org"));
        write(&first, 1, 1, &[&all, b"=== row 1, attempt 1\n", b"", b"no newline"]).await;
        write(&first, 2, 1, &[b"another row"]).await;
        write(&second, 1, 2, &[b"again\n"]).await;
    });
    let whole = [&all[..], b"=== row 1, attempt 1\nno newline"].concat();
    assert_eq!(runs(folder.path(), 1), [(1, 3, whole), (2, 1, b"again\n".to_vec())]);
    assert_eq!(runs(folder.path(), 3), []);
    assert_eq!(runs(&folder.path().join("nowhere"), 1), []);
}

#[test]
fn a_later_run_of_the_same_attempt_is_another() {
    let folder = folder();
    let log = open(&folder, "n1");
    block_on(write(&log, 1, 1, &[b"a", b"b"]));
    block_on(write(&log, 1, 1, &[b"c", b"d"]));
    assert_eq!(runs(folder.path(), 1), [(1, 2, b"ab".to_vec()), (1, 2, b"cd".to_vec())]);
}

#[test]
fn writers_of_one_host_do_not_mix_their_records() {
    let folder = folder();
    std::thread::scope(|scope| {
        for id in 0..8 {
            let folder = &folder;
            scope.spawn(move || {
                let log = OutputLog::with_limit(folder.path(), "study", "n1", 10_000).expect("a log");
                let chunks: Vec<_> = (0..200).map(|n| format!("{id}: {n}\n").repeat(n % 7 + 1)).collect();
                let chunks: Vec<_> = chunks.iter().map(String::as_bytes).collect();
                block_on(write(&log, id, 1, &chunks));
                assert!(log.finish().is_none());
            });
        }
    });
    for id in 0..8 {
        let expected: String = (0..200).map(|n| format!("{id}: {n}\n").repeat(n % 7 + 1)).collect();
        let found = runs(folder.path(), id);
        assert!(found == [(1, 200, expected.into_bytes())], "row {id}: all lines in their order");
    }
    assert!(folder.path().join("study.n1.10.log").exists(), "a full file is followed by the next");
}

#[test]
fn a_torn_record_is_skipped_wherever_it_is_torn() {
    let whole = folder();
    block_on(write(&open(&whole, "n1"), 1, 1, &[b"=== row is no header, and this record is torn"]));
    let record = std::fs::read(first_file(&whole)).expect("a record");
    for length in 0..record.len() {
        let folder = folder();
        let log = open(&folder, "n1");
        block_on(write(&log, 2, 1, &[b"before"]));
        let mut file = OpenOptions::new().append(true).open(first_file(&folder)).expect("the file");
        file.write_all(&record[..length]).expect("written");
        let mut reader = Reader::new(folder.path(), "study");
        assert_eq!(reader.next(2).expect("readable").len(), 1);
        block_on(write(&log, 2, 1, &[b"x", &[b'y'; 20_000], b"after"]));
        assert_eq!(reader.next(2).expect("readable").len(), 3, "torn after {length} bytes");
        // All but the last newline is as good as whole, where another record follows.
        assert_eq!(runs(folder.path(), 1), [], "torn after {length} bytes");
    }
}

#[test]
fn what_is_being_written_is_found_when_it_is_whole() {
    let (whole, folder) = (folder(), folder());
    block_on(write(&open(&whole, "n1"), 1, 1, &[b"a line\n=== row 2 of a table\nanother line\n"]));
    let record = std::fs::read(first_file(&whole)).expect("a record");
    let mut reader = Reader::new(folder.path(), "study");
    let mut file = std::fs::File::create(first_file(&folder)).expect("a file");
    for byte in record.chunks(1) {
        assert_eq!(reader.next(1).expect("readable"), []);
        file.write_all(byte).expect("written");
    }
    assert_eq!(reader.next(1).expect("readable").len(), 1);
    assert_eq!(reader.next(1).expect("readable"), []);
}

#[test]
fn of_too_much_the_beginning_and_the_end_are_kept() {
    const LINES: usize = 1_000_000;
    let folder = folder();
    let log = open(&folder, "n1");
    block_on(async {
        let mut capture = Capture::new(1, 1);
        for line in 0..LINES {
            capture.push(&log, format!("line {line:07} of many\n").as_bytes()).await;
        }
        capture.finish(&log).await;
    });
    let [(1, records, bytes)] = &runs(folder.path(), 1)[..] else { panic!("one run") };
    let text = String::from_utf8_lossy(bytes);
    assert!(text.starts_with("line 0000000 of many\nline 0000001 of many\n"));
    assert!(text.contains("\n[experimenter: 16.0 MiB of output not kept; the last 64 KiB follow]\n"));
    assert!(text.ends_with("line 0999999 of many\n"));
    assert_eq!((*records, bytes.len() - 69), (65, (4 << 20) + (64 << 10)));
}

#[test]
fn nothing_is_left_out_up_to_the_bound() {
    let folder = folder();
    let log = open(&folder, "n1");
    let output: Vec<u8> = (0..(4 << 20) + (64 << 10)).map(|n: u32| n.to_le_bytes()[(n % 3) as usize]).collect();
    block_on(write(&log, 1, 1, &[&output]));
    let found = runs(folder.path(), 1);
    assert!(found[0].2 == output, "all bytes are there");
}

#[test]
fn many_small_chunks_become_few_records() {
    let folder = folder();
    let log = open(&folder, "n1");
    block_on(async {
        let mut capture = Capture::new(1, 1);
        for _ in 0..100_000 {
            capture.push(&log, b"a short line\n").await;
        }
        capture.finish(&log).await;
    });
    let [(1, 20, bytes)] = &runs(folder.path(), 1)[..] else { panic!("20 records of one run") };
    assert_eq!(bytes.len(), 1_300_000);
}

#[test]
fn a_failure_is_told_once_and_ends_nothing() {
    let folder = folder();
    let path = folder.path().join("output");
    std::fs::write(&path, "a file where the folder should be").expect("written");
    let log = OutputLog::open(&path, "study", "n1").expect("a log");
    block_on(write(&log, 1, 1, &[b"lost", b"lost"]));
    assert!(log.failure().is_some());
    block_on(write(&log, 1, 2, &[b"lost"]));
    assert!(log.failure().is_none());
    std::fs::remove_file(&path).expect("removed");
    block_on(write(&log, 1, 3, &[b"kept"]));
    assert!(log.finish().is_none());
    assert_eq!(runs(&path, 1), [(3, 1, b"kept".to_vec())]);
}

#[test]
fn a_file_that_is_deleted_is_made_again() {
    let folder = folder();
    let log = open(&folder, "n1");
    block_on(write(&log, 1, 1, &[b"deleted"]));
    std::fs::remove_file(first_file(&folder)).expect("removed");
    block_on(write(&log, 1, 2, &[b"kept"]));
    assert_eq!(runs(folder.path(), 1), [(2, 1, b"kept".to_vec())]);
}

#[test]
fn the_tail_is_what_a_terminal_would_show() {
    let folder = folder();
    let log = open(&folder, "n1");
    let tail = |chunks: &[&[u8]], lines| {
        let mut capture = Capture::new(1, 1);
        block_on(async {
            for chunk in chunks {
                capture.push(&log, chunk).await;
            }
        });
        capture.tail(lines)
    };
    assert_eq!(tail(&[], 3), "");
    assert_eq!(tail(&[b"a\nb\nc\n", b"d\n\n"], 2), "c\nd");
    assert_eq!(tail(&[b"start\r\n 10 %\r 50 %\r100 %\r\nend"], 3), "start\n100 %\nend");
    assert_eq!(tail(&[b"\ttab \0NUL \x1b[1mbold \xff"], 1), "\ttab NUL [1mbold \u{fffd}");
    assert_eq!(tail(&[&[b'x'; 300_000], b"\nlast"], 2), format!("{}\nlast", "x".repeat(500)));
}
