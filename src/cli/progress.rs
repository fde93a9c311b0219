//! How far a long command is: a line on stderr, where somebody looks at it.

use crate::admin::aliases::{Far, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::fs::{FileType, fstat};
use std::{
    io::{self, IsTerminal},
    os::fd::AsFd,
    time::{Duration, Instant},
};

/// How often the line is drawn anew.
const TICK: Duration = Duration::from_millis(120);
/// How long a command may take before there is a line: most are through by then.
const SILENT: Duration = Duration::from_millis(300);

/// A line that says how far a command is; nothing where nobody looks at it. It goes when this is dropped.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    began: Instant,
    is_seen: bool,
    /// What is counted.
    noun: &'static str,
}

impl Bar {
    /// One for a command whose answer is not `for_scripts`. Nothing is shown either where stderr is no terminal, or stdout
    /// is a pipe: whoever pages the answer would have the line in between.
    pub(super) fn new(for_scripts: bool) -> Self {
        let is_seen = !for_scripts && io::stderr().is_terminal() && !is_piped();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, began: Instant::now(), is_seen, noun: "aliases" }
    }

    /// One beside an answer that is written meanwhile: where that is to be seen itself, there is none.
    pub(super) fn beside_output() -> Self {
        Self::new(io::stdout().is_terminal())
    }

    /// One that says `what` from the beginning, for what gives no word of how far it is.
    pub(super) fn of(what: &'static str, for_scripts: bool) -> Self {
        let bar = Self::new(for_scripts);
        bar.bar.set_message(what);
        if bar.is_seen {
            show(&bar.bar);
        }
        bar
    }

    /// The same, of something else than aliases.
    pub(super) fn counting(mut self, noun: &'static str) -> Self {
        self.noun = noun;
        self
    }

    /// What tells it how far it is.
    pub(super) fn progress(&self) -> Progress {
        if !self.is_seen {
            return Progress::default();
        }
        let (bar, began, noun) = (self.bar.clone(), self.began, self.noun);
        Progress::new(move |far| {
            if began.elapsed() >= SILENT && bar.is_hidden() {
                show(&bar);
            }
            bar.set_message(line(far, noun));
        })
    }

    /// Takes the line away, as an answer comes.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

fn show(bar: &ProgressBar) {
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.enable_steady_tick(TICK);
}

/// `12000 of 100000 aliases checked (12%)`.
fn line(far: &Far, noun: &str) -> String {
    let Far { what, done, of } = *far;
    match of {
        Some(of) if of > 0 => {
            let percent = done.saturating_mul(100) / of;
            format!("{done} of {of} {noun} {what} ({percent}%)")
        }
        _ => format!("{done} {noun} {what}"),
    }
}

fn is_piped() -> bool {
    let kind = fstat(io::stdout().as_fd()).map(|found| FileType::from_raw_mode(found.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::Socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_line_says() {
        let far = Far { what: "checked", done: 12_000, of: Some(100_000) };
        assert_eq!(line(&far, "aliases"), "12000 of 100000 aliases checked (12%)");
        assert_eq!(line(&Far { of: None, ..far }, "senders"), "12000 senders checked");
        assert_eq!(line(&Far { of: Some(0), ..far }, "aliases"), "12000 aliases checked");
    }

    #[test]
    fn scripts_see_nothing() {
        let bar = Bar::of("looking", true);
        bar.progress().at("checked", 1, None);
        assert!(!bar.is_seen && bar.bar.is_hidden());
    }
}
