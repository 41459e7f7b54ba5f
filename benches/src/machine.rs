//! Where and with what was measured.

use std::fs;
use std::process::Command;

use experimenter_tests::python;

use crate::report::Table;
use crate::rig::Rig;

pub(crate) fn table(rig: &Rig) -> Table {
    let mut table = Table::new("", &["measured with", ""]);
    let mut line = |what: &str, value: String| table.row([what.to_owned(), value]);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    line("cores", cores.to_string());
    line("memory", memory());
    line("Rust", first_line("rustc", &["--version"]));
    line("MariaDB", rig.server.sql("", "SELECT VERSION()").trim().to_owned());
    line(
        "its settings",
        "`innodb_flush_log_at_trx_commit=1`, `sync_binlog=1`, `log_bin`, `innodb_buffer_pool_size=1G`; by TCP on 127.0.0.1"
            .to_owned(),
    );
    line("SQLite's settings", "`journal_mode=WAL`, `synchronous=FULL`".to_owned());
    let python = python().to_string_lossy();
    line("Python", first_line(&python, &["--version"]));
    let version =
        "import importlib.metadata as m; print(m.version('py-experimenter'), 'with pymysql', m.version('pymysql'))";
    line("PyExperimenter", first_line(&python, &["-c", version]));
    table
}

fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = total.and_then(|total| total.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kibibytes.map_or_else(String::new, |kibibytes| format!("{:.0} GiB", kibibytes / 1_048_576.0))
}

fn first_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or_default().to_owned()
}
