//! Measures everything, and writes BENCHMARKS.md with its plots. `run.sh` builds what it needs and starts it.

mod build;
mod commands;
mod cost;
mod fill;
mod machine;
mod memory;
mod report;
mod rig;
mod sample;
mod scale;
mod size;
mod svg;
mod throughput;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::report::{Goal, Section, wrapped};
use crate::rig::Rig;
use crate::scale::Scale;

/// Measures a subject, and tells of it.
type Measure = fn(&Rig) -> Section;

/// The subjects, in the order of the report.
const SUBJECTS: [(&str, Measure); 6] = [
    ("throughput", throughput::measure),
    ("cost", cost::measure),
    ("size", size::measure),
    ("fill", fill::measure),
    ("commands", commands::measure),
    ("build", build::measure),
];

const INTRODUCTION: &str = "Everything here was measured in one run of `benches/run.sh`, in turns: each repetition measures \
     everybody once, and a ratio is the median of the ratios within the repetitions. Absolute figures are those of the \
     machine, and of what else it did; ratios are what to look at.";

const COMPARED: &str = "Compared is what all of them do: rows that are there already, a function that does nothing, one \
     result. Not compared are networks (server and clients are on one machine, and wait for its disk more than for each \
     other), MySQL, many hosts, functions that do something, and what only `experimenter` does: that a row is not lost when \
     whoever runs it dies.";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let scale = arguments.first().and_then(|word| Scale::parse(word));
    let (Some(scale), Some(folder)) = (scale, arguments.get(1)) else {
        tell("usage: experimenter-benches quick|full FOLDER [SUBJECT…]");
        return ExitCode::from(2);
    };
    let wanted = &arguments[2..];
    let rig = Rig::start(scale);
    // A clean build takes longer than all of a quick run.
    let is_wanted = |name: &str| match wanted {
        [] => scale == Scale::Full || name != "build",
        wanted => wanted.iter().any(|word| word == name),
    };
    let subjects = SUBJECTS.iter().filter(|(name, _)| is_wanted(name));
    let sections: Vec<_> = subjects.map(|(_, measure)| measure(&rig)).collect();
    if let Err(error) = write(&rig, Path::new(folder), &sections) {
        tell(&format!("error: the report cannot be written: {error}"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn write(rig: &Rig, folder: &Path, sections: &[Section]) -> io::Result<()> {
    let goals: Vec<_> = sections.iter().flat_map(|section| &section.goals).collect();
    let mut text = format!(
        "# Benchmarks\nWritten by `benches/run.sh {}`; edits are lost.\n\n{}\n\n{}\n\n{}\n## What was to be reached\n\n{}",
        rig.scale.name(),
        wrapped(INTRODUCTION),
        wrapped(COMPARED),
        machine::table(rig).markdown(),
        Goal::markdown(&goals)
    );
    for section in sections {
        text += "\n";
        text += &section.markdown("benches/plots");
    }
    let plots = folder.join("benches/plots");
    fs::create_dir_all(&plots)?;
    for plot in sections.iter().flat_map(|section| &section.plots) {
        fs::write(plots.join(format!("{}.svg", plot.name)), svg::bars(plot))?;
    }
    fs::write(folder.join("BENCHMARKS.md"), text)
}

/// Says how far it is.
#[expect(clippy::print_stderr, reason = "a program's progress")]
pub(crate) fn tell(text: &str) {
    eprintln!("{text}");
}
