//! How an executer works: the options of `execute` and `run`.

use std::num::{NonZero, NonZeroU16};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use experimenter_diesel::Lease;

use crate::spool::FOLDER;

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

/// Where results are on the disk before the database has them.
#[derive(Debug, Args)]
pub(super) struct SpoolFolder {
    /// The folder in which results wait for the database; on a cluster one that all nodes share
    #[arg(long, value_name = "FOLDER", default_value = FOLDER)]
    pub(super) spool: PathBuf,
}
