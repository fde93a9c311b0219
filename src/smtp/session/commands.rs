//! What each command does, and what the end of a message does. `None` stands for: replied, go on.

use super::{Chunks, Client, Incoming, Phase, Session, SessionConfig, Step, Transaction};
use crate::{
    address::{ForwardPath, ReversePath},
    envelope::{Envelope, MailParameters, RcptDsn},
    reply::Reply,
    sasl::MECHANISMS,
    smtp::{
        command::{Behind, Command, Refused},
        data::DataFault,
        foreign::is_foreign,
        parameter::Offered,
        xforward,
    },
};

/// The code of a reply to what is no command at all.
const NO_COMMAND: u16 = 500;

impl Session {
    /// Lets the client say from whom it has what it brings: to be called before [`Session::greet`].
    pub fn allow_xforward(&mut self) {
        self.may_xforward = true;
    }

    /// Whether the client may say so: it is a relay of ours.
    pub fn may_xforward(&self) -> bool {
        self.may_xforward
    }

    pub(super) fn next_command(&mut self) -> Option<Step> {
        if !self.input.is_skipping() && is_foreign(self.input.rest()) {
            self.shut_down(Reply::not_smtp());
            return None;
        }
        let offered = Offered { auth: self.offers_auth(), dsn: self.offers_dsn() };
        let parsed = match self.input.next_line() {
            None => return Some(Step::NeedInput),
            Some(Ok(line)) => Command::parse_where(line, &self.config.hostname, offered),
            Some(Err(fault)) => Err(Reply::bad_line(fault.reason()).into()),
        };
        let data_refused = std::mem::take(&mut self.data_refused);
        match parsed {
            Ok(command) => return self.obey(command),
            Err(Refused { reply, .. }) if data_refused && reply.code() == NO_COMMAND => {
                self.shut_down(Reply::text_without_data());
            }
            Err(Refused { reply, behind: Behind::Commands }) => self.respond(reply),
            Err(Refused { reply, behind: Behind::Octets(octets) }) if self.can_be(octets) => {
                self.phase = Phase::Incoming(Incoming::Refused { left: octets, reply });
            }
            Err(Refused { reply, .. }) => self.shut_down(reply),
        }
        None
    }

    fn obey(&mut self, command: Command) -> Option<Step> {
        if !matches!(command, Command::Rcpt { .. } | Command::Bdat { octets: 1.., .. }) {
            self.tally.commands += 1;
        }
        if self.tally.is_idle_talk() {
            self.shut_down(Reply::too_many_commands());
            return None;
        }
        match command {
            Command::Rcpt { path, non_ascii, dsn } => return self.rcpt(path, non_ascii, dsn),
            Command::Mail { path, parameters } => return self.mail(path, parameters),
            Command::Data => return self.data(),
            Command::Bdat { octets, last } => self.bdat(octets, last),
            Command::Ehlo(helo) => {
                let reply = Reply::ehlo(&self.config.hostname, &self.extensions());
                self.hello(Client { helo, esmtp: true }, &reply);
            }
            Command::Helo(helo) => {
                let reply = Reply::helo(&self.config.hostname);
                self.hello(Client { helo, esmtp: false }, &reply);
            }
            Command::Rset => {
                self.reset_transaction();
                self.respond(Reply::ok());
            }
            Command::StartTls => return self.starttls(),
            Command::Auth(argument) => return self.auth(&argument),
            Command::Xforward(argument) => self.xforward(&argument),
            Command::Noop => self.respond(Reply::ok()),
            Command::Help => self.respond(Reply::help()),
            Command::Vrfy => self.respond(Reply::cannot_verify()),
            Command::Expn => self.respond(Reply::no_expn()),
            Command::Quit => {
                self.write(&Reply::bye());
                self.close();
            }
        }
        None
    }

    /// What EHLO announces.
    fn extensions(&self) -> Vec<String> {
        let mut extensions = vec![
            "PIPELINING".to_owned(),
            format!("SIZE {}", self.config.max_message_size),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
            "CHUNKING".to_owned(),
        ];
        extensions.extend(self.offers_dsn().then(|| "DSN".to_owned()));
        let starts_tls = self.offers_tls && self.tls.is_none();
        extensions.extend(starts_tls.then(|| "STARTTLS".to_owned()));
        extensions.extend(self.offers_auth().then(|| format!("AUTH {MECHANISMS}")));
        extensions.extend(self.may_xforward.then(|| xforward::KEYWORD.to_owned()));
        extensions
    }

    fn starttls(&mut self) -> Option<Step> {
        let refusal = if self.tls.is_some() {
            Reply::out_of_order("TLS has begun already")
        } else if !self.offers_tls {
            Reply::unknown_command()
        } else if self.transaction.is_some() {
            Reply::out_of_order("A transaction is open; RSET ends it")
        } else {
            self.phase = Phase::StartTls;
            return Some(Step::StartTls);
        };
        self.respond(refusal);
        None
    }

    fn xforward(&mut self, argument: &str) {
        if !self.may_xforward {
            return self.respond(Reply::unknown_command());
        }
        if self.transaction.is_some() {
            return self.respond(Reply::out_of_order("A transaction is open; RSET ends it"));
        }
        let mut origin = self.origin.take().unwrap_or_default();
        let added = origin.add(argument);
        self.origin = Some(origin);
        self.respond(added.err().unwrap_or(Reply::ok()));
    }

    /// EHLO and HELO end a transaction like RSET (RFC 5321 §4.1.4).
    fn hello(&mut self, client: Client, reply: &Reply) {
        // Nothing was offered yet, pipelining neither.
        if self.config.minds_early_talk && !self.input.rest().is_empty() {
            return self.shut_down(Reply::unasked_pipelining());
        }
        self.write(reply);
        self.client = Some(client);
        self.reset_transaction();
    }

    fn mail(
        &mut self,
        reverse_path: ReversePath,
        parameters: Option<MailParameters>,
    ) -> Option<Step> {
        let refusal = match &self.client {
            None => Reply::out_of_order("Send EHLO first"),
            Some(_) if let Some(refusal) = self.login_missing() => refusal,
            Some(_) if self.transaction.is_some() => {
                Reply::out_of_order("A transaction is open; RSET ends it")
            }
            Some(client) if parameters.is_some() && !client.esmtp => {
                Reply::bad_argument("Parameters need EHLO")
            }
            Some(client) => {
                let parameters = parameters.unwrap_or_default();
                if parameters.size.is_none_or(|size| size <= self.config.max_message_size as u64) {
                    let envelope = Envelope { reverse_path, parameters, forward_paths: Vec::new() };
                    self.phase = Phase::Sender(Box::new(Transaction {
                        helo: client.helo.clone(),
                        origin: self.origin.clone(),
                        esmtp: client.esmtp,
                        tls: self.tls.clone(),
                        envelope: envelope.clone(),
                        message: Ok(Vec::new()),
                        is_normalized: false,
                    }));
                    return Some(Step::Sender(envelope));
                }
                Reply::message_too_big()
            }
        };
        self.respond(refusal);
        None
    }

    fn rcpt(&mut self, path: ForwardPath, non_ascii: bool, dsn: RcptDsn) -> Option<Step> {
        let refusal = match &self.transaction {
            None => Reply::out_of_order("Send MAIL first"),
            Some(_) if self.chunks.is_some() => {
                Reply::out_of_order("The message has begun; recipients come before it")
            }
            Some(open) if non_ascii && !open.envelope.parameters.smtputf8 => {
                Reply::needs_smtputf8()
            }
            Some(open) if dsn != RcptDsn::default() && !open.esmtp => {
                Reply::bad_argument("Parameters need EHLO")
            }
            Some(open) if open.envelope.forward_paths.len() >= self.config.max_recipients => {
                Reply::too_many_recipients()
            }
            Some(_) => {
                self.phase = Phase::Recipient(path.clone());
                return Some(Step::Recipient(path, dsn));
            }
        };
        self.respond(refusal);
        None
    }

    /// Why no message can come now.
    fn message_out_of_order(&self) -> Option<Reply> {
        match self.envelope_so_far() {
            None => Some(Reply::out_of_order("Send MAIL first")),
            Some(envelope) if envelope.forward_paths.is_empty() => {
                Some(Reply::out_of_order("No valid recipients"))
            }
            Some(_) => None,
        }
    }

    fn data(&mut self) -> Option<Step> {
        let by_bdat = || Reply::out_of_order("The message comes by BDAT");
        match self.message_out_of_order().or_else(|| self.chunks.is_some().then(by_bdat)) {
            Some(refusal) => {
                self.refuse_data(refusal);
                None
            }
            None => {
                self.phase = Phase::Data;
                Some(Step::Data)
            }
        }
    }

    /// DATA is the last command of a group (RFC 2920 §3.1). What came with one that is refused is the text of a
    /// client that did not wait for the 354; whoever wrote that text must not give commands.
    pub(super) fn refuse_data(&mut self, refusal: Reply) {
        if self.input.rest().is_empty() {
            self.data_refused = true;
            self.respond(refusal);
        } else {
            self.shut_down(Reply::text_without_data());
        }
    }

    /// True for a chunk that a message may have. The octets of a larger one would be waited for without end.
    fn can_be(&self, octets: u64) -> bool {
        octets <= self.config.max_message_size as u64
    }

    fn bdat(&mut self, octets: u64, last: bool) {
        if !self.can_be(octets) {
            return self.shut_down(Reply::message_too_big());
        }
        let refusal = if self.is_esmtp() {
            self.message_out_of_order()
        } else {
            Some(Reply::out_of_order("Send EHLO first"))
        };
        self.phase = Phase::Incoming(match refusal {
            Some(reply) => Incoming::Refused { left: octets, reply },
            None => {
                let SessionConfig { max_message_size, bare_lf, .. } = *self.config;
                let begun = self.chunks.take();
                let size = self.announced_size();
                let chunks = begun.unwrap_or_else(|| Chunks::new(max_message_size, bare_lf, size));
                chunks.chunk(octets, last)
            }
        });
    }

    /// Answers `incoming`, all of which is there.
    pub(super) fn received(&mut self, incoming: Incoming) -> Option<Step> {
        match incoming {
            Incoming::Refused { reply, .. } => self.respond(reply),
            Incoming::Data(reader) => {
                let is_normalized = reader.is_normalized();
                return self.end_of_message(reader.finish(), is_normalized);
            }
            Incoming::Chunk { last: true, chunks, .. } => {
                let is_normalized = chunks.is_normalized();
                return self.end_of_message(chunks.finish(), is_normalized);
            }
            Incoming::Chunk { announced, chunks, .. } => {
                let reply = match chunks.fault() {
                    Some(fault) => refusal_of(fault),
                    None => Reply::chunk_ok(announced),
                };
                self.chunks = Some(chunks);
                self.write(&reply);
            }
        }
        None
    }

    fn end_of_message(
        &mut self,
        message: Result<Vec<u8>, DataFault>,
        is_normalized: bool,
    ) -> Option<Step> {
        let mut transaction = self.transaction.take()?;
        transaction.message = message.map_err(refusal_of);
        transaction.is_normalized = is_normalized;
        self.phase = Phase::Verdict;
        Some(Step::Message(transaction))
    }
}

fn refusal_of(fault: DataFault) -> Reply {
    match fault {
        DataFault::LineEnds => Reply::bad_line_ends(),
        DataFault::TooBig => Reply::message_too_big(),
        DataFault::NoMemory => Reply::out_of_memory(),
    }
}
