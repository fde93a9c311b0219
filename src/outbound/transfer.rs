//! One message over one connection: MAIL, RCPT, DATA, the text, the verdict (RFC 5321 §3.3).

use super::{
    connection::Connection,
    dialogue::Lost,
    limits::{OutboundLimits, Patience},
    outgoing::Outgoing,
    verdict::outcome_of,
};
use crate::{
    address::Mailbox,
    next_hop::Protocol,
    reply::{Class, Hidden, Reply},
    smtp::{
        data::END_OF_DATA,
        extensions::Extensions,
        reply_reader::{NotSmtp, ServerReply},
    },
};
use smallvec::SmallVec;
use std::{
    fmt::{self, Write},
    ops::ControlFlow,
    time::Duration,
};
use tokio::time::Instant;

/// How long to wait for replies that change no verdict, only whether the connection can be kept, and
/// for the reason why a peer hung up in the midst of the text.
const LAST_WORDS_TIME: Duration = Duration::from_secs(1);

/// Octets that the commands of most messages have.
const ENVELOPE: usize = 512;

/// What is known for one recipient.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// The peer's word on it.
    Said(ServerReply),
    /// The peer closed with this 421 before it had accepted a recipient; another host may do better.
    Closing(ServerReply),
    /// The peer does not offer what the message needs; nothing was sent.
    Unfit(Reply),
    /// We did not send the end of data: the checkpoint before it was not passed.
    Withheld,
    /// The connection was lost before the end of data was sent: the peer cannot have the message.
    Unsent,
    /// The connection was lost after it: the peer may have the message.
    Uncertain,
}

/// What came of a transfer.
#[derive(Debug)]
pub(super) struct Transferred {
    /// One for each recipient, in their order.
    pub(super) answers: Vec<Answer>,
    /// Whether the connection can take another message.
    pub(super) connection: Result<bool, Lost>,
    /// The peer took up the transaction: it answered MAIL, and not with a 4xx, which may be about the
    /// connection alone.
    pub(super) was_begun: bool,
}

/// Hands `mail` over for the recipients `to`.
pub(super) async fn transfer(
    connection: &mut Connection,
    mail: &Outgoing,
    to: &[&Mailbox],
    limits: &OutboundLimits,
    patience: Patience,
) -> Transferred {
    if let Some(reply) = unfit(&connection.extensions, mail) {
        let answers = vec![Answer::Unfit(reply); to.len()];
        return Transferred { answers, connection: Ok(true), was_begun: true };
    }
    let mut transfer = Transfer {
        connection,
        mail,
        to,
        limits,
        patience,
        answers: vec![None; to.len()],
        was_begun: false,
        end_was_sent: false,
    };
    let connection = transfer.run().await;
    let unknown = if transfer.end_was_sent { Answer::Uncertain } else { Answer::Unsent };
    Transferred {
        answers: transfer
            .answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|| unknown.clone()))
            .collect(),
        connection,
        was_begun: transfer.was_begun,
    }
}

/// The message is never changed to fit; where the peer lacks what it needs, it is refused.
fn unfit(offered: &Extensions, mail: &Outgoing) -> Option<Reply> {
    if mail.needs_smtputf8() && !offered.smtputf8 {
        Some(Reply::destination_without_smtputf8())
    } else if mail.eight_bit && !offered.eight_bit_mime {
        Some(Reply::destination_without_8bitmime())
    } else if offered.size.is_some_and(|limit| limit > 0 && mail.size() > limit) {
        Some(Reply::destination_size())
    } else {
        None
    }
}

struct Transfer<'a> {
    connection: &'a mut Connection,
    mail: &'a Outgoing,
    to: &'a [&'a Mailbox],
    limits: &'a OutboundLimits,
    patience: Patience,
    answers: Vec<Option<Answer>>,
    was_begun: bool,
    end_was_sent: bool,
}

#[derive(Clone, Copy)]
enum Command<'a> {
    Rset,
    Mail,
    Rcpt(&'a Mailbox),
    Data,
}

/// Goes on with the recipients that were accepted, or ends and tells whether the connection is of
/// further use.
type Next = ControlFlow<bool, Accepted>;

/// Recipients by their number; mostly there is one.
type Accepted = SmallVec<[usize; 4]>;

impl Transfer<'_> {
    async fn run(&mut self) -> Result<bool, Lost> {
        match self.envelope().await? {
            ControlFlow::Break(is_reusable) => Ok(is_reusable),
            ControlFlow::Continue(accepted) => self.text(&accepted).await,
        }
    }

    async fn envelope(&mut self) -> Result<Next, Lost> {
        let needs_rset = std::mem::take(&mut self.connection.needs_rset);
        if self.is_pipelined() {
            self.write_envelope(needs_rset).await?;
        }
        if needs_rset && self.ask(Command::Rset).await?.class() != Class::Positive {
            return Err(NotSmtp("RSET was refused").into());
        }
        let reply = self.ask(Command::Mail).await?;
        if reply.code == 421 {
            self.settle_all(&Answer::Closing(reply));
            return Ok(Next::Break(false));
        }
        self.was_begun = reply.class() != Class::Transient;
        if reply.class() != Class::Positive {
            self.settle_all(&Answer::Said(reply));
            return Ok(Next::Break(self.abandon(self.to.len() + 1).await));
        }
        let mut accepted = Accepted::new();
        for (at, mailbox) in self.to.iter().enumerate() {
            let reply = self.ask(Command::Rcpt(mailbox)).await?;
            if reply.class() == Class::Positive {
                accepted.push(at);
            } else if reply.code == 421 {
                let nobody = accepted.is_empty();
                let answer = if nobody { Answer::Closing } else { Answer::Said };
                self.settle_all(&answer(reply));
                return Ok(Next::Break(false));
            } else {
                self.settle(&[at], Answer::Said(reply));
            }
        }
        if accepted.is_empty() {
            return Ok(Next::Break(self.abandon(1).await));
        }
        let reply = self.ask(Command::Data).await?;
        match reply.class() {
            Class::Intermediate => Ok(Next::Continue(accepted)),
            Class::Positive => Err(NotSmtp("2xx to DATA").into()),
            Class::Transient | Class::Permanent => {
                let is_closing = reply.code == 421;
                self.settle(&accepted, Answer::Said(reply));
                self.connection.needs_rset = true;
                Ok(Next::Break(!is_closing))
            }
        }
    }

    async fn text(&mut self, accepted: &[usize]) -> Result<bool, Lost> {
        match self.write_text(accepted).await {
            Ok(true) => {}
            Ok(false) => {
                self.settle(accepted, Answer::Withheld);
                return Ok(false);
            }
            Err(lost) => return self.last_words(accepted, lost).await,
        }
        self.end_was_sent = true;
        self.mail.progress.ended();
        let deadline = Instant::now() + self.limits.final_time;
        let mut reply = self.connection.dialogue.reply(deadline).await?;
        let mut code = reply.code;
        match self.connection.protocol {
            Protocol::Smtp | Protocol::Smtps => self.settle(accepted, Answer::Said(reply)),
            Protocol::Lmtp => {
                for (nth, at) in accepted.iter().enumerate() {
                    if nth > 0 {
                        reply = self.connection.dialogue.reply(deadline).await?;
                        code = reply.code;
                    }
                    if let Some(to) = self.to.get(*at) {
                        let recipients = Hidden::mailboxes(&self.mail.recipients);
                        let hidden = self.connection.remote.hide(recipients);
                        self.mail.progress.has_said(to, outcome_of(&reply, &hidden));
                    }
                    self.settle(&[*at], Answer::Said(reply.clone()));
                }
            }
        }
        self.connection.messages += 1;
        Ok(code != 421 && self.connection.dialogue.is_quiet().await)
    }

    /// False when the end of data may not be sent.
    async fn write_text(&mut self, accepted: &[usize]) -> Result<bool, Lost> {
        let until = self.patience.deadline;
        for piece in self.mail.text.pieces() {
            self.connection.dialogue.write_stuffed(piece, until).await?;
        }
        if let Some(checkpoint) = &self.mail.checkpoint {
            let accepted = accepted.iter().filter_map(|at| self.to.get(*at));
            if !checkpoint.pass(accepted.map(|to| (*to).clone()).collect()).await {
                return Ok(false);
            }
        }
        // A reply before the end of data is no verdict on the message: it must not be taken for one.
        if !self.connection.dialogue.is_quiet().await {
            return Err(NotSmtp("a reply before the end of data").into());
        }
        self.connection.dialogue.write(END_OF_DATA, until).await?;
        self.connection.dialogue.flush(until).await?;
        Ok(true)
    }

    /// A peer that gave up in the midst of the text may have said why.
    async fn last_words(&mut self, accepted: &[usize], lost: Lost) -> Result<bool, Lost> {
        match self.connection.dialogue.reply(self.shortly()).await {
            Ok(reply) if matches!(reply.class(), Class::Transient | Class::Permanent) => {
                self.settle(accepted, Answer::Said(reply));
                Ok(false)
            }
            _ => Err(lost),
        }
    }

    /// Leaves the transaction with `pending` replies to come, if pipelined; true if the connection is
    /// in step afterwards.
    async fn abandon(&mut self, pending: usize) -> bool {
        self.connection.needs_rset = true;
        if !self.is_pipelined() {
            return true;
        }
        let until = self.shortly();
        for _ in 0..pending {
            match self.connection.dialogue.reply(until).await {
                // 354 without recipients: nothing could follow that is certainly not a message.
                Ok(reply) if reply.class() != Class::Intermediate && reply.code != 421 => {}
                _ => return false,
            }
        }
        true
    }

    /// MAIL, all RCPT and DATA in one write (RFC 2920 §3.1).
    async fn write_envelope(&mut self, needs_rset: bool) -> Result<(), Lost> {
        let mut batch = String::with_capacity(ENVELOPE);
        if needs_rset {
            self.add_line(Command::Rset, &mut batch);
        }
        self.add_line(Command::Mail, &mut batch);
        for mailbox in self.to {
            self.add_line(Command::Rcpt(mailbox), &mut batch);
        }
        self.add_line(Command::Data, &mut batch);
        let until = self.command_deadline();
        self.connection.dialogue.write(batch.as_bytes(), until).await?;
        self.connection.dialogue.flush(until).await
    }

    /// The reply to a command, which is sent now unless it went with the whole envelope.
    async fn ask(&mut self, command: Command<'_>) -> Result<ServerReply, Lost> {
        let until = self.command_deadline();
        if self.is_pipelined() {
            return self.connection.dialogue.reply(until).await;
        }
        let mut line = String::new();
        self.add_line(command, &mut line);
        self.connection.dialogue.command(&line, until).await
    }

    fn add_line(&self, command: Command<'_>, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match command {
            Command::Rset => out.write_str("RSET"),
            Command::Mail => write!(out, "MAIL FROM:{}", self.mail.reverse_path)
                .and_then(|()| self.write_parameters(out)),
            Command::Rcpt(mailbox) => {
                let dsn = self.mail.dsn.of(mailbox).filter(|_| self.connection.extensions.dsn);
                write!(out, "RCPT TO:<{mailbox}>")
                    .and_then(|()| dsn.map_or(Ok(()), |dsn| write!(out, "{dsn}")))
            }
            Command::Data => out.write_str("DATA"),
        };
        out.push_str("\r\n");
    }

    /// The parameters of MAIL.
    fn write_parameters(&self, out: &mut String) -> fmt::Result {
        if self.connection.extensions.size.is_some() {
            write!(out, " SIZE={}", self.mail.size())?;
        }
        if self.mail.eight_bit {
            out.write_str(" BODY=8BITMIME")?;
        }
        if self.mail.needs_smtputf8() {
            out.write_str(" SMTPUTF8")?;
        }
        if self.connection.extensions.dsn {
            write!(out, "{}", self.mail.dsn.message)?;
        }
        Ok(())
    }

    /// Settles those of `recipients` who have no answer yet; mostly there is one.
    fn settle(&mut self, recipients: &[usize], answer: Answer) {
        let Some((last, others)) = recipients.split_last() else { return };
        for at in others {
            if let Some(slot) = self.answers.get_mut(*at) {
                slot.get_or_insert_with(|| answer.clone());
            }
        }
        if let Some(slot) = self.answers.get_mut(*last) {
            slot.get_or_insert(answer);
        }
    }

    /// Settles whoever has no answer yet.
    fn settle_all(&mut self, answer: &Answer) {
        for slot in &mut self.answers {
            slot.get_or_insert_with(|| answer.clone());
        }
    }

    fn is_pipelined(&self) -> bool {
        self.connection.extensions.pipelining
    }

    fn command_deadline(&self) -> Instant {
        self.patience.until(self.limits.command_time)
    }

    fn shortly(&self) -> Instant {
        self.patience.deadline.min(Instant::now() + LAST_WORDS_TIME)
    }
}
