//! The terminal that progress is drawn on. It may be gone before the program is, and takes nothing with it then:
//! indicatif panics where it cannot draw.

use std::io;

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// Where progress is drawn, if it is.
pub(super) fn draw_target(draws: bool) -> ProgressDrawTarget {
    if draws {
        ProgressDrawTarget::term_like(Box::new(Terminal(Term::buffered_stderr())))
    } else {
        ProgressDrawTarget::hidden()
    }
}

/// The standard error, which takes everything.
#[derive(Debug)]
struct Terminal(Term);

#[expect(clippy::unnecessary_wraps, reason = "what is drawn on says whether it was")]
fn as_drawn(_drawn: io::Result<()>) -> io::Result<()> {
    Ok(())
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        as_drawn(self.0.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        as_drawn(self.0.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        as_drawn(self.0.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        as_drawn(self.0.move_cursor_left(n))
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        as_drawn(self.0.write_line(line))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        as_drawn(self.0.write_str(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        as_drawn(self.0.clear_line())
    }

    fn flush(&self) -> io::Result<()> {
        as_drawn(self.0.flush())
    }
}
