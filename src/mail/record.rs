use super::{late::Announcement, log_line::log, parts::Parts, refusal::Refusal, spool::Added};
use crate::{
    account::AccountId,
    address::{ForwardPath, Mailbox, ReversePath},
    alias::{Rule, Ways},
    clock,
    envelope::Envelope,
    fate,
    inbound::Peer,
    message::MessageId,
    metrics::DestinationClass,
    next_hop::{NextHop, Target},
    outbound::Attempt,
    reply::{Class, ForeignReply, Reply, Status},
    rspamd::Verdict,
    smtp::session::{Session, Transaction},
    store::journal::{AttemptLine, HELD, Outcome, Record},
    time::{Millis, UnixTime, whole_millis},
};
use std::time::Duration;

/// What is told of one message, or of one refused RCPT: a journal record and a log line. Refused recipients share
/// them ([`RefusedRecipients`](super::refused::RefusedRecipients)).
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: MessageId,
    /// When the message came.
    pub(crate) arrived: UnixTime,
    record: Record,
}

/// What came of a message.
#[derive(Debug)]
pub(crate) struct Conclusion {
    /// What the client is told.
    pub(crate) reply: Reply,
    pub(crate) outcome: Outcome,
    /// The reverse-path that the message left with, when that was rewritten.
    pub(crate) srs_from: Option<String>,
    /// What the checks concluded.
    pub(crate) auth: String,
    /// What the spam filter says.
    pub(crate) filter: Option<Verdict>,
    /// What the owner should know.
    pub(crate) notes: Vec<String>,
    pub(crate) attempts: Vec<AttemptLine>,
    /// Those of its mailboxes that aliases of other domains lead to.
    pub(crate) ways: Ways,
    /// The rule of an alias, or for it, by which it was not taken.
    pub(crate) rule: Option<Rule>,
    /// What waits for another try.
    pub(crate) spooled: Vec<Added>,
    /// Copies that took long: the client may have given up meanwhile.
    pub(crate) announced: Announcement,
}

/// The outcome of what the client hears no 250 for.
pub(crate) fn not_taken(reply: &Reply) -> Outcome {
    match reply.class() {
        Class::Permanent => Outcome::Refused,
        _ => Outcome::Deferred,
    }
}

impl Entry {
    /// The entry of a message.
    pub(crate) fn of_message(client: &Peer, mail: &Transaction) -> Self {
        let envelope = &mail.envelope;
        let mut entry =
            Self::new(client, mail.author_helo(), &envelope.reverse_path, &envelope.forward_paths);
        entry.record.tls = mail.tls.as_ref().map(ToString::to_string).unwrap_or_default();
        entry.record.size = mail.message.as_ref().map_or(0, |message| message.len() as u64);
        entry
    }

    /// The entry of an RCPT.
    pub(crate) fn of_recipient(client: &Peer, session: &Session, path: &ForwardPath) -> Self {
        let from = session.envelope_so_far().map_or(&ReversePath::Null, |open| &open.reverse_path);
        let helo = session.helo().unwrap_or_default();
        Self::new(client, helo, from, std::slice::from_ref(path))
    }

    /// The entry of what `account` sends.
    pub(crate) fn by_account(mut self, account: AccountId) -> Self {
        self.record.auth = account.cause().to_string();
        self
    }

    /// The entry of a message that is refused at DATA, before it comes.
    pub(crate) fn of_refused_data(client: &Peer, session: &Session) -> Option<Self> {
        let Envelope { reverse_path, forward_paths, .. } = session.envelope_so_far()?;
        let helo = session.helo().unwrap_or_default();
        Some(Self::new(client, helo, reverse_path, forward_paths))
    }

    /// The entry of a message that the client did not finish.
    pub(crate) fn of_aborted(client: &Peer, mail: &Transaction) -> Self {
        let envelope = &mail.envelope;
        let mut entry =
            Self::new(client, mail.author_helo(), &envelope.reverse_path, &envelope.forward_paths);
        entry.record.outcome = Outcome::Aborted;
        entry
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
            filter: None,
            detail: String::new(),
            attempts: Vec::new(),
            ways: Some(Ways::default()),
            node: None,
        };
        Self { id, arrived: now.unix_time(), record }
    }

    /// Tells what came of the message; gives the reply for the client.
    pub(crate) async fn conclude(
        mut self,
        parts: &Parts,
        conclusion: Conclusion,
        took: Duration,
    ) -> Reply {
        let Conclusion {
            reply,
            outcome,
            srs_from,
            auth,
            filter,
            notes,
            attempts,
            ways,
            spooled,
            ..
        } = conclusion;
        let record = &mut self.record;
        record.outcome = outcome;
        record.srs_from = srs_from;
        record.auth = auth;
        record.filter = filter;
        record.detail = notes.join("; ");
        record.attempts = attempts;
        record.ways = Some(ways);
        record.ms = whole_millis(took);
        self.tell_with(parts, &reply).await;
        // Not before the journal knows of the message: what becomes of it is added there.
        for added in spooled {
            parts.spool.added(added);
        }
        reply
    }

    /// Tells of what is refused or put off with `reply`.
    pub(crate) async fn refuse(mut self, parts: &Parts, reply: &Reply) {
        self.record.outcome = not_taken(reply);
        self.tell_with(parts, reply).await;
    }

    /// Tells of an RCPT that is refused or put off with `reply`. Others of its client share the line, but for a
    /// destination's verdict on a message: each is somebody's.
    pub(crate) async fn refuse_recipient(
        mut self,
        parts: &Parts,
        reply: &Reply,
        refusal: &Refusal,
    ) {
        self.record.outcome = not_taken(reply);
        self.set_reply(parts, reply);
        if let Some(rule) = &refusal.rule {
            self.record.detail = rule.to_string();
        }
        if refusal.is_verdict {
            log(&parts.log, &self.record, "recipient");
            parts.journal.record(self.record).await;
        } else {
            let why = (refusal.named.as_deref(), refusal.rule.as_deref());
            parts.refused.tell(&parts.journal, &parts.log, self.record, why).await;
        }
    }

    async fn tell_with(mut self, parts: &Parts, reply: &Reply) {
        self.set_reply(parts, reply);
        self.tell(parts).await;
    }

    fn set_reply(&mut self, parts: &Parts, reply: &Reply) {
        self.record.reply = reply.to_line();
        if !reply.is_positive() {
            parts.metrics.refusal(reply.code(), reply.status().map(|Status(a, b, c)| (a, b, c)));
        }
    }

    /// Tells it as it stands.
    pub(crate) async fn tell(self, parts: &Parts) {
        let record = &self.record;
        let seconds = Duration::from_millis(record.ms).as_secs_f64();
        parts.metrics.message(record.outcome.as_str(), record.size, seconds, &record.tls);
        log(&parts.log, record, "message");
        parts.journal.record(self.record).await;
    }
}

/// Counts an attempt.
pub(crate) fn count_attempt(parts: &Parts, hop: &NextHop, attempt: &Attempt) {
    let destination = match &hop.target {
        Target::Mx(domain) => DestinationClass::of(domain.as_str()),
        _ => DestinationClass::Route,
    };
    parts.metrics.attempt(destination, class_of(attempt), attempt.elapsed.as_secs_f64());
}

fn class_of(attempt: &Attempt) -> &'static str {
    match attempt.outcome.verdict {
        _ if attempt.uncertain => "uncertain",
        fate::Verdict::Delivered => "delivered",
        fate::Verdict::Refused => "refused",
        fate::Verdict::Deferred => "deferred",
    }
}

/// The line of the journal about an attempt on `to`, which began at `began`.
pub(crate) fn journal_line(
    to: &[Mailbox],
    attempt: &Attempt,
    hop: &NextHop,
    began: Millis,
) -> AttemptLine {
    let theirs = attempt.theirs.as_ref().map(ForeignReply::to_line);
    let held = attempt.held.as_ref().map(|hold| format!("{HELD}: {hold}"));
    AttemptLine {
        time: began,
        to: to.iter().map(ToString::to_string).collect(),
        host: attempt.remote.clone().unwrap_or_else(|| hop.to_string()),
        reply: theirs.or(held).unwrap_or_else(|| attempt.outcome.reply.to_line()),
        ms: whole_millis(attempt.elapsed),
        tls: attempt.tls.clone(),
        verdict: class_of(attempt).to_owned(),
    }
}
