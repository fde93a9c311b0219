use crate::cli::Failure;
use std::{
    fmt::Display,
    io::{self, BufRead, Write},
};

/// Gets an answer from an option, from the person at the terminal, or from a default.
pub(super) struct Prompt {
    /// There is a person to ask.
    pub(super) interactive: bool,
}

impl Prompt {
    pub(super) fn answer<T: Display, E: Display>(
        &self,
        given: Option<T>,
        option: &str,
        question: &str,
        default: Option<T>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        if let Some(given) = given {
            return Ok(given);
        }
        if !self.interactive {
            return default.ok_or_else(|| {
                Failure::Usage(format!("{option} is needed, as nobody is asked for it"))
            });
        }
        let hint = default.as_ref().map(|default| format!(" [{default}]")).unwrap_or_default();
        ask(&format!("{question}{hint}: "), parse, default)
    }

    pub(super) fn optional<T, E: Display>(
        &self,
        given: Option<T>,
        question: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Failure> {
        if given.is_some() || !self.interactive {
            return Ok(given);
        }
        ask(&format!("{question}: "), |text| parse(text).map(Some), Some(None))
    }

    /// Whether something is wanted: not, unless it is said.
    pub(super) fn yes(&self, given: bool, question: &str) -> Result<bool, Failure> {
        if given || !self.interactive {
            return Ok(given);
        }
        let parse = |text: &str| match text.to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("y or n"),
        };
        ask(&format!("{question} (y/n) [n]: "), parse, Some(false))
    }
}

/// Asks on stderr, for stdout is for results, until the answer parses.
fn ask<T, E: Display>(
    question: &str,
    parse: impl Fn(&str) -> Result<T, E>,
    on_empty: Option<T>,
) -> Result<T, Failure> {
    loop {
        write!(io::stderr(), "{question}")?;
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).map_err(Failure::new)?;
        if read == 0 {
            return Err(Failure::new("no answer, nothing written"));
        }
        match line.trim() {
            "" if on_empty.is_some() => return on_empty.ok_or_else(|| Failure::new("no answer")),
            "" => {}
            text => match parse(text) {
                Ok(answer) => return Ok(answer),
                Err(what) => writeln!(io::stderr(), "{what}")?,
            },
        }
    }
}
