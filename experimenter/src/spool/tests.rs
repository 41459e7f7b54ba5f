//! The log as a disk may leave it.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use experimenter_diesel::{Ending, Figures, Finish, Target, Value};
use tempfile::TempDir;

use super::reader::{Log, files};
use super::*;

fn header(executer: i64) -> Header {
    let target = Target::parse("mysql://me:secret@db.host/thesis").expect("a URL");
    Header::new(&target, "study", executer, "here")
}

/// The result of a row, with any values.
fn finish(id: i64, values: Vec<Value>) -> Finish {
    let claim = serde_json::json!({
        "id": id, "created": { "Text": "2026-01-31 12:00:00" }, "attempt": 1, "executer": 7, "key": [{ "Int": id }],
        "hash": vec![0; 16], "log_seq": 0,
    });
    let claim = serde_json::from_value(claim).expect("a claim");
    let figures = Figures { wall_seconds: 0.1, peak_bytes: Some(u64::MAX), ..Figures::default() };
    Finish::now(claim, Ending::Done(values), Some(figures), Vec::new())
}

fn finishes(ids: std::ops::Range<i64>) -> Vec<Finish> {
    ids.map(|id| finish(id, vec![Value::Int(id)])).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop").block_on(future)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn logs(folder: &TempDir) -> Vec<PathBuf> {
    files(folder.path(), &[LOG]).expect("a folder")
}

/// The log of an executer that was killed after it wrote some results.
fn log_of(folder: &TempDir, ids: std::ops::Range<i64>) -> PathBuf {
    let mut spool = Spool::new(folder.path(), header(7));
    block_on(spool.append(finishes(ids))).expect("a disk");
    let [log] = &logs(folder)[..] else { panic!("one log") };
    log.clone()
}

fn waiting(log: &Path) -> Vec<i64> {
    Log::open(log.to_owned()).expect("a log").waiting().map(|result| result.finish.claim.id).collect()
}

#[test]
fn what_is_appended_comes_back_exactly() {
    let folder = folder();
    let mut spool = Spool::new(folder.path(), header(7));
    assert!(logs(&folder).is_empty(), "there is no file before the first result");
    let values = vec![
        Value::Float(f64::NAN),
        Value::Float(f64::NEG_INFINITY),
        Value::Float(-0.0),
        Value::Float(0.1),
        Value::UInt(u64::MAX),
        Value::Text("\0\u{1F600}".to_owned()),
        Value::Bytes(vec![0, 255]),
        Value::Null,
    ];
    assert_eq!(block_on(spool.append(vec![finish(1, values.clone())])).expect("a disk"), [1]);
    assert_eq!(block_on(spool.append(finishes(2..4))).expect("a disk"), [2, 3]);
    block_on(spool.acknowledge(&[2])).expect("a disk");
    assert_eq!(spool.waiting(), 2);

    let log = Log::open(logs(&folder).remove(0)).expect("a log");
    assert!(log.is_at_work, "its executer holds it");
    assert_eq!((log.header.as_ref(), &log.damages[..]), (Some(&header(7)), &[][..]));
    assert!(!format!("{log:?}").contains("secret"));
    let results: Vec<_> = log.waiting().map(|result| (result.sequence, format!("{:?}", result.finish))).collect();
    let expected = [(1, finish(1, values)), (3, finish(3, vec![Value::Int(3)]))];
    assert_eq!(results, expected.map(|(sequence, finish)| (sequence, format!("{finish:?}"))));

    drop(spool);
    assert!(!Log::open(logs(&folder).remove(0)).expect("a log").is_at_work, "its executer is gone");
}

#[test]
fn a_log_that_was_cut_anywhere_gives_all_that_is_whole() {
    let folder = folder();
    let log = log_of(&folder, 0..3);
    let bytes = fs::read(&log).expect("a log");
    let mut seen = Vec::new();
    for length in 0..=bytes.len() {
        fs::write(&log, &bytes[..length]).expect("a file");
        let cut = Log::open(log.clone()).expect("a log");
        assert!(cut.damages.iter().all(|damage| damage.is_torn && damage.bytes.end == length), "{:?}", cut.damages);
        seen.push(cut.results.len());
        assert!(cut.results.iter().zip(0..).all(|(result, id)| result.finish.claim.id == id));
    }
    assert!(seen.is_sorted() && seen.last() == Some(&3), "{seen:?}");
}

#[test]
fn a_bit_that_flipped_costs_its_own_record_and_is_told() {
    let folder = folder();
    let log = log_of(&folder, 0..3);
    let whole = fs::read(&log).expect("a log");
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(&log, &bytes).expect("a file");
        let Ok(damaged) = Log::open(log.clone()) else {
            assert_eq!(place, 3, "the version alone says that nothing can be read");
            continue;
        };
        let [damage] = &damaged.damages[..] else { panic!("{place}: {:?}", damaged.damages) };
        assert!(damage.bytes.contains(&place) && !damage.is_torn, "{place}: {damage:?}");
        let records = damaged.results.len() + usize::from(damaged.header.is_some());
        assert_eq!(records, 3, "all but the damaged one");
        damaged.retire().expect("a log");
        assert!(log.exists(), "a damaged log stays");
    }
}

#[test]
fn garbage_between_records_is_told_with_its_place() {
    let folder = folder();
    let log = log_of(&folder, 0..1);
    let first = fs::read(&log).expect("a log");
    let other = tempfile::tempdir().expect("a folder");
    let second = fs::read(log_of(&other, 1..2)).expect("a log");
    fs::write(&log, [&first[..], &[0; 5000], b"garbage", &second].concat()).expect("a file");
    assert_eq!(waiting(&log), [0, 1]);
    let damages = Log::open(log).expect("a log").damages;
    assert_eq!(damages, [Damage { bytes: first.len()..first.len() + 5007, is_torn: false }]);
}

#[test]
fn a_log_is_put_aside_when_all_is_acknowledged_and_removed_a_week_later() {
    let folder = folder();
    let mut spool = Spool::new(folder.path(), header(7));
    block_on(spool.append(finishes(0..2))).expect("a disk");
    block_on(spool.acknowledge(&[1, 2])).expect("a disk");
    let log = logs(&folder).remove(0);
    Log::open(log.clone()).expect("a log").retire().expect("a log");
    assert!(log.exists(), "its executer is at work");
    block_on(spool.close()).expect("a disk");
    let delivered = log.with_extension(DELIVERED);
    assert!(!log.exists() && !log.with_extension(ACKS).exists() && delivered.exists());

    assert_eq!(block_on(prune(folder.path())).expect("a folder"), 0);
    let file = fs::File::options().append(true).open(&delivered).expect("a file");
    file.set_modified(SystemTime::now() - KEPT - Duration::from_secs(60)).expect("a time");
    assert_eq!(block_on(prune(folder.path())).expect("a folder"), 1);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_log_of_which_something_waits_stays_and_damaged_acknowledgements_cost_a_delivery() {
    let folder = folder();
    let mut spool = Spool::new(folder.path(), header(7));
    block_on(spool.append(finishes(0..2))).expect("a disk");
    block_on(spool.acknowledge(&[1])).expect("a disk");
    block_on(spool.close()).expect("a disk");
    let log = logs(&folder).remove(0);
    assert_eq!(waiting(&log), [1]);
    fs::write(log.with_extension(ACKS), b"nonsense").expect("a file");
    assert_eq!(waiting(&log), [0, 1]);
}

/// The log goes on in a new file when somebody has put the old one aside, or removed it.
#[test]
fn a_log_that_was_taken_away_is_begun_anew() {
    let folder = folder();
    let mut spool = Spool::new(folder.path(), header(7));
    block_on(spool.append(finishes(0..1))).expect("a disk");
    fs::remove_file(logs(&folder).remove(0)).expect("a file");
    block_on(spool.append(finishes(1..2))).expect("a disk");
    let log = logs(&folder).remove(0);
    assert_eq!(waiting(&log), [1]);
    block_on(spool.acknowledge(&[1, 2])).expect("a disk");
    assert_eq!((waiting(&log), spool.waiting()), (Vec::new(), 0));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_its_path() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let below = file.join("spool");
    let said = [
        block_on(check(&below)).expect_err("no folder").to_string(),
        block_on(Spool::new(&below, header(7)).append(finishes(0..1))).expect_err("no folder").to_string(),
    ];
    assert!(said.iter().all(|said| said.contains("file")), "{said:?}");
    assert!(block_on(check(&folder.path().join("a/b"))).is_ok());
    assert_eq!(fs::read_dir(folder.path().join("a/b")).expect("a folder").count(), 0);
}

#[test]
fn a_folder_in_memory_is_a_warning() {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a file system in memory");
    let warning = block_on(check(folder.path())).expect("a folder");
    assert!(warning.is_some_and(|warning| warning.contains("is in memory")));
}

/// The name of the test below, which runs itself again under a limit.
const FULL_DISK: &str = "spool::tests::a_full_disk_is_told_and_the_log_goes_on_when_there_is_room";

/// A limit on the sizes of files stands for the full disk: a write then writes a part, and the next one fails.
#[test]
fn a_full_disk_is_told_and_the_log_goes_on_when_there_is_room() {
    const UNDER_LIMIT: &str = "EXPERIMENTER_TEST_FULL_DISK";
    if std::env::var_os(UNDER_LIMIT).is_none() {
        let program = std::env::current_exe().expect("this program");
        let test = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" --exact \"$1\"", program.to_str().expect("UTF-8"), FULL_DISK])
            .env(UNDER_LIMIT, "1")
            .output()
            .expect("a shell");
        assert!(test.status.success(), "{}", String::from_utf8_lossy(&test.stdout));
        return;
    }
    let limit = |bytes: Option<u64>| {
        let (_, most) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_FSIZE).expect("a limit");
        let now = bytes.unwrap_or(most);
        nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_FSIZE, now, most).expect("a limit");
    };
    let folder = folder();
    let mut spool = Spool::new(folder.path(), header(7));
    block_on(spool.append(finishes(0..1))).expect("a disk");
    let log = logs(&folder).remove(0);
    let length = fs::metadata(&log).expect("a log").len();
    limit(Some(length + 100));
    let large = || vec![finish(1, vec![Value::Text("x".repeat(1000))])];
    let error = block_on(spool.append(large())).expect_err("no room").to_string();
    assert!(error.contains(&log.display().to_string()), "{error}");
    assert_eq!(fs::metadata(&log).expect("a log").len(), length, "a part of a record does not stay");
    assert_eq!(spool.waiting(), 1);
    limit(None);
    assert_eq!(block_on(spool.append(large())).expect("room"), [2]);
    assert_eq!(logs(&folder), std::slice::from_ref(&log));
    assert_eq!(waiting(&log), [0, 1]);
    assert!(Log::open(log).expect("a log").damages.is_empty());
}

/// Where there are no locks, an executer adds to a log that another one is about to put aside.
#[test]
fn a_log_that_grew_since_it_was_read_is_not_put_aside() {
    let folder = folder();
    let log = log_of(&folder, 0..1);
    let mut read = Log::open(log.clone()).expect("a log");
    read.acknowledge(vec![1]).expect("a disk");
    let bytes = fs::read(&log).expect("a log");
    fs::write(&log, bytes.repeat(2)).expect("a log");
    read.retire().expect("a disk");
    assert!(log.exists() && !log.with_extension(DELIVERED).exists());
}

#[test]
fn a_disk_that_does_not_answer_holds_up_nobody() {
    let folder = folder();
    let mut spool = Spool::new(folder.path(), header(7));
    spool.patience = Duration::from_millis(10);
    let (answer, hangs) = std::sync::mpsc::channel::<()>();
    // One event loop for all: its end would wait for the disk.
    block_on(async {
        let hung = spool.with_writer(move |_| hangs.recv().map_err(io::Error::other)).await;
        assert!(hung.is_err_and(|error| error.to_string().ends_with("the disk does not answer")));
        let busy = spool.append(finishes(1..2)).await.expect_err("the disk still hangs");
        assert!(busy.to_string().starts_with(&folder.path().display().to_string()), "{busy}");
        assert_eq!(spool.waiting(), 0);
        answer.send(()).expect("it hangs");
        spool.patience = Duration::from_secs(60);
        while spool.append(finishes(1..2)).await.is_err() {}
        assert_eq!(spool.waiting(), 1);
    });
}
