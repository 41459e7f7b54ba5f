//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::completions::Completions;
use super::deliver::Deliver;
use super::errors::Errors;
use super::execute::{Execute, Run};
use super::explain::Explain;
use super::export::Export;
use super::fill::Fill;
use super::logtable::Logtable;
use super::output::Output;
use super::reset::{Confirm, Reset, Unpause};
use super::retire::Retire;
use super::show::Show;
use super::status::StatusOf;
use super::summary::SummaryOf;
use super::try_row::Try;

/// Runs a grid of experiments: fill a table with their parameters, execute its rows here or on many machines.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    max_term_width = 100,
    after_help = "\
A first study:
  fill                           write the grid into the table
  execute                        run every open row
  summary                        see the results
or all three at once: run

On a cluster, fill once, and in each job:
  execute --max-experiments 1

When rows fail:
  errors                         why, each reason once
  show 17; try 17                all about one of them; run it here, and change nothing
  reset --error TEXT             open them again

`help COMMAND` has every option of a command, and examples."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,

    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Global {
    /// The experiment, by its function's name; needed only where the program has several
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) experiment: Option<String>,

    /// The database: sqlite://path/to/file.db or mysql://user:password@host:port/database
    ///
    /// Without it, EXPERIMENTER_DATABASE says; without that, the configuration file; without that, it is
    /// sqlite://experiments.db. A password is safer in EXPERIMENTER_DATABASE: others on the machine can see a command
    /// line.
    #[arg(long, global = true, value_name = "URL")]
    pub(super) database: Option<String>,

    /// The configuration file, in PyExperimenter's format [default: config/experiment_configuration.yml, if it is there]
    ///
    /// It names the database and the table, gives values to keyfields, and custom values to the function. The command
    /// line overrides it, and it overrides the attribute.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// The file with server, user and password of a configured MySQL database [default:
    /// config/database_credentials.yml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) credentials: Option<PathBuf>,

    /// Print the result as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,

    /// Print results and failures only
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the experiments of this program and their fields
    #[command(after_help = "Examples:\n  list\n  list --json")]
    List,
    /// Write the grid into the table; rows that are there already stay as they are
    Fill(Fill),
    /// Run open rows, one or several at a time
    Execute(Execute),
    /// Fill, execute every open row, and show the results
    Run(Run),
    /// Count the rows by status, and show who works on them
    Status(StatusOf),
    /// Say why rows do not run, and what to do about it
    Explain(Explain),
    /// Show why rows failed, each reason once, and how to open its rows again
    Errors(Errors),
    /// Show all about a row: its fields, every attempt at it, its error, the end of its output
    Show(Show),
    /// Run one row here and now, in the foreground, and write nothing to the database
    Try(Try),
    /// Show what a row printed while it ran
    Output(Output),
    /// Print what runs logged, as CSV or JSON
    Logtable(Logtable),
    /// Show the results: mean, standard deviation and range by keyfields
    Summary(SummaryOf),
    /// Print the table as CSV or JSON
    Export(Export),
    /// Open rows again, under the same IDs; their results are archived beside the table
    Reset(Reset),
    /// Open paused rows again; what they hold stands, and they go on from their checkpoints
    Unpause(Unpause),
    /// Have programs that were built before a mistake was mended claim no more rows
    Retire(Retire),
    /// Delete the experiment's tables, results included
    #[command(after_help = "Examples:\n  drop --dry-run                 say what would be deleted\n  drop")]
    Drop(Confirm),
    /// Bring results to the database that wait on the disk, since it was away when they were there
    Deliver(Deliver),
    /// Check the database, its tables and the folder here, and say what to do about what is wrong; nothing is changed
    #[command(after_help = "Examples:\n  doctor\n  doctor --database mysql://user@host/database")]
    Doctor,
    /// Print what a shell needs to complete the command line, fields included
    Completions(Completions),
}
