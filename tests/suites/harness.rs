//! The test rig itself: servers start, die and leave nothing behind; a program that hangs is killed.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use experimenter_tests::{Fault, Output, Proxy, Sandbox, Server, Signal, Target, Vendor, for_each_database};

/// Set for the process that [`a_killed_test_process_leaves_no_server_behind`] starts.
const ROLE: &str = "HARNESS_TEST_STARTS_A_SERVER";

fn shell(sandbox: &Sandbox, script: &str) -> Output {
    sandbox.run("sh", ["-c", script])
}

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    *panic.downcast::<String>().expect("a panic with a message")
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[track_caller]
fn soon(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within 30 s");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_killed_server_keeps_what_was_committed() {
    let mut server = Server::start();
    let database = server.database();
    server.sql(database.name(), "CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (2)");
    let port = server.port();
    server.kill();
    assert!(!answers(port), "a killed server does not answer");
    server.restart();
    assert_eq!(server.port(), port);
    assert_eq!(server.sql(database.name(), "SELECT n FROM t ORDER BY n"), "1\n2\n");
}

#[test]
fn a_server_is_gone_after_drop() {
    let server = Server::start();
    let (port, folder) = (server.port(), server.folder().to_path_buf());
    assert!(answers(port) && folder.exists());
    drop(server);
    assert!(!answers(port), "the server still answers");
    assert!(!folder.exists(), "the folder is still there");
}

#[test]
fn a_server_is_gone_after_a_panic() {
    let seen = AssertUnwindSafe(std::cell::Cell::new(0));
    let panicked = catch_unwind(|| {
        let server = Server::start();
        seen.set(server.port());
        panic!("a test fails");
    });
    assert!(panicked.is_err() && seen.get() != 0);
    assert!(!answers(seen.get()), "the server still answers");
}

#[test]
fn a_killed_test_process_leaves_no_server_behind() {
    let sandbox = Sandbox::new();
    let this = std::env::current_exe().expect("a test knows its own file");
    let args = ["--exact", "starts_a_server_and_hangs", "--nocapture"];
    let other = sandbox.program(this).args(args).env(ROLE, sandbox.path()).spawn();
    soon("the other process starts a server", || sandbox.path().join("ready").exists());
    let port = sandbox.read("port").parse().expect("a port");
    let folder = sandbox.read("folder");
    assert!(answers(port));
    // The process alone: whatever it started has to go by itself.
    other.signal(Signal::KILL);
    soon("the server stops", || !answers(port));
    soon("its folder is removed", || !Path::new(&folder).exists());
    assert_eq!(other.wait().signal, Some(Signal::KILL.as_raw()));
}

/// The other process of the test above. Without its role it has nothing to do.
#[test]
fn starts_a_server_and_hangs() {
    let Some(folder) = std::env::var_os(ROLE) else { return };
    let server = Server::shared();
    let write = |name: &str, text: &str| std::fs::write(Path::new(&folder).join(name), text).expect("a written file");
    write("port", &server.port().to_string());
    write("folder", &server.folder().display().to_string());
    write("ready", "");
    std::thread::sleep(Duration::from_secs(100));
}

#[test]
fn a_user_is_kept_to_its_privileges() {
    let server = Server::start();
    let database = server.database();
    assert!(database.url().contains(database.password()));
    database.with_privileges(&["SELECT", "INSERT"]);
    database.with_privileges(&[]);
    let grants =
        server.sql("", "SELECT COUNT(*) FROM mysql.db WHERE Host = '%' AND Select_priv = 'Y' AND Update_priv = 'N'");
    assert_eq!(grants, "1\n");
    // Nobody gets in through the network without a password, the administrator included.
    let open = "SELECT COUNT(*) FROM mysql.user WHERE authentication_string = '' AND Host <> 'localhost'";
    assert_eq!(server.sql("", open), "0\n");
}

#[test]
fn a_read_only_server_can_be_had() {
    let mut server = Server::start();
    server.set_read_only(true);
    assert_eq!(server.sql("", "SELECT @@read_only"), "1\n");
    server.set_read_only(false);
    assert_eq!(server.sql("", "SELECT @@read_only"), "0\n");
}

#[test]
fn both_databases_show_their_values_as_text() {
    for_each_database(|target| {
        target.sql("CREATE TABLE t (n INTEGER, x DOUBLE, s VARCHAR(50))");
        target.sql("INSERT INTO t VALUES (1, 0.5, '<a & \"b\">\ttwo\nlines'), (2, NULL, 'NULL')");
        let text = |text: &str| Some(text.to_owned());
        let expected =
            [vec![text("1"), text("0.5"), text("<a & \"b\">\ttwo\nlines")], vec![text("2"), None, text("NULL")]];
        assert_eq!(target.sql("SELECT n, x, s FROM t ORDER BY n"), expected);
        assert_eq!(target.value("SELECT COUNT(*) FROM t"), text("2"));
    });
}

#[test]
fn a_failure_names_its_database_and_spares_no_other() {
    let seen = std::cell::RefCell::new(Vec::new());
    let failure = catch_unwind(AssertUnwindSafe(|| {
        for_each_database(|target| {
            seen.borrow_mut().push(target.to_string());
            assert!(matches!(target, Target::Server(_)), "only the other one works");
        });
    }));
    assert_eq!(*seen.borrow(), ["SQLite".to_owned(), Vendor::tested().to_string()]);
    assert!(message(failure.expect_err("it has failed")).contains("failed on SQLite,"));
}

#[test]
fn an_output_is_checked_with_all_that_is_known() {
    let sandbox = Sandbox::new();
    let output = shell(&sandbox, "echo out; echo err >&2; exit 3");
    output.fails_with(3).stdout_has("out").stderr_has("err").has_nowhere("else");
    let wrong = catch_unwind(|| output.success().code).expect_err("the code is 3");
    let wrong = message(wrong);
    for part in ["exit code 3", "out\n", "err\n", "sh -c echo out"] {
        assert!(wrong.contains(part), "`{part}` is missing in: {wrong}");
    }
}

#[test]
fn a_program_runs_in_its_folder_with_a_clean_environment() {
    let sandbox = Sandbox::new();
    sandbox.write("in/side", "text");
    let output = sandbox.program("sh").args(["-c", "cat in/side; cat; echo $MORE"]).env("MORE", "more");
    assert_eq!(output.stdin(" input ").run().success().stdout, "text input more\n");
    shell(&sandbox, "echo written > made").success();
    assert_eq!(sandbox.read("made"), "written\n");
}

#[test]
fn a_program_that_hangs_is_killed_with_its_children() {
    let sandbox = Sandbox::new();
    let script = "echo started; sleep 1000 & echo $! > child; wait";
    let program = sandbox.program("sh").args(["-c", script]).deadline(Duration::from_millis(500));
    let hung = catch_unwind(AssertUnwindSafe(|| program.run().code)).expect_err("it hangs");
    let hung = message(hung);
    assert!(hung.contains("still running after 0.5 s") && hung.contains("started"), "{hung}");
    let child = sandbox.read("child");
    // Gone, or dead and not yet collected by whoever has inherited it.
    let state = format!("ps -o stat= -p {} | grep -v Z", child.trim());
    soon("the child is killed", || shell(&sandbox, &state).code == Some(1));
}

#[test]
fn a_running_program_can_be_watched_and_signalled() {
    let sandbox = Sandbox::new();
    let script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let mut program = sandbox.spawn("sh", ["-c", script]);
    program.wait_for_stdout("ready\n");
    assert!(program.is_running());
    program.signal(Signal::TERM);
    program.wait().fails_with(7).stdout_has("bye");
}

/// A client and a server with the proxy between them, after a first word in each direction.
fn connected(proxy: &Proxy, listener: &TcpListener) -> (TcpStream, TcpStream) {
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).expect("a connection");
    let (mut server, _) = listener.accept().expect("a connection");
    say(&mut client, &mut server);
    say(&mut server, &mut client);
    (client, server)
}

#[track_caller]
fn say(from: &mut TcpStream, to: &mut TcpStream) {
    from.write_all(b"word").expect("it is sent");
    hear(to);
}

#[track_caller]
fn hear(side: &mut TcpStream) {
    let mut word = [0; 4];
    side.read_exact(&mut word).expect("it arrives");
    assert_eq!(&word, b"word");
}

/// What the side hears within a moment.
fn heard(side: &TcpStream) -> std::io::Result<usize> {
    let mut side = side;
    side.set_read_timeout(Some(Duration::from_millis(50))).expect("a time-out");
    let heard = side.read(&mut [0; 4]);
    side.set_read_timeout(None).expect("no time-out");
    heard
}

#[test]
fn a_network_fails_in_each_way_and_is_whole_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let proxy = Proxy::start(listener.local_addr().expect("an address").port());
    let kind = |heard: std::io::Result<usize>| heard.expect_err("nothing arrives").kind();

    let (mut client, mut server) = connected(&proxy, &listener);
    proxy.bring(Fault::Delay(Duration::from_millis(10)));
    say(&mut client, &mut server);
    say(&mut server, &mut client);
    proxy.bring(Fault::Silence);
    client.write_all(b"word").expect("it is sent");
    assert_eq!(kind(heard(&server)), ErrorKind::WouldBlock);
    proxy.heal();
    hear(&mut server);

    proxy.bring(Fault::LostReply);
    say(&mut client, &mut server);
    server.write_all(b"word").expect("it is sent");
    assert_eq!(client.read(&mut [0; 4]).expect("the end of the connection"), 0);

    proxy.heal();
    let (mut client, mut server) = connected(&proxy, &listener);
    proxy.bring(Fault::HalfOpen);
    assert_eq!(server.read(&mut [0; 4]).expect("the end of the connection"), 0);
    proxy.heal();
    client.write_all(b"word").expect("it is sent");
    assert_eq!(kind(heard(&client)), ErrorKind::WouldBlock);

    let (mut client, mut server) = connected(&proxy, &listener);
    proxy.bring(Fault::Reset);
    for side in [&mut client, &mut server] {
        assert_eq!(kind(side.read(&mut [0; 4])), ErrorKind::ConnectionReset);
    }

    proxy.heal();
    let (mut client, _server) = connected(&proxy, &listener);
    proxy.bring(Fault::Refusal);
    assert_eq!(client.read(&mut [0; 4]).expect("the end of the connection"), 0);
    soon("connections are refused", || !answers(proxy.port()));
    proxy.heal();
    soon("connections are accepted", || answers(proxy.port()));
}
