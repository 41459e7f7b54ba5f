//! `completions`: what a shell needs to complete a command line, this program's experiments and fields included.

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::builder::PossibleValuesParser;
use clap::{Arg, Args, Command, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};

use super::args::Cli;
use super::failure::{Failure, program};
use crate::definition::Registration;
use crate::exit;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(my-study completions bash)
  my-study completions zsh > ~/.zfunc/_my-study
  my-study completions fish > ~/.config/fish/completions/my-study.fish")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: KnownShell,
}

/// The shells that there are completions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

pub(super) fn completions(experiments: &[&'static Registration], args: &Completions) -> Result<u8, Failure> {
    let shell = match args.shell {
        KnownShell::Bash => Shell::Bash,
        KnownShell::Zsh => Shell::Zsh,
        KnownShell::Fish => Shell::Fish,
    };
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_name().map_or_else(program, |name| name.to_string_lossy().into_owned());
    let mut script = Vec::new();
    generate(shell, &mut command(experiments), name, &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(exit::DONE)
}

/// The command line, with what its options may hold in this program.
fn command(experiments: &[&'static Registration]) -> Command {
    let definitions = || experiments.iter().map(|experiment| experiment.definition);
    let experiment: Vec<_> = definitions().map(|definition| definition.name).collect();
    let keyfields: Vec<_> =
        definitions().flat_map(|definition| definition.keyfields.iter().map(|field| field.column.name)).collect();
    let resultfields: Vec<_> =
        definitions().flat_map(|definition| definition.resultfields.iter().map(|field| field.name)).collect();
    let logtables: Vec<_> =
        definitions().flat_map(|definition| definition.logtables.iter().map(|logtable| logtable.name)).collect();
    // The process, which is near its end, keeps these texts: an option's values have to be static.
    let assigned = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().map(|name| &*format!("{name}=").leak()).collect()
    };
    let conditions = assigned(&[&keyfields[..], &resultfields[..]].concat());
    let settings = assigned(&keyfields);
    let known = [("by", &keyfields), ("value", &resultfields), ("conditions", &conditions), ("set", &settings)];
    let mut command = Cli::command().mut_arg("experiment", |arg| offering(arg, &experiment));
    let names: Vec<_> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(&name, |mut command| {
            for (id, values) in known {
                if !values.is_empty() && command.get_arguments().any(|arg| arg.get_id() == id) {
                    command = command.mut_arg(id, |arg| offering(arg, values));
                }
            }
            match name.as_str() {
                "logtable" if !logtables.is_empty() => command.mut_arg("name", |arg| offering(arg, &logtables)),
                _ => command,
            }
        });
    }
    command
}

fn offering(arg: Arg, values: &[&'static str]) -> Arg {
    let values: BTreeSet<_> = values.iter().copied().collect();
    arg.value_parser(PossibleValuesParser::new(values))
}
