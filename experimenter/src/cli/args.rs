//! The command line.

use std::num::{NonZero, NonZeroU16};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use experimenter_diesel::{Backend, Condition, Ids, Lease, Selector, Status, TableSpec};

use super::failure::Failure;
use crate::report::Statistic;
use crate::spool::FOLDER;

/// Runs a grid of experiments: fill a table with their parameters, execute its rows here or on many machines.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    max_term_width = 100,
    after_help = "A first study:\n  fill                           write the grid into the table\n  execute                        run every open row\n  summary                        see the results\nor all three at once: run\n\nOn a cluster, fill once, and in each job:\n  execute --max-experiments 1"
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,

    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
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
    List,
    /// Write the grid into the table; rows that are there already stay as they are
    #[command(
        after_help = "Examples:\n  fill                                   the grid of the attribute and the configuration file\n  fill --set seed=0..3,7                 the same with other seeds\n  fill --rows more.csv                   the rows of a file\n  fill --rows pairs.jsonl --set seed=0..5    each row of a file with each seed\n  fill --prune                           remove open rows that the grid does not have any more"
    )]
    Fill(Fill),
    /// Run open rows, one or several at a time
    #[command(
        after_help = "Examples:\n  execute                                run every open row\n  execute --max-experiments 1            one row, as in a job of a cluster\n  execute --ids 3,7-9 --retry-errors     these rows, failed ones again\n  execute --where kernel=rbf,seed<3      these only\n  execute --jobs auto --timeout 2h       as many at once as there are cores, none longer than two hours"
    )]
    Execute(Execute),
    /// Fill, execute every open row, and show the results
    Run(Run),
    /// Count the rows by status, and show who works on them
    #[command(after_help = "Examples:\n  status\n  status --where kernel=rbf      how far these rows are")]
    Status(StatusOf),
    /// Show why rows failed, each reason once, and how to open its rows again
    #[command(
        after_help = "Examples:\n  errors                         every reason, the most frequent first\n  errors --where kernel=rbf      of these rows only\n  errors --error \"index out of bounds\""
    )]
    Errors(Errors),
    /// Show one row, and every attempt at it
    Show(Show),
    /// Show the results: mean, standard deviation and range by keyfields
    #[command(
        after_help = "Examples:\n  summary --by kernel,dataset --value test_accuracy\n  summary --where \"c>=1,dataset=wine*\"\n  summary --value loss,steps --statistics median,q25,q75\n  summary --format latex > results.tex"
    )]
    Summary(SummaryOf),
    /// Open rows again, under the same IDs; their results are archived beside the table
    #[command(
        after_help = "Examples:\n  reset --status error           try failed rows again\n  reset --error \"out of memory\"  rows whose error says so\n  reset --where \"kernel=rbf,loss>=10\"\n  reset --status running         rows whose executers were killed\n  reset --ids 3,7-9 --yes"
    )]
    Reset(Reset),
    /// Open paused rows again; what they hold stands, and they go on from their checkpoints
    #[command(
        after_help = "Examples:\n  unpause                        every paused row\n  unpause --where kernel=rbf"
    )]
    Unpause(Unpause),
    /// Print the table as CSV or JSON
    #[command(
        after_help = "Examples:\n  export > table.csv\n  export --where \"kernel=rbf,c>=1\" --status done -o rbf.csv"
    )]
    Export(Export),
    /// Show what a row printed while it ran
    #[command(
        after_help = "Examples:\n  output 17                      what its latest attempt printed\n  output 17 --follow             the same, while it runs\n  output 17 --attempt 1 --timestamps"
    )]
    Output(Output),
    /// Bring results to the database that wait on the disk, since it was away when they were there
    #[command(
        after_help = "Examples:\n  deliver                        bring what waits\n  deliver --dry-run              only say what waits\n  deliver --replay               the results of the last week again, after the database was restored"
    )]
    Deliver(Deliver),
    /// Check the database, its tables and the folder here, and say what to do about what is wrong; nothing is changed
    Doctor,
    /// Delete the experiment's tables, results included
    Drop(Confirm),
}

#[derive(Debug, Args)]
pub(super) struct Grid {
    /// Values of a keyfield, in place of those in the configuration file or the attribute: seed=0..3,7 or
    /// kernel=linear,rbf
    #[arg(long, value_name = "FIELD=VALUES")]
    pub(super) set: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Fill {
    #[command(flatten)]
    pub(super) grid: Grid,

    /// Rows from a file, in place of the grid: .csv with the keyfields' names in its first line, or .jsonl with an object
    /// in each line
    ///
    /// Each is combined with every value of the keyfields that `--set` gives; a keyfield with a default can be left out.
    /// The attribute's `only`, which chooses among combinations, is not asked.
    #[arg(long, value_name = "FILE")]
    pub(super) rows: Option<PathBuf>,

    /// Remove rows that never ran and that the grid does not have: from an earlier grid, or added by `--set` or `--rows`
    #[arg(long, conflicts_with_all = ["rows", "set"])]
    pub(super) prune: bool,

    #[command(flatten)]
    pub(super) confirm: Confirm,
}

#[derive(Debug, Args)]
pub(super) struct Work {
    /// A name for this executer, stored with each row
    #[arg(long, default_value = "experimenter", value_name = "NAME")]
    pub(super) name: String,

    /// Take rows from random places instead of by ID
    #[arg(long)]
    pub(super) random_order: bool,

    /// A value for the experiment's `run.custom("NAME")`, in place of the configuration file's; JSON, or else text
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) custom: Vec<String>,

    #[command(flatten)]
    pub(super) slots: Slots,

    #[command(flatten)]
    pub(super) leases: Leases,

    #[command(flatten)]
    pub(super) spool: SpoolFolder,

    /// Results of runs that took less than this go to the disk only while the database is away
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(super) spool_after: Duration,
}

/// Where rows run, and within which bounds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Slots")]
pub(super) struct Slots {
    /// How many rows run at once, each in a process of its own; `auto` for one per core [default: 1, for `run`: auto]
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<Jobs>,

    /// Run the function in this process, one row at a time: for debuggers
    ///
    /// An `exit` or a crash of the function then ends the executer, and nothing bounds its time and memory.
    #[arg(long, conflicts_with_all = ["jobs", "process_per_row", "timeout", "memory_limit", "no_capture"])]
    pub(super) in_process: bool,

    /// Give each row a new process, in place of one after the other in the same: for code that leaks
    #[arg(long)]
    pub(super) process_per_row: bool,

    /// How long a row may run, such as `90s`, `2h 30min` or `1day`, in place of the attribute's `timeout`
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) timeout: Option<Duration>,

    /// How much memory the processes of a row may have, such as `4GiB` or `500MB`
    #[arg(long, value_name = "SIZE", value_parser = clap::value_parser!(ByteSize))]
    pub(super) memory_limit: Option<ByteSize>,

    /// How long a run may go on that is asked to stop, by a signal, the wall time or its time-out
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = time)]
    pub(super) grace: Duration,

    /// After how long the executer stops by itself and gives unfinished rows back [default: the grace before the end of its
    /// Slurm job, where Slurm tells that]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) wall_time: Option<Duration>,

    /// Begin no row when less of the wall time is left
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) min_remaining: Option<Duration>,

    /// Let pass what the function prints, in place of keeping it for `output`
    #[arg(long)]
    pub(super) no_capture: bool,
}

/// How executers tell that they are alive.
#[derive(Debug, Args)]
#[command(next_help_heading = "Leases")]
pub(super) struct Leases {
    /// How long this executer counts as alive after a sign of life; its rows are open again some time later
    #[arg(long, value_name = "TIME", default_value = "300s", value_parser = time)]
    pub(super) lease: Duration,

    /// How often it gives one
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub(super) beat: Duration,

    /// How long it sees no sign of life of another whose lease is over, before it opens that one's rows
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = time)]
    pub(super) observation: Duration,

    /// With how many crashes of its executers in a row a row ends in error
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(super) crash_limit: u32,

    /// End when there is no open row, though executers may be dead that hold some
    #[arg(long)]
    pub(super) no_wait: bool,
}

impl Leases {
    /// The settings, which have to make sense together.
    pub(super) fn settings(&self) -> Result<Lease, String> {
        let Self { lease: length, beat, observation, crash_limit, no_wait: _ } = *self;
        let lease = Lease { beat, length, observation, crash_limit };
        lease.check().map(|()| lease)
    }
}

/// A number of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jobs {
    /// One for each core that this process may use.
    Auto,
    /// So many.
    Number(NonZeroU16),
}

impl Jobs {
    pub(super) fn count(self) -> usize {
        match self {
            Self::Auto => std::thread::available_parallelism().map_or(1, NonZero::get),
            Self::Number(number) => number.get().into(),
        }
    }
}

impl FromStr for Jobs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            number => {
                number.parse().map(Self::Number).map_err(|_| "write a number from 1 to 65535, or `auto`".to_owned())
            }
        }
    }
}

fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write a number with its unit, such as `90s`, `10min`, `2h 30min` or `1day`"))
}

#[derive(Debug, Args)]
pub(super) struct Execute {
    /// The most rows to run; -1 for all
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(i64).range(-1..))]
    pub(super) max_experiments: i64,

    #[command(flatten)]
    pub(super) rows: Rows,

    /// Open the rows that are in error first, and run them again
    #[arg(long)]
    pub(super) retry_errors: bool,

    /// Exit with 4 if a row ends in error
    #[arg(long)]
    pub(super) strict: bool,

    #[command(flatten)]
    pub(super) work: Work,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) grid: Grid,

    #[command(flatten)]
    pub(super) work: Work,

    #[command(flatten)]
    pub(super) summary: Summary,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Summary {
    /// The keyfields to group by; by default those of text
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    pub(super) by: Vec<String>,

    /// The resultfields to summarise; by default every one of numbers
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    pub(super) value: Vec<String>,
}

/// Which rows, whatever their status.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rows")]
pub(super) struct Rows {
    /// Only these rows: 3,7-9
    #[arg(long)]
    pub(super) ids: Option<Ids>,

    /// Only rows for which this holds: "kernel=rbf,linear,c>=1,dataset=wine*,loss!=null"
    ///
    /// Of any column of the table: =, !=, <, <=, > and >= with a value, a list of values, `*` and `?` for any characters and
    /// one, or `null`. All that commas separate has to hold; a value with a comma stands in quotation marks.
    #[arg(long = "where", value_name = "CONDITIONS")]
    pub(super) conditions: Vec<String>,
}

impl Rows {
    pub(super) fn selector(&self, spec: &TableSpec, backend: Backend) -> Result<Selector, Failure> {
        let conditions = self.conditions.iter().map(|text| Condition::parse(text, spec, backend));
        let conditions = conditions
            .collect::<Result<Vec<_>, _>>()
            .map_err(|malformed| Failure::usage(format!("`--where`: {}", malformed.message)).hint(malformed.hint))?;
        Ok(Selector { ids: self.ids.clone(), conditions: conditions.concat(), ..Selector::default() })
    }
}

/// Which rows, by their status and error too.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rows")]
pub(super) struct Selection {
    /// Only rows of these statuses: created, running, done, error, paused
    #[arg(long, value_delimiter = ',')]
    pub(super) status: Vec<Status>,

    #[command(flatten)]
    pub(super) rows: Rows,

    /// Only rows whose error contains this
    #[arg(long, value_name = "TEXT")]
    pub(super) error: Option<String>,
}

impl Selection {
    pub(super) fn selector(&self, spec: &TableSpec, backend: Backend) -> Result<Selector, Failure> {
        let rows = self.rows.selector(spec, backend)?;
        Ok(Selector { statuses: self.status.clone(), error: self.error.clone(), ..rows })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.status.is_empty() && self.rows.ids.is_none() && self.rows.conditions.is_empty() && self.error.is_none()
    }
}

#[derive(Debug, Args)]
pub(super) struct SummaryOf {
    #[command(flatten)]
    pub(super) summary: Summary,

    #[command(flatten)]
    pub(super) layout: Layout,

    #[command(flatten)]
    pub(super) selection: Selection,
}

/// What a summary tells, and in which form.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Layout {
    /// A column for each of these, in place of mean ± sd: n, mean, sd, min, max, median, and quantiles such as q25
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(super) statistics: Vec<Statistic>,

    /// The form of the output
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: TableFormat,
}

/// A form of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// Aligned columns
    #[default]
    Table,
    /// Comma-separated values, each statistic a column of its own, unrounded
    Csv,
    /// A table of Markdown
    Markdown,
    /// A `tabular` of LaTeX
    Latex,
}

#[derive(Debug, Args)]
pub(super) struct Confirm {
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,

    /// Show what would be done only
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct Reset {
    #[command(flatten)]
    pub(super) selection: Selection,

    #[command(flatten)]
    pub(super) confirm: Confirm,
}

#[derive(Debug, Args)]
pub(super) struct StatusOf {
    #[command(flatten)]
    pub(super) selection: Selection,

    #[command(flatten)]
    pub(super) folder: SpoolFolder,
}

#[derive(Debug, Args)]
pub(super) struct Errors {
    #[command(flatten)]
    pub(super) rows: Rows,

    /// Only rows whose error contains this
    #[arg(long, value_name = "TEXT", help_heading = "Rows")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The row's ID
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(super) id: i64,
}

#[derive(Debug, Args)]
pub(super) struct Unpause {
    #[command(flatten)]
    pub(super) rows: Rows,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(super) format: Format,

    /// A file instead of the standard output; it appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Further columns with each row's last attempt: its time, memory and end, and the program and machine that ran it
    #[arg(long)]
    pub(super) provenance: bool,

    #[command(flatten)]
    pub(super) selection: Selection,
}

#[derive(Debug, Args)]
pub(super) struct Output {
    /// The row's ID
    #[arg(value_name = "ID")]
    pub(super) id: i64,

    /// An earlier attempt instead of the latest
    #[arg(long, value_name = "N")]
    pub(super) attempt: Option<i64>,

    /// Go on with what is printed, until the attempt ends
    #[arg(short, long)]
    pub(super) follow: bool,

    /// Put before each line when it came
    #[arg(long)]
    pub(super) timestamps: bool,
}

/// Where results are on the disk before the database has them.
#[derive(Debug, Args)]
pub(super) struct SpoolFolder {
    /// The folder in which results wait for the database; on a cluster one that all nodes share
    #[arg(long, value_name = "FOLDER", default_value = FOLDER)]
    pub(super) spool: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Deliver {
    #[command(flatten)]
    pub(super) folder: SpoolFolder,

    /// Bring every result of the last week, delivered or not: for a database that was restored from an older state
    ///
    /// A row that is finished by a later attempt, or was reset, stays as it is.
    #[arg(long)]
    pub(super) replay: bool,

    /// Also bring the results for this database: it is the same one, which was moved or has another name now
    #[arg(long, value_name = "URL")]
    pub(super) moved_from: Option<String>,

    /// Show what would be brought only
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values, with a line of names
    Csv,
    /// One JSON array of objects
    Json,
}
