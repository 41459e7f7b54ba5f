//! Measures everything, and writes BENCHMARKS.md with its plots. `run.sh` builds what it needs and starts it.

mod cost;
mod fill;
mod memory;
mod report;
mod rig;
mod sample;
mod scale;
mod svg;
mod throughput;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::report::{Goal, Section};
use crate::rig::Rig;
use crate::scale::Scale;

/// Measures a subject, and tells of it.
type Measure = fn(&Rig) -> Section;

/// The subjects, in the order of the report.
const SUBJECTS: [(&str, Measure); 3] =
    [("fill", fill::measure), ("throughput", throughput::measure), ("cost", cost::measure)];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let scale = arguments.first().and_then(|word| Scale::parse(word));
    let (Some(scale), Some(folder)) = (scale, arguments.get(1)) else {
        tell("usage: experimenter-benches quick|full FOLDER [SUBJECT…]");
        return ExitCode::from(2);
    };
    let wanted = &arguments[2..];
    let rig = Rig::start(scale);
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let subjects = SUBJECTS.iter().filter(|(name, _)| is_wanted(name));
    let sections: Vec<_> = subjects.map(|(_, measure)| measure(&rig)).collect();
    if let Err(error) = write(Path::new(folder), &sections) {
        tell(&format!("error: the report cannot be written: {error}"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn write(folder: &Path, sections: &[Section]) -> io::Result<()> {
    let goals = sections.iter().flat_map(|section| &section.goals);
    let mut text = String::from("# Benchmarks\n\n");
    text += &Goal::table(goals).markdown();
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
