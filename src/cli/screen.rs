//! Where results go: to a terminal that somebody looks at, or to a program that reads them.

use crate::log::has_colours;
use rustix::termios::tcgetwinsize;
use std::{
    io::{BufWriter, IsTerminal, StdoutLock, Write},
    os::fd::AsFd,
};

/// As wide as terminals are that do not say.
const USUAL_WIDTH: u16 = 80;

/// What results are written to.
pub(super) trait Output: Write {
    /// The terminal that it is; `None` for what programs read.
    fn screen(&self) -> Option<Screen> {
        None
    }
}

/// A terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Screen {
    /// How many characters a line has.
    pub(super) width: u16,
    /// Whether it has colours, and nobody wants it without.
    pub(super) has_colours: bool,
}

/// What a text says, as far as its colour tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing to look at.
    Usual,
    /// It waits, or there is less of it for a time: yellow.
    Waits,
    /// It is wrong: red.
    Wrong,
}

impl Screen {
    fn of(stream: &(impl IsTerminal + AsFd)) -> Option<Self> {
        let has_colours = has_colours(stream);
        stream.is_terminal().then(|| {
            let told = tcgetwinsize(stream).map_or(0, |size| size.ws_col);
            Self { width: if told > 0 { told } else { USUAL_WIDTH }, has_colours }
        })
    }
}

/// The text in the colour of its tone, where the results are written to a terminal that has them.
pub(super) fn paint(text: &str, tone: Tone, screen: Option<Screen>) -> String {
    let colour = match tone {
        _ if screen.is_none_or(|screen| !screen.has_colours) => return text.to_owned(),
        Tone::Usual => return text.to_owned(),
        Tone::Waits => "33",
        Tone::Wrong => "31",
    };
    format!("\x1b[{colour}m{text}\x1b[0m")
}

impl Output for StdoutLock<'_> {
    fn screen(&self) -> Option<Screen> {
        Screen::of(self)
    }
}

impl<W: Output> Output for BufWriter<W> {
    fn screen(&self) -> Option<Screen> {
        self.get_ref().screen()
    }
}

/// What a test reads.
#[cfg(test)]
impl Output for Vec<u8> {}
