//! What leaves of an account's message: one form outside, and one for each alias of ours, as nobody needs to see that
//! an alias gets it too.

use crate::{
    address::{Domain, ForwardPath},
    auth::dkim::SignedBody,
    dsn::Subject,
    envelope::{Occasion, RcptDsn},
    mail::{
        dress::{signatures, through},
        parts::Parts,
        recipient::Recipient,
        sender::Sender,
    },
    message::{
        Authors, Change, Header, LOOP_FIELD, LoopToken, MessageId, ReplyTo, Source, Submitted,
        Text, delivered_to, replace_reply_to,
    },
    reply::Reply,
    slots::Cause,
    smtp::Transaction,
    store::spool::{Head, Leg, NewMessage},
    time::Millis,
};
use bytes::Bytes;
use std::sync::Arc;

/// What the forms are made of.
pub(super) struct Cloth<'a> {
    /// The id of the account; `None` for an answer by address.
    pub(super) account: Option<&'a str>,
    /// Who causes it.
    pub(super) cause: Cause,
    /// The transaction, without its message.
    pub(super) came: &'a Transaction,
    pub(super) sender: &'a Sender,
    pub(super) from: &'a Authors,
    /// The message, without what is private.
    pub(super) message: &'a Bytes,
    /// What the spam filter has marked it with.
    pub(super) marks: &'a str,
    pub(super) id: MessageId,
    pub(super) arrived: Millis,
    /// What is asked of DSNs about each recipient.
    pub(super) asked: &'a [(ForwardPath, RcptDsn)],
}

impl Cloth<'_> {
    /// The messages for the spool, those with a detail to be recorded with it; none where nobody gets it.
    pub(super) fn messages(
        &self,
        parts: &Parts,
        outside: &[Recipient],
        hosted: &[Recipient],
        loop_tokens: &[LoopToken],
    ) -> Result<Vec<(NewMessage, Option<String>)>, Reply> {
        let source = Arc::new(Source::from(self.message.clone()));
        let header = Header::scan(self.message);
        let body = SignedBody::of(&header, self.message);
        let mut messages: Vec<(NewMessage, Option<String>)> = Vec::new();
        // A form each inside, as a token tells whoever has seen it before whose alias it is.
        let inside = hosted.iter().zip(loop_tokens).map(|(to, token)| {
            let mut local = format!("{LOOP_FIELD}: {}\r\n", token.as_str());
            local.push_str(&delivered_to(&self.came.envelope.forward_paths));
            let (fields, change) = match self.reply_to(to, &header) {
                Some(ReplyTo { fields, change }) => (fields, change),
                None => (Vec::new(), None),
            };
            (std::slice::from_ref(to), [local.into_bytes(), fields].concat(), change)
        });
        let all = [(outside, Vec::new(), None)].into_iter().chain(inside);
        for (recipients, local, change) in all {
            let legs: Vec<Leg> = recipients.iter().flat_map(|to| self.legs(parts, to)).collect();
            if legs.is_empty() {
                continue;
            }
            let prefix = self.prefix(parts, &local, (&header, change.as_ref()), &body);
            let prefix = parts.memory.hold(prefix, messages.is_empty());
            let prefix = prefix.ok_or_else(Reply::out_of_memory)?;
            let mut head = self.head();
            let detail = (!messages.is_empty()).then(|| {
                head.id = crate::clock::message_id().to_string();
                format!("for further recipients of {}", self.id)
            });
            let text = Text { prefix, change, source: Arc::clone(&source) };
            messages.push((NewMessage { head, text, legs }, detail));
        }
        Ok(messages)
    }

    /// Fields of ours, and a signature of each key of each domain of From, which covers what is added, too.
    fn prefix(
        &self,
        parts: &Parts,
        local: &[u8],
        (header, change): (&Header<'_>, Option<&Change>),
        body: &SignedBody<'_>,
    ) -> Vec<u8> {
        let received = Submitted {
            account: self.account,
            hostname: parts.config.hostname.as_str(),
            tls: self.came.tls.as_ref().map(ToString::to_string),
            smtputf8: self.came.envelope.parameters.smtputf8,
            id: self.id,
            forward_paths: &self.came.envelope.forward_paths,
            now: self.arrived.unix_time(),
        };
        let prefix = received.field();
        let mut more = self.marks.to_owned();
        if let Some(domain) = self.from.domains().first() {
            more.push_str(&received.missing_fields(header, domain));
        }
        let mut prefix = [prefix.as_bytes(), local, more.as_bytes()].concat();
        let came = header.bytes();
        let (before, with, after) = match change {
            Some(Change { at, with }) => (came.get(..at.start), &with[..], came.get(at.end..)),
            None => (None, &[][..], Some(came)),
        };
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let domains: &[Domain] = self.from.domains();
        let signed: Vec<u8> = domains
            .iter()
            .flat_map(|domain| signatures(parts, domain, &[&prefix, before, with, after], body))
            .collect();
        prefix.extend(signed);
        prefix
    }

    /// The Reply-To that leads through the alias of `to`, where its mailbox answers by address.
    fn reply_to(&self, to: &Recipient, header: &Header<'_>) -> Option<ReplyTo> {
        let alias = to.answered_as(self.sender.reverse_path())?;
        replace_reply_to(header, self.message, |other| through(&alias, other))
    }

    fn legs(&self, parts: &Parts, to: &Recipient) -> Vec<Leg> {
        let reverse_path = self.sender.reverse_path();
        let asked = self.asked.iter().find(|(path, _)| *path == to.path);
        let dsn = asked.map(|(_, dsn)| dsn.clone()).unwrap_or_default();
        // A null reverse-path is told nothing.
        let is_told = reverse_path.mailbox().is_some() && dsn.wants(Occasion::Delay);
        let delay_due = is_told.then(|| self.arrived + parts.config.submission.delay_notice);
        let leg = |mailbox| Leg {
            dsn: dsn.clone(),
            delay_due,
            ways: Some(to.ways.to(&mailbox)),
            ..Leg::new(to.path.clone(), mailbox, reverse_path.clone(), self.arrived)
        };
        to.destinations.iter().map(|destination| leg(destination.mailbox.clone())).collect()
    }

    fn head(&self) -> Head {
        let asks_utf8 = self.came.envelope.parameters.smtputf8;
        let is_ascii = |path: &ForwardPath| match path {
            ForwardPath::Mailbox(mailbox) => mailbox.local().is_ascii(),
            ForwardPath::Postmaster => true,
        };
        let header = Header::scan(self.message);
        let needs_utf8 =
            !header.bytes().is_ascii() || !self.came.envelope.forward_paths.iter().all(is_ascii);
        Head {
            id: self.id.to_string(),
            arrived: self.arrived,
            client: self.sender.ip(),
            helo: self.sender.helo().to_owned(),
            sender: self.sender.reverse_path().clone(),
            eight_bit: !self.message.is_ascii(),
            smtputf8: asks_utf8 && needs_utf8,
            has_delivered: false,
            has_failed: false,
            // The same text sent once more is another message: its client gave it no Message-ID, perhaps.
            print: self
                .sender
                .reverse_path()
                .mailbox()
                .map(|sender| Subject::of(sender, self.id.to_string().as_bytes()).message),
            caused_by: Some(self.cause.clone()),
            dsn: self.came.envelope.parameters.dsn.clone(),
        }
    }
}
