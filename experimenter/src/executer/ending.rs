//! How a run ended, from all that the executer saw of it.

use std::process::ExitStatus;
use std::time::Duration;

use super::End;
use super::lane::exit_of;
use crate::Failure;
use crate::report::{duration, size};
use crate::run::Ending;

/// Why the executer itself put an end to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    TimedOut(Duration),
    /// With the memory of its processes and the limit, in bytes.
    TooLarge {
        bytes: u64,
        limit: u64,
    },
    /// The executer was asked to stop.
    Stopped,
    /// The row was reset or claimed again.
    Lost,
}

/// How a run came to its end.
#[derive(Debug)]
pub(super) enum Last {
    /// The function returned or panicked.
    Told(Ending),
    /// Its process ended, while the kernel killed processes for their memory or not.
    Died { status: ExitStatus, out_of_memory: bool },
    /// Its process sent what is no message, and was killed.
    Nonsense(String),
    /// It runs on, on a thread that cannot be killed.
    Abandoned,
}

/// What becomes of the row.
#[derive(Debug)]
pub(super) enum Verdict {
    Write {
        ending: experimenter_diesel::Ending,
        end: End,
        exit: Option<String>,
    },
    /// It is open again.
    GiveBack {
        exit: Option<String>,
    },
}

impl Verdict {
    /// The verdict over a run; `output` is what it printed last.
    pub(super) fn of(last: Last, cut: Option<Cut>, output: &str) -> Self {
        let (failure, exit) = match (last, cut) {
            (Last::Told(Ending::Done(values)), _) => {
                return Self::Write { ending: experimenter_diesel::Ending::Done(values), end: End::Done, exit: None };
            }
            (Last::Told(Ending::Paused), _) => {
                return Self::Write { ending: experimenter_diesel::Ending::Paused, end: End::Paused, exit: None };
            }
            (Last::Told(Ending::Stopped), None | Some(Cut::Stopped)) => {
                return Self::GiveBack { exit: Some("stopped".to_owned()) };
            }
            // Giving back what is another's changes nothing.
            (
                Last::Told(Ending::Stopped) | Last::Died { .. } | Last::Nonsense(_) | Last::Abandoned,
                Some(Cut::Lost),
            ) => {
                return Self::GiveBack { exit: Some("lost".to_owned()) };
            }
            (Last::Died { .. } | Last::Nonsense(_) | Last::Abandoned, Some(Cut::Stopped)) => {
                return Self::GiveBack { exit: Some("stopped".to_owned()) };
            }
            (Last::Told(Ending::Failed(failure)), None | Some(Cut::Stopped | Cut::Lost)) => (failure, None),
            (Last::Told(Ending::Failed(failure)), Some(cut)) => {
                let (said, exit) = cut_short(cut);
                (Failure { message: format!("{said}\n{}", failure.message), ..failure }, Some(exit))
            }
            (_, Some(cut)) => {
                let (said, exit) = cut_short(cut);
                (plain(said), Some(exit))
            }
            (Last::Died { status, out_of_memory }, None) => {
                let exit = exit_of(status);
                (plain(death(status, &exit, out_of_memory)), Some(exit))
            }
            (Last::Nonsense(what), None) => (
                plain(format!("the process of the run sent what is no message ({what}), and was killed")),
                Some("nonsense".to_owned()),
            ),
            (Last::Abandoned, None) => (plain("lost".to_owned()), Some("lost".to_owned())),
        };
        let headline = failure.message.lines().next().unwrap_or_default();
        let place = failure.place.as_deref().map_or_else(String::new, |place| format!(" ({place})"));
        let end = End::Error(format!("{headline}{place}"));
        let mut story = failure.to_string();
        if !output.is_empty() {
            story.push_str(&format!("\n\nlast output:\n{output}"));
        }
        Self::Write { ending: experimenter_diesel::Ending::Error(story), end, exit }
    }
}

impl Verdict {
    /// The verdict over a row that no executer had enough time for.
    pub(super) fn too_long(exit: Option<String>, returns: i64, elapsed: Duration) -> Self {
        let said = format!(
            "given back {returns} times in a row since the time of its executer was over, the last time after {}",
            duration(elapsed)
        );
        let story = format!(
            "{said}: it needs more time than that. Give executers more of it (`--wall-time`, or the time limit of their \
             jobs), or have the function keep its state (`run.checkpoint`), so that the next one goes on from there"
        );
        Self::Write { ending: experimenter_diesel::Ending::Error(story), end: End::Error(said), exit }
    }
}

fn plain(message: String) -> Failure {
    Failure { message, place: None, backtrace: None }
}

/// What is said of a run that was cut short, in the story and in few words.
fn cut_short(cut: Cut) -> (String, String) {
    match cut {
        Cut::TimedOut(limit) => {
            let said = format!("timed out after {}", humantime::format_duration(limit));
            (said.clone(), said)
        }
        Cut::TooLarge { bytes, limit } => (
            format!("killed: its processes had {} of memory, and the limit is {}", size(bytes), size(limit)),
            "memory limit".to_owned(),
        ),
        Cut::Stopped => ("stopped".to_owned(), "stopped".to_owned()),
        Cut::Lost => ("the row was reset or claimed again".to_owned(), "lost".to_owned()),
    }
}

fn death(status: ExitStatus, exit: &str, out_of_memory: bool) -> String {
    if status.code().is_some() {
        return format!("the function ended its process by {exit} instead of returning");
    }
    match exit {
        "SIGKILL" if out_of_memory => {
            "killed by the kernel, since there was no memory left (SIGKILL); run fewer at once by `--jobs`, or bound each \
             by `--memory-limit`"
                .to_owned()
        }
        "SIGKILL" => "killed by SIGKILL: by somebody, or by a limit of the system".to_owned(),
        "SIGABRT" => "aborted (SIGABRT): by abort(), a panic while panicking, or a failed allocation".to_owned(),
        "SIGSEGV" => "crashed (SIGSEGV): a wrong memory access, or a stack overflow".to_owned(),
        other => format!("killed by {other}"),
    }
}
