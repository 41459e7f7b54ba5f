//! What it costs a user to build: a crate that depends on `experimenter` and `diesel`, in a folder of its own.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use experimenter_tests::Sandbox;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::report::{Goal, Section, Table, figure};
use crate::rig::Rig;
use crate::sample::Sample;

/// How many experiments the larger program has.
const MANY: u32 = 10;

pub(crate) fn measure(rig: &Rig) -> Section {
    let mut section = Section::new(
        "Building",
        "A user's crate with one experiment of three keyfields and one resultfield, which depends on `experimenter` and `diesel` \
         as the README says. The clean build is a debug build into an empty folder, with as many jobs as there are cores; its \
         processor time is told since other work on the machine does not lengthen it. `cargo check` is measured after a change of \
         the one source file, with one experiment in it and with ten.",
    );
    let user = User::new();
    let mut table = Table::new("", &["", "", "least–most"]);
    let mut line = |what: &str, sample: &Sample, unit: &str| {
        let (least, most) = sample.range();
        table.row([
            what.to_owned(),
            figure(sample.median(), unit),
            format!("{}–{}", figure(least, ""), figure(most, "")),
        ]);
    };
    user.write(1);
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let crates = user.crates() as f64;
    line("crates, its own included", &Sample::of(crates), "");
    let (before, begun) = (processor_seconds(), Instant::now());
    user.cargo("build");
    let (wall, processor) = (Sample::of(begun.elapsed().as_secs_f64()), Sample::of(processor_seconds() - before));
    line("clean build", &wall, "s");
    line("processor time of the clean build", &processor, "s");
    let (one, many) = user.checks(rig.scale.repetitions());
    line("`cargo check` with 1 experiment", &one, "s");
    line(&format!("`cargo check` with {MANY} experiments"), &many, "s");
    let each = (many.median() - one.median()) / f64::from(MANY - 1);
    line("`cargo check` of each further experiment", &Sample::of(each), "s");
    section.table(table);
    section.goal(Goal::at_most("clean build", 120.0, wall.median(), "s"));
    section.goal(Goal::at_most("crates of a user's program, its own included", 200.0, crates, ""));
    section.goal(Goal::at_most("`cargo check` of each further experiment", 0.5, each, "s"));
    section
}

/// A user's crate.
struct User {
    sandbox: Sandbox,
    root: PathBuf,
}

impl User {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member is in the workspace").to_owned();
        let user = Self { sandbox: Sandbox::new(), root };
        let path = user.root.join("experimenter");
        user.sandbox.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"user\"\nedition = \"2024\"\n\n[dependencies]\nexperimenter = {{ path = \"{}\" }}\n\
                 diesel = {{ version = \"~2.3.9\", default-features = false }}\n\n[workspace]\n",
                path.display()
            ),
        );
        // The versions that the workspace was tested with.
        let lock = fs::read_to_string(user.root.join("Cargo.lock")).expect("the workspace has a lock file");
        user.sandbox.write("Cargo.lock", &lock);
        user
    }

    /// Writes the source file anew, with so many experiments.
    fn write(&self, experiments: u32) {
        let mut source = "use experimenter::prelude::*;\n".to_owned();
        for number in 0..experiments {
            let _ = write!(
                source,
                "\n#[experiment(keyfields = {{ dataset: String = [\"iris\"], c: f64 = [1.0], seed: i64 = 0..5 }}, \
                 resultfields = {{ score: f64 }})]\nfn study{number}(key: &Study{number}Key, _run: &mut Study{number}Run) -> \
                 Study{number}Results {{\n    Study{number}Results {{ score: key.c }}\n}}\n"
            );
        }
        source += "\nfn main() -> std::process::ExitCode {\n    experimenter::main()\n}\n";
        self.sandbox.write("src/main.rs", &source);
    }

    fn cargo(&self, words: &str) -> String {
        let target = self.sandbox.path().join("target");
        let program = self.sandbox.program("cargo").args(words.split(' ')).env("CARGO_TARGET_DIR", target);
        program.deadline(std::time::Duration::from_secs(3_600)).run().success().stdout.clone()
    }

    fn crates(&self) -> usize {
        let tree = self.cargo("tree --prefix none --edges normal,build --format {p}");
        let crates: std::collections::BTreeSet<_> =
            tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
        crates.len()
    }

    /// Seconds of `cargo check` with one experiment and with many, in turn.
    fn checks(&self, repetitions: usize) -> (Sample, Sample) {
        self.cargo("check");
        let check = |experiments| {
            self.write(experiments);
            let begun = Instant::now();
            self.cargo("check");
            begun.elapsed().as_secs_f64()
        };
        let (mut one, mut many) = (Sample::none(), Sample::none());
        for _ in 0..repetitions {
            many.add(check(MANY));
            one.add(check(1));
        }
        (one, many)
    }
}

/// The processor time of all programs that this one has waited for, in seconds.
fn processor_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel tells it");
    #[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
    let seconds = |time: nix::sys::time::TimeVal| time.num_microseconds() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}
