//! The test rig: real databases, and folders to run programs in.
//!
//! A suite asks for what it needs and gets something of its own:
//!
//! - [`for_each_database`] runs a test on SQLite and on a server; both are a [`Target`], data that a test passes on;
//! - [`Sandbox`] is an empty folder in which a program runs under a deadline, and [`Output`] is what came of it;
//! - [`Server`] is a private one of MariaDB or MySQL, for the tests that kill or restart it;
//! - [`Proxy`] is a network that fails, between a program and its server;
//! - [`audit`] notes every change of a table, and [`checker`] judges by that whether the promises of the protocol held;
//! - [`python`] is an interpreter with PyExperimenter, for the tests that share a table with it.
//!
//! Nothing here is skipped: what is missing on the machine is a panic that says what to install. Nothing is left behind
//! either, however the test process ends, see [`Process`].

pub mod audit;
pub mod checker;
mod process;
mod proxy;
mod python;
mod sandbox;
mod server;
mod target;
mod wait;
mod watchdog;

pub use process::{Ended, Process};
pub use proxy::{Fault, Proxy};
pub use python::python;
pub use rustix::process::Signal;
pub use sandbox::{Output, Program, Running, Sandbox};
pub use server::{Database, Server, Vendor};
pub use target::{Rows, Target, for_each_database};
pub use wait::wait_until;
