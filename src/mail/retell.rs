//! Bounces retold: a report that provably answers a message which we forwarded becomes a notice of our own to whoever
//! wrote that.
//!
//! Proven is that the report holds what left here: a Received field of ours with the id of the message, a seal that
//! only we can make for that id and that author, and the loop token of the alias. So the notice names the alias, the
//! status, and the header fields that the author wrote; and neither the mailbox behind the alias nor a word that
//! somebody put into the report. It is unsigned, as all that returns.

use super::{
    dress::{Dressed, Form},
    parts::Parts,
    recipient::Recipient,
};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    auth::aside,
    clock,
    config::Bounces,
    dsn::{Action, Cause, FailedRecipient, Notice, Report, ReportedRecipient, reason},
    envelope::MailDsn,
    message::{
        Header, LoopMarks, LoopToken, MessageId, Opened, OwnTrace, Seal, SealKey, Source, Text,
    },
    metrics::Bounced,
    reply::Reply,
    srs::Keyring,
    store::journal::{Bounce, Filter},
};
use bytes::Bytes;
use std::sync::Arc;

/// Received fields of one message that are looked at, and those of ours among them.
const MAX_HOPS: usize = 200;
const MAX_TRACES: usize = 16;

/// What becomes of a message to SRS addresses, and to others with them.
#[derive(Debug, Default)]
pub(super) struct Retold {
    /// Notices of our own, each to the author that its recipient stands for.
    pub(super) dressed: Vec<Dressed>,
    /// Who gets the message as it came.
    pub(super) others: Vec<Recipient>,
    /// For the journal.
    pub(super) notes: Vec<String>,
}

/// The seal of a message from `author`, by which its bounce is known; `None` where none is told.
pub(super) fn seal(
    parts: &Parts,
    id: MessageId,
    author: &ReversePath,
    header: &Header<'_>,
) -> Option<Seal> {
    let author = author.mailbox().filter(|_| parts.config.srs.bounces == Bounces::Retell)?;
    let subject = SealKey::subject(id, author);
    let key = keys(parts.srs.rewriter().keyring(), &subject).next()?;
    Some(Seal::new(&key, header))
}

/// Takes out of `recipients` those for whom `message`, which came as `id` from `reverse_path`, is a report that answers
/// a forward. Reports come from nobody.
///
/// # Errors
/// The reply for the client when there is no memory for the notices.
pub(super) async fn retell(
    parts: &Parts,
    id: MessageId,
    reverse_path: &ReversePath,
    message: &Bytes,
    recipients: Vec<Recipient>,
) -> Result<Retold, Reply> {
    let mut retold = Retold::default();
    let wanted = parts.config.srs.bounces == Bounces::Retell
        && *reverse_path == ReversePath::Null
        && recipients.iter().any(|to| to.original.is_some());
    let report = wanted.then(|| aside(message.len(), || Report::read(message))).flatten();
    for recipient in recipients {
        let Some(author) = &recipient.original else {
            retold.others.push(recipient);
            continue;
        };
        let story = match &report {
            Some(report) => Story::find(parts, report, author).await,
            None => None,
        };
        parts.metrics.bounced(if story.is_some() { Bounced::Retold } else { Bounced::Relayed });
        let Some(story) = story else {
            retold.others.push(recipient);
            continue;
        };
        let told = story.summary();
        let is_first = retold.dressed.is_empty();
        let notice = parts.memory.hold(story.to_message(parts, id, author), is_first);
        let source = Source::from(notice.ok_or_else(Reply::out_of_memory)?);
        let original = story.trace.id;
        retold.notes.push(format!("retold, as it answers {original}: {told}"));
        let is_final = story.told.iter().any(|told| told.action == Action::Failed);
        let detail = format!("bounced by {id}: {told}");
        let time = clock::millis();
        parts.journal.bounced(Bounce { id: original.to_string(), time, is_final, detail }).await;
        // The others are numbered from below.
        let form = Form {
            number: usize::MAX - retold.dressed.len(),
            text: Text::new(Bytes::new(), source),
            is_munged: false,
        };
        let (reverse_path, form) = (ReversePath::Null, Arc::new(form));
        retold.dressed.push(Dressed { recipient, reverse_path, form });
    }
    Ok(retold)
}

/// What a report tells of a message that we forwarded.
struct Story {
    trace: OwnTrace,
    told: Vec<Told>,
    /// The fields of the header section that the author wrote.
    header: Vec<u8>,
}

/// What is told of one alias.
struct Told {
    alias: ForwardPath,
    action: Action,
    /// Another alias in the story may be the one that it is about.
    is_one_of: bool,
    reply: Reply,
}

impl Story {
    async fn find(parts: &Parts, report: &Report<'_>, author: &Mailbox) -> Option<Self> {
        let header = report.original();
        let rewriter = parts.srs.rewriter();
        let keyring = rewriter.keyring();
        let received = header.named("Received").take(MAX_HOPS);
        let traces = received.filter_map(|field| OwnTrace::read(field.value));
        // What came through here twice has two; the one of this author's message counts.
        let (trace, opened) = traces.take(MAX_TRACES).find_map(|trace| {
            let subject = SealKey::subject(trace.id, author);
            let opened = Opened::find(&header, keys(keyring, &subject))?;
            Some((trace, opened))
        })?;
        let marks = LoopMarks::of(&header);
        let named = match &trace.recipient {
            Some(alias) => vec![alias.clone()],
            None => recorded(parts, trace.id).await,
        };
        let aliases: Vec<ForwardPath> =
            named.into_iter().filter(|alias| is_marked(keyring, &marks, alias)).collect();
        if aliases.is_empty() {
            return None;
        }
        let told = tell(parts, report, &aliases).await;
        Some(Self { trace, told, header: opened.author_fields(&header) })
    }

    /// For the journal: `hello@example.org failed 5.1.1`.
    fn summary(&self) -> String {
        let one = |told: &Told| {
            let status = told.reply.status().map(|status| status.to_string()).unwrap_or_default();
            format!("{} {} {status}", told.alias.bare(), told.action.as_str())
        };
        self.told.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn to_message(&self, parts: &Parts, id: MessageId, author: &Mailbox) -> Vec<u8> {
        let from = Mailbox::parse(&format!("postmaster@{}", parts.config.srs.settings.domain));
        let failure =
            |told: &'_ Told| Cause::Reported { action: told.action, is_one_of: told.is_one_of };
        let failures: Vec<_> = self
            .told
            .iter()
            .map(|told| FailedRecipient {
                path: &told.alias,
                original: None,
                reply: &told.reply,
                cause: failure(told),
            })
            .collect();
        let notice = Notice {
            id,
            hostname: &parts.config.hostname,
            from: from.as_ref().unwrap_or(author),
            to: author,
            original_id: &self.trace.id.to_string(),
            dsn: &MailDsn::default(),
            arrived: self.trace.id.time().unix_time(),
            now: clock::now(),
            original: &self.header,
            failures: &failures,
        };
        notice.to_message()
    }
}

/// The keys of the seal of `subject`, by each secret.
fn keys<'a>(keyring: &'a Keyring, subject: &'a str) -> impl Iterator<Item = SealKey> + 'a {
    keyring.digests(SealKey::PURPOSE, subject).map(SealKey::new)
}

/// True where the loop token of `alias` is among `marks`.
fn is_marked(keyring: &Keyring, marks: &LoopMarks<'_>, alias: &ForwardPath) -> bool {
    let key = alias.key();
    let mut tokens = keyring.digests(LoopToken::PURPOSE, &key).map(LoopToken::new);
    tokens.any(|token| marks.contains(&token))
}

/// The recipients of a message by its record in the journal. Received names none where there are several.
async fn recorded(parts: &Parts, id: MessageId) -> Vec<ForwardPath> {
    // Its record may be on the way to the file.
    parts.journal.flush().await;
    let filter = Filter { id: Some(id.to_string()), ..Filter::default() };
    let page = match parts.place.read_journal().await {
        Ok(journal) => journal.page(&filter, None).await,
        Err(error) => Err(error),
    };
    let records = page.map(|page| page.records).unwrap_or_else(|error| {
        tracing::warn!(%id, %error, "cannot look up whom a bounce is about");
        Vec::new()
    });
    let recipients = records.iter().flat_map(|record| &record.to);
    recipients.filter_map(|to| ForwardPath::from_bare(to).ok()).collect()
}

/// What `report` says of `aliases`, one of which at least it is about: each once, the worst of it.
async fn tell(parts: &Parts, report: &Report<'_>, aliases: &[ForwardPath]) -> Vec<Told> {
    let mut behind = Vec::with_capacity(aliases.len());
    for alias in aliases {
        behind.push((alias, mailboxes(parts, alias).await));
    }
    let names: Vec<String> =
        behind.iter().flat_map(|(_, mailboxes)| mailboxes).map(Mailbox::to_key).collect();
    let mut told: Vec<Told> = Vec::new();
    for reported in &report.recipients {
        let is_meant = |mailboxes: &[Mailbox]| {
            let keys = || mailboxes.iter().map(Mailbox::to_key);
            reported.addresses.iter().any(|address| keys().any(|key| key == address.to_lowercase()))
        };
        let meant: Vec<_> = behind.iter().filter(|(_, mailboxes)| is_meant(mailboxes)).collect();
        let is_one_of = meant.is_empty() && aliases.len() > 1;
        let meant = if meant.is_empty() { behind.iter().collect() } else { meant };
        for (alias, _) in meant {
            let alias = ForwardPath::clone(alias);
            let new = told_of(reported, alias, is_one_of, &names);
            match told.iter_mut().find(|known| known.alias == new.alias) {
                Some(known) if rank(known) <= rank(&new) => {}
                Some(known) => *known = new,
                None => told.push(new),
            }
        }
    }
    told
}

/// Lower is worse, and surer.
fn rank(told: &Told) -> (usize, bool) {
    let action = match told.action {
        Action::Failed => 0,
        Action::Delayed => 1,
        Action::Delivered | Action::Relayed | Action::Expanded => 2,
    };
    (action, told.is_one_of)
}

fn told_of(
    reported: &ReportedRecipient,
    alias: ForwardPath,
    is_one_of: bool,
    names: &[String],
) -> Told {
    let ReportedRecipient { addresses, action, reply } = reported;
    let names: Vec<&str> = addresses.iter().chain(names).map(String::as_str).collect();
    let instead = reply.status.map(reason).unwrap_or_default();
    Told { alias, action: *action, is_one_of, reply: reply.in_known_words(&names, instead) }
}

/// Where an alias leads now; nowhere if it is gone.
async fn mailboxes(parts: &Parts, alias: &ForwardPath) -> Vec<Mailbox> {
    let leads_to = match alias {
        ForwardPath::Postmaster => parts.aliases.postmaster().await,
        ForwardPath::Mailbox(mailbox) => parts.aliases.final_mailboxes(mailbox.clone()).await,
    };
    leads_to.map(|leads_to| leads_to.mailboxes).unwrap_or_default()
}
