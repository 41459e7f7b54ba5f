//! What holds for an SQLite file alone: turns at its lock, and one host.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use experimenter_diesel::{Executer, FillMode, Filled, ProcessIdentity, Store, StoreError, Target as Url};
use experimenter_tests::{Target, wait_until};
use rustix::fs::{FlockOperation, flock};

use super::{block_on, check, filled, row, spec};

/// Opens the table so that its calls wait briefly for their turn.
async fn impatient(target: &Target) -> Store {
    let url = Url::parse(&target.url()).expect("a URL");
    let mut store = Store::open(&url, spec(), Duration::from_millis(20)).await.expect("a connection");
    store.set_patience(Duration::ZERO);
    store
}

fn executer(host: &str) -> Executer {
    Executer::new("tester".to_owned(), host.to_owned(), "0".to_owned())
}

fn lock_file(target: &Target) -> File {
    let path = target.url().replace("sqlite://", "") + ".lock";
    File::open(path).expect("the lock is beside the database")
}

/// How many wait for the lock.
fn waiters(target: &Target) -> usize {
    let inode = lock_file(target).metadata().expect("an inode").ino();
    let locks = std::fs::read_to_string("/proc/locks").expect("the kernel's locks");
    locks.lines().filter(|line| line.contains("->") && line.contains(&format!(":{inode} "))).count()
}

fn is_free(target: &Target) -> bool {
    flock(lock_file(target), FlockOperation::NonBlockingLockExclusive).is_ok()
}

#[test]
fn who_holds_the_lock_is_told_and_the_next_call_has_its_turn() {
    let target = Target::sqlite();
    block_on(async {
        filled(&target, 1).await;
        let mut store = impatient(&target).await;
        let held = target.lock();
        let executer = executer("here");
        for _ in 0..3 {
            let error = store.register(&executer).await.expect_err("the lock is held");
            assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
            let told = error.to_string();
            for part in ["experiments.db.lock", &format!("held by process {} (", std::process::id()), "kill -CONT"] {
                assert!(told.contains(part), "{part}: {told}");
            }
        }
        wait_until(|| waiters(&target) == 1);
        assert_eq!(target.sql("SELECT * FROM experimenter__study__executers"), Vec::<Vec<_>>::new());
        drop(held);
        store.register(&executer).await.expect("the lock is free");
        assert!(is_free(&target));
        assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__executers"), Some("1".to_owned()));
    });
}

#[test]
fn a_turn_that_nobody_waits_for_any_more_is_given_away() {
    let target = Target::sqlite();
    block_on(async {
        filled(&target, 1).await;
        let mut store = impatient(&target).await;
        let held = target.lock();
        store.register(&executer("given up")).await.expect_err("the lock is held");
        wait_until(|| waiters(&target) == 1);
        drop(held);
        wait_until(|| waiters(&target) == 0 && is_free(&target));

        // So it is where the caller himself has gone.
        let held = target.lock();
        let gone = executer("gone");
        let call = tokio::time::timeout(Duration::from_millis(1), store.register(&gone));
        call.await.expect_err("the lock is held");
        wait_until(|| waiters(&target) == 1);
        drop(held);
        wait_until(|| waiters(&target) == 0 && is_free(&target));
        assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__executers"), Some("0".to_owned()));
        store.register(&executer("here")).await.expect("the connection is as good as before");
    });
}

#[test]
fn a_file_is_for_the_executers_of_one_host() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        store.register(&executer("here")).await.expect("a registration");
        store.check_host("here").await.expect("it is the same host");
        let boot = ProcessIdentity::own().expect("the kernel tells").boot;
        target.sql(&format!("UPDATE experimenter__study__executers SET host='elsewhere', boot='{boot}'"));
        store.check_host("here").await.expect("it is the same host under another name");
        target.sql("UPDATE experimenter__study__executers SET host='elsewhere', boot='another'");
        let refusal = store.check_host("here").await;
        if !target.is_sqlite() {
            return refusal.expect("a server is for every host");
        }
        let Err(StoreError::Refused(told)) = refusal else { panic!("not refused: {refusal:?}") };
        for part in
            ["on the host elsewhere", &std::process::id().to_string(), "since 20", "mysql://", "try again after"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        target.sql("UPDATE experimenter__study__executers SET expires_at='2020-01-01 00:00:00'");
        store.check_host("here").await.expect("its lease has ended");
        target.sql("UPDATE experimenter__study__executers SET expires_at='2999-01-01 00:00:00', state='left'");
        store.check_host("here").await.expect("it has left");
    });
}

/// What a fill would do is told while somebody writes.
#[test]
fn a_fill_that_writes_nothing_waits_for_no_turn() {
    let target = Target::sqlite();
    block_on(async {
        filled(&target, 2).await;
        let mut store = impatient(&target).await;
        let _held = target.lock();
        let counted = store.fill(FillMode::DryRun, (0..3).map(row), |_| ()).await;
        assert_eq!(counted, Ok(Filled { new: 1, existing: 2 }));
    });
}
