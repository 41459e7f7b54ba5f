//! The store on both databases: every promise of a row's life, told by the race or the mistake that it withstands.

mod checkpoints;
mod claims;
mod filling;
mod leases;
mod locks;
mod spool;
mod sqlite;
mod tables;
mod write_back;

use std::time::Duration;

use experimenter_diesel::{
    Claim, ClaimOrder, Claimer, Column, Ending, Executer, FillMode, Filled, LogtableSpec, Selector, Store, StoreError,
    TableSpec, Target as Url, Value,
};
use experimenter_tests::{Server, Target, for_each_database};
use rustix::process::{Pid, Signal, kill_process};

/// A table with a field of each kind.
fn spec() -> TableSpec {
    let column = |name: &str, sql: &str| Column::new(name, sql).expect("a known type");
    TableSpec {
        name: "study".to_owned(),
        keyfields: vec![column("kernel", "VARCHAR(20)"), column("c", "DOUBLE"), column("seed", "INT")],
        resultfields: vec![column("score", "DOUBLE"), column("model", "VARCHAR(10)"), column("steps", "SMALLINT")],
        result_timestamps: false,
        logtables: vec![LogtableSpec { name: "epochs".to_owned(), columns: vec![column("loss", "DOUBLE")] }],
    }
}

fn row(seed: i64) -> Vec<Value> {
    vec!["rbf".into(), 0.1.into(), seed.into()]
}

fn results(score: f64) -> Ending {
    Ending::Done(vec![score.into(), "m".into(), Value::Int(3)])
}

/// Runs one test of the store on each database, each on an event loop of its own.
#[expect(clippy::needless_pass_by_value, reason = "a test is written where it is given")]
fn check(test: impl AsyncFn(&Target)) {
    for_each_database(|target| block_on(test(target)));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    event_loop().block_on(future)
}

fn event_loop() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop")
}

async fn open(target: &Target) -> Store {
    open_with(target, spec()).await
}

async fn open_with(target: &Target, spec: TableSpec) -> Store {
    let url = Url::parse(&target.url()).expect("a URL");
    Store::open(&url, spec, Duration::from_secs(15)).await.expect("a connection")
}

/// A store whose table has rows with the seeds `0..n`.
async fn filled(target: &Target, n: i64) -> Store {
    let mut store = open(target).await;
    store.create_tables().await.expect("tables");
    let filled = store.fill(FillMode::Write, (0..n).map(row), |_| ()).await.expect("rows");
    assert_eq!(filled, Filled { new: n.unsigned_abs(), existing: 0 });
    store
}

async fn claimer(store: &mut Store) -> Claimer {
    claimer_of(store, ClaimOrder::Id, Selector::default()).await
}

async fn claimer_of(store: &mut Store, order: ClaimOrder, selector: Selector) -> Claimer {
    let executer = Executer::new("tester".to_owned(), "here".to_owned(), "0".to_owned());
    store.register(&executer).await.expect("a registration");
    store.claimer(executer, order, selector).await.expect("a claimer")
}

async fn claim(store: &mut Store, claimer: &mut Claimer) -> Claim {
    store.claim(claimer).await.expect("a claim").expect("an open row")
}

fn by_status(target: &Target, status: &str) -> String {
    target.value(&format!("SELECT COUNT(*) FROM study WHERE status = '{status}'")).expect("a count")
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for_without_end() {
    let server = Server::start();
    let url = Url::parse(&server.database().url()).expect("a URL");
    block_on(async {
        let mut store = Store::open(&url, spec(), Duration::from_millis(50)).await.expect("a connection");
        let pid = server.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).expect("a process");
        kill_process(pid, Signal::STOP).expect("a signal");
        while !is_stopped(pid) {}
        let hung = store.exists().await;
        kill_process(pid, Signal::CONT).expect("a signal");
        assert!(matches!(hung, Err(StoreError::Deadline { .. } | StoreError::Unreachable(_))), "{hung:?}");
        assert_eq!(store.exists().await, Ok(false), "the next call has a connection of its own");
    });
}

/// Whether every thread of a process has stopped.
fn is_stopped(process: Pid) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("a process");
    threads.into_iter().all(|thread| {
        let stat = std::fs::read_to_string(thread.expect("a thread").path().join("stat")).expect("its state");
        stat.rsplit(") ").next().is_some_and(|state| state.starts_with('T'))
    })
}

#[test]
fn a_lost_connection_is_made_again() {
    let target = Target::server();
    block_on(async {
        let mut store = filled(&target, 2).await;
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        target.database().disconnect();
        store.finish(&claim, &results(0.5), None).await.expect("a finish on a new connection");
        assert_eq!(by_status(&target, "done"), "1");
    });
}
