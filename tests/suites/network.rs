//! Executers behind a network that fails in every way.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use experimenter_tests::{Fault, Proxy, Target, wait_until};

use super::{Chance, MODES, Rig, seconds, seed};

/// What happens to the network, and at most for how many milliseconds; it lasts half of that at least. The last one
/// outlasts a lease.
const FAULTS: [(Fault, u64); 7] = [
    (Fault::Delay(Duration::from_millis(100)), 2_000),
    (Fault::Silence, 2_000),
    (Fault::HalfOpen, 2_000),
    (Fault::Reset, 1_000),
    (Fault::LostReply, 2_000),
    (Fault::Refusal, 2_000),
    (Fault::Silence, 10_000),
];

/// Leases of seconds go with calls of less, as leases of minutes do with calls of 15 s.
const DEADLINE: (&str, &str) = ("EXPERIMENTER_DEADLINE_MS", "700");

/// Has the network fail in the order and for the times that chance decides: in each way, and until the time is over.
/// Gives the number of times.
fn storm(proxy: &Proxy, chance: &mut Chance) -> usize {
    let end = Instant::now() + Duration::from_secs(seconds());
    let mut failures = 0;
    let mut next = Vec::new();
    while failures < FAULTS.len() || Instant::now() < end {
        if next.is_empty() {
            next.extend(FAULTS);
        }
        let (fault, most) = next.swap_remove(chance.below(next.len()));
        proxy.bring(fault);
        failures += 1;
        std::thread::sleep(Duration::from_millis(most / 2) + chance.pause(most / 2));
        proxy.heal();
        std::thread::sleep(chance.pause(600));
    }
    failures
}

#[test]
fn a_network_that_fails_breaks_no_promise() {
    let seed = seed();
    let target = Target::server();
    let database = target.database();
    let proxy = Proxy::start(database.port());
    let rows = 9 * usize::try_from(seconds()).expect("a number");
    let fill = ["--set", "millis=100", "--set", "fails=false,true"];
    let mut rig = Rig::new(&target, target.url(), rows, &fill, MODES[0]);
    rig.rows *= 2;
    // One has a network that is whole: it opens the rows of those that are cut off, and must not be called dead by them.
    let neighbour = rig.spawn(&[], &[]);
    rig.url = database.url_through(&proxy);
    let mut executers: Vec<_> = (0..3).map(|_| rig.spawn(&[], &[(DEADLINE.0, DEADLINE.1.to_owned())])).collect();
    for executer in &mut executers {
        executer.wait_for_stdout("started");
    }
    executers.iter().for_each(|executer| rig.disturb(executer));
    let failures = storm(&proxy, &mut Chance(seed));
    let outputs: Vec<_> = executers.into_iter().map(|executer| rig.ended(executer)).collect();
    // Whatever the network does, nobody gives up.
    for output in &outputs {
        output.success();
    }
    rig.ended(neighbour).success();
    rig.heal();
    let told = |event: &str| {
        let event = format!("\"event\":\"{event}\"");
        outputs.iter().map(|output| output.stdout.matches(&event).count()).sum::<usize>()
    };
    let told = ["away", "back", "declared dead", "fenced"].map(|event| (event, told(event)));
    eprintln!("a network that failed {failures} times, seed {seed}, {rows} rows twice: {told:?}");
    assert!(told[0].1 > 0, "nobody was cut off");
    rig.is_sound(&format!("a network that fails, with the seed {seed}"));
}

/// A resolver that a program is loaded with, see `programs/resolver.c`.
fn resolver(rig: &Rig<'_>) -> String {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/programs/resolver.c");
    rig.sandbox.run("cc", ["-shared", "-fPIC", "-o", "resolver.so", source, "-ldl"]).success();
    rig.sandbox.path().join("resolver.so").display().to_string()
}

/// The database's host gets another address while a row runs.
#[test]
fn a_database_that_has_moved_is_found_by_its_name() {
    let target = Target::server();
    let database = target.database();
    let mut rig = Rig::new(&target, target.url(), 1, &["--set", "steps=0"], MODES[0]);
    let former = Ipv4Addr::new(127, 0, 0, 2);
    let proxy = Proxy::start_at(SocketAddr::from((former, database.port())), database.port());
    rig.sandbox.write("address", &former.to_string());
    let env =
        [("LD_PRELOAD", resolver(&rig)), ("RESOLVER_FILE", rig.sandbox.path().join("address").display().to_string())];
    rig.url = target.url().replace("127.0.0.1", "db.example.org");
    rig.sandbox.write("hold-0", "");
    let mut executer = rig.spawn(&[], &env);
    wait_until(|| rig.executions("start") == 1);
    drop(proxy);
    executer.wait_for_stdout("\"event\":\"away\"");
    std::fs::remove_file(rig.sandbox.path().join("hold-0")).expect("a file");
    rig.sandbox.write("address", &Ipv4Addr::LOCALHOST.to_string());
    let output = rig.ended(executer);
    output.success().stdout_has("\"event\":\"back\"");
    rig.url = target.url();
    rig.heal();
    rig.is_sound("a database that has moved");
}
