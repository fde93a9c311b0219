//! Plays the steps of a dialogue against an address.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use regex::bytes::Regex;

use super::parse::{Dialog, Step, Test};
use super::{Failure, escape};
use crate::support::DEADLINE;
use crate::support::client::{Client, NoReply, Reply};
use crate::support::receiver::{Message, Receiver};

/// Where a dialogue is played.
pub struct Stage<'a> {
    /// The server under test.
    pub address: SocketAddr,
    /// The destination that `R:` lines speak of.
    pub receiver: Option<&'a Receiver>,
    /// By name, without the `$`.
    pub variables: BTreeMap<String, String>,
}

impl Dialog {
    pub fn play(&self, stage: &Stage<'_>) -> Result<(), Failure> {
        let mut player = Player {
            variables: stage.variables.clone(),
            stage,
            clients: BTreeMap::new(),
            last_reply: BTreeMap::new(),
            message: None,
            transcript: String::new(),
        };
        for line in &self.steps {
            player.step(&line.content).map_err(|reason| Failure {
                transcript: player.transcript.clone(),
                ..self.failure(line.number, reason)
            })?;
        }
        Ok(())
    }
}

struct Player<'a> {
    stage: &'a Stage<'a>,
    /// Those of the stage and those kept on the way.
    variables: BTreeMap<String, String>,
    clients: BTreeMap<usize, Client>,
    last_reply: BTreeMap<usize, Reply>,
    /// Which accepted message `R:` lines speak of, from 1; the last, unless one was chosen.
    message: Option<usize>,
    transcript: String,
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Send(client, text) => {
                let line = self.expand(text, false) + "\r\n";
                self.send(*client, line.as_bytes());
                Ok(())
            }
            Step::SendRaw(client, text) => {
                let bytes = escape::bytes(&self.expand(text, false))?;
                self.send(*client, &bytes);
                Ok(())
            }
            Step::Reply(client, test, text) => self.reply(*client, *test, text),
            Step::Closed(client) => self.closed(*client),
            Step::Received { regex: false, item, value } => {
                let value = self.expand(value, false);
                self.received(item, &value)
            }
            Step::Received { regex: true, item, value } => {
                let value = self.expand(value, true);
                self.received_matches(item, &regex(&value)?)
            }
            Step::Keep { name, item, regex: pattern } => {
                let pattern = regex(&self.expand(pattern, true))?;
                self.keep(name, item, &pattern)
            }
            Step::Direct(None) => {
                self.receiver()?.accept_all();
                Ok(())
            }
            Step::Direct(Some(behaviour)) => {
                let behaviour = behaviour.clone();
                self.receiver()?.rule(move |at| behaviour.at(at));
                Ok(())
            }
        }
    }

    /// What is kept is in the escaped form of `C\:`, which is the text itself for an address or a token.
    fn keep(&mut self, name: &str, item: &str, regex: &Regex) -> Result<(), String> {
        let message = self.chosen()?;
        let text = match item {
            "from" => message.from.into_bytes(),
            "data" => message.data,
            _ => return Err(format!("`R=: {name} {item}` is not known")),
        };
        let kept = regex.captures(&text).and_then(|groups| Some(groups.get(1)?.as_bytes()));
        let wrong = || {
            format!(
                "expected `{item}` to match `{regex}`, with a group\n  got: \"{}\"",
                escape::text(&text)
            )
        };
        self.variables.insert(name.to_owned(), escape::text(kept.ok_or_else(wrong)?));
        Ok(())
    }

    fn send(&mut self, client: usize, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let shown = match line.strip_suffix(b"\r\n") {
                Some(line) => format!("    C{}: {}\n", number(client), escape::text(line)),
                None => format!("    C{}\\: \"{}\"\n", number(client), escape::text(line)),
            };
            self.transcript.push_str(&shown);
        }
        self.client(client).send(bytes);
    }

    fn reply(&mut self, client: usize, test: Test, text: &str) -> Result<(), String> {
        let text = self.expand(text, test == Test::Matches);
        let pattern = (test == Test::Matches).then(|| regex(&text)).transpose()?;
        if matches!(test, Test::Begins | Test::Matches) {
            let expected = format!("expected a reply {} `{text}`", test.verb());
            let reply = match self.client(client).try_reply() {
                Ok(reply) => reply,
                Err(NoReply::Closed(part)) => {
                    self.heard(client, &part);
                    return Err(format!("{expected}, but the connection was closed"));
                }
                Err(NoReply::Silent) => return Err(format!("{expected}, but none came")),
                Err(NoReply::Malformed(line)) => {
                    self.heard(client, &line);
                    return Err(format!("{expected}, but this is no reply: {line:?}"));
                }
            };
            self.heard(client, &reply.text());
            self.last_reply.insert(client, reply);
        }
        let Some(reply) = self.last_reply.get(&client) else {
            return Err("no reply has been read yet".to_owned());
        };
        let reply = reply.text();
        let holds = match test {
            Test::Begins => reply.starts_with(&text),
            Test::Matches => pattern.is_some_and(|one| one.is_match(reply.as_bytes())),
            Test::AlsoContains => reply.contains(&text),
            Test::Lacks => !reply.contains(&text),
        };
        if holds {
            return Ok(());
        }
        Err(format!("expected a reply {} `{text}`\n  got: {reply}", test.verb()))
    }

    fn closed(&mut self, client: usize) -> Result<(), String> {
        match self.client(client).eof() {
            Ok(rest) if rest.is_empty() => {
                self.transcript.push_str(&format!("    S{}: <eof>\n", number(client)));
                Ok(())
            }
            Ok(rest) => Err(format!(
                "expected the connection to be closed\n  got first: \"{}\"",
                escape::text(&rest)
            )),
            Err(_) => Err("expected the connection to be closed, but it is open".to_owned()),
        }
    }

    fn received(&mut self, item: &str, value: &str) -> Result<(), String> {
        let receiver = self.receiver()?;
        match item {
            "messages" => {
                let count = whole(value)?;
                receiver.reaches_count(count, DEADLINE);
                same(item, receiver.count(), count)
            }
            "attempts" => same(item, receiver.attempts().len(), whole(value)?),
            "transactions" => same(item, receiver.transactions(), whole(value)?),
            "connections" => same(item, receiver.connections().len(), whole(value)?),
            "command" => self.command(value, true),
            "no-command" => self.command(value, false),
            "commands-with" => {
                let (text, count) = value.rsplit_once(' ').ok_or("`R: commands-with TEXT N`")?;
                let commands = self.commands()?;
                same(
                    item,
                    commands.iter().filter(|line| line.contains(text)).count(),
                    whole(count)?,
                )
            }
            "message" => {
                self.message = Some(whole(value)?);
                self.chosen().map(drop)
            }
            "from" => same(item, bare(&self.chosen()?.from), bare(value)),
            "recipients" => same(item, self.chosen()?.to.len(), whole(value)?),
            "to" => {
                let to = self.chosen()?.to;
                let found = to.iter().any(|address| address == bare(value));
                found.then_some(()).ok_or_else(|| format!("expected `to {value}`\n  got: {to:?}"))
            }
            "data" | "forwarded" | "data-ends" | "data-has" | "data-lacks" => {
                self.data(item, value)
            }
            _ => Err(format!("`R: {item}` is not known")),
        }
    }

    fn received_matches(&mut self, item: &str, regex: &Regex) -> Result<(), String> {
        let message = self.chosen()?;
        let (holds, shown) = match item {
            "from" => (regex.is_match(message.from.as_bytes()), message.from),
            "to" => {
                let holds = message.to.iter().any(|address| regex.is_match(address.as_bytes()));
                (holds, message.to.join(" "))
            }
            "data" => (regex.is_match(&message.data), escape::text(&message.data)),
            _ => return Err(format!("`R~: {item}` is not known")),
        };
        let wrong = || format!("expected `{item}` to match `{regex}`\n  got: {shown}");
        holds.then_some(()).ok_or_else(wrong)
    }

    fn data(&self, item: &str, value: &str) -> Result<(), String> {
        let wanted = escape::bytes(value)?;
        let data = self.chosen()?.data;
        let within = || data.windows(wanted.len().max(1)).any(|window| window == wanted);
        let holds = match item {
            "data" => data == wanted,
            "forwarded" => below_prefix(&data).is_some_and(|original| original == wanted),
            "data-ends" => data.ends_with(&wanted),
            "data-has" => within(),
            _ => !within(),
        };
        let wrong = || format!("expected `{item} {value}`\n  got: \"{}\"", escape::text(&data));
        holds.then_some(()).ok_or_else(wrong)
    }

    fn command(&self, start: &str, wanted: bool) -> Result<(), String> {
        let lines = self.commands()?;
        if lines.iter().any(|line| line.starts_with(start)) == wanted {
            return Ok(());
        }
        let what = if wanted { "a" } else { "no" };
        Err(format!("expected {what} command `{start}…`\n  got:\n    {}", lines.join("\n    ")))
    }

    fn commands(&self) -> Result<Vec<String>, String> {
        Ok(self.receiver()?.connections().iter().flat_map(|one| one.lines()).collect())
    }

    fn chosen(&self) -> Result<Message, String> {
        let messages = self.receiver()?.messages();
        let chosen = match self.message {
            Some(number) => number.checked_sub(1).and_then(|index| messages.get(index)),
            None => messages.last(),
        };
        chosen.cloned().ok_or_else(|| {
            let number = self.message.map_or("one".to_owned(), |number| number.to_string());
            format!("expected a message ({number}), the receiver has {}", messages.len())
        })
    }

    fn receiver(&self) -> Result<&Receiver, String> {
        self.stage.receiver.ok_or_else(|| "there is no receiver on this stage".to_owned())
    }

    /// Connects at the first use of a number.
    fn client(&mut self, client: usize) -> &mut Client {
        let address = self.stage.address;
        self.clients.entry(client).or_insert_with(|| Client::connect(address))
    }

    fn heard(&mut self, client: usize, text: &str) {
        for line in text.lines() {
            self.transcript.push_str(&format!("    S{}: {line}\n", number(client)));
        }
    }

    /// `$name` and `${name}` become the variable's value where there is one; other dollars stay.
    fn expand(&self, text: &str, for_regex: bool) -> String {
        let mut text = text.to_owned();
        // The longest name first, so that `$valid2` is not `$valid` and a 2.
        let mut variables: Vec<_> = self.variables.iter().collect();
        variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, value) in variables {
            let value = if for_regex { regex::escape(value) } else { value.clone() };
            text = text.replace(&format!("${{{name}}}"), &value);
            text = text.replace(&format!("${name}"), &value);
        }
        text
    }
}

impl Test {
    fn verb(self) -> &'static str {
        match self {
            Self::Begins => "that begins with",
            Self::Matches => "that matches",
            Self::AlsoContains => "that also contains",
            Self::Lacks => "without",
        }
    }
}

/// What stands below the fields that Onward puts in front: one Received, the seal, the loop tokens,
/// Delivered-To, and what the checks found.
fn below_prefix(data: &[u8]) -> Option<&[u8]> {
    let prefix = r"\AReceived: from [^\r]*\r\n(?:\t[^\r]*\r\n)+(?:X-Onward-Seal: [^\r]*\r\n(?: [^\r]*\r\n)*)?(?:X-Onward-Loop: [0-9A-Z]+\r\n)+(?:Delivered-To: [^\r]*\r\n)?(?:Authentication-Results: [^\r]*\r\n(?:\t[^\r]*\r\n)*)?";
    let end = Regex::new(prefix).unwrap().find(data)?.end();
    Some(&data[end..])
}

fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

fn whole(value: &str) -> Result<usize, String> {
    value.trim().parse().map_err(|_| format!("not a number: {value}"))
}

fn same<T: PartialEq + std::fmt::Display>(item: &str, got: T, wanted: T) -> Result<(), String> {
    let wrong = || format!("expected `{item} {wanted}`\n  got: {got}");
    (got == wanted).then_some(()).ok_or_else(wrong)
}

/// Without angle brackets.
fn bare(path: &str) -> &str {
    path.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(path)
}

fn number(client: usize) -> String {
    if client == 1 { String::new() } else { client.to_string() }
}
