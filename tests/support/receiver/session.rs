//! One connection of a receiver.

use std::io::{self, BufRead};
use std::sync::Arc;

use super::data::{self, Body};
use super::record::Message;
use super::script::{Action, At, Step};
use super::stream::Stream;
use super::wire::Wire;
use super::{Gate, Profile, State};

pub(super) struct Session {
    state: Arc<State>,
    wire: Wire,
    number: usize,
    helo: String,
    transaction: Option<Transaction>,
    message: usize,
}

#[derive(Default)]
struct Transaction {
    mail: String,
    from: String,
    to: Vec<String>,
}

/// How a session ends.
enum End {
    Close,
    Reset,
}

impl From<io::Error> for End {
    fn from(_peer_is_gone: io::Error) -> Self {
        Self::Close
    }
}

type Outcome<T> = Result<T, End>;

impl Session {
    pub(super) fn new(state: Arc<State>, stream: Arc<Stream>, number: usize) -> Self {
        let helo = String::new();
        Self { state, wire: Wire::new(stream), number, helo, transaction: None, message: 0 }
    }

    pub(super) fn run(mut self) {
        match self.converse() {
            Err(End::Reset) => self.wire.reset(),
            Ok(()) | Err(End::Close) => self.wire.close(),
        }
    }

    fn converse(&mut self) -> Outcome<()> {
        if let Some(action) = self.unusual(Step::Connect, "") {
            self.act(action, "")?;
        }
        self.step(Step::Greeting, "", "220 receiver.test ESMTP")?;
        while let Some(line) = self.line()? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            if matches!(verb.as_str(), "LHLO" | "EHLO" | "HELO") {
                self.helo = line.split(' ').nth(1).unwrap_or_default().to_owned();
            }
            match (verb.as_str(), self.profile().lmtp) {
                ("LHLO", true) | ("EHLO", false) => {
                    self.transaction = None;
                    let capabilities = self.capabilities();
                    self.step(Step::Ehlo, &line, &capabilities)?;
                }
                ("HELO", false) => {
                    self.transaction = None;
                    self.step(Step::Ehlo, &line, "250 receiver.test")?;
                }
                ("MAIL", _) => self.mail(line)?,
                ("RCPT", _) => self.rcpt(&line)?,
                ("DATA", _) => self.data(&line)?,
                ("RSET", _) => {
                    self.transaction = None;
                    self.step(Step::Rset, &line, "250 2.0.0 forgotten")?;
                }
                ("NOOP", _) => self.wire.reply("250 2.0.0 ok"),
                ("QUIT", _) => {
                    // Whoever has the answer may be back before this thread ends.
                    let number = self.number;
                    self.state.record(|records| records.connections[number - 1].closed = true);
                    self.step(Step::Quit, &line, "221 2.0.0 bye")?;
                    return Err(End::Close);
                }
                _ => self.wire.reply("500 5.5.2 not known here"),
            }
        }
        Ok(())
    }

    fn mail(&mut self, line: String) -> Outcome<()> {
        if self.transaction.is_some() {
            self.wire.reply("503 5.5.1 a transaction is open");
            return Ok(());
        }
        self.message = self.state.next_message();
        let from = path(&line).to_owned();
        self.transaction = Some(Transaction { from, mail: line.clone(), to: Vec::new() });
        if self.step(Step::Mail, &line, "250 2.1.0 ok")? >= 300 {
            self.transaction = None;
        }
        Ok(())
    }

    fn rcpt(&mut self, line: &str) -> Outcome<()> {
        if self.transaction.is_none() {
            self.wire.reply("503 5.5.1 MAIL first");
            return Ok(());
        }
        if self.step(Step::Rcpt, line, "250 2.1.5 ok")? < 300
            && let Some(transaction) = &mut self.transaction
        {
            transaction.to.push(path(line).to_owned());
        }
        Ok(())
    }

    fn data(&mut self, line: &str) -> Outcome<()> {
        let to = self.transaction.as_ref().map(|transaction| transaction.to.clone());
        let Some(to) = to.filter(|to| !to.is_empty()) else {
            self.wire.reply("503 5.5.1 no valid recipient");
            return Ok(());
        };
        if self.step(Step::Data, line, "354 go ahead")? != 354 {
            return Ok(());
        }
        self.wire.flush()?;
        if let Some(action) = self.unusual(Step::Body, line) {
            self.wire.reader.fill_buf()?;
            self.act(action, "")?;
        }
        let body = if self.profile().lenient {
            data::read_lenient(&mut self.wire.reader)?
        } else {
            data::read_strict(&mut self.wire.reader)?
        };
        self.answer_body(&to, body)
    }

    /// The verdicts are decided, recorded, and only then sent: what the peer has seen accepted is
    /// in the record.
    fn answer_body(&mut self, to: &[String], body: Body) -> Outcome<()> {
        let transaction = self.transaction.take().unwrap_or_default();
        let answered_for = if self.profile().lmtp { to } else { &to[to.len() - 1..] };
        let normal = format!("250 2.0.0 taken as {}", self.message);
        let actions: Vec<Action> = answered_for
            .iter()
            .map(|recipient| {
                self.state.action(&At {
                    step: Step::FinalDot,
                    connection: self.number,
                    message: self.message,
                    line: ".",
                    helo: &self.helo,
                    from: &transaction.from,
                    recipient,
                    data: &body.data,
                })
            })
            .collect();
        let message = Message {
            connection: self.number,
            number: self.message,
            mail: transaction.mail,
            from: transaction.from,
            to: transaction.to,
            data: body.data,
            raw: body.raw,
            replies: actions.iter().map(|action| action.comes_to(&normal)).collect(),
        };
        let mut kept = Some(message);
        for action in actions {
            let action = match action {
                // A held message is recorded when the gate lets it through.
                Action::Hold(gate, next) => {
                    self.pass(&gate)?;
                    *next
                }
                other => other,
            };
            self.keep(&mut kept);
            self.act(action, &normal)?;
        }
        Ok(())
    }

    fn keep(&self, message: &mut Option<Message>) {
        if let Some(message) = message.take() {
            self.state.record(|records| records.keep(message));
        }
    }

    fn step(&mut self, step: Step, line: &str, normal: &str) -> Outcome<u16> {
        let action = self.action(step, line);
        self.act(action, normal)
    }

    /// For steps at which a receiver normally says nothing.
    fn unusual(&self, step: Step, line: &str) -> Option<Action> {
        Some(self.action(step, line)).filter(|action| !matches!(action, Action::Accept))
    }

    fn action(&self, step: Step, line: &str) -> Action {
        let from = self.transaction.as_ref().map_or("", |transaction| &transaction.from);
        let recipient = if step == Step::Rcpt { path(line) } else { "" };
        let (connection, message, helo) = (self.number, self.message, self.helo.as_str());
        let data: &[u8] = b"";
        self.state.action(&At { step, connection, message, line, helo, from, recipient, data })
    }

    /// Does it, and says with which code.
    fn act(&mut self, action: Action, normal: &str) -> Outcome<u16> {
        match action {
            Action::Accept => self.wire.reply(normal),
            Action::Reply(ref text) => self.wire.reply(text),
            Action::Raw(ref bytes) => self.wire.raw(bytes),
            Action::Hold(gate, next) => {
                self.pass(&gate)?;
                return self.act(*next, normal);
            }
            Action::Hang => {
                self.wire.flush()?;
                while self.line()?.is_some() {}
                return Err(End::Close);
            }
            Action::Close => return Err(End::Close),
            Action::Reset => return Err(End::Reset),
            Action::CloseAfter(bytes) => {
                self.wire.raw(&bytes);
                return Err(End::Close);
            }
            Action::ResetAfter(bytes) => {
                self.wire.raw(&bytes);
                return Err(End::Reset);
            }
        }
        Ok(code(&action.comes_to(normal)))
    }

    fn pass(&mut self, gate: &Gate) -> Outcome<()> {
        self.wire.flush()?;
        if gate.pass() { Ok(()) } else { Err(End::Close) }
    }

    /// The next command without its line end.
    fn line(&mut self) -> Outcome<Option<String>> {
        let lenient = self.profile().lenient;
        let Some(line) = self.wire.line(lenient)? else { return Ok(None) };
        if !self.profile().counting {
            let number = self.number;
            self.state.record(|records| records.command(number, &line));
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn capabilities(&self) -> String {
        let mut lines = vec!["receiver.test".to_owned()];
        lines.extend(self.profile().keywords.iter().cloned());
        let last = lines.len() - 1;
        let reply = |(n, line)| format!("250{}{line}", if n == last { ' ' } else { '-' });
        lines.iter().enumerate().map(reply).collect::<Vec<_>>().join("\n")
    }

    fn profile(&self) -> &Profile {
        &self.state.profile
    }
}

fn code(reply: &str) -> u16 {
    reply.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// What stands between the angle brackets; a `>` in a quoted string does not end it.
fn path(line: &str) -> &str {
    let Some(start) = line.find('<') else { return "" };
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in line.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return &line[start + 1..at],
            _ => {}
        }
    }
    &line[start + 1..]
}
