//! Statements through the command-line client: a way into the database that shares no code with the store.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::install;
use crate::Rows;

/// The rows as the client prints them.
#[track_caller]
pub(super) fn table(socket: &Path, database: &str, text: &str) -> String {
    run(socket, database, text, &["--batch", "--raw", "--skip-column-names"])
}

/// The rows as values. They travel as XML, which tells NULL from the text `NULL`.
#[track_caller]
pub(super) fn rows(socket: &Path, database: &str, text: &str) -> Rows {
    let xml = run(socket, database, text, &["--xml"]);
    xml.split("<row>").skip(1).map(fields).collect()
}

#[track_caller]
fn run(socket: &Path, database: &str, text: &str, options: &[&str]) -> String {
    let output = Command::new(install::client())
        .args(["--no-defaults", "--user=root", "--default-character-set=utf8mb4"])
        .arg(format!("--socket={}", socket.display()))
        .args(options)
        .args([&format!("--database={database}"), "--execute", text])
        .output()
        .unwrap_or_else(|error| panic!("the client of MariaDB cannot be started: {error}"));
    let Output { status, stdout, stderr } = output;
    assert!(status.success(), "`{text}` on MariaDB: {}{}", String::from_utf8_lossy(&stderr), log_beside(socket));
    String::from_utf8_lossy(&stdout).into_owned()
}

/// The end of the server's log: the reason, when the server is what failed.
fn log_beside(socket: &Path) -> String {
    let log = fs::read_to_string(socket.with_file_name("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    format!("the end of the server's log:\n{}", lines[lines.len().saturating_sub(5)..].join("\n"))
}

/// The values of one row: `<field name="a">text</field>`, or `<field name="a" xsi:nil="true" />` for NULL. Texts and
/// names are escaped, so these marks are never part of them.
fn fields(row: &str) -> Vec<Option<String>> {
    let row = row.split("</row>").next().unwrap_or(row);
    row.split("<field name=\"").skip(1).map(value).collect()
}

fn value(field: &str) -> Option<String> {
    let (_, rest) = field.split_once('"')?;
    let (text, _) = rest.strip_prefix('>')?.split_once("</field>")?;
    Some(text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}
