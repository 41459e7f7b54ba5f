//! Executers and databases that die at any moment, and a judge of what is left.
//!
//! A storm is made from a seed, which a failure tells; `EXPERIMENTER_STORM_SEED` brings the same one again, and
//! `EXPERIMENTER_STORM_SECONDS` has it last longer, as `tests/soak.sh` does.

#![expect(clippy::print_stderr, reason = "a storm tells what it has done")]

mod beside;
mod figures;
mod network;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use experimenter_tests::audit;
use experimenter_tests::checker::{Ended, Evidence, Violation, violations};
use experimenter_tests::{Output, Running, Sandbox, Server, Signal, Target, wait_until};

use self::figures::{Figures, Toll, now};

fn witness() -> PathBuf {
    env!("CARGO_BIN_EXE_witness").into()
}

/// A table of witnesses, and what is known of those who executed it.
struct Rig<'a> {
    target: &'a Target,
    sandbox: Sandbox,
    url: String,
    args: Vec<&'static str>,
    rows: usize,
    executers: Vec<Ended>,
    disturbed: BTreeSet<u32>,
    /// How many executers were started.
    started: Cell<u32>,
    /// The number of each executer that runs, by that of its process.
    numbers: RefCell<BTreeMap<u32, u32>>,
}

/// The two ways to run a function.
const MODES: [&[&str]; 2] = [&["--jobs", "2"], &["--in-process"]];

/// Every result goes to the disk first, and leases are over soon.
const SETTINGS: [&str; 8] = ["--spool-after", "0s", "--lease", "3s", "--beat", "300ms", "--observation", "3s"];

impl<'a> Rig<'a> {
    fn new(target: &'a Target, url: String, rows: usize, more: &[&str], mode: &[&'static str]) -> Self {
        let sandbox = Sandbox::new();
        let n = format!("n=0..{rows}");
        let fill = ["fill", "--database", &url, "--set", &n];
        sandbox.run(witness(), fill.iter().chain(more)).success();
        audit::install(target);
        let args = [&["execute", "--json", "--crash-limit", "1000"][..], &SETTINGS, mode].concat();
        let (executers, disturbed, started, numbers) = Default::default();
        Self { target, sandbox, url, args, rows, executers, disturbed, started, numbers }
    }

    fn spawn(&self, more: &[&str], env: &[(&str, String)]) -> Running {
        let number = self.started.get() + 1;
        self.started.set(number);
        let name = number.to_string();
        let program = self.sandbox.program(witness()).args(&self.args).args(more).args(["--database", &self.url]);
        let program = program.args(["--name", &name]).env("WITNESS", &name).deadline(deadline());
        let executer = env.iter().fold(program, |program, (name, value)| program.env(name, value)).spawn();
        self.numbers.borrow_mut().insert(executer.id(), number);
        executer
    }

    fn number(&self, executer: &Running) -> u32 {
        self.numbers.borrow()[&executer.id()]
    }

    /// It is killed, stopped or cut off.
    fn disturb(&mut self, executer: &Running) {
        self.disturbed.insert(self.number(executer));
    }

    fn ended(&mut self, executer: Running) -> Output {
        let number = self.number(&executer);
        let output = executer.wait();
        if !matches!(output.code, Some(0 | 4 | 5)) {
            // It could not write what it had to, and left its rows.
            self.disturbed.insert(number);
        }
        self.executers.push(Ended { number, output: output.clone(), at: now() });
        output
    }

    fn kill(&mut self, executer: Running) {
        self.disturb(&executer);
        let number = self.number(&executer);
        self.executers.push(Ended { number, output: executer.kill(), at: now() });
    }

    /// Has an executer that nobody disturbs do what is left.
    fn heal(&mut self) {
        let last = self.spawn(&[], &[]);
        self.ended(last).success();
    }

    /// What was broken.
    fn judge(&self) -> Vec<Violation> {
        let spool = self.sandbox.path().join(".experimenter/spool");
        let logs = std::fs::read_dir(spool).into_iter().flatten().flatten();
        let logs = logs.filter_map(|log| std::fs::read(log.path()).ok());
        let kept: Vec<_> = logs.map(|log| String::from_utf8_lossy(&log).into_owned()).collect();
        violations(&Evidence {
            target: self.target,
            rows: self.rows,
            executions: &self.sandbox.read("executions"),
            executers: &self.executers,
            disturbed: &self.disturbed,
            kept: &kept.concat(),
        })
    }

    #[track_caller]
    fn is_sound(&self, what: &str) {
        let found = self.judge();
        let found: Vec<_> = found.iter().map(Violation::to_string).collect();
        assert!(found.is_empty(), "{what}, {}:\n{}", self.args.join(" "), found.join("\n"));
    }
}

/// Has an executer crash at its first step of work with the database, the next one at its second, and so on, until one
/// gets through.
#[track_caller]
fn crash_at_every_step(target: &Target, mode: &[&'static str], how: &str) {
    const MOST: usize = 300;
    let mut rig = Rig::new(target, target.url(), MOST, &["--set", "steps=1"], mode);
    let mut step = 0;
    loop {
        step += 1;
        let id = step.to_string();
        let env = [("EXPERIMENTER_CRASH_AT", id.clone()), ("EXPERIMENTER_CRASH_MODE", how.to_owned())];
        let steps = rig.sandbox.path().join("steps");
        let env = [&env[..], &[("EXPERIMENTER_STEPS", steps.display().to_string())]].concat();
        let executer = rig.spawn(&["--ids", &id, "--no-wait"], &env);
        rig.ended(executer);
        let taken = std::fs::read_to_string(&steps).map_or(0, |steps| steps.lines().count());
        std::fs::remove_file(&steps).unwrap_or_default();
        if taken < step {
            break;
        }
        assert!(step < MOST, "there are more steps than rows");
    }
    rig.heal();
    assert!(step > 30, "an executer has more steps than {step}");
    eprintln!("{target}, {}: {} crashes by `{how}`, one at each step", mode.join(" "), step - 1);
    rig.is_sound(how);
}

#[test]
fn an_executer_may_crash_before_and_after_every_statement_on_sqlite() {
    MODES.iter().for_each(|mode| crash_at_every_step(&Target::sqlite(), mode, "abort"));
}

#[test]
fn an_executer_may_crash_before_and_after_every_statement_on_a_server() {
    MODES.iter().for_each(|mode| crash_at_every_step(&Target::server(), mode, "abort"));
}

#[test]
fn every_reply_may_be_lost_on_sqlite() {
    crash_at_every_step(&Target::sqlite(), MODES[0], "lose-reply");
}

#[test]
fn every_reply_may_be_lost_on_a_server() {
    crash_at_every_step(&Target::server(), MODES[0], "lose-reply");
}

/// Random numbers that come again with the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("it is below the bound")
    }

    fn pause(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.below(usize::try_from(most).expect("a number")) as u64)
    }
}

fn seed() -> u64 {
    let given = std::env::var("EXPERIMENTER_STORM_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
    given.unwrap_or(now.as_nanos() as u64 | 1)
}

fn seconds() -> u64 {
    std::env::var("EXPERIMENTER_STORM_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(20)
}

/// Who works through a whole storm has two minutes more for what is left.
fn deadline() -> Duration {
    Duration::from_secs(seconds() + 120)
}

/// Says whether the storm was one: not where the server has lost its own data.
fn storm(target: &Target, mode: &[&'static str], server: &mut Option<Server>) -> bool {
    let seed = seed();
    let rows = 12 * usize::try_from(seconds()).expect("a number");
    let mut rig = Rig::new(target, target.url(), rows, &["--set", "millis=20", "--set", "fails=false,true"], mode);
    rig.rows *= 2;
    let Some((toll, left)) = rage(&mut rig, &mut Chance(seed), server) else {
        eprintln!("{target}, {}, seed {seed}: the server could not recover its own data", mode.join(" "));
        return false;
    };
    for executer in left {
        rig.ended(executer);
    }
    rig.heal();
    let figures = Figures::new(&rig, &toll, &rig.judge());
    eprintln!("{target}, {}, seed {seed}:\n{figures}", mode.join(" "));
    rig.is_sound(&format!("a storm on {target} with the seed {seed}"));
    true
}

/// Executers work while they, their slots and their database are killed, stopped and asked to end. Gives those that
/// still work; nothing where the database is lost.
fn rage(rig: &mut Rig<'_>, chance: &mut Chance, server: &mut Option<Server>) -> Option<(Toll, Vec<Running>)> {
    const EXECUTERS: usize = 3;
    let mut toll = Toll::default();
    let mut running: Vec<Running> = Vec::new();
    let mut sleeping: Vec<(Running, Instant)> = Vec::new();
    let end = Instant::now() + Duration::from_secs(seconds());
    while Instant::now() < end || !toll.is_heavy(server.is_some()) {
        while running.len() < EXECUTERS {
            running.push(rig.spawn(&["--grace", "50ms"], &[]));
        }
        std::thread::sleep(chance.pause(300));
        let chosen = running.swap_remove(chance.below(running.len()));
        match chance.below(10) {
            0..4 => {
                toll.killed.push((rig.number(&chosen), now()));
                rig.kill(chosen);
            }
            4 | 5 => {
                toll.stopped += 1;
                rig.disturb(&chosen);
                chosen.signal(Signal::STOP);
                sleeping.push((chosen, Instant::now() + chance.pause(8_000)));
            }
            6 => {
                toll.terminated += 1;
                chosen.signal(Signal::TERM);
                rig.ended(chosen);
            }
            7 | 8 => {
                for slot in slots_of(chosen.id()) {
                    toll.slots_killed += 1;
                    kill(slot);
                }
                running.push(chosen);
            }
            _ => {
                running.push(chosen);
                if let Some(server) = server {
                    server.kill();
                    std::thread::sleep(chance.pause(1_000));
                    if !server.recovers() {
                        return None;
                    }
                    toll.restarted.push(now());
                }
            }
        }
        let (awake, still): (Vec<_>, Vec<_>) = sleeping.into_iter().partition(|(_, until)| *until <= Instant::now());
        sleeping = still;
        for (executer, _) in awake {
            executer.signal(Signal::CONT);
            running.push(executer);
        }
    }
    for (executer, _) in sleeping {
        executer.signal(Signal::CONT);
        running.push(executer);
    }
    Some((toll, running))
}

fn slots_of(executer: u32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{executer}/task/{executer}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn kill(pid: i32) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        // It may have ended meanwhile.
        let _gone = rustix::process::kill_process(pid, Signal::KILL);
    }
}

#[test]
fn a_storm_on_sqlite_breaks_no_promise() {
    for mode in MODES {
        assert!(storm(&Target::sqlite(), mode, &mut None));
    }
}

#[test]
fn a_storm_on_a_server_breaks_no_promise() {
    for mode in MODES {
        let storm = |_| {
            let server = Server::start();
            storm(&Target::Server(server.database()), mode, &mut Some(server))
        };
        assert!((0..3).any(storm), "the server has lost its own data three times");
    }
}

/// While a run goes on, its executer is declared dead, and its row is opened. What the run does next must not fail, nor be
/// lost.
#[track_caller]
fn declared_dead_before(moment: &str, target: &Target, mode: &[&'static str]) {
    let mut rig = Rig::new(target, target.url(), 2, &["--set", "steps=1"], mode);
    let hold = format!("hold-0-{moment}");
    rig.sandbox.write(&hold, "");
    // One that does not say so soon that it is alive, and one that does not wait long.
    let of = |times: &[&'static str]| [&["execute", "--json"][..], times, mode].concat();
    rig.args = of(&["--lease", "10min", "--beat", "3min", "--observation", "10min"]);
    let executer = rig.spawn(&["--ids", "1"], &[]);
    rig.disturb(&executer);
    wait_until(|| rig.executions("start") == 1);
    // The others wait for a few of its beats.
    target.sql("UPDATE experimenter__witness__executers SET expires_at = '2001-01-01 00:00:00', beat_seconds = 0.1");
    rig.args = of(&["--lease", "1s", "--beat", "100ms", "--observation", "1s"]);
    let other = rig.spawn(&["--ids", "2"], &[]);
    rig.ended(other).success();
    assert_eq!(target.value("SELECT status FROM witness WHERE ID = 1").as_deref(), Some("created"), "{moment}");
    std::fs::remove_file(rig.sandbox.path().join(&hold)).expect("a file");
    let output = rig.ended(executer);
    output.success();
    assert!(output.stdout.contains("\"event\":\"declared dead\""), "{moment}: {output}");
    assert_eq!(target.value("SELECT status FROM witness WHERE ID = 1").as_deref(), Some("done"), "{moment}: {output}");
    assert_eq!(rig.executions("start"), 2, "{moment}");
    rig.is_sound(moment);
}

#[test]
fn a_run_goes_on_whose_executer_was_declared_dead() {
    for fresh in [Target::sqlite, Target::server] {
        for mode in MODES {
            for moment in ["write", "log", "checkpoint"] {
                declared_dead_before(moment, &fresh(), mode);
            }
        }
    }
}

/// While a statement of an executer waits for a row that somebody has locked, the executer has to tell that it is alive.
#[test]
fn an_executer_that_waits_for_a_lock_is_not_dead() {
    let server = Server::start();
    let target = Target::Server(server.database());
    let database = target.database();
    let mut rig = Rig::new(&target, target.url(), 1, &["--set", "steps=1"], MODES[0]);
    rig.args = [&["execute", "--json", "--lease", "6s", "--beat", "300ms"], MODES[0]].concat();
    rig.sandbox.write("hold-0-write", "");
    let executer = rig.spawn(&[], &[]);
    wait_until(|| rig.executions("start") == 1);
    // Somebody locks the row until the executer has waited for it and told often enough, or too late.
    let lock = "START TRANSACTION; SELECT COUNT(*) INTO @rows FROM witness WHERE ID=1 FOR UPDATE; \
                SET @end = SYSDATE() + INTERVAL 60 SECOND; \
                WHILE NOT EXISTS (SELECT 1 FROM information_schema.innodb_trx WHERE trx_state='LOCK WAIT') AND \
                SYSDATE() < @end DO DO SLEEP(0.2); END WHILE; \
                SELECT beat INTO @first FROM experimenter__witness__executers; \
                REPEAT DO SLEEP(0.1); SELECT beat, expires_at < UTC_TIMESTAMP(6) INTO @beat, @is_late \
                FROM experimenter__witness__executers; UNTIL @is_late OR @beat >= @first + 5 END REPEAT; \
                COMMIT; SELECT IF(@is_late, 'expired', 'alive');";
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| database.script(lock));
        database.wait_for_sleeper();
        std::fs::remove_file(rig.sandbox.path().join("hold-0-write")).expect("a file");
        assert_eq!(holder.join().expect("a lock").trim(), "alive");
    });
    rig.ended(executer).success().stdout_has("\"event\":\"waiting\"");
    rig.is_sound("a lock");
}

/// An executer goes around a row that somebody has locked, and says so.
#[test]
fn an_executer_says_which_row_is_locked() {
    let server = Server::start();
    let target = Target::Server(server.database());
    let database = target.database();
    let mut rig = Rig::new(&target, target.url(), 2, &["--set", "steps=0"], MODES[0]);
    let lock = "START TRANSACTION; UPDATE witness SET n=n WHERE ID=1; \
                REPEAT DO SLEEP(0.1); SELECT status INTO @other FROM witness WHERE ID=2; \
                UNTIL @other = 'done' END REPEAT; COMMIT;";
    let output = std::thread::scope(|scope| {
        scope.spawn(|| database.script(lock));
        database.wait_for_sleeper();
        let executer = rig.spawn(&[], &[]);
        rig.ended(executer)
    });
    output.success().stdout_has("\"event\":\"blocked\"").stdout_has("row 1 is locked");
    rig.is_sound("a row that is locked");
}

/// The number of the step, in the work of one row, before which an executer has not sent the transaction that updates
/// something with such a text.
#[track_caller]
fn step_before(is_sqlite: bool, text: &str) -> usize {
    let target = if is_sqlite { Target::sqlite() } else { Target::server() };
    let mut rig = Rig::new(&target, target.url(), 1, &[], MODES[0]);
    let steps = rig.sandbox.path().join("steps");
    let executer = rig.spawn(&[], &[("EXPERIMENTER_STEPS", steps.display().to_string())]);
    rig.ended(executer).success();
    let steps = std::fs::read_to_string(steps).expect("steps");
    let steps: Vec<_> = steps.lines().collect();
    let update = steps.iter().position(|step| step.starts_with("before UPDATE") && step.contains(text));
    let update = update.unwrap_or_else(|| panic!("no `{text}` in {steps:#?}"));
    let begin = steps[..update].iter().rposition(|step| step.starts_with("before BEGIN"));
    // One statement may be a transaction by itself.
    let is_open = |begin: &usize| !steps[*begin..update].iter().any(|step| step.starts_with("after COMMIT"));
    begin.filter(is_open).unwrap_or(update) + 1
}

/// The database is away when a run's log entry comes, and the run goes on to its checkpoint; then the run is asked to end,
/// and the entry meets a conflict. The checkpoint, and the row's way back, must not come before it.
#[test]
fn no_checkpoint_comes_before_its_log_entries() {
    for (fresh, is_sqlite) in [(Target::sqlite as fn() -> Target, true), (Target::server, false)] {
        let step = step_before(is_sqlite, "`log_seq`=?");
        let target = fresh();
        let mut rig = Rig::new(&target, target.url(), 1, &["--set", "steps=1"], MODES[0]);
        rig.args = [&["execute", "--json"], MODES[0]].concat();
        rig.sandbox.write("hold-0", "");
        // Each try is two on a connection that is lost, and a dozen in a conflict.
        let ways: Vec<_> = ["lose-reply"; 8].into_iter().chain(["conflict"; 12]).collect();
        let steps: Vec<_> = (step..step + ways.len()).map(|step| step.to_string()).collect();
        let crashes = [("EXPERIMENTER_CRASH_AT", steps.join(",")), ("EXPERIMENTER_CRASH_MODE", ways.join(","))];
        let executer = rig.spawn(&["--grace", "50ms"], &crashes);
        // It is behind its checkpoint.
        wait_until(|| rig.sandbox.path().join("held-0").exists());
        assert!(executer.stdout().contains("\"event\":\"away\""), "{target}: {}", executer.stdout());
        executer.signal(Signal::TERM);
        let output = rig.ended(executer);
        for event in ["given back", "back"] {
            assert!(output.stdout.contains(&format!("\"event\":\"{event}\"")), "{target}: {output}");
        }
        assert!(!output.stdout.contains("\"event\":\"unlogged\""), "{target}: {output}");
        std::fs::remove_file(rig.sandbox.path().join("hold-0")).expect("a file");
        rig.heal();
        rig.is_sound("a checkpoint after an outage");
        assert_eq!(
            target.value("SELECT trail FROM witness").as_deref(),
            Some("1"),
            "{target}: there was no checkpoint"
        );
    }
}

impl Rig<'_> {
    /// One executer that is to be overtaken, with a protocol that is wrong in this way.
    fn mutant(&self, name: &str, stops_at: Option<usize>) -> Running {
        let mut env = vec![("EXPERIMENTER_MUTANT", name.to_owned())];
        if let Some(step) = stops_at {
            env.push(("EXPERIMENTER_CRASH_AT", step.to_string()));
            env.push(("EXPERIMENTER_CRASH_MODE", "stop".to_owned()));
        }
        self.spawn(&[], &env)
    }

    fn command(&self, args: &[&str]) {
        self.sandbox.run(witness(), args.iter().chain(&["--yes", "--database", &self.url])).success();
    }

    fn executions(&self, what: &str) -> usize {
        std::fs::read_to_string(self.sandbox.path().join("executions")).map_or(0, |lines| lines.matches(what).count())
    }
}

/// The executer ends its run while it is stopped; the row is reset and executed by another, then it goes on.
fn late_end(target: &Target, mutant: &str) -> Vec<Violation> {
    let mut rig = Rig::new(target, target.url(), 1, &["--set", "steps=0"], MODES[0]);
    rig.sandbox.write("hold-0", "");
    let executer = rig.mutant(mutant, None);
    wait_until(|| rig.executions("start") == 1);
    target.stop(&executer);
    rig.disturb(&executer);
    rig.command(&["reset", "--ids", "1"]);
    std::fs::remove_file(rig.sandbox.path().join("hold-0")).expect("a file");
    wait_until(|| rig.executions("end") == 1);
    rig.heal();
    executer.signal(Signal::CONT);
    rig.ended(executer);
    rig.judge()
}

/// The executer is stopped before its claim; another one executes the row, which is reset then.
fn late_claim(target: &Target, mutant: &str) -> Vec<Violation> {
    let step = step_before(target.is_sqlite(), "'held'");
    let mut rig = Rig::new(target, target.url(), 1, &[], MODES[0]);
    let executer = rig.mutant(mutant, Some(step));
    wait_until(|| executer.is_stopped());
    rig.disturb(&executer);
    rig.heal();
    // An end that was undone by a reset is no broken promise: the judge looks at what comes after.
    rig.command(&["reset", "--ids", "1"]);
    target.sql("DELETE FROM audit WHERE kind = 'row'");
    executer.signal(Signal::CONT);
    rig.ended(executer);
    rig.heal();
    rig.executers.clear();
    rig.judge()
}

/// The executer is stopped before its claim; the table is dropped and filled with other rows under the same IDs.
fn claim_of_another_table(target: &Target, mutant: &str) -> Vec<Violation> {
    let step = step_before(target.is_sqlite(), "'held'");
    let mut rig = Rig::new(target, target.url(), 1, &[], MODES[0]);
    let executer = rig.mutant(mutant, Some(step));
    wait_until(|| executer.is_stopped());
    rig.disturb(&executer);
    rig.command(&["drop"]);
    target.sql("DROP TABLE audit");
    rig.sandbox.run(witness(), ["fill", "--database", &rig.url, "--set", "n=7"]).success();
    // Creation dates have whole seconds.
    target.sql("UPDATE witness SET creation_date = '2001-01-01 00:00:00'");
    target.sql("UPDATE experimenter__witness__claims SET created = '2001-01-01 00:00:00'");
    audit::install(target);
    executer.signal(Signal::CONT);
    rig.ended(executer);
    rig.heal();
    rig.judge()
}

/// The end of a run waits for the row's lock, whose holder resets the row and claims it.
fn end_behind_a_lock(server: &Server, mutant: &str) -> Vec<Violation> {
    let target = Target::Server(server.database());
    let database = target.database();
    let mut rig = Rig::new(&target, target.url(), 1, &["--set", "steps=0"], MODES[0]);
    rig.sandbox.write("hold-0", "");
    let executer = rig.mutant(mutant, None);
    wait_until(|| rig.executions("start") == 1);
    rig.disturb(&executer);
    std::thread::scope(|scope| {
        // It commits when somebody waits for it.
        let reset = "START TRANSACTION; UPDATE witness SET status='created', start_date=NULL; \
                     UPDATE experimenter__witness__claims SET attempt=attempt+1, state='ready', executer_id=NULL; \
                     UPDATE witness SET status='running', start_date=UTC_TIMESTAMP(); \
                     UPDATE experimenter__witness__claims SET attempt=attempt+1, state='held', executer_id=0; \
                     SET @end = SYSDATE() + INTERVAL 60 SECOND; \
                     WHILE NOT EXISTS (SELECT 1 FROM information_schema.innodb_trx WHERE trx_state='LOCK WAIT') AND \
                     SYSDATE() < @end DO DO SLEEP(0.2); END WHILE; \
                     COMMIT;";
        let holder = scope.spawn(|| database.script(reset));
        database.wait_for_sleeper();
        std::fs::remove_file(rig.sandbox.path().join("hold-0")).expect("a file");
        holder.join().expect("a reset");
    });
    rig.ended(executer);
    rig.command(&["reset", "--status", "running"]);
    rig.heal();
    rig.judge()
}

/// The run ends while the server is away, and says that its result waits; then its executer is killed.
fn end_without_a_server(server: &RefCell<Server>, mutant: &str) -> Vec<Violation> {
    let target = Target::Server(server.borrow().database());
    let mut rig = Rig::new(&target, target.url(), 1, &["--set", "steps=0"], MODES[0]);
    rig.sandbox.write("hold-0", "");
    let executer = rig.mutant(mutant, None);
    wait_until(|| rig.executions("start") == 1);
    server.borrow_mut().kill();
    std::fs::remove_file(rig.sandbox.path().join("hold-0")).expect("a file");
    wait_until(|| rig.executions("end") == 1);
    wait_until(|| executer.stdout().contains("\"event\":\"waiting\""));
    rig.kill(executer);
    server.borrow_mut().restart();
    rig.heal();
    let mut found = rig.judge();
    if rig.executions("end") > 1 {
        let story = "a run was repeated whose executer had said that its result waits".to_owned();
        found.push(Violation { promise: "I6", story });
    }
    found
}

#[test]
fn the_judge_finds_a_protocol_that_is_wrong() {
    #[track_caller]
    fn is_found(what: &str, scenario: impl Fn(&str) -> Vec<Violation>, promises: &[&str]) {
        let right: Vec<_> = scenario("").iter().map(Violation::to_string).collect();
        assert!(right.is_empty(), "{what}: {right:#?}");
        let found = scenario(what);
        let found: BTreeSet<_> = found.iter().map(|violation| violation.promise).collect();
        assert!(promises.iter().any(|promise| found.contains(promise)), "{what}: only {found:?}");
    }
    for fresh in [Target::sqlite, Target::server] {
        is_found("by-id", |mutant| late_end(&fresh(), mutant), &["I3", "I4", "I5"]);
        is_found("attempt", |mutant| late_claim(&fresh(), mutant), &["I2"]);
        is_found("identity", |mutant| claim_of_another_table(&fresh(), mutant), &["I5"]);
    }
    let server = Server::start();
    is_found("subquery", |mutant| end_behind_a_lock(&server, mutant), &["I5"]);
    let server = RefCell::new(server);
    is_found("spool", |mutant| end_without_a_server(&server, mutant), &["I6"]);
}
