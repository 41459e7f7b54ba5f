//! Pages of the manual, run: every block of them, in order, in one folder for each page and database.
//!
//! | block | what becomes of it |
//! |---|---|
//! | `yaml`, `csv`, `jsonl` | is written to the file that the line before it names, by ending in `` `more.csv`: `` |
//! | `python` | is run, from a file where the line before it names one |
//! | `sh` | is run by bash, line by line |
//! | `text` | is in what the block before it printed; `…` stands for any text, and alone in a line for any lines |
//! | `rust` | is in the source of the page's program |
//!
//! What is run has to succeed, unless the `text` after it begins with `error:`; then its last line has to fail. A block
//! of any other kind is a failure, so that nothing on the page is unrun.
//!
//! A page's database is a file of SQLite. On MariaDB the words that name it are replaced by those of the test's
//! database before a block is run, and put back in what it printed.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use experimenter_tests::{Sandbox, Target, for_each_database, python};

/// A page and the program that it is about.
#[derive(Debug, Clone, Copy)]
struct Page<'a> {
    name: &'static str,
    text: &'a str,
    source: &'static str,
    program: &'static str,
}

const FROM_PYEXPERIMENTER: Page<'static> = Page {
    name: "docs/from-pyexperimenter.md",
    text: include_str!("../../docs/from-pyexperimenter.md"),
    source: include_str!("../programs/manual.rs"),
    program: env!("CARGO_BIN_EXE_manual"),
};

const WHAT_HAPPENS_WHEN: Page<'static> = Page {
    name: "docs/what-happens-when.md",
    text: include_str!("../../docs/what-happens-when.md"),
    source: include_str!("../../examples/resume/src/main.rs"),
    program: env!("CARGO_BIN_EXE_resumed"),
};

const COMMANDS: Page<'static> = Page {
    name: "docs/commands.md",
    text: include_str!("../../docs/commands.md"),
    source: include_str!("../../examples/quickstart/src/main.rs"),
    program: env!("CARGO_BIN_EXE_study"),
};

/// What the program is called on every page.
const PROGRAM: &str = "my-study";

#[test]
fn who_comes_from_pyexperimenter_can_do_what_the_page_says() {
    for_each_database(|target| Reader::new(FROM_PYEXPERIMENTER, target).follow());
}

#[test]
fn what_the_page_says_is_what_happens() {
    follow_without_configuration(WHAT_HAPPENS_WHEN);
}

#[test]
fn the_commands_print_what_the_page_says() {
    follow_without_configuration(COMMANDS);
}

fn follow_without_configuration(page: Page<'static>) {
    for_each_database(|target| Reader { database: Some(target.url()), ..Reader::new(page, target) }.follow());
}

/// A fenced block of a page.
#[derive(Debug)]
struct Block<'a> {
    page: Page<'a>,
    /// The line of the page where its text begins.
    line: usize,
    kind: &'a str,
    /// The file that the line before it names.
    file: Option<&'a str>,
    lines: Vec<&'a str>,
}

/// The fenced blocks of a page, in order.
fn blocks(page: Page<'_>) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut numbered = page.text.lines().zip(1..);
    while let Some((line, number)) = numbered.next() {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            let lines = numbered.by_ref().map(|(line, _)| line).take_while(|line| line.trim() != "```").collect();
            blocks.push(Block { page, line: number + 1, kind, file: named_file(before), lines });
            before = "";
        } else if !line.trim().is_empty() {
            before = line;
        }
    }
    blocks
}

/// The file that a line names at its end.
fn named_file(line: &str) -> Option<&str> {
    Some(line.strip_suffix("`:")?.rsplit_once('`')?.1)
}

impl Block<'_> {
    #[track_caller]
    fn is_wrong(&self, what: &str) -> ! {
        self.is_wrong_at(self.line, what)
    }

    #[track_caller]
    fn is_wrong_at(&self, line: usize, what: &str) -> ! {
        panic!("{}:{line}: {what}", self.page.name)
    }

    fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    fn file(&self) -> &str {
        self.file.unwrap_or_else(|| self.is_wrong("the line before the block names no file at its end: `more.csv`:"))
    }

    /// Whether it is what a command prints that fails.
    fn is_refusal(&self) -> bool {
        self.kind == "text" && self.lines.first().is_some_and(|line| line.starts_with("error:"))
    }
}

/// Somebody who does what the page says, with a database of their own.
struct Reader<'a> {
    page: Page<'a>,
    /// The database, where the page does not name it.
    database: Option<String>,
    sandbox: Sandbox,
    /// A folder with the program.
    programs: Sandbox,
    words: Words,
}

impl<'a> Reader<'a> {
    fn new(page: Page<'a>, target: &Target) -> Self {
        let programs = Sandbox::new();
        let link = programs.path().join(PROGRAM);
        std::os::unix::fs::symlink(page.program, link).expect("a link to the program");
        Self { page, database: None, sandbox: Sandbox::new(), programs, words: Words::new(target) }
    }

    fn follow(&self) {
        let blocks = blocks(self.page);
        // What the last block printed, for the text after it.
        let mut printed = None;
        for (index, block) in blocks.iter().enumerate() {
            let is_refused = blocks.get(index + 1).is_some_and(Block::is_refusal);
            let before = printed.take();
            match block.kind {
                "yaml" | "csv" | "jsonl" => self.write(block.file(), block),
                "python" => printed = Some(self.python(block, is_refused)),
                "sh" => printed = Some(self.shell(block, is_refused)),
                "text" => check_text(block, before),
                "rust" => check_source(block),
                kind => block.is_wrong(&format!("nobody knows what to do with a block of the kind `{kind}`")),
            }
        }
    }

    fn write(&self, file: &str, block: &Block<'_>) {
        self.sandbox.write(file, &self.words.for_the_test(&block.text()));
    }

    fn python(&self, block: &Block<'_>, is_refused: bool) -> String {
        let file = block.file.unwrap_or("block.py");
        self.write(file, block);
        self.run(block, block.line, &format!("python {file}"), is_refused)
    }

    fn shell(&self, block: &Block<'_>, is_refused: bool) -> String {
        let last = block.line + block.lines.len() - 1;
        let commands = block.lines.iter().zip(block.line..);
        commands.map(|(command, line)| self.run(block, line, command, is_refused && line == last)).collect()
    }

    /// Runs one command of the page; gives what it printed to both streams, as on a terminal.
    fn run(&self, block: &Block<'_>, line: usize, command: &str, is_refused: bool) -> String {
        // Cargo runs this test, and not the user's commands; the program's hints depend on that.
        let script = format!("unset CARGO\nexec 2>&1\n{}", self.words.for_the_test(command));
        let program = self.sandbox.program("bash").args(["-c", &script]).env("PATH", self.path());
        let program = program.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("pyexperimenter"));
        let database = self.database.iter();
        let output = database.fold(program, |program, url| program.env("EXPERIMENTER_DATABASE", url)).run();
        match (output.code, is_refused) {
            (Some(0), false) => {}
            (Some(0), true) => block.is_wrong_at(line, &format!("it should fail, as the text after it says: {output}")),
            (Some(_), true) => {}
            _ => block.is_wrong_at(line, &format!("it should succeed: {output}")),
        }
        // The user's program is a release build.
        let said = |line: &&str| !line.starts_with("this is a debug build");
        self.words.for_the_page(&output.stdout.split_inclusive('\n').filter(said).collect::<String>())
    }

    /// The program and Python, before what else there is.
    fn path(&self) -> OsString {
        let python = python().parent().expect("an interpreter is in a folder");
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            [self.programs.path(), python].map(Path::to_owned).into_iter().chain(std::env::split_paths(&others));
        std::env::join_paths(folders).expect("folders without colons")
    }
}

fn check_text(block: &Block<'_>, printed: Option<String>) {
    let printed = printed.unwrap_or_else(|| block.is_wrong("no block right before it printed anything"));
    let lines: Vec<_> = printed.lines().map(str::trim_end).collect();
    if !(0..=lines.len()).any(|start| begins(&lines[start..], &block.lines)) {
        block.is_wrong(&format!("this was not printed:\n{}\nbut this was:\n{printed}", block.text()));
    }
}

/// Whether lines begin with those of the page.
fn begins(lines: &[&str], page: &[&str]) -> bool {
    match page {
        [] => true,
        ["…", rest @ ..] => (0..=lines.len()).any(|skipped| begins(&lines[skipped..], rest)),
        [first, rest @ ..] => {
            lines.split_first().is_some_and(|(line, lines)| is_like(line, first) && begins(lines, rest))
        }
    }
}

/// Whether a line is that of the page.
fn is_like(line: &str, page: &str) -> bool {
    let Some((head, tail)) = page.split_once('…') else { return line == page };
    let Some(rest) = line.strip_prefix(head) else { return false };
    let ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
    ends.into_iter().any(|end| is_like(&rest[end..], tail))
}

fn check_source(block: &Block<'_>) {
    let source: Vec<_> = block.page.source.lines().collect();
    let shown = unindented(&block.lines);
    if !source.windows(shown.len().max(1)).any(|lines| unindented(lines) == shown) {
        block.is_wrong(&format!("these lines are not in the program's source:\n{}", block.text()));
    }
}

/// Lines without the indentation that they have in common.
fn unindented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indentation = |line: &&str| line.len() - line.trim_start().len();
    let common = lines.iter().filter(|line| !line.is_empty()).map(indentation).min().unwrap_or(0);
    lines.iter().map(|line| line.get(common..).unwrap_or_default()).collect()
}

/// The words by which the page names its database, and those of the test's own.
struct Words {
    replaced: Vec<(&'static str, String)>,
    put_back: Vec<(String, &'static str)>,
}

impl Words {
    fn new(target: &Target) -> Self {
        let url = "mysql://example_user:example_password@db.example.org/thesis";
        let file = "sqlite://thesis.db";
        let mut words = Self {
            replaced: Vec::new(),
            put_back: vec![("tests/programs/manual.rs".into(), "src/main.rs"), ("tests/../".into(), "")],
        };
        let Target::Server(database) = target else {
            words.replaced.push((url, file.into()));
            return words;
        };
        let (name, server) = (database.name(), format!("127.0.0.1:{}", database.port()));
        words.put_back.push((format!("mysql://{server}/{name}"), file));
        words.put_back.push((format!("/{name}"), "/thesis"));
        words.put_back.push((database.user().into(), "example_user"));
        words.replaced.push((url, database.url()));
        words.replaced.push(("provider: sqlite", "provider: mysql".into()));
        words.replaced.push(("database: thesis", format!("database: {name}")));
        words.replaced.push(("db.example.org", server));
        words.replaced.push(("example_user", database.user().into()));
        words.replaced.push(("example_password", database.password().into()));
        words
    }

    fn for_the_test(&self, text: &str) -> String {
        self.replaced.iter().fold(text.to_owned(), |text, (page, test)| text.replace(page, test))
    }

    fn for_the_page(&self, text: &str) -> String {
        self.put_back.iter().fold(text.to_owned(), |text, (test, page)| text.replace(test, page))
    }
}

#[test]
fn an_ellipsis_stands_for_text_and_for_lines() {
    let lines = ["a grid of 12 rows", "  rate 2 (src/main.rs:7)", "12 new rows"];
    for page in [
        &["a grid of 12 rows", "  rate 2 (src/main.rs:…)"][..],
        &["a … rows", "…", "12 new rows"],
        &["…grid…", "  rate 2 (…)", "…", "12 …"],
    ] {
        assert!(begins(&lines, page), "{page:?}");
    }
    for page in [&["a grid of 12 rows", "12 new rows"][..], &["grid"], &["a … row"], &["…", "13 new rows"]] {
        assert!(!begins(&lines, page), "{page:?}");
    }
}

#[test]
fn a_page_that_is_wrong_is_found_out() {
    let target = Target::sqlite();
    let reader = Reader::new(FROM_PYEXPERIMENTER, &target);
    let follow = |text| Reader { page: Page { text, ..reader.page }, ..Reader::new(reader.page, &target) }.follow();
    for (page, line, says) in [
        ("```console\n$ true\n```", 2, "a block of the kind `console`"),
        ("A file:\n\n```yaml\na: 1\n```", 4, "names no file"),
        ("```rust\nfn main() -> ! {\n```", 2, "not in the program's source"),
        ("```sh\ntrue\nfalse\n```", 3, "it should succeed"),
        ("```python\nraise SystemExit(1)\n```", 2, "it should succeed"),
        ("```sh\necho error: none\n```\n```text\nerror: none\n```", 2, "it should fail"),
        ("```sh\necho 12 rows\n```\n```text\n13 rows\n```", 5, "this was not printed"),
        ("```sh\ntrue\n```\n```rust\nfn main()\n```\n```text\n13 rows\n```", 5, "not in the program's source"),
        ("```text\n13 rows\n```", 2, "no block right before it"),
    ] {
        let followed = catch_unwind(AssertUnwindSafe(|| follow(page)));
        let message = followed.expect_err(page).downcast::<String>().expect("a message");
        assert!(
            message.starts_with(&format!("{}:{line}: ", reader.page.name)) && message.contains(says),
            "{page}: {message}"
        );
    }
    let text = "In `a/b.csv`:\n```csv\nn\n```\n```sh\necho error: 1; false\n```\n```text\nerror: …\n```";
    let reader = Reader { page: Page { text, ..reader.page }, ..reader };
    reader.follow();
    assert_eq!(reader.sandbox.read("a/b.csv"), "n\n");
}
