//! From a file to the steps of a dialogue.

use std::path::{Path, PathBuf};

use super::behaviour::Behaviour;
use super::{Failure, escape};

/// A dialogue that has been read and whose every line has a known form.
pub struct Dialog {
    pub(super) path: PathBuf,
    pub(super) setup: Vec<Line<String>>,
    pub(super) steps: Vec<Line<Step>>,
}

pub(super) struct Line<T> {
    pub(super) number: usize,
    pub(super) content: T,
}

/// Texts are kept with their `$variables`.
pub(super) enum Step {
    /// `C:` a line, CRLF added.
    Send(usize, String),
    /// `C\:` exactly these bytes.
    SendRaw(usize, String),
    /// `S…:` the next reply, or once more the one before.
    Reply(usize, Test, String),
    /// `S: <eof>`
    Closed(usize),
    /// `R: item value` and `R~: item regex`
    Received { regex: bool, item: String, value: String },
    /// `R=: name item regex`: keeps what the first group matches.
    Keep { name: String, item: String, regex: String },
    /// `R>: …`: what the receiver does from now on; nothing: accepts all.
    Direct(Option<Behaviour>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// `S:` the next reply begins with this.
    Begins,
    /// `S~:` the next reply matches this regular expression somewhere.
    Matches,
    /// `S+:` the reply just read also contains this.
    AlsoContains,
    /// `S!:` the reply just read does not contain this.
    Lacks,
}

impl Dialog {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure {
            place: path.display().to_string(),
            reason: error.to_string(),
            transcript: String::new(),
        })?;
        Self::parse(path, &text)
    }

    /// `path` is only for the messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let mut dialog = Self { path: path.to_owned(), setup: Vec::new(), steps: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let added = match line.strip_prefix('!') {
                Some(_) if !dialog.steps.is_empty() => {
                    Err("a directive behind the first line of the dialogue".to_owned())
                }
                Some(directive) => {
                    dialog.setup.push(Line { number, content: directive.trim().to_owned() });
                    Ok(())
                }
                None => step(line).map(|content| dialog.steps.push(Line { number, content })),
            };
            added.map_err(|reason| dialog.failure(number, reason))?;
        }
        if dialog.steps.is_empty() {
            return Err(dialog.failure(1, "no dialogue in it".to_owned()));
        }
        Ok(dialog)
    }

    pub(super) fn failure(&self, line: usize, reason: String) -> Failure {
        let place = format!("{}:{line}", self.path.display());
        Failure { place, reason, transcript: String::new() }
    }
}

fn step(line: &str) -> Result<Step, String> {
    let unknown = || format!("neither `C:`, `S:`, `R:`, `!` nor `#`: {line}");
    let (prefix, rest) = line.split_once(':').ok_or_else(unknown)?;
    let text = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
    let mut mark = prefix.chars();
    let side = mark.next().ok_or_else(unknown)?;
    let mut mark = mark.as_str();
    let mut client = 1;
    if let Some(digit) = mark.chars().next().and_then(|first| first.to_digit(10)) {
        client = digit as usize;
        mark = &mark[1..];
    }
    Ok(match (side, mark) {
        ('C', "") => Step::Send(client, text),
        ('C', "\\") => {
            escape::bytes(&text)?;
            Step::SendRaw(client, text)
        }
        ('S', "") if text == "<eof>" => Step::Closed(client),
        ('S', "") => Step::Reply(client, Test::Begins, text),
        ('S', "~") => Step::Reply(client, Test::Matches, text),
        ('S', "+") => Step::Reply(client, Test::AlsoContains, text),
        ('S', "!") => Step::Reply(client, Test::Lacks, text),
        ('R', "" | "~") => {
            let (item, value) = text.split_once(' ').ok_or("`R:` needs an item and a value")?;
            let (item, value) = (item.to_owned(), value.to_owned());
            Step::Received { regex: mark == "~", item, value }
        }
        ('R', "=") => {
            let mut words = text.splitn(3, ' ').map(str::to_owned);
            let (Some(name), Some(item), Some(regex)) = (words.next(), words.next(), words.next())
            else {
                return Err("`R=: NAME ITEM REGEX`".to_owned());
            };
            Step::Keep { name, item, regex }
        }
        ('R', ">") if text == "accept all" => Step::Direct(None),
        ('R', ">") => {
            let words: Vec<&str> = text.split(' ').collect();
            Step::Direct(Some(Behaviour::parse(&words)?))
        }
        _ => return Err(unknown()),
    })
}
