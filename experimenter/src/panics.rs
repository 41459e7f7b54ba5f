//! A panic of an experiment as a failure with its message, its place and its backtrace.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use crate::Failure;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: RefCell<Option<Failure>> = const { RefCell::new(None) };
}

/// Calls `function` and turns its panic into a failure.
///
/// A panic of this thread is not printed: it is in the failure. Panics of other threads are printed as ever.
pub(crate) fn catch<T>(function: impl FnOnce() -> T) -> Result<T, Failure> {
    install_hook();
    // The function of an earlier row may have caught its own panic.
    CAUGHT.take();
    CATCHING.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(|| __experimenter_run(function)));
    CATCHING.set(false);
    result.map_err(|payload| {
        let caught = CAUGHT.take();
        // A panic that another thread handed over by `join` did not pass through the hook here.
        caught.unwrap_or_else(|| Failure { message: panicked(&*payload), place: None, backtrace: None })
    })
}

/// Marks where the frames of the user's code begin.
#[inline(never)]
fn __experimenter_run<T>(function: impl FnOnce() -> T) -> T {
    // What is done with the result keeps the call from becoming a jump, which would lose the frame.
    std::hint::black_box(function())
}

fn install_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                CAUGHT.set(Some(failure(info)));
            } else {
                previous(info);
            }
        }));
    });
}

fn failure(info: &PanicHookInfo<'_>) -> Failure {
    Failure {
        message: panicked(info.payload()),
        place: info.location().map(ToString::to_string),
        backtrace: Some(of_the_experiment(&Backtrace::force_capture().to_string())),
    }
}

fn panicked(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with a payload that is no text");
    format!("panicked: {message}")
}

/// The frames between the panic's machinery and ours; all of them, where these cannot be told.
fn of_the_experiment(backtrace: &str) -> String {
    let frames = frames(backtrace);
    let end = frames.iter().position(|frame| frame.contains("__experimenter_run")).unwrap_or(frames.len());
    let is_machinery = |frame: &String| {
        ["core::panicking::", "std::panicking::", "rust_begin_unwind", "core::option::", "core::result::"]
            .iter()
            .any(|name| frame.lines().next().is_some_and(|line| line.contains(name)))
    };
    let start = frames[..end].iter().rposition(is_machinery).map_or(0, |last| last + 1);
    if start < end { frames[start..end].concat() } else { frames.concat() }
}

/// Splits a printed backtrace into its frames; a frame is a numbered line and the indented `at` line below it.
fn frames(backtrace: &str) -> Vec<String> {
    let mut frames: Vec<String> = Vec::new();
    for line in backtrace.lines() {
        let starts = line.trim_start().split_once(':').is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        match frames.last_mut() {
            Some(frame) if !starts => {
                frame.push_str(line);
                frame.push('\n');
            }
            _ => frames.push(format!("{line}\n")),
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_with_its_place() {
        let failure = catch(|| panic!("no {}", "luck")).expect_err("a panic");
        assert_eq!(failure.message, "panicked: no luck");
        assert!(failure.place.is_some_and(|place| place.contains("panics.rs:")));
        let backtrace = failure.backtrace.expect("a backtrace");
        assert!(backtrace.contains("a_panic_becomes_a_failure"), "{backtrace}");
        assert!(!backtrace.contains("rust_begin_unwind") && !backtrace.contains("catch_unwind"), "{backtrace}");
    }

    #[test]
    fn what_does_not_panic_is_returned() {
        assert_eq!(catch(|| 7), Ok(7));
    }
}
