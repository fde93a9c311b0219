use super::{parts::Services, recipient::Recipient};
use crate::{
    address::{ForwardPath, ReversePath},
    clock,
    inbound::Peer,
    message::MessageId,
    reply::{Class, Reply, Status},
    smtp::session::{Session, Transaction},
    store::journal::{Outcome, Record},
    time::{UnixTime, whole_millis},
};
use std::time::Duration;

/// What most stories are of.
const MESSAGE: &str = "message";

/// What will be told of one message, or of one refused RCPT: a journal record and a log line.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) id: MessageId,
    /// When it came.
    pub(super) arrived: UnixTime,
    pub(super) record: Record,
    /// A destination is left without the message although the client is told 250.
    pub(super) partial: bool,
    /// Every recipient's alias says discard.
    pub(super) discarded: bool,
    /// We answer for it from now on.
    pub(super) is_spooled: bool,
    what: &'static str,
}

impl Story {
    /// Of a message.
    pub(super) fn begin(client: &Peer, mail: &Transaction, recipients: &[Recipient]) -> Self {
        let envelope = &mail.envelope;
        let mut story =
            Self::new(client, mail.author_helo(), &envelope.reverse_path, &envelope.forward_paths);
        story.record.tls = mail.tls.as_ref().map(ToString::to_string).unwrap_or_default();
        story.record.size = mail.message.as_ref().map_or(0, |message| message.len() as u64);
        story.discarded = recipients.iter().all(|to| to.destinations.is_empty());
        let lost: Vec<_> = recipients.iter().flat_map(|to| &to.lost).map(String::as_str).collect();
        story.partial = !lost.is_empty();
        story.record.detail = lost.join("; ");
        story
    }

    /// Of a refused RCPT.
    pub(super) fn refused_recipient(client: &Peer, session: &Session, path: &ForwardPath) -> Self {
        let from = session.envelope_so_far().map_or(&ReversePath::Null, |open| &open.reverse_path);
        let mut story =
            Self::new(client, session.helo().unwrap_or_default(), from, std::slice::from_ref(path));
        story.what = "recipient";
        story
    }

    /// Of a message that the client did not finish.
    pub(super) fn aborted(client: &Peer, mail: &Transaction) -> Self {
        let envelope = &mail.envelope;
        let mut story =
            Self::new(client, mail.author_helo(), &envelope.reverse_path, &envelope.forward_paths);
        story.record.outcome = Outcome::Aborted;
        story
    }

    fn new(client: &Peer, helo: &str, from: &ReversePath, to: &[ForwardPath]) -> Self {
        let now = clock::millis();
        let id = clock::message_id();
        let record = Record {
            id: id.to_string(),
            time: now,
            client: client.ip,
            helo: helo.to_owned(),
            from: from.clone(),
            srs_from: None,
            to: to.iter().map(ForwardPath::bare).collect(),
            outcome: Outcome::Refused,
            reply: String::new(),
            size: 0,
            ms: 0,
            auth: String::new(),
            tls: String::new(),
            detail: String::new(),
            attempts: Vec::new(),
        };
        Self {
            id,
            arrived: now.unix_time(),
            record,
            partial: false,
            discarded: false,
            is_spooled: false,
            what: MESSAGE,
        }
    }

    /// We answer for it: the 250 of a message that did not go through to all. It is on disk, or in a DSN
    /// that is.
    pub(super) fn taken(&mut self, spool: &[usize], notify: &[usize]) -> Reply {
        self.is_spooled = !spool.is_empty();
        if !notify.is_empty() {
            self.partial = true;
            let recipients = notify.iter().filter_map(|at| self.record.to.get(*at));
            let refused: Vec<_> = recipients.cloned().collect();
            self.note(&format!("refused, and the sender is told: {}", refused.join(", ")));
        }
        match self.is_spooled {
            true => Reply::spooled(&self.record.id),
            false => Reply::forwarded_in_part(&self.record.id),
        }
    }

    /// Adds to what the owner should know.
    pub(super) fn note(&mut self, what: &str) {
        if !self.record.detail.is_empty() {
            self.record.detail.push_str("; ");
        }
        self.record.detail.push_str(what);
    }

    /// Tells it, with the reply that the client gets.
    pub(super) async fn end(mut self, services: &Services, reply: &Reply, took: Duration) {
        let record = &mut self.record;
        record.outcome = match reply.class() {
            Class::Positive if self.is_spooled => Outcome::Spooled,
            Class::Positive if self.discarded => Outcome::Discarded,
            Class::Positive if self.partial => Outcome::Partial,
            Class::Positive => Outcome::Forwarded,
            Class::Permanent => Outcome::Refused,
            Class::Transient | Class::Intermediate => Outcome::Deferred,
        };
        record.reply = reply.to_string();
        record.ms = whole_millis(took);
        if !reply.is_positive() {
            services.metrics.refusal(reply.code(), reply.status().map(|Status(a, b, c)| (a, b, c)));
        }
        self.tell(services).await;
    }

    /// Tells it as it stands.
    pub(super) async fn tell(self, services: &Services) {
        let record = &self.record;
        if self.what == MESSAGE {
            let seconds = Duration::from_millis(record.ms).as_secs_f64();
            services.metrics.message(record.outcome.as_str(), record.size, seconds, &record.tls);
        }
        let hosts: Vec<_> = record.attempts.iter().map(|attempt| attempt.host.as_str()).collect();
        tracing::info!(
            id = record.id,
            client = record.client.map_or_else(|| "local".to_owned(), |ip| ip.to_string()),
            from = %record.from,
            to = record.to.join(","),
            size = record.size,
            outcome = %record.outcome,
            auth = record.auth,
            reply = record.reply,
            via = hosts.join(","),
            ms = record.ms,
            "{}",
            self.what
        );
        services.journal.record(self.record).await;
    }
}
