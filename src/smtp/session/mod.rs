//! The server's side of an SMTP session (RFC 5321), deterministic and without I/O: it knows no sockets and no
//! clock. Bytes of the client go in; replies, questions and messages come out.
//!
//! The driver's loop: [`Session::greet`], then [`Session::poll`] until it says [`Step::NeedInput`]; write
//! [`Session::output`], read, [`Session::receive`], poll again. A [`Step::Sender`], [`Step::Recipient`],
//! [`Step::Data`], [`Step::Authenticate`] or [`Step::Message`] is a question that [`Session::answer`] answers; until then nothing else of the
//! client is looked at. Each transaction that a sender opened ends in a [`Step::Message`] or a [`Step::Aborted`].
//!
//! Invariants: a refused command changes nothing but the count of errors. However the client's bytes are cut into
//! reads, steps and output are the same, but for what comes with a DATA that is refused, which is its text, and what
//! comes with an AUTH, which nobody knows to be the client's.

mod auth;
mod commands;
mod incoming;
mod phase;
mod step;
mod tally;
#[cfg(test)]
mod tests;

use super::{
    data::{BareLf, DataFault, DataReader},
    line::LineBuffer,
    tls::Tls,
    xforward::Origin,
};
use crate::{
    envelope::Envelope,
    reply::{Class, Reply},
};
use auth::Login;
use incoming::{Chunks, Incoming};
use phase::{Client, Phase};
use std::sync::Arc;
pub use step::{Aborted, Step, Transaction};
use tally::Tally;

/// What all sessions of a listener have in common.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// Our name in greeting and EHLO.
    pub hostname: String,
    /// Octets of a message; announced as SIZE.
    pub max_message_size: usize,
    /// Accepted recipients of a transaction.
    pub max_recipients: usize,
    /// Refused commands that are answered; the next ends the session.
    pub max_errors: u32,
    /// What becomes of a bare LF in a message.
    pub bare_lf: BareLf,
    /// A client that speaks before it may is turned away.
    pub minds_early_talk: bool,
}

/// The SMTP session of one client.
#[derive(Debug)]
pub struct Session {
    config: Arc<SessionConfig>,
    input: LineBuffer,
    output: Vec<u8>,
    client: Option<Client>,
    may_xforward: bool,
    offers_tls: bool,
    tls: Option<Tls>,
    /// Where only accounts may send: how far the client is.
    login: Option<Login>,
    /// The origin of the next transaction, or of the one that is open.
    origin: Option<Origin>,
    /// The transaction from MAIL on; its message is empty until the end.
    transaction: Option<Box<Transaction>>,
    /// From the first BDAT of the transaction on, between two chunks.
    chunks: Option<Chunks>,
    /// To be told with the next step.
    aborted: Option<Aborted>,
    phase: Phase,
    tally: Tally,
    /// The last command was a DATA that was refused: what is no command now is its text.
    data_refused: bool,
}

impl Session {
    /// The session of a client that is connected now.
    pub fn new(config: Arc<SessionConfig>) -> Self {
        Self {
            config,
            input: LineBuffer::default(),
            output: Vec::new(),
            client: None,
            may_xforward: false,
            offers_tls: false,
            tls: None,
            login: None,
            origin: None,
            transaction: None,
            chunks: None,
            aborted: None,
            phase: Phase::Commands,
            tally: Tally::default(),
            data_refused: false,
        }
    }

    /// Offers STARTTLS: to be called before [`Session::greet`].
    pub fn offer_tls(&mut self) {
        self.offers_tls = true;
    }

    /// The connection is encrypted from now on, by STARTTLS or from its beginning. Nothing that was said
    /// before counts any more (RFC 3207 §4.2).
    pub fn secured(&mut self, tls: Tls) {
        self.tls = Some(tls);
        self.client = None;
        self.login = self.login.take().map(Login::anew);
        self.reset_transaction();
        if matches!(self.phase, Phase::Handshake) {
            self.phase = Phase::Commands;
        }
    }

    /// Greets the client: the first output of a session that is not refused at once.
    pub fn greet(&mut self) {
        Reply::greeting(&self.config.hostname).write_to(&mut self.output);
    }

    /// Takes what was read, after [`Step::NeedInput`]. No more of it is kept than the read was long
    /// and one line beside.
    pub fn receive(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        match &mut self.phase {
            // What comes before the handshake was not sent under its protection.
            Phase::Closed | Phase::Handshake => return,
            // Straight into the message; the buffer, for commands, is empty as long as more is awaited.
            Phase::Incoming(incoming) => {
                let used = incoming.take(bytes);
                bytes = bytes.get(used..).unwrap_or_default();
            }
            _ => {}
        }
        self.input.extend(bytes);
    }

    /// Goes on as far as input and answers allow.
    pub fn poll(&mut self) -> Step {
        loop {
            if let Some(aborted) = self.aborted.take() {
                return Step::Aborted(aborted);
            }
            let step = match std::mem::take(&mut self.phase) {
                Phase::Commands => self.next_command(),
                Phase::Challenge(exchange) => self.next_response(exchange),
                Phase::Incoming(mut incoming) => {
                    let used = incoming.take(self.input.rest());
                    self.input.consume(used);
                    if incoming.is_done() {
                        self.received(incoming)
                    } else {
                        self.phase = Phase::Incoming(incoming);
                        Some(Step::NeedInput)
                    }
                }
                Phase::Closed => {
                    self.phase = Phase::Closed;
                    Some(Step::Close)
                }
                owed @ (Phase::Sender(_)
                | Phase::Recipient(_)
                | Phase::Data
                | Phase::Verdict
                | Phase::StartTls
                | Phase::Authenticate
                | Phase::Handshake) => {
                    self.phase = owed;
                    Some(Step::NeedInput)
                }
            };
            if let Some(step) = step {
                self.input.compact();
                return step;
            }
        }
    }

    /// Answers the sender, recipient, DATA, message, STARTTLS or credentials that is asked about. A 421 ends the session.
    pub fn answer(&mut self, reply: Reply) {
        match std::mem::take(&mut self.phase) {
            Phase::Sender(transaction) => {
                if reply.is_positive() {
                    self.transaction = Some(transaction);
                }
                self.respond(reply);
            }
            Phase::Recipient(path) => {
                if let Some(transaction) = &mut self.transaction
                    && reply.is_positive()
                {
                    transaction.envelope.forward_paths.push(path);
                }
                self.respond(reply);
            }
            Phase::Data => {
                if reply.class() != Class::Intermediate {
                    self.refuse_data(reply);
                } else if self.config.minds_early_talk && !self.input.rest().is_empty() {
                    self.shut_down(Reply::text_without_data());
                } else {
                    let SessionConfig { max_message_size, bare_lf, .. } = *self.config;
                    let mut reader = DataReader::new(max_message_size, bare_lf);
                    reader.expect(self.announced_size().unwrap_or(0));
                    self.phase = Phase::Incoming(Incoming::Data(reader));
                    self.respond(reply);
                }
            }
            Phase::Verdict => self.conclude(reply),
            Phase::StartTls => {
                if reply.is_positive() {
                    // Pipelined in plaintext, perhaps by somebody in between: never obeyed (RFC 3207 §6).
                    self.input.clear();
                    self.phase = Phase::Handshake;
                }
                self.respond(reply);
            }
            Phase::Authenticate => self.authenticated(reply),
            not_asked => self.phase = not_asked,
        }
    }

    /// Ends the session with `reply`, a 421, wherever it stands. A message under way is dropped, an
    /// answer that was owed is owed no more.
    pub fn shut_down(&mut self, reply: Reply) {
        if !matches!(self.phase, Phase::Closed) {
            reply.write_to(&mut self.output);
            self.close();
        }
    }

    /// The client is gone: as [`Session::shut_down`], with nobody to reply to.
    pub fn hang_up(&mut self) {
        self.close();
    }

    /// Bytes for the client; the driver takes away what it wrote.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// True when a client that speaks before it may is turned away.
    pub fn minds_early_talk(&self) -> bool {
        self.config.minds_early_talk
    }

    /// Octets of the message under way.
    pub fn held(&self) -> usize {
        let incoming = match &self.phase {
            Phase::Incoming(incoming) => incoming.held(),
            _ => 0,
        };
        incoming + self.chunks.as_ref().map_or(0, Chunks::held)
    }

    /// Octets of memory that the message under way takes: it is given room before it fills it.
    pub fn taken(&self) -> usize {
        let incoming = match &self.phase {
            Phase::Incoming(incoming) => incoming.taken(),
            _ => 0,
        };
        incoming + self.chunks.as_ref().map_or(0, Chunks::taken)
    }

    /// How large the client says that the message is.
    fn announced_size(&self) -> Option<u64> {
        self.transaction.as_ref()?.envelope.parameters.size
    }

    /// Drops the message under way, which will be refused with 452 at its end.
    pub fn out_of_memory(&mut self) {
        if let Phase::Incoming(incoming) = &mut self.phase {
            incoming.fail(DataFault::NoMemory);
        }
        if let Some(chunks) = &mut self.chunks {
            chunks.fail(DataFault::NoMemory);
        }
    }

    /// True while the text after DATA or a chunk after BDAT is awaited.
    pub fn in_data(&self) -> bool {
        matches!(self.phase, Phase::Incoming(_))
    }

    /// What the client called itself last, or the one from whom it has the message.
    pub fn helo(&self) -> Option<&str> {
        let own = self.client.as_ref().map(|client| client.helo.as_str());
        own.map(|own| Origin::helo_or(self.origin.as_ref(), own))
    }

    /// The one from whom the client has the message, where it may and does say so.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// True after EHLO, false after HELO or neither.
    pub fn is_esmtp(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.esmtp)
    }

    /// How the connection is encrypted, if it is.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The transaction that is open, with the recipients accepted before the one asked about.
    pub fn envelope_so_far(&self) -> Option<&Envelope> {
        self.transaction.as_ref().map(|transaction| &transaction.envelope)
    }

    /// Replies to a command. Refusals are counted: one more than the limit ends the session.
    fn respond(&mut self, reply: Reply) {
        match reply.class() {
            Class::Permanent if self.tally.errors >= self.config.max_errors => {
                return self.shut_down(Reply::too_many_errors());
            }
            Class::Permanent => self.tally.errors += 1,
            Class::Transient => self.tally.commands += 1,
            Class::Positive | Class::Intermediate => {}
        }
        self.write(&reply);
    }

    /// Replies to a message: its verdict is no error of the dialogue.
    fn conclude(&mut self, reply: Reply) {
        self.reset_transaction();
        self.tally.begin_anew();
        self.write(&reply);
    }

    fn write(&mut self, reply: &Reply) {
        reply.write_to(&mut self.output);
        // 421 announces the end of the session (RFC 5321 §3.8).
        if reply.code() == 421 {
            self.close();
        }
    }

    fn close(&mut self) {
        self.reset_transaction();
        self.input.clear();
        self.phase = Phase::Closed;
    }

    /// Whatever was open is aborted.
    fn reset_transaction(&mut self) {
        let in_message = self.in_data();
        if let Some(transaction) = self.transaction.take() {
            self.tally.left += 1;
            self.aborted = Some(Aborted { transaction, in_message });
        }
        self.chunks = None;
        self.origin = None;
    }
}
