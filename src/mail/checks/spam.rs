//! What the spam filter says of a message that all other checks let pass.

use super::{Report, authentication::findings, returns};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    alias::SpamAction,
    config::OnFailure,
    mail::{aliases::is_role, checks::Subject, parts::Parts, recipient::Recipient, sender::Sender},
    message::{Authors, Header, MessageId},
    metrics::Filtered,
    rate::ClientBlock,
    reply::{Class, Reply},
    rspamd::{Action, Answer, Request, Treatment},
    smtp::Tls,
    spam_filter::{FilterError, SpamFilter},
    verdict::{Check, Proof},
};
use bytes::Bytes;
use std::{net::IpAddr, time::Duration};
use tokio::time::{Instant, timeout};

/// How long the name of a client may take.
const NAME_TIME: Duration = Duration::from_secs(5);
/// Names of one address that are looked at (RFC 7208 §5.5 has ten; one is usual).
const MAX_NAMES: usize = 3;

/// Why a sender is let past the filter, in the journal.
const ALLOWED: &str = "not shown to the spam filter: the alias allows";

/// Asks the filter about the message of `report`, where there is one.
pub(super) async fn check(parts: &Parts, subject: &Subject<'_>, report: &mut Report) {
    let Some(filter) = &parts.filter else { return };
    // A bounce holds the text it is about, and who refuses it loses it: what returns is bounded by itself. What is
    // thrown away need not be judged.
    let is_for_somebody = subject.recipients.iter().any(|to| !to.destinations.is_empty());
    let (true, false) = (is_for_somebody, returns::use_of(subject).is_some()) else { return };
    let Some(first) = subject.recipients.first() else { return };
    let exception = exception(parts, subject, report, first).await;
    if let Exception::For(sender) = &exception {
        parts.metrics.filtered(Filtered::Allowed);
        report.unfiltered(format!("{ALLOWED} {sender}"));
        return;
    }
    let question = Question {
        sender: subject.sender,
        to: subject.recipients.iter().map(|to| &to.path).collect(),
        id: subject.id,
        tls: subject.tls,
        user: None,
        message: report.message.clone(),
    };
    match question.ask(parts, filter).await {
        Ok(answer) => judged(parts, first, answer, report),
        Err(error) => failed(parts, first, &error, report),
    }
    report.objection = report.objection.take().map(|reply| exception.weigh(reply));
}

/// A message that the filter is asked about.
pub(crate) struct Question<'a> {
    pub(crate) sender: &'a Sender,
    pub(crate) to: Vec<&'a ForwardPath>,
    pub(crate) id: MessageId,
    pub(crate) tls: Option<&'a Tls>,
    /// The account that sends it.
    pub(crate) user: Option<&'a str>,
    pub(crate) message: Bytes,
}

impl Question<'_> {
    /// What the filter says.
    ///
    /// # Errors
    /// Why it says nothing.
    pub(crate) async fn ask(
        self,
        parts: &Parts,
        filter: &SpamFilter,
    ) -> Result<Answer, FilterError> {
        let password = parts.filter_password.as_ref().map(|password| password.get());
        let hostname = hostname(parts, self.sender).await;
        let fields = Request {
            ip: self.sender.ip(),
            helo: self.sender.helo(),
            hostname: hostname.as_deref(),
            from: self.sender.reverse_path(),
            to: self.to,
            queue_id: &self.id.to_string(),
            user: self.user,
            mta: parts.config.hostname.as_str(),
            tls: self.tls.map(|tls| (tls.version, tls.cipher.as_str())),
            password: password.as_ref().map(|password| password.as_str()),
        }
        .fields();
        let began = Instant::now();
        let is_exempt =
            |ip: &IpAddr| parts.config.limits.exempt.iter().any(|net| net.contains(*ip));
        let ip = self.sender.ip();
        let is_exempt = ip.as_ref().is_some_and(is_exempt);
        let client = ip.map(ClientBlock::of);
        let asked = filter.ask(&fields, self.message, client, is_exempt).await;
        if !matches!(asked, Err(FilterError::LeftAlone)) {
            parts.metrics.filter_took(began.elapsed());
        }
        asked
    }
}

/// What the recipients say of spam, which all of a transaction have in common ([`differ`]).
fn judged(parts: &Parts, first: &Recipient, answer: Answer, report: &mut Report) {
    let action = answer.verdict.action;
    parts.metrics.filtered(Filtered::Advised(action));
    let words = answer.message.as_deref();
    match action.treatment(spam_action(parts, first), is_for_role(first)) {
        Treatment::Pass => {}
        Treatment::Mark => report.marks = answer.marks(),
        Treatment::Defer => report.objection = Some(Reply::filter_defers(words)),
        Treatment::Refuse if action == Action::Reject => {
            report.objection = Some(Reply::filter_rejects(words));
        }
        Treatment::Refuse => report.objection = Some(Reply::filter_finds_spam()),
    }
    report.filtered = Some(Ok(answer.verdict));
}

fn failed(parts: &Parts, first: &Recipient, error: &FilterError, report: &mut Report) {
    let is_left_alone = matches!(error, FilterError::LeftAlone);
    parts.metrics.filtered(if is_left_alone { Filtered::LeftAlone } else { Filtered::Failed });
    let what = match (error, parts.config.filter.fail) {
        (FilterError::Busy, _) => "who sends many at once is put off",
        (error, _) if error.is_senders_doing() => "the message is put off",
        (_, OnFailure::Accept) => "mail goes on without it",
        (_, OnFailure::Defer) => "mail is put off",
    };
    if matches!(error, FilterError::Busy) {
        // To the roles too: or whoever floods the filter gets past it.
        report.objection = Some(Reply::filter_busy());
    } else if error.is_senders_doing() && !is_for_role(first) {
        report.objection = Some(Reply::filter_lost());
    } else if parts.config.filter.fail == OnFailure::Defer && !is_for_role(first) {
        report.objection = Some(Reply::filter_silent());
    }
    if let Some(filter) = &parts.filter {
        filter.tell(error, what);
    }
    report.unfiltered(format!("the spam filter said nothing: {error}"));
}

/// What is done with spam to `recipient`.
fn spam_action(parts: &Parts, recipient: &Recipient) -> SpamAction {
    recipient.rules().spam.unwrap_or(parts.config.filter.spam)
}

fn is_for_role(recipient: &Recipient) -> bool {
    match &recipient.path {
        ForwardPath::Postmaster => true,
        ForwardPath::Mailbox(mailbox) => is_role(mailbox.local()),
    }
}

/// True where one verdict of the filter would mean two things for the recipients of one transaction, which has one
/// reply and one form for all.
pub(crate) fn differ(parts: &Parts, one: &Recipient, other: &Recipient) -> bool {
    parts.filter.is_some()
        && (spam_action(parts, one) != spam_action(parts, other)
            || is_for_role(one) != is_for_role(other)
            || one.rules().allow != other.rules().allow)
}

/// Whether an alias makes an exception for who sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exception {
    /// It makes none.
    None,
    /// For this sender, who is who he says.
    For(Mailbox),
    /// It might, and DNS does not tell whether the sender is who he says: the message must not be refused for good.
    Unanswered,
}

impl Exception {
    /// What is said in place of `refusal`.
    pub(super) fn weigh(&self, refusal: Reply) -> Reply {
        match self {
            Self::Unanswered if refusal.class() == Class::Permanent => Reply::auth_unanswered(),
            _ => refusal,
        }
    }
}

/// Whether `first` makes an exception: everybody can write down a name.
pub(super) async fn exception(
    parts: &Parts,
    subject: &Subject<'_>,
    report: &Report,
    first: &Recipient,
) -> Exception {
    let rules = first.rules();
    if rules.allow.is_empty() {
        return Exception::None;
    }
    let mut best = Proof::Unproven;
    if let ReversePath::Mailbox(sender) = subject.sender.reverse_path()
        && rules.allows(sender)
    {
        best = subject.sender.proof(parts).await;
        if best == Proof::Proven {
            return Exception::For(sender.clone());
        }
    }
    let authors = Authors::read(&Header::scan(&report.message));
    if let Some([author]) = authors.as_ref().ok().map(Authors::mailboxes)
        && rules.allows(author)
    {
        best = best.max(proof(parts, subject, report, author).await);
        if best == Proof::Proven {
            return Exception::For(author.clone());
        }
    }
    match best {
        Proof::Unanswered => Exception::Unanswered,
        _ => Exception::None,
    }
}

/// Whether the message is `author`'s: what passes DMARC by a record that passes everybody, or by a signature behind
/// which anybody can write, is anybody's.
async fn proof(parts: &Parts, subject: &Subject<'_>, report: &Report, author: &Mailbox) -> Proof {
    let known = match (&report.authentication, parts.config.auth.policy.dmarc) {
        (Some(checked), Check::Mark | Check::Enforce) => Some(&checked.findings),
        _ => None,
    };
    let asked = match known {
        Some(_) => None,
        None => Some(findings(parts, subject.sender, &report.message, subject.now, true).await),
    };
    let domain = author.domain().to_key();
    let found = known.or(asked.as_ref());
    let checked = found.and_then(|found| {
        found
            .authors
            .iter()
            .find(|checked| checked.domain == domain)
            .map(|checked| (found, checked))
    });
    let Some((found, checked)) = checked else { return Proof::Unproven };
    let by_signature = found.proof_by_signature(&domain);
    match found.proof_of(checked) {
        Proof::Proven if by_signature != Proof::Proven && found.is_aligned_with_path(&domain) => {
            by_signature.max(subject.sender.proof(parts).await)
        }
        Proof::Proven => by_signature,
        other => other,
    }
}

/// The name of a client that leads back to its address: others are whatever the owner of the address likes.
async fn hostname(parts: &Parts, sender: &Sender) -> Option<String> {
    let (ip, resolver) = (sender.ip()?.to_canonical(), sender.resolver(parts));
    let named = async {
        for name in resolver.names_of(ip).await.ok()?.into_iter().take(MAX_NAMES) {
            let leads_to = resolver.addresses_like(&name, ip).await.unwrap_or_default();
            if leads_to.contains(&ip) {
                return Some(name.trim_end_matches('.').to_ascii_lowercase());
            }
        }
        None
    };
    timeout(NAME_TIME, named).await.ok().flatten()
}
