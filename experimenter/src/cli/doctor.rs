//! `doctor`: what is wrong with the database and its tables, and what to do about it. It changes nothing.

use std::path::Path;

use experimenter_diesel::{FileSystem, Found, Product, Result as StoreResult, Store, StoreError, Target};
use rustix::fs::{Access, access};
use serde_json::json;

use super::context::Context;
use super::execute::FOLDER;
use super::failure::{Failure, program};
use crate::exit;
use crate::report::{count, counted, duration, seconds};

pub(super) fn doctor(context: &mut Context<'_>) -> Result<u8, Failure> {
    let mut report = Report::default();
    server(context, &mut report);
    files(context, &mut report);
    if let Some(()) = report.ask(context, "table", async |store| store.check_tables().await) {
        report.ok("table", format!("`{}` has the experiment's columns", context.store.spec().name));
        access_paths(context, &mut report);
        side_tables(context, &mut report);
        rows(context, &mut report);
    }
    if context.console.is_json() {
        context.console.json(&report.as_json())?;
    } else {
        context.console.result(&report.as_text())?;
    }
    let is_well = report.0.iter().all(|finding| finding.verdict != Verdict::Error);
    Ok(if is_well { exit::DONE } else { exit::FAILURE })
}

const TESTED_SERVERS: &str = "use MariaDB 10.11 or MySQL 9.7, which are tested, where you can choose";

fn is_tested_mysql(version: &str) -> bool {
    version.split('.').next().and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= 9)
}

fn server(context: &mut Context<'_>, report: &mut Report) {
    let target = context.target.to_string();
    if let Some(time) = report.ask(context, "connection", async |store| store.round_trip().await) {
        report.ok("connection", format!("{target} answers within {:.1} ms", time.as_secs_f64() * 1_000.0));
    }
    if let Some(server) = report.ask(context, "version", async |store| store.server().await) {
        let version = &server.version;
        match server.product {
            Product::Sqlite => report.ok("version", format!("SQLite {version}")),
            Product::MariaDb => report.ok("version", format!("MariaDB {version}")),
            Product::Mysql if is_tested_mysql(version) => report.ok("version", format!("MySQL {version}")),
            Product::Mysql => {
                report.warning("version", format!("MySQL {version}: untested, unlike 9.7"), TESTED_SERVERS);
            }
            Product::TiDb => report.warning("version", format!("TiDB {version}: untested"), TESTED_SERVERS),
        }
        if server.is_galera {
            report.warning(
                "cluster",
                "Galera, which can lose commits that it has acknowledged when a node fails",
                "have all executers write to one node: name its host in the database's URL",
            );
        }
    }
    if let Some(lacking) = report.ask(context, "privileges", async |store| store.privileges().await) {
        let missing = lacking.missing.join(", ");
        match (lacking.missing.is_empty(), lacking.has_roles) {
            (true, _) => report.ok("privileges", "reading, writing and creating tables is allowed"),
            (false, true) => report.warning(
                "privileges",
                format!("no grant of the user itself names {missing}; a role may have them"),
                "see by SHOW GRANTS FOR that role",
            ),
            (false, false) => report.error(
                "privileges",
                format!("the user lacks {missing}"),
                format!("ask for: GRANT {missing} ON the database"),
            ),
        }
    }
    if let Some(Some(level)) = report.ask(context, "isolation", async |store| store.isolation().await) {
        if level == "READ-COMMITTED" {
            report.ok("isolation", level);
        } else {
            report.error(
                "isolation",
                format!("our session has {level} although it asked for READ COMMITTED"),
                "connect to the server itself, without a proxy that changes sessions",
            );
        }
    }
    if let Some(ahead) = report.ask(context, "clock", async |store| store.clock_difference().await) {
        let difference = duration(seconds(ahead.abs()));
        if ahead.abs() < 5.0 {
            report.ok("clock", format!("the database's differs by {difference}"));
        } else {
            report.warning(
                "clock",
                format!(
                    "the database's is {difference} {} this machine's",
                    if ahead > 0.0 { "ahead of" } else { "behind" }
                ),
                "have both machines take their time from a server (`timedatectl`); rows are claimed right even so, but \
                 times in the table mislead",
            );
        }
    }
    for setting in report.ask(context, "durability", async |store| store.durability().await).unwrap_or_default() {
        let text = format!("{} is {}", setting.name, setting.value);
        if setting.is_safe() {
            report.ok("durability", text);
        } else {
            report.warning(
                "durability",
                format!("{text}: the database can lose its last commits in a power failure"),
                format!("have the administrator set {} to {}", setting.name, setting.safe),
            );
        }
    }
}

/// The files that executers write here: the database, if it is one, and what rows leave beside it.
fn files(context: &Context<'_>, report: &mut Report) {
    if let Target::Sqlite { path, .. } = &context.target {
        match FileSystem::of(path) {
            Ok(system) if system.is_shared => report.warning(
                "file system",
                format!("{} is on {}, where locks may not hold", path.display(), system.name),
                "move the file to a local folder, or use a MariaDB server",
            ),
            Ok(system) if system.is_memory => report.warning(
                "file system",
                format!("{} is on {}, which a restart of the machine empties", path.display(), system.name),
                "move the file to a disk before its results matter",
            ),
            Ok(system) => report.ok("file system", format!("{} is on {}", path.display(), system.name)),
            Err(error) => report.warning(
                "file system",
                format!("that of {} cannot be told: {error}", path.display()),
                "make sure that it is a local one",
            ),
        }
        if access(path, Access::WRITE_OK).is_err() {
            report.error(
                "privileges",
                format!("{} cannot be written", path.display()),
                format!("make it writable: chmod u+w {}", path.display()),
            );
        }
    }
    let folder = Path::new(FOLDER);
    let there = if folder.exists() { folder } else { Path::new(".") };
    if access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        report.error(
            "folder",
            format!("{FOLDER} cannot be written here"),
            "start the program in a folder that you can write to",
        );
        return;
    }
    match FileSystem::of(folder) {
        Ok(system) if system.is_memory => report.warning(
            "folder",
            format!("{FOLDER} is on {}, which a restart of the machine empties", system.name),
            "start the program in a folder on a disk",
        ),
        Ok(system) => report.ok("folder", format!("{FOLDER} can be written, on {}", system.name)),
        Err(error) => {
            report.warning("folder", format!("the file system of {FOLDER} cannot be told: {error}"), "see `df .`");
        }
    }
}

/// How the database keeps and finds the rows.
fn access_paths(context: &mut Context<'_>, report: &mut Report) {
    let engines = report.ask(context, "engine", async |store| store.engines().await).unwrap_or_default();
    let others: Vec<_> = engines.iter().filter(|(_, engine)| !engine.eq_ignore_ascii_case("InnoDB")).collect();
    for (table, engine) in &others {
        report.error(
            "engine",
            format!("the table `{table}` is kept by {engine}, which has no transactions"),
            format!("while nobody uses it: ALTER TABLE `{table}` ENGINE=InnoDB"),
        );
    }
    if others.is_empty() && !engines.is_empty() {
        report.ok("engine", format!("InnoDB keeps all {} tables", engines.len()));
    }
    if let Some(has_index) = report.ask(context, "index", async |store| store.has_index().await) {
        if has_index {
            report.ok("index", "there is one on (status, ID)");
        } else {
            report.warning(
                "index",
                "there is none on (status, ID), so that a claim reads every finished row",
                format!("the next `{} execute` creates it", program()),
            );
        }
    }
}

fn side_tables(context: &mut Context<'_>, report: &mut Report) {
    let Some(layout) = report.ask(context, "side tables", async |store| store.layout().await) else { return };
    let fill = format!("the next `{} fill` adds it", program());
    let number = |version: &str| version.parse::<u32>().ok();
    match &layout.version {
        Some(version) if number(version) > number(layout.ours) => {
            report.error(
                "side tables",
                format!("they have version {version}, this program knows {}", layout.ours),
                "build the program with the `experimenter` that the others use",
            );
            return;
        }
        Some(version) if layout.is_complete => report.ok("side tables", format!("complete, version {version}")),
        Some(version) => report.warning("side tables", format!("a part is missing (version {version})"), fill),
        None => report.warning("side tables", "there are none: nobody has filled or executed with this program", fill),
    }
    if !layout.is_complete {
        return;
    }
    if let Some(plan) = report.ask(context, "plan", async |store| store.claim_plan().await) {
        let steps = plan.steps.join("; ");
        if plan.reads_all {
            report.warning(
                "plan",
                format!("a claim reads every row: {steps}"),
                "create the index on (status, ID) if it is missing, else: ANALYZE TABLE",
            );
        } else if !steps.is_empty() {
            report.ok("plan", format!("of a claim: {steps}"));
        }
    }
    if let Some(orphans) = report.ask(context, "orphans", async |store| store.orphans().await) {
        if orphans.claims + orphans.checkpoints == 0 {
            report.ok("orphans", "every claim and checkpoint has its row");
        } else {
            let (claims, checkpoints) = (count(orphans.claims), count(orphans.checkpoints));
            report.warning(
                "orphans",
                format!("{claims} claims and {checkpoints} checkpoints are of rows that are gone"),
                format!("the next `{} fill` removes them", program()),
            );
        }
    }
}

fn rows(context: &mut Context<'_>, report: &mut Report) {
    let program = program();
    if let Some(keys) = report.ask(context, "keyfields", async |store| store.keys().await) {
        if keys.changed.count == 0 {
            report.ok("keyfields", "no row's were changed since it was filled");
        } else {
            report.error(
                "keyfields",
                format!("somebody changed those of {}", these(&keys.changed)),
                format!("set them back; or run the rows as they are now: {program} reset --ids {}", ids(&keys.changed)),
            );
        }
        if keys.duplicates.count > 0 {
            report.warning(
                "duplicates",
                format!("earlier rows have the keyfields of {}", these(&keys.duplicates)),
                format!("delete those that nobody needs: {}", context.store.deletion_of(&keys.duplicates)),
            );
        }
        if keys.unadopted.count > 0 {
            report.warning(
                "adoption",
                format!("somebody else inserted {}", these(&keys.unadopted)),
                format!("`{program} fill` adopts them, and so does an executer that finds nothing else"),
            );
        }
    }
    if let Some(found) = report.ask(context, "running", async |store| store.running_without_claim().await) {
        if found.count == 0 {
            report.ok("running", "each running row has an executer's claim");
        } else {
            report.warning(
                "running",
                format!("no executer has a claim on {}: a worker of PyExperimenter runs them, or did", these(&found)),
                format!("if no such worker is left: {program} reset --ids {}", ids(&found)),
            );
        }
    }
}

/// `2 rows (3, 8)`.
fn these(found: &Found) -> String {
    let more = if found.count > found.first.len() as u64 { ", …" } else { "" };
    format!(
        "{} ({}{more})",
        counted(found.count, "row"),
        found.first.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
    )
}

fn ids(found: &Found) -> String {
    found.first.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Error,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

struct Finding {
    check: &'static str,
    verdict: Verdict,
    text: String,
    remedy: Option<String>,
}

#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn ok(&mut self, check: &'static str, text: impl Into<String>) {
        self.0.push(Finding { check, verdict: Verdict::Ok, text: text.into(), remedy: None });
    }

    fn warning(&mut self, check: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding { check, verdict: Verdict::Warning, text: text.into(), remedy: Some(remedy.into()) });
    }

    fn error(&mut self, check: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding { check, verdict: Verdict::Error, text: text.into(), remedy: Some(remedy.into()) });
    }

    /// What the store answers to a check; that it cannot is a finding as well.
    fn ask<T>(
        &mut self,
        context: &mut Context<'_>,
        check: &'static str,
        call: impl AsyncFnOnce(&mut Store) -> StoreResult<T>,
    ) -> Option<T> {
        match context.runtime.block_on(call(&mut context.store)) {
            Ok(answer) => return Some(answer),
            Err(error @ StoreError::NoTable(_)) => {
                self.warning(check, error.to_string(), format!("fill it: {} fill", program()));
            }
            Err(error) => match Failure::from(error) {
                Failure::Message { message, hints, .. } => {
                    let remedy = (!hints.is_empty()).then(|| hints.join("; "));
                    self.0.push(Finding { check, verdict: Verdict::Error, text: message, remedy });
                }
                Failure::ClosedPipe => {}
            },
        }
        None
    }

    fn as_text(&self) -> String {
        let line = |Finding { check, verdict, text, remedy }: &Finding| {
            let text = text.replace('\n', "\n         ");
            let remedy = remedy.as_ref().map_or_else(String::new, |remedy| format!("\n         {remedy}"));
            format!("{:7}  {check}: {text}{remedy}", verdict.as_str())
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn as_json(&self) -> serde_json::Value {
        let object = |Finding { check, verdict, text, remedy }: &Finding| json!({ "check": check, "verdict": verdict.as_str(), "text": text, "remedy": remedy });
        self.0.iter().map(object).collect()
    }
}
