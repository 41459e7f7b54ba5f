//! The user's program as a command-line tool.

mod args;
mod completions;
mod context;
mod deliver;
mod doctor;
mod errors;
mod execute;
mod explain;
mod export;
mod failure;
mod fields;
mod fill;
mod list;
mod logtable;
mod output;
mod records;
mod reset;
mod retire;
mod rows;
mod setup;
mod show;
mod status;
mod summary;
mod try_row;
mod work;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Cli, Command};
use self::context::Context;
use self::failure::Failure;
use self::setup::Setup;
use crate::report::Console;
use crate::{exit, registry, slot};

/// The whole command-line tool: reads the command line, does what it says, and gives the [exit code](crate::exit).
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     experimenter::main()
/// }
/// ```
#[must_use]
pub fn main() -> ExitCode {
    if slot::is_slot() {
        return match slot::main() {
            Ok(()) => std::process::exit(exit::DONE.into()),
            Err(reason) => {
                Console::new(false, false).failure(&reason, &[]);
                exit::code(exit::FAILURE)
            }
        };
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and usage; that nobody reads them is no failure.
            let _printed = error.print();
            return exit::code(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    let console = Console::new(cli.global.quiet, cli.global.json);
    exit::code(run(&cli, &console).unwrap_or_else(|failure| failure.tell(&console)))
}

fn run(cli: &Cli, console: &Console) -> Result<u8, Failure> {
    let experiments = registry::experiments().map_err(Failure::new)?;
    match &cli.command {
        Command::List => return list::list(&experiments, console),
        Command::Completions(shell) => return completions::completions(&experiments, shell),
        _ => {}
    }
    let setup = Setup::new(&cli.global, &experiments)?;
    let open = |setup| Context::open(setup, console);
    match &cli.command {
        Command::List | Command::Completions(_) => Ok(exit::DONE),
        Command::Fill(fill) => fill::fill(setup, console, fill),
        Command::Run(run) => execute::run(setup, console, run),
        Command::Execute(execute) => execute::execute(&mut open(setup)?, execute),
        Command::Status(folder) => status::status(&mut open(setup)?, folder),
        Command::Errors(errors) => errors::errors(&mut open(setup)?, errors),
        Command::Doctor => doctor::doctor(&mut open(setup)?),
        Command::Logtable(logtable) => logtable::logtable(&mut open(setup)?, logtable),
        Command::Try(arguments) => try_row::try_row(&mut open(setup)?, arguments),
        Command::Explain(arguments) => explain::explain(&mut open(setup)?, arguments),
        Command::Retire(arguments) => retire::retire(&mut open(setup)?, arguments),
        Command::Show(show) => show::show(&mut open(setup)?, show),
        Command::Summary(summary) => summary::summary(&mut open(setup)?, summary),
        Command::Reset(reset) => reset::reset(&mut open(setup)?, reset),
        Command::Unpause(unpause) => reset::unpause(&mut open(setup)?, unpause),
        Command::Export(export) => export::export(&mut open(setup)?, export),
        Command::Output(output) => output::output(&mut open(setup)?, output),
        Command::Deliver(deliver) => deliver::deliver(setup, console, deliver),
        Command::Drop(confirm) => reset::drop_tables(&mut open(setup)?, confirm),
    }
}
