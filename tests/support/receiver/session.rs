//! One connection of a receiver.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use super::data::{self, Body};
use super::record::{Message, Records};
use super::script::{Action, At, Step};
use super::stream::{Shared, Stream};
use super::{Profile, State};

pub(super) struct Session {
    state: Arc<State>,
    stream: Shared,
    reader: BufReader<Shared>,
    /// Replies not yet sent: they leave together when the peer has nothing more in the buffer.
    out: Vec<u8>,
    number: usize,
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
        let stream = Shared(stream);
        let reader = BufReader::with_capacity(64 * 1024, stream.clone());
        let (out, transaction, message) = (Vec::new(), None, 0);
        Self { state, stream, reader, out, number, transaction, message }
    }

    pub(super) fn run(mut self) {
        let end = self.converse().err().unwrap_or(End::Close);
        let _peer_is_gone = self.flush();
        match end {
            End::Reset => self.stream.0.reset_on_close(),
            End::Close => {
                // A close with unread bytes would be a RST.
                self.stream.0.shutdown(Shutdown::Write);
                self.stream.0.set_read_timeout(Duration::from_secs(2));
                let _peer_is_gone = io::copy(&mut self.reader, &mut io::sink());
            }
        }
    }

    fn converse(&mut self) -> Outcome<()> {
        if let Some(action) = self.unusual(Step::Connect, "") {
            self.act(action, "")?;
        }
        self.step(Step::Greeting, "", "220 receiver.test ESMTP")?;
        while let Some(line) = self.line()? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
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
                ("NOOP", _) => self.reply("250 2.0.0 ok"),
                ("QUIT", _) => {
                    self.step(Step::Quit, &line, "221 2.0.0 bye")?;
                    return Err(End::Close);
                }
                _ => self.reply("500 5.5.2 not known here"),
            }
        }
        Ok(())
    }

    fn mail(&mut self, line: String) -> Outcome<()> {
        if self.transaction.is_some() {
            self.reply("503 5.5.1 a transaction is open");
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
            self.reply("503 5.5.1 MAIL first");
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
            self.reply("503 5.5.1 no valid recipient");
            return Ok(());
        };
        if self.step(Step::Data, line, "354 go ahead")? != 354 {
            return Ok(());
        }
        self.flush()?;
        if let Some(action) = self.unusual(Step::Body, line) {
            self.reader.fill_buf()?;
            self.act(action, "")?;
        }
        let body = if self.profile().lenient {
            data::read_lenient(&mut self.reader)?
        } else {
            data::read_strict(&mut self.reader)?
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
            replies: actions.iter().map(|action| intended(action, &normal)).collect(),
        };
        let mut kept = Some(message);
        for action in actions {
            // A held message is recorded when the gate lets it through.
            if !matches!(action, Action::Hold(..)) {
                self.keep(&mut kept);
            }
            self.act_after(action, &normal, &mut kept)?;
        }
        Ok(())
    }

    fn act_after(
        &mut self,
        action: Action,
        normal: &str,
        kept: &mut Option<Message>,
    ) -> Outcome<()> {
        if let Action::Hold(gate, next) = action {
            self.pass(&gate)?;
            self.keep(kept);
            return self.act(*next, normal).map(drop);
        }
        self.act(action, normal).map(drop)
    }

    fn keep(&self, message: &mut Option<Message>) {
        if let Some(message) = message.take() {
            self.state.record(|records: &mut Records| records.keep(message));
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
        let (connection, message) = (self.number, self.message);
        self.state.action(&At { step, connection, message, line, from, recipient, data: b"" })
    }

    /// Does it, and says with which code.
    fn act(&mut self, action: Action, normal: &str) -> Outcome<u16> {
        match action {
            Action::Accept => self.reply(normal),
            Action::Reply(ref text) => self.reply(text),
            Action::Raw(ref bytes) => self.out.extend_from_slice(bytes),
            Action::Hold(gate, next) => {
                self.pass(&gate)?;
                return self.act(*next, normal);
            }
            Action::Hang => {
                self.flush()?;
                while self.line()?.is_some() {}
                return Err(End::Close);
            }
            Action::Close => return Err(End::Close),
            Action::Reset => return Err(End::Reset),
            Action::CloseAfter(bytes) => {
                self.out.extend_from_slice(&bytes);
                return Err(End::Close);
            }
            Action::ResetAfter(bytes) => {
                self.out.extend_from_slice(&bytes);
                return Err(End::Reset);
            }
        }
        Ok(code(&intended(&action, normal)))
    }

    fn pass(&mut self, gate: &super::Gate) -> Outcome<()> {
        self.flush()?;
        if gate.pass() { Ok(()) } else { Err(End::Close) }
    }

    fn reply(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        for line in text.split('\n') {
            self.out.extend_from_slice(line.as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// The next command line without its end, after the replies so far have been sent if nothing is
    /// waiting.
    fn line(&mut self) -> Outcome<Option<String>> {
        let mut line = Vec::new();
        if self.reader.buffer().is_empty() {
            self.flush()?;
        }
        if self.profile().lenient {
            self.skip_rest_of_line_end()?;
        }
        if self.reader.by_ref().take(1 << 20).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if !self.profile().counting {
            let number = self.number;
            self.state.record(|records| records.command(number, &line));
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn skip_rest_of_line_end(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let junk = buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
            if junk == 0 {
                return Ok(());
            }
            self.reader.consume(junk);
            if self.reader.buffer().is_empty() {
                self.flush()?;
            }
        }
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

/// The reply an action comes to, or nothing where the connection ends without one.
fn intended(action: &Action, normal: &str) -> String {
    match action {
        Action::Accept => normal.to_owned(),
        Action::Reply(text) => text.clone(),
        Action::Raw(bytes) => String::from_utf8_lossy(bytes).trim_end().to_owned(),
        Action::Hold(_, next) => intended(next, normal),
        Action::Hang
        | Action::Close
        | Action::Reset
        | Action::CloseAfter(_)
        | Action::ResetAfter(_) => String::new(),
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
