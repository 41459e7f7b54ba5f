//! The store of `experimenter`: one experiment's tables on `SQLite` or `MySQL`.
//!
//! It works on [`Value`]s over a [`TableSpec`], so that there is one code path for every experiment and database. It is
//! the only crate with SQL; it never prints, never reads a configuration file and never starts a process.
//!
//! # How a row changes hands
//! An executer reads a few open rows without any lock, and claims one by a compare-and-set on the row's attempt number.
//! That number is the fencing token: every later write of the executer names it, and takes effect only while the row is
//! still at that attempt. Rows and claims are bound by ID and creation date, so that a row of an earlier table under the
//! same ID is another row.

mod adopt;
mod archive;
mod backoff;
mod candidates;
mod checkpoint;
mod claim;
mod column;
mod condition;
mod connection;
mod defaults;
mod dialect;
mod doctor;
mod entries;
mod error;
mod executer;
mod fault;
mod figures;
mod fill;
mod group;
mod history;
mod key;
mod lease;
mod one_host;
mod pace;
mod process;
mod random;
mod readopt;
mod reap;
mod release;
mod replay;
mod report;
mod reset;
mod retire;
mod select;
mod side_tables;
mod spec;
mod statement;
mod status;
mod store;
mod strays;
mod suspects;
mod tables;
mod target;
mod value;
mod watch;
mod write_back;

// Linked for its bundled SQLite, and for the driver's TLS: the features are what is used.
use libsqlite3_sys as _;

pub use backoff::{Backoff, jittered};
pub use checkpoint::CheckpointReport;
pub use claim::{Claim, ClaimOrder, Claimer};
pub use column::{Backend, ColumnType, Kind, Misfit, TextUnit};
pub use condition::{Condition, MalformedCondition};
pub use connection::FileSystem;
pub use doctor::{Found, Keys, Layout, Orphans, Plan, Privileges, Product, Server, Setting};
pub use error::{Result, StoreError};
pub use executer::{Beat, Executer, Work};
#[cfg(feature = "faults")]
#[doc(hidden)]
pub use fault::spools_late;
pub use figures::Figures;
pub use fill::{FillMode, Filled};
pub use group::Finish;
pub use history::{AttemptReport, Provenance};
pub use key::KeyHash;
pub use lease::Lease;
pub use pace::{Pace, RunningRow};
pub use process::{Fate, ProcessIdentity};
pub use reap::Reaped;
pub use replay::Replayed;
pub use report::{Counts, ExecuterReport, Record};
pub use retire::Program;
pub use select::{Ids, MalformedIds, Selector};
pub use spec::{Column, LogtableSpec, TableSpec};
pub use status::{Status, UnknownStatus};
pub use store::Store;
pub use strays::{Stray, Strays};
pub use suspects::{Life, Returned, Standing, Suspect};
pub use target::Target;
pub use value::Value;
pub use watch::{Dead, Death, Watch};
pub use write_back::{Ending, Entry, Unfit};
